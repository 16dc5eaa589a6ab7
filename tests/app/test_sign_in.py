"""Signing in for real: a provider of identities on this machine, and a proxy that names readers."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from tests.app.serving import free_port, open_page, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CLIENT = "closer-to-home"
SECRET = "a secret of sufficient length for tests"
COOKIE = "_streamlit_user"
ROLES = {"ESTATE_PLANNERS": "planning", "ESTATE_ADMINISTRATORS": "running-it"}


class Provider(BaseHTTPRequestHandler):
    """Answers as OpenID Connect asks (Core 1.0, the code flow), for one reader."""

    key: Any
    issuer: str
    claims: dict[str, Any]
    nonces: dict[str, str]

    def do_GET(self) -> None:
        """Tell where everything is, hand out a code, or show the key."""
        asked = urlsplit(self.path)
        if asked.path == "/authorize":
            told = {name: values[0] for name, values in parse_qs(asked.query).items()}
            self.nonces["code-1"] = told["nonce"]
            gone_wrong = self.claims.get("error")
            answer = {"error": gone_wrong} if gone_wrong else {"code": "code-1"}
            back = urlencode(answer | {"state": told["state"]})
            self.send_response(302)
            self.send_header("Location", f"{told['redirect_uri']}?{back}")
            self.end_headers()
        elif asked.path == "/keys":
            self.tell({"keys": [self.key.as_dict(private=False)]})
        else:
            self.tell(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )

    def do_POST(self) -> None:
        """Give a signed token for a code."""
        from joserfc import jwt

        length = int(self.headers["Content-Length"])
        code = parse_qs(self.rfile.read(length).decode())["code"][0]
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 600,
            "nonce": self.nonces[code],
        } | self.claims
        header = {"alg": "RS256", "kid": self.key.kid}
        token = jwt.encode(header, claims, self.key)
        self.tell({"access_token": "a", "token_type": "Bearer", "id_token": token})

    def tell(self, content: dict[str, Any]) -> None:
        """Answer in JSON."""
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def provider(claims: dict[str, Any]) -> Iterator[str]:
    """Run a provider that knows one reader; give its address.

    ``claims`` are read anew for every token; they may stand in place of those of a good one.
    """
    from joserfc.jwk import RSAKey

    key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
    issuer = f"http://127.0.0.1:{free_port()}"
    known = {"key": key, "issuer": issuer, "claims": claims, "nonces": {}}
    http = ThreadingHTTPServer(
        ("127.0.0.1", urlsplit(issuer).port or 0), type("Known", (Provider,), known)
    )
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


@contextmanager
def signing_in(home: Path, runs: Path, claims: dict[str, Any]) -> Iterator[str]:
    """Serve the app to whoever signs in."""
    port = free_port()
    with provider(claims) as issuer:
        (home / ".streamlit").mkdir()
        (home / ".streamlit" / "secrets.toml").write_text(
            "[auth]\n"
            f'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
            f'cookie_secret = "{SECRET}"\n'
            f'client_id = "{CLIENT}"\n'
            'client_secret = "known to both"\n'
            f'server_metadata_url = "{issuer}/.well-known/openid-configuration"\n',
            encoding="utf-8",
        )
        with serving(runs, port=port, HOME=str(home), **ROLES) as address:
            yield address


def sidebar(page: Page) -> str:
    return page.locator("[data-testid=stSidebar]").inner_text()


def test_reader_signs_in_gets_the_role_of_their_group_and_signs_out(
    chrome: Browser, tmp_path: Path
) -> None:
    home, runs = tmp_path / "home", tmp_path / "runs"
    home.mkdir()
    told = {
        "sub": "1",
        "email": "ada@example.org",
        "email_verified": True,
        "groups": ["planning", "choir"],
    }
    with signing_in(home, runs, told) as address:
        context = chrome.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        open_page(page, f"{address}/runs")
        assert page.locator("h1").inner_text() == "Sign in"
        assert page.locator("[data-testid=stSidebarNav]").count() == 0
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Who should be held where?").wait_for(timeout=60_000)
        assert "Signed in as ada@example.org: planner." in sidebar(page)
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="Sign in").wait_for(timeout=60_000)
        context.close()


def test_somebody_elses_cookie_is_no_sign_in(chrome: Browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with signing_in(home, tmp_path / "runs", {"sub": "1", "email": "ada@example.org"}) as address:
        for cookie in ("forged|0|signature", signed(address, days=32)):
            assert heading(chrome, address, cookie) == "Sign in"
        assert heading(chrome, address, signed(address, days=29)) != "Sign in"


def signed(address: str, days: int) -> str:
    """Give the cookie of a planner who signed in so many days ago."""

    class Before(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(time.time()) - 86_400 * days

    told = {"sub": "1", "groups": ["planning"], "origin": address, "is_logged_in": True}
    serializer = URLSafeTimedSerializer(SECRET, salt=COOKIE, signer=Before)
    return str(serializer.dumps(json.dumps(told)))


def heading(chrome: Browser, address: str, cookie: str) -> str:
    """Open the app with a cookie of a sign-in; give the heading of the page."""
    context = chrome.new_context()
    context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
    page = context.new_page()
    open_page(page, address)
    told = page.locator("h1").inner_text()
    context.close()
    return told


NOT_FOR_US = (
    {"aud": "another-app"},
    {"exp": 1_600_000_000},
    {"nonce": "of another"},
    {"iss": "http://a"},
)


def test_token_that_is_not_a_good_one_for_this_app_is_no_sign_in(
    chrome: Browser, tmp_path: Path
) -> None:
    """Another audience, one that has expired, one of another sign-in and of another provider."""
    home = tmp_path / "home"
    home.mkdir()
    claims: dict[str, Any] = {}
    with signing_in(home, tmp_path / "runs", claims) as address:
        for wrong in (*NOT_FOR_US, {}):
            claims.clear()
            claims |= {"sub": "1", "groups": ["planning"]} | wrong
            context = chrome.new_context()
            page = context.new_page()
            open_page(page, address)
            with page.expect_event("load"):
                page.get_by_role("button", name="Sign in").click()
            open_page(page, address)
            assert (page.locator("h1").inner_text() == "Sign in") == bool(wrong)
            context.close()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"error": "access_denied"}, "it was cancelled, or the sign-in service refused it"),
        ({"error": "temporarily_unavailable"}, "the sign-in service could not be reached"),
        ({"error": "<script>alert(1)</script>"}, "it was not completed"),
        ({"nonce": "of another"}, "it was not completed"),
    ],
)
def test_reader_who_could_not_be_signed_in_is_told_why(
    chrome: Browser, tmp_path: Path, wrong: dict[str, Any], why: str
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    claims: dict[str, Any] = {"sub": "1", "groups": ["planning"]} | wrong
    with signing_in(home, tmp_path / "runs", claims) as address:
        context = chrome.new_context()
        page = context.new_page()
        open_page(page, address)
        assert page.get_by_role("alert").count() == 0
        page.get_by_role("button", name="Sign in").click()
        told = page.get_by_role("alert").filter(has_text="You could not be signed in")
        told.wait_for(timeout=60_000)
        assert why in told.inner_text()
        assert "script" not in page.locator("[data-testid=stMain]").inner_text()
        for name in wrong:
            claims.pop(name)
        page.get_by_role("button", name="Sign in").click()
        page.locator("[data-testid=stSidebar]").get_by_text("Signed in as").wait_for()
        context.close()


def test_reader_is_told_that_the_sign_in_service_cannot_be_reached(
    chrome: Browser, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with signing_in(home, tmp_path / "runs", {"sub": "1"}) as address:
        secrets = home / ".streamlit" / "secrets.toml"
        away = re.sub(r'"http://127.0.0.1:\d+/.well-known', f'"http://127.0.0.1:{free_port()}/.well-known',
                      secrets.read_text(encoding="utf-8"))  # fmt: skip
        secrets.write_text(away, encoding="utf-8")
        page = chrome.new_page()
        open_page(page, address)
        page.get_by_role("button", name="Sign in").click()
        told = page.get_by_role("alert").filter(has_text="You could not be signed in")
        told.wait_for(timeout=60_000)
        assert "could not be reached" in told.inner_text()
        page.close()
