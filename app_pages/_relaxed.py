"""What each rule relaxed alone would gain a plan: shown where it is known, and started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app_pages import _data, _jobs, _show, _state, _study, _who
from scenarios.display import relaxed

if TYPE_CHECKING:
    from scenarios.results import Results

SAID = "said of rules relaxed"


def show(results: Results) -> None:
    """Show the newest study of rules of a plan, and let those who may start one."""
    _jobs.panel(["rules"])
    _show.wrong(st.session_state.pop(SAID, []))
    found = _study.relaxed_of(results)
    if found is None:
        _show.say(
            "What each rule relaxed alone would gain has not been looked at for this plan. The "
            "work decides the plan again with each rule switched off, one at a time."
        )
    else:
        _show.say(relaxed.answer(found))
        drawn = relaxed.figure(found)
        listing = relaxed.listing(found, circulate=not _who.is_planner())
        if drawn is None:
            _show.table(listing)
        else:
            _show.figure(drawn, listing)
    if _who.may_work():
        again = "Relax each rule again" if found else "Relax each rule alone"
        st.button(again, on_click=_begin, args=(results,))


def _begin(results: Results) -> None:
    from scenarios.errors import ScenarioError
    from scenarios.planning.again import data_like, scenario_like

    assert results.folder is not None
    try:
        data = data_like(results.provenance["inputs"], _data.folders())
        scenario = scenario_like(results.folder, _state.runs_folder())
    except ScenarioError as error:
        st.session_state[SAID] = list(error.problems)
        return
    _jobs.begin(
        "rules",
        title=f"Each rule relaxed alone: {results.title}",
        scenario=scenario,
        data=None if data is None else str(data),
    )
