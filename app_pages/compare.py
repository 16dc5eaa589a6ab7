"""Compare: two runs or more side by side, what differs and why, who gains and who loses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app_pages import _assumptions, _choices, _drivers, _effects, _export, _show, _state, _who
from app_pages._state import Run
from scenarios.comparing import effects
from scenarios.display import assumptions, changed, compared, figures, listings, views, wording
from scenarios.summary import HEADLINE

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.results import Results

FIRST, OTHERS = "compare with", "compare runs"
MEASURES = {
    "Visits each in four weeks": "visits_per_prisoner_per_four_weeks",
    "No visit or video call": "no_contact_share",
    "Wait, nine in ten": "wait_days_p90",
    "Requests turned away for good": "requests_unmet_share",
}


def chosen(runs: list[Run]) -> list[Run]:
    """Let the reader choose the run to compare with, and one or more others."""
    by_name = {run.name: run for run in runs}
    labels = _state.labels(runs)
    shown = _state.last_chosen() or runs[0]
    asked = [name for name in st.query_params.get("runs", "").split(",") if name in by_name]
    others = asked[1:] or [shown.name]
    rest = [run for run in runs if run.name not in others]
    first = next((run.name for run in rest if run.is_baseline), rest[0].name if rest else None)
    names = list(by_name)
    left, right = st.columns(2)
    with left:
        one = st.selectbox(
            "Compare with",
            names,
            index=names.index(asked[0] if asked else first or names[0]),
            format_func=labels.__getitem__,
            key=FIRST,
            persist_state="session",
        )
    with right:
        many = st.multiselect(
            "These runs",
            names,
            default=others,
            format_func=labels.__getitem__,
            key=OTHERS,
            persist_state="session",
        )
    picked = [one, *(name for name in many if name != one)]
    st.query_params["runs"] = ",".join(picked)
    return [by_name[name] for name in picked]


def _split(found: pd.DataFrame, note: str, *, paired: bool) -> None:
    """Let the reader choose how the change is split, and show its parts."""
    ways = {compared.SPLITS[by]: by for by in effects.WATERFALLS}
    by = ways[
        st.selectbox("Split the change by", list(ways), key="split", bind="query-params", width=420)
    ]
    parts = effects.parts_of_change(found, by)
    if len(parts):
        _show.figure(compared.waterfall(parts, by, note=f"{note} {compared.SPLIT_NOTE}"))
        _show.table(compared.parts(parts, by, paired=paired))
    else:
        _show.say("These runs do not measure that.")


def _who_gains(groups: pd.DataFrame, note: str) -> None:
    """Let the reader choose a measure of contact, and show which groups gain or lose by it."""
    measure, circulate = _choices.measure_of_contact(), not _who.is_planner()
    _show.figure(
        compared.group_changes(groups, measure, note=note),
        lambda: compared.who_gains(groups, measure, circulate=circulate),
    )


def _prison_by_prison(pair: tuple[str, int, str, int], one: Results, other: Results) -> None:
    """Let the reader choose a measure, and show the prisons at which it changes."""
    chosen = st.selectbox(
        "Prison by prison", list(MEASURES), key="prison measure", bind="query-params", width=420
    )
    _show.table(
        compared.prisons_that_change(
            _effects.prison_differences(*pair),
            _effects.names(other, one),
            MEASURES[chosen],
            others=_effects.prisons_of_other_people(*pair),
        )
    )


top = st.container()
_show.title("Compare runs")
runs = _state.stored_runs()
if len(runs) < 2:
    with top:
        _who.mark()
    _state.keep_asked()
    _show.say("A comparison needs two stored runs. Start another one first.")
    st.page_link("app_pages/runs.py", label="Start a run")
    st.stop()

picked = chosen(runs)
opened = [_state.opened(run) for run in picked]
with top:
    _who.mark(*opened, counts=True)
if len(picked) < 2:
    _show.say("Choose at least one other run.")
    st.stop()
_show.notice(*opened)

before, *others = picked
if len(others) > 1:
    _show.section("All of them")
    all_found = [
        _effects.differences(before.folder, before.stamp, run.folder, run.stamp) for run in others
    ]
    _show.table(compared.beside_each_other([each.title for each in opened], all_found, HEADLINE))
    labels = _state.labels(runs)
    name = st.selectbox(
        "Look closer at",
        [run.name for run in others],
        format_func=labels.__getitem__,
        key="closer",
        bind="query-params",
    )
    after = next(run for run in others if run.name == name)
else:
    after = others[0]
one, other = _state.opened(before), _state.opened(after)
pair = (before.folder, before.stamp, after.folder, after.stamp)
comparison = _effects.comparison(*pair)
found = _effects.differences(*pair)
rows = views.headline_differences(comparison.differences, HEADLINE)
groups = effects.gains_and_losses(found)
note = wording.comparison_source(comparison)

_show.say(wording.basis(comparison), small=False)
further = compared.who_is_moved_away(one, other, circulate=not _who.is_planner())
_show.say(compared.who_loses(groups, further))

_show.section("What became of it")
if len(rows):
    relative = views.relative_differences(rows)
    if len(relative):
        _show.figure(figures.differences(relative, note))
    _show.table(listings.differences(rows))
    told = effects.conclusions(_state.runs_folder(), one, other)
    _show.say(assumptions.sentence(told, list(rows["measure"])))
else:
    _show.say("The two runs share no measure for the whole estate.")

tried = None
if comparison.paired:
    _show.section("Would other assumptions turn these verdicts?")
    tried = _assumptions.show(one, other)

_show.section("The lines that differ")
if len(comparison.lines):
    _show.table(changed.between(comparison, _effects.names(other, one)))
    _show.fold_tables("As the lines of their files", listings.lines_that_differ(comparison))
else:
    _show.say("No setting differs between these two runs.")

_show.section("What drives the change")
played = _drivers.show(one, other, comparison)

_show.section("Where the change shows")
_show.part(lambda: _split(found, note, paired=comparison.paired))

_show.section("Who gains and who loses")
_show.part(lambda: _who_gains(groups, note))
_show.part(lambda: _prison_by_prison(pair, one, other))

_show.section("People without contact, in care as children, and foreign nationals")
_show.table(compared.without_contact(found, comparison))
_show.table(compared.apart(found))

_show.section("Distance from home")
_show.table(listings.two_distances(one.summary, other.summary, before.title, after.title))

_export.download(
    "The comparison", shown=opened, beside=[each for each in (tried, played) if each is not None]
)
