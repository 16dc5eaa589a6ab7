"""Who is held where: how far people are from family, who moves, and where a place is worth most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app_pages import _choices, _export, _moves, _relaxed, _show, _state, _study, _who
from scenarios.display import areas, figures, frontiers, held, listings, rule_rows, views, wording

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.results import Results


def _map(run: _state.Run, results: Results, *, circulate: bool) -> None:
    """Let the reader choose a map of prisons or of home areas, and when, and show it."""
    is_plan = views.is_plan(results)
    what = st.segmented_control(
        "Map of",
        ["Prisons", "Home areas"],
        default="Prisons",
        required=True,
        key="map of",
        bind="query-params",
    )
    when = _choices.when_on_the_map() if is_plan else "today"
    outline = _state.outline()
    if what == "Prisons":
        by_prison = _state.prisons(run.folder, run.stamp)
        _show.figure(
            figures.prison_map(results, by_prison, outline, when, circulate=circulate),
            lambda: listings.prisons(by_prison, is_plan=is_plan, circulate=circulate),
        )
    else:
        by_area = _study.home_areas(run.folder, run.stamp)
        _show.figure(
            areas.figure(results, by_area, outline, when, circulate=circulate),
            lambda: areas.listing(by_area, is_plan=is_plan, circulate=circulate),
        )


def _distances(placed: pd.DataFrame, results: Results, *, circulate: bool) -> None:
    """Offer how far people are held from home, by band of miles."""
    is_plan = views.is_plan(results)

    @_show.once
    def by_band() -> str:
        return listings.distances(placed, is_plan=is_plan, circulate=circulate)

    @_show.once
    def far() -> str:
        return listings.far_from_home(placed, is_plan=is_plan, circulate=circulate)

    def draw() -> None:
        _show.figure(figures.distances(results, placed, circulate=circulate), by_band)
        _show.table(far())

    _show.fold("How far people are held from home, by band of miles", draw, [by_band, far])


def _terms(results: Results) -> None:
    """Offer what the cost of a plan is made of, and its proof."""
    terms = listings.terms(results)

    def draw() -> None:
        _show.facts(wording.plan_facts(results))
        _show.table(terms)

    _show.fold("What the weighted cost is made of, and its proof", draw, [terms])


run, results = _state.page("Who is held where", counts=True, people=True)
is_plan = views.is_plan(results)
circulate = not _who.is_planner()
counts = _study.far(run.folder, run.stamp, held.window_days(results))
traded = _study.frontier_of(results, "moves") if is_plan else None
gain = held.next_moves(results, traded.points if traded else None)

_show.say(held.answer(results, counts, circulate=circulate), small=False)
_show.numbers(held.numbers(results, counts, gain, circulate=circulate))
_show.figure(
    held.far_figure(results, counts, circulate=circulate),
    lambda: held.far_table(counts, is_plan=is_plan, circulate=circulate),
)
_show.say(wording.proof(results))
if is_plan:
    _show.say(frontiers.would_it_turn(_study.stability_of(results), circulate=circulate))
    _show.section("Better and worse off")
    _show.say(wording.who_ends_further(results, circulate=circulate))
    _show.table(listings.nearer_and_further(results, circulate=circulate))

_show.section("Where people are held, and where they are from")
by_area = _study.home_areas(run.folder, run.stamp)
_show.part(lambda: _map(run, results, circulate=circulate))
_show.table(areas.region_listing(by_area, is_plan=is_plan, circulate=circulate))

if is_plan:
    _moves.show(run, results)

_show.section("Places short")
short = held.shortfall(results)
if len(short):
    _show.table(held.shortfall_table(short, circulate=circulate))
elif is_plan:
    _show.say("Nobody is without a place: everybody has one that the rules allow.")
else:
    _show.say("Nothing was decided in this run, so nobody is without a place.")
regions = held.regions_short(results)
if len(regions):
    _show.table(held.regions_table(regions, circulate=circulate))
else:
    _show.say("Every region has places enough for the people who come from it.")

if is_plan:
    _show.section("Where a place is worth most")
    _show.say(wording.worth(results))
    worth = views.places_worth_most(results.units, results.establishments)
    if len(worth):
        _show.figure(figures.worth(results, worth))
        _show.table(listings.worth(worth, circulate=circulate))
    else:
        _show.say("In this run one place more would save nothing anywhere.")

if is_plan:
    _show.section("What each rule costs the plan")
    _relaxed.show(results)
    _show.fold_tables(
        "Every rule, and what breaking it costs",
        lambda: rule_rows.listing(rule_rows.rule_costs(results)),
    )

_show.section("What it means for groups of people")
if is_plan:
    _show.say(frontiers.widest_gap(results.equality))
_show.table(frontiers.equality_listing(results.equality, is_plan=is_plan, circulate=circulate))

_show.section("More about this run")
_distances(_state.people(run.folder, run.stamp), results, circulate=circulate)
if is_plan:
    _terms(results)
else:
    _show.fold_tables("Every rule", lambda: rule_rows.listing(rule_rows.rule_costs(results)))
_show.fold_tables(
    "Every unit", lambda: listings.units(results, results.establishments, circulate=circulate)
)

_export.download("Who is held where", shown=results)
