"""The access rule of what everybody may call."""

from starlette.requests import Request

from unilogin.kit.web.routing import Access


async def _everybody(house: object, request: Request) -> None:
    """Admit; what the function then reads it checks itself."""


PUBLIC: Access[object, None] = Access("public", "Everybody, without signing in.", _everybody)
