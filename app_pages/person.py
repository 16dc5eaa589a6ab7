"""One person: why a plan holds them there, what else there is, and deciding otherwise."""

from __future__ import annotations

import streamlit as st

from app_pages import _person, _show, _state, _who
from scenarios.display import views

_who.planners_only()
run, results = _state.page("One person", people=True)
if not views.is_plan(results):
    _show.say(
        "This run holds people where they are today, so nothing was decided that could be "
        "explained. Choose a run whose placements were optimised."
    )
    st.stop()
plan = _person.chosen_plan(run)
prisoner_id = _person.asked_for()
if prisoner_id:
    _person.explain(plan, prisoner_id)
_person.decide_again(plan)
