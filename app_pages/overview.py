"""Overview: the answer of a run in four numbers and one map, and who ends further away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app_pages import _choices, _effects, _export, _show, _state, _who
from scenarios.comparing import effects
from scenarios.display import assumptions, figures, listings, views, wording

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.results import Results


def _map(results: Results, by_prison: pd.DataFrame, *, circulate: bool) -> None:
    """Let the reader of a plan choose what the map shows, and show it with the furthest prisons."""
    is_plan = views.is_plan(results)
    when = _choices.when_on_the_map() if is_plan else "today"
    left, right = st.columns([3, 2], gap="large")
    with left:
        _show.figure(
            figures.prison_map(results, by_prison, _state.outline(), when, circulate=circulate),
            lambda: listings.prisons(by_prison, is_plan=is_plan, circulate=circulate),
        )
    with right:
        _show.table(listings.furthest(by_prison, when, circulate=circulate))


top = st.container()
run = _state.chosen_run()
results = _state.opened(run)
with top:
    _who.mark(results, counts=True)
_show.title(results.title)
_show.say(str(results.summary["question"]), small=False)
_show.notice(results)
circulate = not _who.is_planner()
_show.numbers(wording.four_numbers(results, circulate=circulate))

is_plan = views.is_plan(results)
baseline = _state.baseline_of(run)
by_prison = _state.prisons(run.folder, run.stamp)

_show.section("Where people are far from home")
_show.part(lambda: _map(results, by_prison, circulate=circulate))

if is_plan:
    _show.section("Who ends further away")
    _show.say(wording.who_ends_further(results, circulate=circulate))
    _show.table(listings.nearer_and_further(results, circulate=circulate))
    placed = _state.people(run.folder, run.stamp)
    _show.table(listings.further_by_reason(placed, circulate=circulate))
    _show.figure(
        figures.extra_miles(results, placed, circulate=circulate),
        lambda: listings.extra_miles(placed, circulate=circulate),
    )

    _show.section("What families gain and who pays")
    _show.say(wording.BENEFIT)
    _show.table(listings.families(results))
    _show.table(listings.payers(results, _state.opened(baseline) if baseline else None))

_show.section("What it does to visits and waits")
if baseline:
    comparison = _effects.comparison(baseline.folder, baseline.stamp, run.folder, run.stamp)
    rows = views.headline_differences(comparison.differences, wording.EFFECTS)
    _show.say(wording.basis(comparison))
    _show.table(listings.differences(rows, ("Baseline", "This run")))
    told = effects.conclusions(_state.runs_folder(), _state.opened(baseline), results)
    _show.say(assumptions.sentence(told, list(rows["measure"])))
elif run.is_baseline:
    _show.table(listings.headline(results))
else:
    _show.say(wording.NO_BASELINE)
    _show.table(listings.headline(results))

_show.section("How sure this is")
_show.say(wording.proof(results))
_show.facts(wording.yardsticks(results))

both = [_state.opened(baseline), results] if baseline else [results]
_export.download("The overview", shown=both)

_show.section("Read on")
st.page_link("app_pages/allocation.py", label="Who moves, and where a place is worth most")
st.page_link("app_pages/visits.py", label="Waits, refusals, halls and video calls")
st.page_link("app_pages/compare.py", label="Two runs side by side")
st.page_link("app_pages/sources.py", label="Where every number comes from")
