"""Allocation: who moves and why, how far families travel, where a place is worth most."""

from __future__ import annotations

from app_pages import _show, _state
from scenarios.display import figures, listings, views, wording

run, results = _state.page("Who is held where")
placed = _state.people(run.folder, run.stamp)
by_prison = _state.prisons(run.folder, run.stamp)
is_plan = views.is_plan(results)

_show.say(wording.proof(results), small=False)
if is_plan:
    _show.facts(wording.plan_facts(results))
    if results.allocation["unplaced"]:
        _show.table(listings.unplaced(results))

_show.section("How far people are held from home")
_show.figure(figures.distances(results, placed), listings.distances(placed, is_plan=is_plan))
_show.table(listings.far_from_home(placed, is_plan=is_plan))

if is_plan:
    _show.section("Who moves")
    _show.say(wording.moves(results))
    _show.table(listings.moves_by_reason(placed))
    _show.table(listings.moves_account(results.moves))
    _show.table(listings.arrivals_and_departures(by_prison))
    _show.say(wording.MOVES_FILE)

    _show.section("Where a place is worth most")
    _show.say(wording.worth(results))
    worth = views.places_worth_most(results.units, _state.establishments())
    if len(worth):
        _show.figure(figures.worth(results, worth))
        _show.table(listings.worth(worth))
    else:
        _show.say("In this run one place more would save nothing anywhere.")

    _show.section("What the weighted cost is made of")
    _show.table(listings.terms(results))

_show.section("Every unit")
_show.table(listings.units(results, _state.establishments()))
