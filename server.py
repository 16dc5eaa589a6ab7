"""Serve the app with the headers that a browser needs to protect its reader.

    python server.py [--address 127.0.0.1] [--port 8501]

``estate app`` starts it. On any address but this machine's own it refuses to start unless readers
sign in or come through a trusted proxy (:mod:`app_pages._access`).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from app_pages import _access, _browser, _sign_in
from app_pages._access import Access, AccessError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

SCRIPT = Path(__file__).resolve().parent / "app.py"
BAD_INPUT = 2

SIGN_IN_LIBRARIES = ("authlib", "httpx")
"""What Streamlit's sign-in imports once somebody signs in."""

INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)

CLOSED = ("/_stcore/agent", "/_stcore/metrics", "/_stcore/script-health-check")
"""Paths of Streamlit that this app has no use for."""

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "permissions-policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), "
    "gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=(), "
    "browsing-topics=()",
    "x-permitted-cross-domain-policies": "none",
}


def content_security_policy(scripts: Iterable[str] = ()) -> str:
    """Return the strictest policy under which the pages work; ``docs/serving.md`` says why.

    Parameters
    ----------
    scripts
        Texts of the scripts that stand inside the page itself; each is allowed by its digest.
    """
    digests = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' {digests}".strip(),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def inline_scripts() -> list[str]:
    """Give the scripts that stand inside Streamlit's own page."""
    import streamlit

    page = Path(streamlit.__file__).parent / "static" / "index.html"
    return INLINE_SCRIPT.findall(page.read_text(encoding="utf-8"))


class Guard:
    """Stands before the app: turns strangers away, adds the headers, and tells browsers apart.

    Parameters
    ----------
    app
        What is served.
    access
        How readers are known.
    policy
        The content security policy.
    """

    def __init__(self, app: Asgi, *, access: Access, policy: str) -> None:
        self._app, self._access = app, access
        headers = HEADERS | {"content-security-policy": policy}
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        status = refusal(self._access, scope)
        if status and scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif status:
            await self._refuse(status, send)
        else:
            added = self._adding(send, new_key(self._access, scope))
            await self._app(scope, receive, _sign_in.telling(self._access, scope, added))

    async def _refuse(self, status: int, send: Send) -> None:
        headers = [*self._headers, (b"content-type", b"text/plain; charset=utf-8")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": REFUSED[status].encode()})

    def _adding(self, send: Send, more: Sequence[tuple[bytes, bytes]]) -> Send:
        headers = [*self._headers, *more]
        ours = {name for name, _ in headers} - {b"set-cookie"}

        async def added(message: Message) -> None:
            if message["type"] == "http.response.start":
                theirs = [pair for pair in message.get("headers", []) if pair[0] not in ours]
                message["headers"] = [*theirs, *headers]
            await send(message)

        return added


def new_key(access: Access, scope: Scope) -> list[tuple[bytes, bytes]]:
    """Return the headers that give a browser a key with a page, where it has none yet.

    Such an answer is kept by nobody on the way: two browsers would have one key.
    """
    headers = {name.lower(): value.decode("latin1") for name, value in scope.get("headers", [])}
    is_page = scope.get("method") == "GET" and "text/html" in headers.get(b"accept", "")
    known = _browser.key_of(_browser.cookies_in(headers.get(b"cookie", "")), access)
    if scope["type"] != "http" or not is_page or known:
        return []
    return [
        (b"set-cookie", _browser.new_cookie(access).encode()),
        (b"cache-control", b"no-store"),
    ]


REFUSED = {
    400: "A header that says who is asking stands there twice.",
    401: "The proxy did not say who is asking.",
    403: "Only the trusted proxy is answered here.",
    404: "There is nothing here.",
    421: "This machine is asked under a name that is not its own.",
}


def refusal(access: Access, scope: Scope) -> int:
    """Return the status with which a request is turned away, and 0 where it is welcome.

    On the reader's own machine only its own names are answered, so that a page of another site
    cannot reach the app through a name that it points at this machine. A proxy that adds its
    header to one that the reader sent would leave two, of which pages believe the first.
    """
    told = [name.lower() for name, _ in scope.get("headers", [])]
    headers = {name.lower(): value for name, value in scope.get("headers", [])}
    if access.mode == "proxy":
        client = scope.get("client") or ("", 0)
        if not access.is_proxy(client[0]):
            return 403
        if not headers.get(access.header.encode()):
            return 401
        if any(told.count(name.encode()) > 1 for name in (access.header, access.groups_header)):
            return 400
    if access.mode == "own machine" and not _is_own_name(
        headers.get(b"host", b"").decode("latin1")
    ):
        return 421
    if any(str(scope.get("path", "")).startswith(path) for path in CLOSED):
        return 404
    return 0


def _is_own_name(host: str) -> bool:
    """Whether a host with or without a port is this machine seen from itself."""
    name = re.sub(r":\d+$", "", host)
    return _access.is_loopback(name)


def application(access: Access) -> Any:
    """Return the app as an ASGI application behind its guard."""
    from starlette.middleware import Middleware
    from streamlit.starlette import App

    policy = content_security_policy(inline_scripts())
    return App(SCRIPT, middleware=[Middleware(Guard, access=access, policy=policy)])


def secrets() -> dict[str, Any]:
    """Read secrets.toml, where there is one."""
    from streamlit.runtime.secrets import secrets_singleton

    return secrets_singleton.to_dict() if secrets_singleton.load_if_toml_exists() else {}


def check_libraries(access: Access) -> None:
    """Refuse to start where readers are to sign in and what that needs is not installed.

    Raises
    ------
    AccessError
        Naming the libraries.
    """
    missing = [name for name in SIGN_IN_LIBRARIES if find_spec(name) is None]
    if access.mode == "sign-in" and missing:
        raise AccessError(
            [
                f"[auth] in secrets.toml: signing in needs {' and '.join(missing)}. Install "
                "closer-to-home[sign-in]."
            ]
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; return the exit code."""
    parser = argparse.ArgumentParser(description="Serve the app.")
    parser.add_argument("--address", default="127.0.0.1", help="address to serve on")
    parser.add_argument("--port", type=int, default=8501, help="port to serve on")
    asked = parser.parse_args(arguments)
    try:
        access = _access.read(os.environ, secrets())
        _access.check_address(access, asked.address)
        check_libraries(access)
    except AccessError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    # the address of whoever asks is that of the connection, never one that a header tells
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    _access.guard(access)
    application(access).run(config={"server.address": asked.address, "server.port": asked.port})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
