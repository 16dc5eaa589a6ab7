"""How one browser is told from another: by a key of its own in a cookie.

``server.py`` gives the key with the first page; what a reader brings is kept under it
(:mod:`app_pages._data`). It says nothing of the reader, nobody can guess it, no script can read it,
no address holds it, and it goes when the browser is closed. Nothing here needs Streamlit.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from app_pages._access import Access

COOKIE = "estate-browser"
KEY = re.compile(r"[0-9a-f]{64}")


def cookie_name(access: Access) -> str:
    """Name the cookie.

    Away from the reader's own machine its name begins with ``__Host-``, so that a browser takes it
    over an encrypted connection and from this host alone (RFC 6265bis, section 4.1.3.2).
    """
    return COOKIE if access.mode == "own machine" else f"__Host-{COOKIE}"


def new_cookie(access: Access) -> str:
    """Return the header that gives a browser a new key.

    Examples
    --------
    >>> told = new_cookie(Access())
    >>> told.startswith("estate-browser="), told.endswith("; Path=/; HttpOnly; SameSite=Lax")
    (True, True)
    >>> new_cookie(Access(mode="proxy")).endswith("; Secure")
    True
    """
    told = f"{cookie_name(access)}={secrets.token_hex(32)}; Path=/; HttpOnly; SameSite=Lax"
    return told if access.mode == "own machine" else f"{told}; Secure"


def key_of(cookies: Mapping[str, str], access: Access) -> str | None:
    """Return the key that a browser sent; none where it sent none of ours."""
    told = cookies.get(cookie_name(access), "")
    return told if KEY.fullmatch(told) else None


def cookies_in(header: str) -> dict[str, str]:
    """Take the cookies of a request apart.

    Examples
    --------
    >>> cookies_in("a=1; b=2"), cookies_in("")
    ({'a': '1', 'b': '2'}, {})
    """
    pairs = (part.partition("=") for part in header.split(";") if "=" in part)
    return {name.strip(): value.strip() for name, _, value in pairs}
