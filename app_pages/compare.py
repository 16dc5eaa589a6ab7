"""Compare: two runs side by side, the lines that differ, differences with intervals."""

from __future__ import annotations

import streamlit as st

from app_pages import _show, _state
from scenarios.display import figures, listings, views, wording
from scenarios.summary import HEADLINE

_show.mark()
_show.title("Compare two runs")
runs = _state.stored_runs()
if len(runs) < 2:
    _show.say("A comparison needs two stored runs. Start another one first.")
    st.page_link("app_pages/runs.py", label="Start a run")
    st.stop()

before, after = _state.chosen_pair(runs)
if before == after:
    _show.say("Choose two different runs.")
    st.stop()
one, other = _state.opened(before), _state.opened(after)
_show.notice(one, other)
comparison = _state.comparison(before.folder, before.stamp, after.folder, after.stamp)
rows = views.headline_differences(comparison.differences, HEADLINE)

_show.say(wording.basis(comparison), small=False)

_show.section("The lines that differ")
if len(comparison.lines):
    _show.table(listings.lines_that_differ(comparison))
else:
    _show.say("No setting differs between these two runs.")

_show.section("What became of it")
if len(rows):
    relative = views.relative_differences(rows)
    note = wording.comparison_source(comparison)
    if len(relative):
        _show.figure(figures.differences(relative, note))
    _show.table(listings.differences(rows))
else:
    _show.say("The two runs share no measure for the whole estate.")

_show.section("Distance from home")
_show.table(listings.two_distances(one.summary, other.summary, before.title, after.title))

_show.download("The comparison", shown=[one, other])
