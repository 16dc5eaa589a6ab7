"""The moves of a plan on a page: counts for everybody, single moves and dates for planners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from app_pages import _effects, _export, _show, _state, _study, _who
from scenarios.display import listings, orders, wording
from scenarios.display.move_list import move_list

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.results import Results

MOST_PER_WEEK = 5_000
USUAL_PER_WEEK = 500
DATES = ("As the simulated year makes the moves", "So that prisons have room")


def show(run: _state.Run, results: Results) -> None:
    """Show who moves and why, a list to filter, and block orders."""
    circulate = not _who.is_planner()
    placed = _state.people(run.folder, run.stamp)
    _show.section("Who moves")
    _show.say(wording.moves(results, circulate=circulate))
    _show.table(listings.moves_by_reason(placed, circulate=circulate))
    by_prison = _state.prisons(run.folder, run.stamp)
    _show.fold_tables(
        "What the moves give and destroy, and how many each prison receives and sends",
        lambda: listings.moves_account(results.moves, circulate=circulate),
        lambda: listings.arrivals_and_departures(by_prison, circulate=circulate),
    )
    if circulate:
        _show.say("Single moves and their dates are for planners.")
        return
    _show.section("Moves and block orders")
    rows = _study.moves(run.folder, run.stamp)
    if rows.empty:
        _show.say("This plan moves nobody.")
        return
    _show.part(lambda: _orders(run, results))


def _orders(run: _state.Run, results: Results) -> None:
    """Let the planner date and choose moves, and show and hand over the block orders of those."""
    names = results.establishments
    every = _dated(run, results.scenario)
    room = orders.room(every, names)
    _show.say(room)
    kept = _filtered(every, _effects.names(results))
    by_order = orders.block_orders(kept, names)
    _show.table(orders.orders_listing(by_order))
    _show.fold_tables("Move by move", lambda: orders.listing(kept, names))
    if len(kept):
        _export.download(
            "Block orders",
            lambda: [move_list(kept, names, room), orders.orders_sheet(by_order, room)],
            results,
            mark="OFFICIAL-SENSITIVE",
        )


def _dated(run: _state.Run, scenario: dict[str, Any]) -> pd.DataFrame:
    """Let the planner say how many moves are made in a week, and date them."""
    weekly = scenario["transfers"]["moves_per_week"]
    per_week = st.number_input(
        "Moves a week",
        min_value=0,
        max_value=MOST_PER_WEEK,
        value=weekly or USUAL_PER_WEEK,
        step=50,
        key="moves a week",
        persist_state="session",
        help="Dates are spread over working days from the first simulated day on. 0 for no dates.",
        width=320,
    )
    calendar = orders.calendar_of(scenario)
    as_played = False
    if weekly is not None and int(per_week) == weekly:
        dates = st.segmented_control(
            "Dates", DATES, default=DATES[0], required=True, key="dates", persist_state="session"
        )
        as_played = dates == DATES[0]
    first = wording.day(calendar.start_date.isoformat())
    if as_played:
        _show.say("Dates are those on which the simulated year makes the moves.")
    elif per_week:
        _show.say(
            "Pairs of prisons between which moves save most come first, with those that make room "
            f"for them, from {first} on."
        )
    return _study.dated(run.folder, run.stamp, int(per_week), as_played, calendar)


def dated_at_first(run: _state.Run) -> pd.DataFrame:
    """Date the moves of a plan as the page does before anything is chosen."""
    scenario = _state.opened(run).scenario
    weekly = scenario["transfers"]["moves_per_week"]
    return _study.dated(
        run.folder,
        run.stamp,
        weekly or USUAL_PER_WEEK,
        weekly is not None,
        orders.calendar_of(scenario),
    )


def _filtered(rows: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Let the planner choose moves."""

    def named(code: str) -> str:
        return f"{names.get(code, code)} ({code})"

    leaving, arriving, reasons, ends = (
        box for pair in (st.columns(2), st.columns(2)) for box in pair
    )
    with leaving:
        left = st.multiselect(
            "From",
            sorted(rows["from_establishment"].unique()),
            format_func=named,
            key="moves from",
            persist_state="session",
        )
    with arriving:
        reached = st.multiselect(
            "To",
            sorted(rows["establishment"].unique()),
            format_func=named,
            key="moves to",
            persist_state="session",
        )
    with reasons:
        why = st.multiselect(
            "Reason",
            sorted(rows["reason"].unique()),
            format_func=wording.words,
            key="moves why",
            persist_state="session",
        )
    with ends:
        how = st.multiselect("Ends", orders.ENDS, key="moves end", persist_state="session")
    kept = orders.chosen(rows, leaving=left, arriving=reached, reasons=why, ends=how)
    _show.say(f"{wording.count(len(kept), 'move')} of {len(rows):,} chosen.")
    return kept
