"""Why a sign-in did not come about, told on the page to which the reader comes back.

Streamlit sends whoever could not be signed in back to the first page without a word. ``server.py``
sees the answer pass and puts one of our own words into the address, ``?sign-in=``; what the
provider of identities said, or anybody wrote into an address, is never shown. Nothing here needs
Streamlit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from app_pages._access import Access

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

ADDRESS = "sign-in"
BACK, BEGIN = "/oauth2callback", "/auth/login"
"""Where a reader comes back from the provider, and where one is sent to it."""
COOKIE = "_streamlit_user"
"""Holds who signed in."""

WORDS = {
    "refused": "it was cancelled, or the sign-in service refused it. Try again; if you should have "
    "access, ask whoever looks after the app.",
    "away": "the sign-in service could not be reached or did not answer. Try again in a few "
    "minutes, and tell whoever looks after the app if it goes on.",
    "set-up": "the sign-in service does not accept how this app is set up. Tell whoever looks "
    "after the app.",
    "unfinished": "it was not completed. It may have taken too long, or the answer of the sign-in "
    "service was not one for this app. Try again, and tell whoever looks after the app if it "
    "happens again.",
}

ERRORS = {
    "access_denied": "refused",
    "login_required": "refused",
    "interaction_required": "refused",
    "consent_required": "refused",
    "account_selection_required": "refused",
    "server_error": "away",
    "temporarily_unavailable": "away",
    "invalid_request": "set-up",
    "invalid_scope": "set-up",
    "unauthorized_client": "set-up",
    "unsupported_response_type": "set-up",
}
"""Errors of a provider (RFC 6749, section 4.1.2.1; OpenID Connect Core, 3.1.2.6), as our words."""


def told(why: str | None) -> str:
    """Say why a sign-in did not come about; nothing for a word that is none of ours.

    Examples
    --------
    >>> told("away")[:61]
    'You could not be signed in: the sign-in service could not be '
    >>> told("<b>"), told(None)
    ('', '')
    """
    return f"You could not be signed in: {WORDS[why]}" if why in WORDS else ""


def failure(path: str, query: str, status: int, cookies: list[str]) -> str | None:
    """Tell by an answer of Streamlit's why a sign-in did not come about; none where it did.

    Parameters
    ----------
    path, query
        What was asked for.
    status
        Of the answer.
    cookies
        Those that it sets.

    Examples
    --------
    >>> failure("/oauth2callback", "error=access_denied", 302, [])
    'refused'
    >>> failure("/oauth2callback", "code=1&state=2", 302, ["_streamlit_user=abc; Path=/"]) is None
    True
    """
    if path.endswith(BEGIN):
        return "away" if status >= 400 else None
    asked = parse_qs(query)
    # after a sign-out the provider sends readers to the same place, without either
    if not path.endswith(BACK) or not {"code", "error"} & set(asked):
        return None
    if "error" in asked:
        return ERRORS.get(asked["error"][0], "unfinished")
    return None if any(_signs_in(cookie) for cookie in cookies) else "unfinished"


def _signs_in(cookie: str) -> bool:
    """Whether a cookie that is set says who signed in; one that is taken away is empty."""
    try:
        found = SimpleCookie(cookie).get(COOKIE)
    except CookieError:
        return False
    return found is not None and found.value not in ("", '""', "null")


def telling(access: Access, scope: MutableMapping[str, Any], send: Send) -> Send:
    """Give what answers a request: one that a sign-in ends without success goes on to say why."""
    path = str(scope.get("path", ""))
    if access.mode != "sign-in" or not path.endswith((BACK, BEGIN)):
        return send
    query = bytes(scope.get("query_string", b"")).decode("latin1")

    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(name.lower(), value) for name, value in message.get("headers", [])]
            cookies = [value.decode("latin1") for name, value in headers if name == b"set-cookie"]
            why = failure(path, query, int(message["status"]), cookies)
            if why is not None:
                root = path.removesuffix(BACK).removesuffix(BEGIN)
                kept = [pair for pair in headers if pair[0] != b"location"]
                message["status"] = 302
                where = f"{root}/?{ADDRESS}={why}".encode("latin1")
                message["headers"] = [*kept, (b"location", where)]
        await send(message)

    return tell
