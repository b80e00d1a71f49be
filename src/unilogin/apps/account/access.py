"""Who may open Mit Unilogin: everybody who has a Unilogin, about themselves."""

from unilogin.apps.shell.access import signed_in, signed_in_form, way_in
from unilogin.apps.shell.model import App
from unilogin.domain.services.model import ClientId

ACCOUNT = App(
    name="account", path="/mit", client_id=ClientId("mit-unilogin"), title="Mit Unilogin", title_en="My Unilogin"
)

MIT_DOOR = way_in(ACCOUNT)
MIT = signed_in(ACCOUNT)
MIT_FORM = signed_in_form(ACCOUNT)
