"""Who is reading: a viewer, a planner or an administrator.

On the reader's own machine, without sign-in, everybody is a planner.
"""

from __future__ import annotations

from typing import Literal

import streamlit as st

from app_pages import _show

Role = Literal["viewer", "planner", "administrator"]

OWN_MACHINE = "own machine"
PLANNERS = (
    "This page is about single people, so only planners may open it. Ask an administrator for "
    "the planner role, or go on with the pages about prisons and groups."
)


def role() -> Role:
    """Return what the reader may do."""
    return "planner"


def name() -> str:
    """Return who the reader is, for the record of exports."""
    return OWN_MACHINE


def is_planner() -> bool:
    """Whether the reader may see what is about single people."""
    return role() != "viewer"


def planners_only() -> None:
    """End a page about single people here unless the reader is a planner."""
    if is_planner():
        return
    _show.title("For planners only")
    _show.say(PLANNERS)
    st.stop()


def show() -> None:
    """Say in the sidebar who is reading."""
    with st.sidebar:
        _show.aside("You work on this machine alone, as a planner.")
