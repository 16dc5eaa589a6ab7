"""Whether other assumptions would turn the verdicts on two runs: shown where tried, and started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app_pages import _jobs, _pair, _show, _study
from scenarios.comparing.assumptions import USUAL
from scenarios.display import assumptions

if TYPE_CHECKING:
    from scenarios.results import Results

LABEL = "Try the other assumptions"


def show(before: Results, after: Results) -> assumptions.Assumptions | None:
    """Show the newest study of assumptions about two runs, and let those who may start one.

    Returns
    -------
    Assumptions or None
        The study shown.
    """
    _jobs.panel(["assumptions"])
    _pair.say_refused("assumptions")
    found = _study.assumptions_of(before, after)
    if found is not None:
        _show.table(assumptions.summary(found))
        _show.part(lambda: _measure(found))
        return found
    _show.say(
        "Nobody has tried these runs under other assumptions yet. The work compares the two again "
        "with one assumed setting at a time put at each end of its stated range, on the same "
        "families."
    )
    if _jobs.may_begin():
        chosen = st.multiselect(
            "Settings that are tried",
            assumptions.choices(),
            default=list(USUAL),
            format_func=assumptions.choice,
            key="assumed settings",
            persist_state="session",
            help="What each is stands on the page Sources. Those chosen to begin with bear most on "
            "visits: "
            + "; ".join(f"{assumptions.choice(name)}, as {why}" for name, why in USUAL.items()),
        )
        st.button(LABEL, on_click=_begin, args=(before, after, chosen), disabled=not chosen)
    return None


def _measure(found: assumptions.Assumptions) -> None:
    """Let the reader choose a measure, and show its change under each assumption."""
    known = assumptions.measures(found)
    measure = known[
        st.selectbox(
            "Measure", list(known), key="assumption measure", bind="query-params", width=420
        )
    ]
    _show.say(assumptions.answer(found, measure))
    _show.figure(assumptions.figure(found, measure), assumptions.listing(found, measure))


def _begin(before: Results, after: Results, chosen: list[str]) -> None:
    usual = list(chosen) == list(USUAL)
    _pair.begin(
        "assumptions",
        before,
        after,
        title=f"Other assumptions: {after.title}",
        settings=[] if usual else list(chosen),
    )
