"""What this reader brought in this browser, and the tables that runs are made on.

Where ``server.py`` gives browsers keys (:mod:`app_pages._browser`), what is brought is found again
when the page is loaded anew: by the same reader in the same browser, and by nobody else, since no
address names it. Elsewhere it is the session's own and goes with it.
"""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from app_pages import _browser, _show, _state, _who

SESSION = "uploads of this session"
VARIABLE = "ESTATE_DATA"
"""Names the folder of tables that the app was started on."""

BUILT_IN = "built-in"
"""Folder of the check of the built-in tables, beside those of the session's own."""


def folder() -> Path:
    """Return the folder of what this session brought; made when it is first asked for."""
    from scenarios.own_tables.sessions import new_session, open_session

    runs = _state.runs_folder()
    if _session() is None:
        st.session_state[SESSION] = new_session(runs)
    return open_session(runs, str(_session()))


def found_again() -> Path | None:
    """Return the folder of what this reader brought earlier in this browser, if there is one."""
    from scenarios.own_tables.sessions import session_folder

    name = _session() if is_found_again() else None
    folder = None if name is None else session_folder(_state.runs_folder(), name)
    return folder if folder is not None and folder.is_dir() else None


def is_found_again() -> bool:
    """Whether what is brought is still there when the page is loaded anew."""
    return _key() is not None


def _session() -> str | None:
    """Name the folder of this session; none where it has brought nothing and has no key."""
    from scenarios.own_tables.sessions import session_of

    key = _key()
    if key is not None:
        return session_of(key, _who.name())
    kept = st.session_state.get(SESSION)
    return None if kept is None else str(kept)


def _key() -> str | None:
    """Return the key of this browser."""
    return _browser.key_of(_cookies(), _who.settings())


def _cookies() -> dict[str, str]:
    """Give the cookies with which the page was opened."""
    return st.context.cookies.to_dict()


def given() -> Path | None:
    """Return the folder of tables that the app was started on, if it was given one."""
    told = os.environ.get(VARIABLE)
    return Path(told).resolve() if told else None


def in_use() -> Path | None:
    """Return the folder of tables that runs of this session are made on; none for the built-in.

    Only planners use tables of their own.
    """
    name = _session() if _who.is_planner() else None
    if name is None:
        return given()
    from scenarios.own_tables import sessions

    return sessions.in_use(sessions.session_folder(_state.runs_folder(), name)) or given()


def folders() -> list[Path | None]:
    """Return where the tables of a stored plan may be: none stands for the built-in ones."""
    return list(dict.fromkeys([None, in_use(), given()]))


def use(tables: Path | None) -> None:
    """Make runs of this session on these tables from now on; on the built-in ones when none."""
    from scenarios.own_tables import sessions

    sessions.use(folder(), tables)


def option(command: str) -> dict[str, str]:
    """Return the option of a long command that names the tables in use; empty for the built-in.

    A replay plays a stored run again, on the tables that it was made on.
    """
    used = in_use()
    return {} if used is None or command == "replay" else {"data": str(used)}


def brings_people() -> bool:
    """Whether the tables in use hold people, who else are made up."""
    used = in_use()
    return used is not None and any(path.stem == "population" for path in used.iterdir())


def told() -> str:
    """Say in a line on which tables runs are made."""
    used = in_use()
    if used is None:
        return "Runs use the built-in tables and made-up people."
    people = "your people" if brings_people() else "made-up people"
    return f"Runs use {len(list(used.iterdir()))} of your tables, and {people}."


def show() -> None:
    """Say in the sidebar on which tables runs are made, where they are not the built-in ones."""
    if in_use() is not None:
        with st.sidebar:
            _show.aside(told())
