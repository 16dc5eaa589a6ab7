"""What drives a change between two runs: shown where its lines were played, and started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app_pages import _jobs, _pair, _show, _study
from scenarios.display import drivers

if TYPE_CHECKING:
    from scenarios.comparing.compare import Comparison
    from scenarios.results import Results


def show(before: Results, after: Results, comparison: Comparison) -> drivers.Drivers | None:
    """Show the newest study of the lines between two runs, and let those who may start one.

    Returns
    -------
    Drivers or None
        The study shown.
    """
    if not len(comparison.lines):
        _show.say("No setting differs between these two runs, so no line drives a change.")
        return None
    if not comparison.paired:
        _show.say(
            "The runs play different families, so their lines cannot be played one at a time "
            "between them. Start both with the same seed, tables and number of years."
        )
        return None
    _jobs.panel(["drivers"])
    _pair.say_refused("drivers")
    found = _study.drivers_of(before, after)
    if found is not None:
        _show.part(lambda: _lines(found))
        return found
    if drivers.is_one_line(comparison.lines):
        _show.say("One line alone differs between these runs, so it brings the whole change.")
        return None
    _show.say(
        "Which changed line drives the change is not known yet. The work plays the lines one after "
        "another on the same families, two or three scenarios for each line, so that what they "
        "bring adds up."
    )
    if _jobs.may_begin():
        every = st.checkbox(
            "Also play each line alone and on top of all the others, to see whether the order "
            "matters",
            value=True,
            key="every order",
            persist_state="session",
        )
        st.button("Play the lines one at a time", on_click=_begin, args=(before, after, every))
    return None


def _lines(found: drivers.Drivers) -> None:
    """Let the reader choose a measure, and show what each line brings to it."""
    known = drivers.measures(found)
    words = st.selectbox(
        "Measure", list(known), key="driver measure", bind="query-params", width=420
    )
    measure = known[words]
    _show.say(drivers.answer(found, measure))
    _show.figure(drivers.figure(found, measure))
    _show.table(drivers.listing(found, measure))


def _begin(before: Results, after: Results, every: bool) -> None:
    title = f"What drives the change: {after.title}"
    _pair.begin("drivers", before, after, title=title, every_order=every)
