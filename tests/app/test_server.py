"""The server before the app: headers on every answer, strangers turned away, safe to start."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import server
from app_pages import _sign_in
from app_pages._access import Access, AccessError, read
from tests.app.serving import ROOT, serving

PROXY = read({"ESTATE_PROXY_HEADER": "X-User", "ESTATE_PROXY_ADDRESSES": "10.0.0.5"}, {})


def asked(
    access: Access,
    *,
    path: str = "/",
    client: str = "127.0.0.1",
    kind: str = "http",
    more: tuple[tuple[bytes, bytes], ...] = (),
    **headers: str,
) -> list[dict[str, Any]]:
    """Ask through the guard and give what it sent."""
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        start = [(b"x-frame-options", b"ALLOWALL"), (b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        await send({"type": "http.response.body", "body": b"welcome"})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    told = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    told += more
    scope = {"type": kind, "method": "GET", "path": path, "client": (client, 4242), "headers": told}
    guard = server.Guard(app, access=access, policy="default-src 'none'")
    # in a thread of its own, since a browser of another test may keep an event loop in this one
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(guard(scope, receive, send))).result()
    return sent


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:80", "localhost", "[::1]:8501"])
def test_this_machine_is_answered_under_its_own_names(host: str) -> None:
    assert asked(Access(), host=host)[0]["status"] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "10.0.0.1:8501"])
def test_name_pointed_at_this_machine_by_another_site_is_refused(host: str) -> None:
    assert asked(Access(), host=host)[0]["status"] == 421
    assert asked(Access(), host=host, kind="websocket") == [
        {"type": "websocket.close", "code": 1008}
    ]


def test_only_the_proxy_is_answered_and_it_has_to_name_the_reader() -> None:
    assert asked(PROXY, client="10.0.0.5", x_user="ada")[0]["status"] == 200
    assert asked(PROXY, client="10.0.0.5")[0]["status"] == 401
    assert asked(PROXY, client="10.0.0.6", x_user="ada")[0]["status"] == 403
    assert (
        asked(PROXY, client="10.0.0.6", x_user="ada", x_forwarded_for="10.0.0.5")[0]["status"]
        == 403
    )
    assert asked(PROXY, client="10.0.0.6", kind="websocket", x_user="ada")[0]["code"] == 1008


def test_reader_whom_two_headers_name_is_refused() -> None:
    """A proxy that adds its header leaves what the reader sent first, and pages read the first."""
    access = replace(PROXY, groups_header="x-groups")
    known = {"client": "10.0.0.5", "x_user": "ada", "x_groups": "choir"}
    assert asked(access, **known)[0]["status"] == 200
    for twice in ((b"X-User", b"bob"), (b"x-groups", b"planning")):
        assert asked(access, more=(twice,), **known)[0]["status"] == 400
        assert asked(access, kind="websocket", more=(twice,), **known)[0]["code"] == 1008
    assert asked(access, more=((b"x-other", b"a"), (b"x-other", b"b")), **known)[0]["status"] == 200


@pytest.mark.parametrize("path", ["/_stcore/agent/interact", "/_stcore/metrics"])
def test_paths_that_nobody_needs_are_closed(path: str) -> None:
    assert asked(Access(), path=path, host="localhost")[0]["status"] == 404


def test_headers_are_ours_on_answers_and_refusals() -> None:
    for told in (asked(Access(), host="localhost"), asked(Access(), host="evil.example")):
        headers = told[0]["headers"]
        assert (b"x-frame-options", b"DENY") in headers
        assert (b"content-security-policy", b"default-src 'none'") in headers
        assert len([name for name, _ in headers if name == b"x-frame-options"]) == 1


def cookies(told: list[dict[str, Any]]) -> list[bytes]:
    return [value for name, value in told[0]["headers"] if name == b"set-cookie"]


@pytest.mark.parametrize(
    ("access", "name", "ending"),
    [
        (Access(), b"estate-browser", b"SameSite=Lax"),
        (PROXY, b"__Host-estate-browser", b"Secure"),
    ],
)
def test_browser_is_given_a_key_of_its_own_once(access: Access, name: bytes, ending: bytes) -> None:
    known = {"host": "localhost", "x_user": "ada", "client": "10.0.0.5", "accept": "text/html,*/*"}
    (first,), (second,) = (cookies(asked(access, **known)) for _ in range(2))
    key, rest = first.split(b"; ", 1)
    assert rest == b"Path=/; HttpOnly; SameSite=Lax" + (b"; Secure" if access is PROXY else b"")
    assert first.endswith(ending)
    assert re.fullmatch(name + rb"=[0-9a-f]{64}", key)
    assert key not in second
    assert cookies(asked(access, **known, cookie=f"a=b; {key.decode()}")) == []
    assert len(cookies(asked(access, **known, cookie=f"{name.decode()}=chosen"))) == 1


def test_key_goes_with_pages_only_and_such_a_page_is_kept_by_nobody_on_the_way() -> None:
    page = asked(Access(), host="localhost", accept="text/html")
    assert (b"cache-control", b"no-store") in page[0]["headers"]
    assert cookies(asked(Access(), host="localhost", accept="*/*")) == []
    assert cookies(asked(Access(), host="evil.example", accept="text/html")) == []


def test_policy_allows_no_other_host_and_no_code_made_from_text() -> None:
    """The digest is the example of the standard (W3C, Content Security Policy Level 3, 6.7.3)."""
    policy = server.content_security_policy(["alert('Hello, world.');"])
    scripts = next(rule for rule in policy.split("; ") if rule.startswith("script-src"))
    assert scripts == "script-src 'self' 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    assert "http" not in policy
    assert "*" not in policy


def test_policy_names_every_script_inside_the_page_of_streamlit() -> None:
    assert server.inline_scripts()


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7"])
def test_server_refuses_an_address_that_others_reach_without_sign_in(
    address: str, tmp_path: Path
) -> None:
    ended = start("--address", address, home=tmp_path)
    assert ended.returncode == 2
    assert "Set up sign-in" in ended.stderr


def test_server_refuses_settings_that_leave_a_door_open(tmp_path: Path) -> None:
    ended = start("--address", "0.0.0.0", home=tmp_path, ESTATE_PROXY_HEADER="X-User")
    assert ended.returncode == 2
    assert "anybody could send this header" in ended.stderr


def test_sign_in_without_its_libraries_is_told_before_anybody_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "find_spec", lambda name: None)
    with pytest.raises(AccessError, match=r"authlib and httpx\. Install closer-to-home\[sign-in\]"):
        server.check_libraries(Access(mode="sign-in"))
    server.check_libraries(Access(mode="proxy"))


def start(*words: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Start the server where it is expected to end at once."""
    return subprocess.run(
        [sys.executable, "server.py", *words, "--port", "1"],
        cwd=ROOT,
        env=os.environ | {"HOME": str(home)} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_served_app_sends_the_headers_with_every_file(tmp_path: Path) -> None:
    with serving(tmp_path) as address:
        for path in ("/", "/overview", "/_stcore/health"):
            with urllib.request.urlopen(address + path) as answer:
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
                assert "unsafe-eval" not in answer.headers["Content-Security-Policy"]
        request = urllib.request.Request(address, headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == 421
        refused.value.close()


def test_proxy_on_this_machine_is_not_fooled_by_a_forwarded_address(tmp_path: Path) -> None:
    """The connection counts: what a header says of the address changes nothing."""
    access = {"ESTATE_PROXY_HEADER": "X-User", "ESTATE_PROXY_ADDRESSES": "10.0.0.5"}
    with serving(tmp_path, **access) as address:
        told = {"X-User": "ada", "X-Forwarded-For": "10.0.0.5"}
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(address, headers=told))
        assert refused.value.code == 403
        refused.value.close()


SIGN_IN = Access(mode="sign-in")


@pytest.mark.parametrize(
    ("path", "query", "status", "cookies", "why"),
    [
        ("/oauth2callback", "error=access_denied&state=1", 302, [], "refused"),
        ("/oauth2callback", "error=server_error", 302, [], "away"),
        ("/oauth2callback", "error=invalid_scope", 302, [], "set-up"),
        ("/oauth2callback", "error=%0d%0aset-cookie:x", 302, [], "unfinished"),
        ("/oauth2callback", "code=1&state=2", 302, [], "unfinished"),
        ("/oauth2callback", "code=1", 302, ['_streamlit_user=""; Max-Age=0'], "unfinished"),
        ("/base/oauth2callback", "code=1", 302, ["_streamlit_user_tokens=a"], "unfinished"),
        ("/oauth2callback", "code=1", 302, ["_streamlit_user=abc; Path=/"], None),
        ("/oauth2callback", "state=of-a-sign-out", 302, [], None),
        ("/auth/login", "provider=a", 400, [], "away"),
        ("/auth/login", "provider=a", 302, [], None),
        ("/", "error=access_denied", 200, [], None),
    ],
)
def test_sign_in_that_failed_goes_on_to_a_page_that_says_why(
    path: str, query: str, status: int, cookies: list[str], why: str | None
) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"location", b"/"), *((b"set-cookie", each.encode()) for each in cookies)]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    scope = {"type": "http", "path": path, "query_string": query.encode()}
    telling = _sign_in.telling(SIGN_IN, scope, send)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(telling(dict(start)))).result()  # type: ignore[arg-type]
    ((answer),) = sent
    root = "/base" if path.startswith("/base") else ""
    expected = b"/" if why is None else f"{root}/?sign-in={why}".encode()
    assert dict(answer["headers"])[b"location"] == expected
    assert answer["status"] == (status if why is None else 302)
    assert bool(_sign_in.told(why)) == bool(why)


def test_only_our_own_words_say_why_a_sign_in_failed() -> None:
    assert {_sign_in.told(why) for why in ("<b>x</b>", "", None, "Refused")} == {""}
