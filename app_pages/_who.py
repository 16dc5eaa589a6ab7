"""Who is reading: a viewer, an analyst, a planner or an administrator.

On the reader's own machine, without sign-in, everybody is a planner.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from app_pages import _access, _show, _sign_in
from app_pages._access import Access, AccessError, Role
from scenarios.display import marks

if TYPE_CHECKING:
    from scenarios.results import Results
    from scenarios.stored_studies import Study

OWN_MACHINE = "own machine"
PLANNERS = (
    "This page is about single people, so only planners may open it. Ask an administrator for "
    "the planner role, or go on with the pages about prisons and groups."
)
NOT_SERVED = (
    "Readers who come through a proxy or sign in are answered by server.py only. Start the app "
    "with: estate app"
)
NO_IDENTITY = (
    "The identity provider did not say who signed in: it gave neither a subject nor a checked "
    "email address. Ask whoever looks after the sign-in."
)


def role() -> Role:
    """Return what the reader may do."""
    name, groups = _reader()
    return settings().role_of(name, groups)


def name() -> str:
    """Return who the reader is, for the record of exports and of work."""
    return _reader()[0]


def mark(*shown: Results | Study, counts: bool = False, people: bool = False) -> None:
    """Show how a page is to be handled, and which runs it shows: the first line of every page.

    Parameters
    ----------
    shown
        The runs or studies on it.
    counts
        Whether the page tells planners counts of people, however small.
    people
        Whether it tells planners of single people.
    """
    told = people or (counts and bool(shown))
    if told and not is_planner():
        _hide_as(shown)
    _show.mark(marks.handling(shown, tells_people=told and is_planner()), *shown)


def _hide_as(shown: Sequence[Results | Study]) -> None:
    """Hide on this page what the runs shown hide everywhere."""
    from scenarios.circulation.suppress import default_rule
    from scenarios.display import markup
    from scenarios.hidden_counts import of_runs

    markup.hide_as(of_runs(shown, default_rule()))


def is_known() -> bool:
    """Whether the reader said who they are; nobody does on their own machine."""
    return settings().mode != "own machine"


def is_planner() -> bool:
    """Whether the reader may see what is about single people."""
    return role() in ("planner", "administrator")


def is_administrator() -> bool:
    """Whether the reader decides for all readers; on their own machine everybody does."""
    return role() == "administrator" or not is_known()


def may_work() -> bool:
    """Whether the reader may keep scenarios, and start work that is not about single people."""
    return role() != "viewer"


def planners_only() -> None:
    """End a page about single people here unless the reader is a planner."""
    if is_planner():
        return
    _show.mark()
    _show.title("For planners only")
    _show.say(PLANNERS)
    st.stop()


def let_in() -> None:
    """End the page here until it is known who is reading, and where nobody could be."""
    try:
        access = settings()
        _access.check_address(access, st.get_option("server.address"))
    except AccessError as error:
        _stop("The app cannot be opened here", *error.faults)
    if access.mode != "own machine" and not _access.is_guarded():
        _stop("The app cannot be opened here", NOT_SERVED)
    if access.mode == "proxy" and not _reader()[0]:
        _stop("Sign in first", "The proxy did not say who is reading.")
    if access.mode == "sign-in" and not _claims().get("is_logged_in"):
        _show.mark()
        _show.title("Sign in")
        if why := _sign_in.told(st.query_params.get(_sign_in.ADDRESS)):
            _show.refusal(why)
        _show.say("Sign in to open the app.")
        st.button("Sign in", type="primary", on_click=st.login)
        st.stop()
    if access.mode == "sign-in" and not _reader()[0]:
        _stop("The app cannot be opened here", NO_IDENTITY)


def show() -> None:
    """Say in the sidebar who is reading."""
    with st.sidebar:
        if settings().mode == "own machine":
            _show.aside("You work on this machine alone, as a planner.")
            return
        signs_in = settings().mode == "sign-in"
        called = _access.display_name(_claims()) if signs_in else name()
        _show.aside(f"Signed in as {called}: {role()}.")
        if signs_in:
            st.button("Sign out", on_click=st.logout)


def _stop(heading: str, *lines: str) -> None:
    _show.title(heading)
    for line in lines:
        _show.say(line)
    st.stop()


def settings() -> Access:
    """Read how readers are known; cheap, and never kept from one set of secrets to another."""
    secrets = st.secrets.to_dict() if st.secrets.load_if_toml_exists() else {}
    return _access.read(os.environ, secrets)


def _reader() -> tuple[str, tuple[str, ...]]:
    """Give the reader's name and groups."""
    access = settings()
    if access.mode == "own machine":
        return OWN_MACHINE, ()
    if access.mode == "proxy":
        headers = _headers()
        return headers.get(access.header, "").strip(), _access.split(
            headers.get(access.groups_header, "")
        )
    claims = _claims()
    return _access.identity(claims), _access.split(claims.get(access.claim) or ())


def _headers() -> dict[str, str]:
    """Give the headers with which the page was opened, by name in small letters."""
    return {key.lower(): value for key, value in st.context.headers.to_dict().items()}


def _claims() -> dict[str, Any]:
    """Give what the sign-in told of the reader."""
    return dict(st.user.to_dict())
