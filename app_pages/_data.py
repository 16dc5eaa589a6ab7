"""The tables that this session brought, and those that its runs are made on.

What a session brings lies in a folder of its own that only it knows the name of: another session,
also one of the same user, sees nothing of it.
"""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from app_pages import _show, _state

SESSION = "uploads of this session"
USED = "tables in use"
VARIABLE = "ESTATE_DATA"
"""Names the folder of tables that the app was started on."""

BUILT_IN = "built-in"
"""Folder of the check of the built-in tables, beside those of the session's own."""


def folder() -> Path:
    """Return the folder of what this session brought; made when it is first asked for."""
    from scenarios.uploads import new_session, session_folder

    runs = _state.runs_folder()
    if SESSION not in st.session_state:
        st.session_state[SESSION] = new_session(runs)
    kept = session_folder(runs, st.session_state[SESSION])
    if not kept.is_dir():
        st.session_state[SESSION] = new_session(runs)
        kept = session_folder(runs, st.session_state[SESSION])
    return kept


def given() -> Path | None:
    """Return the folder of tables that the app was started on, if it was given one."""
    told = os.environ.get(VARIABLE)
    return Path(told).resolve() if told else None


def in_use() -> Path | None:
    """Return the folder of tables that runs of this session are made on; none for the built-in."""
    used = st.session_state.get(USED)
    return Path(used) if used is not None and Path(used).is_dir() else given()


def folders() -> list[Path | None]:
    """Return where the tables of a stored plan may be: none stands for the built-in ones."""
    return list(dict.fromkeys([None, in_use(), given()]))


def use(tables: Path | None) -> None:
    """Make runs of this session on these tables from now on; on the built-in ones when none."""
    if tables is None:
        st.session_state.pop(USED, None)
    else:
        st.session_state[USED] = str(tables)


def option(command: str) -> dict[str, str]:
    """Return the option of a long command that names the tables in use; empty for the built-in.

    A replay plays a stored run again, on the tables that it was made on.
    """
    used = in_use()
    return {} if used is None or command == "replay" else {"data": str(used)}


def told() -> str:
    """Say in a line on which tables runs are made."""
    used = in_use()
    if used is None:
        return "Runs use the built-in tables and made-up people."
    names = sorted(path.stem for path in used.iterdir())
    people = "your people" if "population" in names else "made-up people"
    return f"Runs use {len(names)} of your tables, and {people}."


def show() -> None:
    """Say in the sidebar on which tables runs are made, where they are not the built-in ones."""
    if in_use() is not None:
        with st.sidebar:
            _show.aside(told())
