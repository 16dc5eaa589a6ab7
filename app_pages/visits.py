"""Visits and video: contact, waits and refusals, who gains and who loses, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app_pages import (
    _assumptions,
    _choices,
    _differently,
    _effects,
    _export,
    _show,
    _state,
    _who,
)
from scenarios.comparing import effects
from scenarios.display import charts, compared, figures, listings, views, visiting, wording
from scenarios.reading.hours import by_hour

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.results import Results

EVERY_PRISON = "Every prison"
SUMMARIES = {"Nine in ten": "wait_days_p90", "Half": "wait_days_median"}


def _waits_by_prison(run: _state.Run, results: Results) -> None:
    """Let the reader choose a wait and a kind of visit, and show the prisons with the longest."""
    left, right = st.columns(2)
    with left:
        summary = st.segmented_control(
            "Wait of",
            list(SUMMARIES),
            default="Nine in ten",
            required=True,
            key="summary",
            bind="query-params",
        )
    with right:
        kinds = {words: kind for kind, words in visiting.WAIT_COLUMNS.items()}
        kind = st.segmented_control(
            "Visits",
            list(kinds),
            default="All visits",
            required=True,
            key="kind",
            bind="query-params",
        )
    measure = SUMMARIES[str(summary)]
    measures = _effects.prison_measures(run.folder, run.stamp)
    by_prison = visiting.waits_by_prison(measures, _effects.names(results), measure)
    longest = visiting.longest_waits(by_prison, kinds[str(kind)])
    if len(longest):
        _show.figure(
            charts.intervals(
                longest,
                label="label",
                unit="Days from asking to the visit",
                title=f"{wording.measure(measure)}: the {len(longest)} prisons with the longest, "
                f"{str(kind).lower()}",
                note=f"{wording.source(results, drawn=True)} {wording.interval_lines(results)} "
                f"{visiting.few_left_out(by_prison, kinds[str(kind)])}".strip(),
                number_format=",.0f",
            ),
            lambda: visiting.waits_table(by_prison, measure),
        )
    else:
        _show.say("No such visit was booked in this run.")


def _hours_of_week(run: _state.Run, results: Results) -> None:
    """Let the reader choose halls or stations and a prison, and show their use by hour."""
    use, offered = _effects.slots(run.folder, run.stamp)
    names = _effects.names(results)
    left, right = st.columns(2)
    with left:
        channels = {"Visit halls": ("visit", "tables"), "Video stations": ("video", "stations")}
        chosen = st.segmented_control(
            "Show",
            list(channels),
            default="Visit halls",
            required=True,
            key="use",
            bind="query-params",
        )
    with right:
        codes = sorted(set(use["establishment"]), key=lambda code: names.get(code, code))
        where = st.selectbox(
            "At",
            [EVERY_PRISON, *codes],
            format_func=lambda code: names.get(code, code),
            key="where",
            bind="query-params",
        )
    channel, what = channels[str(chosen)]
    place = None if where == EVERY_PRISON else str(where)
    named = "every prison" if place is None else names.get(place, place)
    hours = by_hour(use, offered, channel, place)
    if len(hours):
        share = "Share of" if offered is not None else "Mean number of"
        _show.figure(
            visiting.heat_map(
                hours,
                what=what,
                title=f"{share} {what} in use by hour of the week, {named}",
                note=f"Source: run {run.name}, visits of the replications kept, mean of the "
                "measured weeks; what is on offer is that of a week without closures.",
            ),
            lambda: visiting.hours_table(hours, what=what),
        )
    else:
        _show.say("None takes place there in this run.")
    held = views.visits_by_prison(
        _effects.prison_measures(run.folder, run.stamp), _state.prisons(run.folder, run.stamp)
    )
    circulate = not _who.is_planner()
    drawn = figures.hall_use if channel == "visit" else figures.video_use
    listed = _show.once(lambda: listings.visits_by_prison(held, circulate=circulate))

    def of_prisons() -> None:
        _show.figure(drawn(results, held, circulate=circulate))
        _show.table(listed())

    _show.fold("Use and waits, prison by prison", of_prisons, [listed])


def _who_gains(results: Results, groups: pd.DataFrame) -> None:
    """Let the reader choose a measure of contact, and show which groups gain or lose by it."""
    gain, circulate = _choices.measure_of_contact(), not _who.is_planner()
    _show.figure(
        compared.group_changes(groups, gain, note=wording.source(results, drawn=True)),
        lambda: compared.who_gains(
            groups,
            gain,
            "Who gains and who loses beside the baseline",
            circulate=circulate,
        ),
    )


run, results = _state.page("Visits and video calls", counts=True)
known = (run.folder, run.stamp)
estimates = _effects.estate(*known)
baseline = _state.baseline_of(run)
circulate = not _who.is_planner()

if baseline is None:
    with _show.joined():
        _show.say(visiting.level_answer(estimates), small=False)
        if not run.is_baseline:
            _show.say(wording.NO_BASELINE)
        _show.table(visiting.policy_levels(estimates))
        _show.say(f"{wording.replications(results)} {wording.FLOOR}")
    st.page_link("app_pages/scenario.py", label="Try what evening, weekend or video changes do")
else:
    pair = (baseline.folder, baseline.stamp, *known)
    found = _effects.differences(*pair)
    visited = _effects.newly_visited(*pair)
    told = effects.conclusions(_state.runs_folder(), _state.opened(baseline), results)
    groups = effects.gains_and_losses(found)
    with _show.joined():
        _show.say(visiting.answer(found, visited), small=False)
        further = compared.who_is_moved_away(_state.opened(baseline), results, circulate=circulate)
        _show.say(compared.who_loses(groups, further))
        _show.numbers(visiting.policy_numbers(found, visited, _effects.cost_per_person(*pair)))
        elsewhere = _effects.kinds_held_elsewhere(*pair)
        _show.table(visiting.policy_changes(found, told, elsewhere))
        _show.table(visiting.policy_by_sex(found))
        _show.say(f"{wording.replications(results)} {wording.FLOOR}")
        _show.section("Would other assumptions turn these verdicts?")

tried = None if baseline is None else _assumptions.show(_state.opened(baseline), results)

with _show.joined():
    _show.section("How long families wait")
    waits = views.waits_by_kind(estimates)
    if len(waits):
        _show.figure(figures.waits(results, waits), lambda: listings.waits(waits))
        _show.part(lambda: _waits_by_prison(run, results))
    else:
        _show.say("No visit was booked in this run, so there is no wait to show.")

    _show.section("What becomes of a request, and why")
    outcomes = views.outcomes(estimates)
    _show.figure(figures.outcomes(results, outcomes), lambda: listings.outcomes(outcomes))
    _show.table(
        visiting.levels(
            estimates,
            visiting.REASONS,
            "Why families are turned away, in the weeks measured",
            note="A family may attempt to book several times for one request.",
        )
    )

    _show.section("When halls and stations are used")
    _show.part(lambda: _hours_of_week(run, results))

    _show.section("Who gains, and who has no contact")
    if baseline is not None:
        _show.part(lambda: _who_gains(results, groups))
    for listed in _effects.contact_by_group(*known, circulate=circulate):
        _show.table(listed)

    _show.section("What visits take from families")
    if baseline is not None:
        _show.table(visiting.family_changes(found))
        _show.table(visiting.families_by_sex(found))
    _show.table(
        visiting.levels(
            estimates,
            visiting.FAMILIES,
            "Pounds and hours of families and children, in the weeks measured",
        )
    )

    _show.section("If visits ran differently")
    _show.say(_differently.INTRO)
    _show.part(lambda: _differently.choose(run))

    _show.fold_tables("Every measure", lambda: listings.measures(views.estate_measures(estimates)))

both = [_state.opened(baseline), results] if baseline else [results]
_export.download("Visits and video calls", shown=both, beside=[tried] if tried else [])
