"""Start: the three questions that people bring, and the way to each answer."""

from __future__ import annotations

import streamlit as st

from app_pages import _show, _state

_state.keep_asked()
_show.mark()
_show.title("Closer to home")
_show.say(
    "Where people in prison are held, how their families visit, and what closeness would give "
    "and cost.",
    small=False,
)
_show.section("Who should be held where?")
_show.say("Who would move, how much nearer families would be, and who would end further away.")
st.page_link("app_pages/overview.py", label="The answer of one run")
_show.section("What if visits ran differently?")
_show.say("Waits, refusals, halls and video calls, beside those of another scenario.")
st.page_link("app_pages/visits.py", label="Visits and video calls in one run")
st.page_link("app_pages/compare.py", label="Two runs side by side")
