"""Every URL, and who may call it. One line each: method, path, function, access rule."""

from unilogin.apps.account.access import MIT, MIT_DOOR, MIT_FORM
from unilogin.apps.account.pages import children, front, history, passkeys, security, services
from unilogin.apps.account.pages import username as own_username
from unilogin.apps.elevadgang.access import (
    ADMINISTRATOR,
    ADMINISTRATOR_FORM,
    ADMINISTRATOR_LIVE,
    ELEVADGANG_DOOR,
    ELEVADGANG_FRONT,
    ELEVADGANG_LEAVE,
    TEACHER,
    TEACHER_FORM,
    TEACHER_LIVE,
)
from unilogin.apps.elevadgang.pages import board, school
from unilogin.apps.elevadgang.pages import classes as pupils
from unilogin.apps.elevadgang.pages import front as elevadgang
from unilogin.apps.elevadministration.access import (
    OFFICE,
    OFFICE_DOOR,
    OFFICE_FORM,
    OFFICE_FRONT,
    OFFICE_LEAVE,
    OFFICE_UPLOAD,
)
from unilogin.apps.elevadministration.pages import (
    agreeing,
    cpr,
    deciding,
    exports,
    imports,
    manual,
    merging,
    protection,
    splitting,
    switch_orders,
    switching,
    uploading,
)
from unilogin.apps.elevadministration.pages import front as office
from unilogin.apps.shell import pages as shell
from unilogin.apps.support import pages as support
from unilogin.house import REALM, House
from unilogin.kit.web.access import PUBLIC
from unilogin.kit.web.routing import Url, url
from unilogin.kit.web.static import asset
from unilogin.protocols.bpi.access import SIGNED, TOKEN
from unilogin.protocols.bpi.endpoints import asking, soap, upload
from unilogin.protocols.bpi.names import PATH as WSAIMPORT
from unilogin.protocols.bpi.names import UPLOAD
from unilogin.protocols.oidc.access import BEARER, CLIENT, JSON_CLIENT, NAVIGATION
from unilogin.protocols.oidc.endpoints import about_tokens, authorize, discovery, events, logout
from unilogin.protocols.oidc.endpoints import token as tokens
from unilogin.protocols.oidc_rp import endpoints as provider
from unilogin.protocols.oidc_rp.access import CALLBACK, ERRAND
from unilogin.recovery import change, choices, from_app, names, new_secret, own_mitid, parent, practise, window
from unilogin.recovery.access import NAMED, NAMED_FORM, PERMIT, PERMIT_FORM, SEEKING, SEEKING_FORM
from unilogin.signin import new_passkey
from unilogin.signin import pages as journey
from unilogin.signin.access import JOURNEY, JOURNEY_FORM, RAISING, RAISING_FORM
from unilogin.signin.new_passkey import OWNER, OWNER_FORM
from unilogin.signin.steps import (
    external,
    level,
    level_passkey,
    method,
    notice,
    passkey,
    present,
    role,
    secret,
    username,
    vouch,
)

OIDC = f"{REALM}/protocol/openid-connect"
ANY_CLASS = "/elevadgang/administrator/klasse/{group_key}"
SCHOOL = "/elevadgang/administrator/skole/{number}"
OFFICE_OF = "/elevadministration/skole/{number}"
DELIVERY = f"{OFFICE_OF}/import/{{delivery_id}}"
SWITCH = f"{OFFICE_OF}/systemskift/{{switch_id}}"
MERGING = f"{OFFICE_OF}/sammenlaegning"

URLS: tuple[Url[House], ...] = (
    # the journey
    url("GET", "/login/{journey_id}", present.go_on, access=JOURNEY),
    url("GET", "/login/{journey_id}/method", method.ask_method, access=JOURNEY),
    url("POST", "/login/{journey_id}/method", method.take_method, access=JOURNEY_FORM),
    url("GET", "/login/{journey_id}/external", external.come_back, access=JOURNEY),
    url("POST", "/login/{journey_id}/decline", external.decline, access=JOURNEY_FORM),
    url("GET", "/login/{journey_id}/username", username.ask_username, access=JOURNEY),
    url("POST", "/login/{journey_id}/username", username.take_username, access=JOURNEY_FORM),
    url("POST", "/login/{journey_id}/passkey/options", passkey.choose_passkey, access=JOURNEY_FORM),
    url("GET", "/login/{journey_id}/passkey", passkey.ask_passkey, access=JOURNEY),
    url("POST", "/login/{journey_id}/passkey", passkey.take_passkey, access=JOURNEY_FORM),
    url("GET", "/login/{journey_id}/secret", secret.ask_secret, access=JOURNEY),
    url("POST", "/login/{journey_id}/secret", secret.take_secret, access=JOURNEY_FORM),
    url("GET", "/login/{journey_id}/notice", notice.ask_notice, access=JOURNEY),
    url("POST", "/login/{journey_id}/notice", notice.take_notice, access=JOURNEY_FORM),
    url("GET", "/login/{journey_id}/level", level.ask_level, access=RAISING),
    url("POST", "/login/{journey_id}/level", level.take_level, access=RAISING_FORM),
    url("GET", "/login/{journey_id}/level/mitid/back", level.mitid_back, access=RAISING),
    url("GET", "/login/{journey_id}/level/passkey", level_passkey.ask_surer, access=RAISING),
    url("POST", "/login/{journey_id}/level/passkey", level_passkey.take_surer, access=RAISING_FORM),
    url("GET", "/login/{journey_id}/level/parent", vouch.ask_parent, access=RAISING),
    url("POST", "/login/{journey_id}/level/parent", vouch.take_parent, access=RAISING_FORM),
    url("GET", "/login/{journey_id}/level/parent/back", vouch.parent_back, access=RAISING),
    url("GET", "/login/{journey_id}/level/teacher", vouch.ask_teacher, access=RAISING),
    url("POST", "/login/{journey_id}/level/teacher", vouch.take_teacher, access=RAISING_FORM),
    url("POST", "/login/{journey_id}/level/teacher/stop", vouch.stop_teacher, access=RAISING_FORM),
    url("GET", "/login/{journey_id}/role", role.ask_role, access=JOURNEY),
    url("POST", "/login/{journey_id}/role", role.take_role, access=JOURNEY_FORM),
    url("GET", "/login/{journey_id}/done", journey.done, access=JOURNEY),
    url("GET", "/login/{journey_id}/soon/{topic}", journey.soon, access=JOURNEY),
    # getting back in
    url("GET", "/login/{journey_id}/names", names.ask_names, access=SEEKING),
    url("POST", "/login/{journey_id}/names", names.take_names, access=SEEKING_FORM),
    url("GET", "/login/{journey_id}/names/back", names.come_back, access=SEEKING),
    url("GET", "/login/{journey_id}/names/found", names.show_names, access=SEEKING),
    url("POST", "/login/{journey_id}/names/found", names.take_name, access=SEEKING_FORM),
    url("GET", "/login/{journey_id}/password", choices.ask_choice, access=NAMED),
    url("GET", "/login/{journey_id}/password/forgotten", choices.ask_way, access=NAMED),
    url("GET", "/login/{journey_id}/password/pictures", choices.ask_way_to_pictures, access=NAMED),
    url("GET", "/login/{journey_id}/password/teacher", choices.ask_teacher, access=NAMED),
    url("GET", "/login/{journey_id}/password/change", change.ask_change, access=NAMED),
    url("POST", "/login/{journey_id}/password/change", change.take_change, access=NAMED_FORM),
    url("GET", "/login/{journey_id}/password/mitid", own_mitid.ask_mitid, access=NAMED),
    url("POST", "/login/{journey_id}/password/mitid", own_mitid.take_mitid, access=NAMED_FORM),
    url("GET", "/login/{journey_id}/password/mitid/back", own_mitid.come_back, access=NAMED),
    url("GET", "/login/{journey_id}/password/parent", parent.ask_parent, access=NAMED),
    url("POST", "/login/{journey_id}/password/parent", parent.take_parent, access=NAMED_FORM),
    url("GET", "/login/{journey_id}/password/parent/back", parent.come_back, access=NAMED),
    url("GET", "/login/{journey_id}/window", window.ask_window, access=NAMED),
    url("POST", "/login/{journey_id}/window", window.take_window, access=NAMED_FORM),
    url("GET", "/login/{journey_id}/new-password", new_secret.ask_new, access=PERMIT),
    url("POST", "/login/{journey_id}/new-password", new_secret.take_new, access=PERMIT_FORM),
    url("GET", "/login/{journey_id}/new-password/own", new_secret.ask_own, access=PERMIT),
    url("POST", "/login/{journey_id}/new-password/own", new_secret.take_own, access=PERMIT_FORM),
    url("POST", "/login/{journey_id}/new-password/go", new_secret.take_shown, access=PERMIT_FORM),
    url("GET", "/login/{journey_id}/new-password/practise", practise.ask_practise, access=PERMIT),
    url("POST", "/login/{journey_id}/new-password/practise", practise.take_practise, access=PERMIT_FORM),
    url("GET", "/skift-adgangskode", from_app.begin_change, access=PUBLIC),
    # a new passkey
    url("GET", "/passkeys/{session_id}/new", new_passkey.ask_new, access=OWNER),
    url("POST", "/passkeys/{session_id}/new", new_passkey.take_new, access=OWNER_FORM),
    url("GET", "/passkeys/{session_id}/new/done", new_passkey.done, access=OWNER),
    # OpenID Connect
    url("GET", f"{REALM}/.well-known/openid-configuration", discovery.configuration, access=PUBLIC),
    url("GET", f"{OIDC}/certs", discovery.certs, access=PUBLIC),
    url("GET", f"{OIDC}/auth", authorize.authorize, access=NAVIGATION),
    url("POST", f"{OIDC}/auth", authorize.authorize_posted, access=NAVIGATION),
    url("POST", f"{OIDC}/token", tokens.token, access=CLIENT),
    url("OPTIONS", f"{OIDC}/token", discovery.preflight, access=PUBLIC),
    url("POST", f"{OIDC}/token/introspect", about_tokens.introspect, access=CLIENT),
    url("GET", f"{OIDC}/userinfo", about_tokens.userinfo, access=BEARER),
    url("POST", f"{OIDC}/userinfo", about_tokens.userinfo, access=BEARER),
    url("OPTIONS", f"{OIDC}/userinfo", discovery.preflight, access=PUBLIC),
    url("POST", f"{OIDC}/revoke", about_tokens.revoke, access=CLIENT),
    url("OPTIONS", f"{OIDC}/revoke", discovery.preflight, access=PUBLIC),
    url("GET", f"{OIDC}/logout", logout.logout, access=PUBLIC),
    url("POST", f"{OIDC}/logout", logout.logout_posted, access=PUBLIC),
    url("POST", f"{OIDC}/ext/events/poll", events.poll, access=JSON_CLIENT),
    # deliveries of schools' systems
    url("GET", WSAIMPORT, soap.describe, access=PUBLIC),
    url("POST", WSAIMPORT, soap.call, access=SIGNED),
    url("PUT", UPLOAD, upload.take_upload, access=TOKEN),
    url("POST", UPLOAD, upload.take_upload, access=TOKEN),
    url("GET", UPLOAD, asking.list_deliveries, access=TOKEN),
    url("GET", f"{UPLOAD}/{{delivery}}", asking.show_delivery, access=TOKEN),
    # external providers (MitID)
    url("GET", f"{REALM}/broker/{{alias}}/login", provider.leave, access=ERRAND),
    url("GET", f"{REALM}/broker/{{alias}}/endpoint", provider.come_back, access=CALLBACK),
    # Mit Unilogin
    url("GET", "/mit", front.front, access=MIT),
    url("GET", "/mit/tjenester", services.services, access=MIT),
    url("GET", "/mit/sikkerhed", security.security, access=MIT),
    url("POST", "/mit/sikkerhed/log-ud", security.sign_out_device, access=MIT_FORM),
    url("POST", "/mit/sikkerhed/log-ud-andre", security.sign_out_others, access=MIT_FORM),
    url("GET", "/mit/sikkerhed/adgangsnoegler", passkeys.passkeys, access=MIT),
    url("GET", "/mit/sikkerhed/adgangsnoegler/ny", passkeys.new, access=MIT),
    url("POST", "/mit/sikkerhed/adgangsnoegler/{passkey_id}/navn", passkeys.rename, access=MIT_FORM),
    url("POST", "/mit/sikkerhed/adgangsnoegler/{passkey_id}/slet", passkeys.remove, access=MIT_FORM),
    url("GET", "/mit/brugernavn", own_username.username, access=MIT),
    url("POST", "/mit/brugernavn", own_username.new_username, access=MIT_FORM),
    url("GET", "/mit/historik", history.history, access=MIT),
    url("GET", "/mit/boern", children.children, access=MIT),
    url("GET", "/mit/boern/{child_id}", children.child, access=MIT),
    url("POST", "/mit/boern/{child_id}/brugernavn", children.show_username, access=MIT_FORM),
    url("POST", "/mit/boern/{child_id}/nyt-brugernavn", children.new_username, access=MIT_FORM),
    url("GET", "/mit/boern/{child_id}/adgangskode", children.new_password, access=MIT),
    url("POST", "/mit/boern/{child_id}/adgangskode", children.open_window, access=MIT_FORM),
    url("POST", "/mit/boern/{child_id}/adgangskode/luk", children.close_window, access=MIT_FORM),
    url("GET", "/mit/sign-in", shell.sign_in, access=MIT_DOOR),
    url("GET", "/mit/callback", shell.callback, access=MIT_DOOR),
    url("POST", "/mit/sign-out", shell.sign_out, access=MIT_FORM),
    url("GET", "/mit/signed-out", shell.signed_out, access=MIT_DOOR),
    # Elevadgang
    url("GET", "/elevadgang", elevadgang.front, access=ELEVADGANG_FRONT),
    url("GET", "/elevadgang/klasser", elevadgang.classes, access=TEACHER),
    url("GET", "/elevadgang/administrator", elevadgang.classes, access=ADMINISTRATOR),
    url("POST", "/elevadgang/soeg", elevadgang.search, access=TEACHER_FORM),
    url("GET", "/elevadgang/klasse/{group_key}", pupils.show_class, access=TEACHER),
    url("GET", "/elevadgang/klasse/{group_key}/min-time", board.show_board, access=TEACHER),
    url("POST", "/elevadgang/klasse/{group_key}/min-time", board.start_board, access=TEACHER_FORM),
    url("GET", "/elevadgang/klasse/{group_key}/min-time/live", board.follow_board, access=TEACHER_LIVE),
    url("POST", "/elevadgang/klasse/{group_key}/ny-adgangskode", pupils.give_new_password, access=TEACHER_FORM),
    url("POST", "/elevadgang/klasse/{group_key}/annuller", pupils.cancel, access=TEACHER_FORM),
    url("POST", "/elevadgang/klasse/{group_key}/fortryd", pupils.undo, access=TEACHER_FORM),
    url("POST", "/elevadgang/klasse/{group_key}/for-sjov", pupils.for_fun, access=TEACHER_FORM),
    url("POST", "/elevadgang/klasse/{group_key}/ekstra", pupils.answer_request, access=TEACHER_FORM),
    url("POST", "/elevadgang/klasse/{group_key}/brugernavn", pupils.show_username, access=TEACHER_FORM),
    url("POST", "/elevadgang/klasse/{group_key}/kort", pupils.print_cards, access=TEACHER_FORM),
    url("POST", "/elevadgang/administrator/soeg", elevadgang.search, access=ADMINISTRATOR_FORM),
    url("GET", ANY_CLASS, pupils.show_class, access=ADMINISTRATOR),
    url("GET", f"{ANY_CLASS}/min-time", board.show_board, access=ADMINISTRATOR),
    url("POST", f"{ANY_CLASS}/min-time", board.start_board, access=ADMINISTRATOR_FORM),
    url("GET", f"{ANY_CLASS}/min-time/live", board.follow_board, access=ADMINISTRATOR_LIVE),
    url(
        "POST",
        f"{ANY_CLASS}/ny-adgangskode",
        pupils.give_new_password,
        access=ADMINISTRATOR_FORM,
    ),
    url("POST", f"{ANY_CLASS}/annuller", pupils.cancel, access=ADMINISTRATOR_FORM),
    url("POST", f"{ANY_CLASS}/fortryd", pupils.undo, access=ADMINISTRATOR_FORM),
    url("POST", f"{ANY_CLASS}/for-sjov", pupils.for_fun, access=ADMINISTRATOR_FORM),
    url("POST", f"{ANY_CLASS}/ekstra", pupils.answer_request, access=ADMINISTRATOR_FORM),
    url(
        "POST",
        f"{ANY_CLASS}/brugernavn",
        pupils.show_username,
        access=ADMINISTRATOR_FORM,
    ),
    url("POST", f"{ANY_CLASS}/kort", pupils.print_cards, access=ADMINISTRATOR_FORM),
    url("GET", f"{ANY_CLASS}/elev/{{pupil_id}}", school.show_pupil, access=ADMINISTRATOR),
    url(
        "POST",
        f"{ANY_CLASS}/elev/{{pupil_id}}/spaerre",
        school.block,
        access=ADMINISTRATOR_FORM,
    ),
    url(
        "POST",
        f"{ANY_CLASS}/elev/{{pupil_id}}/type",
        school.decide_type,
        access=ADMINISTRATOR_FORM,
    ),
    url("GET", f"{ANY_CLASS}/laan", school.show_loans, access=ADMINISTRATOR),
    url("POST", f"{ANY_CLASS}/laan", school.lend, access=ADMINISTRATOR_FORM),
    url("GET", f"{SCHOOL}/indstillinger", school.show_settings, access=ADMINISTRATOR),
    url(
        "POST",
        f"{SCHOOL}/indstillinger",
        school.save_settings,
        access=ADMINISTRATOR_FORM,
    ),
    url("GET", f"{SCHOOL}/hjaelp", school.show_help, access=ADMINISTRATOR),
    url("POST", f"{SCHOOL}/hjaelp", school.search_help, access=ADMINISTRATOR_FORM),
    url("GET", "/elevadgang/sign-in", shell.sign_in, access=ELEVADGANG_DOOR),
    url("GET", "/elevadgang/callback", shell.callback, access=ELEVADGANG_DOOR),
    url("POST", "/elevadgang/sign-out", shell.sign_out, access=ELEVADGANG_LEAVE),
    url("GET", "/elevadgang/signed-out", shell.signed_out, access=ELEVADGANG_DOOR),
    # Elevadministration
    url("GET", "/elevadministration", office.door, access=OFFICE_FRONT),
    url("GET", "/elevadministration/skoler", office.choose_school, access=OFFICE),
    url("GET", OFFICE_OF, office.overview, access=OFFICE),
    url("GET", f"{OFFICE_OF}/import", imports.show_history, access=OFFICE),
    url("POST", f"{OFFICE_OF}/import", imports.search_history, access=OFFICE_FORM),
    url("GET", DELIVERY, imports.show_delivery, access=OFFICE),
    url("POST", DELIVERY, imports.search_delivery, access=OFFICE_FORM),
    url("GET", f"{DELIVERY}/personer", imports.show_changes, access=OFFICE),
    url("POST", f"{DELIVERY}/personer", imports.search_changes, access=OFFICE_FORM),
    url("GET", f"{DELIVERY}/kvittering", imports.download_receipt, access=OFFICE),
    url("POST", f"{DELIVERY}/frigiv", deciding.release, access=OFFICE_FORM),
    url("POST", f"{DELIVERY}/afvis", deciding.reject, access=OFFICE_FORM),
    url("POST", f"{DELIVERY}/fortryd", deciding.take_back, access=OFFICE_FORM),
    url("POST", f"{DELIVERY}/behold", deciding.keep, access=OFFICE_FORM),
    url("GET", f"{OFFICE_OF}/cpr", cpr.show_cases, access=OFFICE),
    url("POST", f"{OFFICE_OF}/cpr", cpr.search_cases, access=OFFICE_FORM),
    url("GET", f"{OFFICE_OF}/cpr/{{case_id}}", cpr.show_case, access=OFFICE),
    url("POST", f"{OFFICE_OF}/cpr/{{case_id}}/skift", cpr.accept_number, access=OFFICE_FORM),
    url("POST", f"{OFFICE_OF}/cpr/{{case_id}}/afvis", cpr.dismiss_number, access=OFFICE_FORM),
    url("GET", f"{OFFICE_OF}/systemskift", switching.show_switches, access=OFFICE),
    url("GET", f"{OFFICE_OF}/systemskift/ny", uploading.show_new, access=OFFICE),
    url("POST", f"{OFFICE_OF}/systemskift/ny", uploading.take_file, access=OFFICE_UPLOAD),
    url("GET", f"{OFFICE_OF}/systemskift/fil/{{upload_id}}", uploading.show_file, access=OFFICE),
    url("GET", SWITCH, switching.show_switch, access=OFFICE),
    url("POST", SWITCH, switching.search_switch, access=OFFICE_FORM),
    url("POST", f"{SWITCH}/afgoer", switching.decide, access=OFFICE_FORM),
    url("POST", f"{SWITCH}/koer", switch_orders.order, access=OFFICE_FORM),
    url("POST", f"{SWITCH}/enig", switch_orders.agree, access=OFFICE_FORM),
    url("POST", f"{SWITCH}/traek", switch_orders.withdraw_order, access=OFFICE_FORM),
    url("POST", f"{SWITCH}/slip", switch_orders.move_end, access=OFFICE_FORM),
    url("POST", f"{SWITCH}/fortryd", switch_orders.take_back, access=OFFICE_FORM),
    url("GET", MERGING, merging.show_merging, access=OFFICE),
    url("POST", f"{MERGING}/analyse", merging.analyse, access=OFFICE_FORM),
    url("POST", f"{MERGING}/foreslaa", merging.propose, access=OFFICE_FORM),
    url("POST", f"{MERGING}/deling", splitting.analyse, access=OFFICE_FORM),
    url("POST", f"{MERGING}/deling/foreslaa", splitting.propose, access=OFFICE_FORM),
    url("GET", f"{MERGING}/{{proposal_id}}", agreeing.show_proposal, access=OFFICE),
    url("POST", f"{MERGING}/{{proposal_id}}/ja", agreeing.agree, access=OFFICE_FORM),
    url("POST", f"{MERGING}/{{proposal_id}}/nej", agreeing.refuse, access=OFFICE_FORM),
    url("POST", f"{MERGING}/{{proposal_id}}/fortryd", agreeing.take_back, access=OFFICE_FORM),
    url("GET", f"{OFFICE_OF}/manuel", manual.show_manual, access=OFFICE),
    url("POST", f"{OFFICE_OF}/manuel", manual.search_manual, access=OFFICE_FORM),
    url("GET", f"{OFFICE_OF}/manuel/ny", manual.show_new, access=OFFICE),
    url("POST", f"{OFFICE_OF}/manuel/ny", manual.add, access=OFFICE_FORM),
    url("POST", f"{OFFICE_OF}/manuel/{{membership_id}}/bekraeft", manual.confirm, access=OFFICE_FORM),
    url("POST", f"{OFFICE_OF}/manuel/{{membership_id}}/afslut", manual.end, access=OFFICE_FORM),
    url("GET", f"{OFFICE_OF}/navnebeskyttelse", protection.show_protected, access=OFFICE),
    url("POST", f"{OFFICE_OF}/navnebeskyttelse", protection.search_protected, access=OFFICE_FORM),
    url("POST", f"{OFFICE_OF}/navnebeskyttelse/{{person_id}}", protection.set_alias, access=OFFICE_FORM),
    url("POST", f"{OFFICE_OF}/navnebeskyttelse/{{person_id}}/brugernavn", protection.rename, access=OFFICE_FORM),
    url("GET", f"{OFFICE_OF}/eksport", exports.show_exports, access=OFFICE),
    url("POST", f"{OFFICE_OF}/eksport", exports.export, access=OFFICE_FORM),
    url("POST", f"{OFFICE_OF}/eksport/domaene", exports.set_domain, access=OFFICE_FORM),
    url("GET", "/elevadministration/sign-in", shell.sign_in, access=OFFICE_DOOR),
    url("GET", "/elevadministration/callback", shell.callback, access=OFFICE_DOOR),
    url("POST", "/elevadministration/sign-out", shell.sign_out, access=OFFICE_LEAVE),
    url("GET", "/elevadministration/signed-out", shell.signed_out, access=OFFICE_DOOR),
    # help
    url("GET", "/", support.front, access=PUBLIC),
    url("GET", "/hjaelp", support.help_page, access=PUBLIC),
    url("GET", "/hjaelp/tilgaengelighed", support.accessibility, access=PUBLIC),
    # files of the look
    url("GET", "/look/{fingerprint}/{name:path}", asset, access=PUBLIC),
)
