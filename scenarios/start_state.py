"""The state a run begins from, as a file: who has booked what, and orders in hand.

``estate run --save-state FILE`` writes the state on the first measured day, after the warm-up, from
replication 0; ``--start-state FILE`` begins every replication from it and plays no warm-up. A file
made from a live booking system has the same columns (CSV, one row a booking or a person's orders)::

    what            booking, call or orders
    prisoner_id     whose
    establishment   where the session or the call is, for a booking or a call
    session         id of the session template; empty for a video call
    session_start   date and time
    asked_at        date and time at which it was asked for
    adults, children   the party; the person's first party when no party is like it
    orders          visits that could still be booked, for orders
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from scenarios.circulation.safe_cells import safe_cells
from scenarios.errors import ScenarioError
from scenarios.schema import Change, Scenario
from simulation.clock import MINUTES_PER_DAY
from simulation.place import Place
from simulation.simulate import SimulationInputs, orders_of
from simulation.start_state import (
    MOST_ORDERS,
    NOT_KNOWN,
    SAVED,
    CallsBooked,
    StartState,
    Turn,
    orders_left,
)
from simulation.timetable import ORDER_RULES, order_rules

COLUMNS = [
    "what", "prisoner_id", "establishment", "session", "session_start", "asked_at", "adults",
    "children", "orders",
]  # fmt: skip
BOOKING, CALL, ORDERS = "booking", "call", "orders"
SPENT, BACK = ("booked", "doubled"), ("cancelled", "called_off")
TOLD = 3
"""Rows named in a fault."""


def without_warm_up(scenario: Scenario) -> Scenario:
    """Give a scenario that begins on its first measured day."""
    weeks = scenario.calendar.warm_up_weeks
    if weeks == 0:
        return scenario
    changed = Change(setting="calendar.warm_up_weeks", before=weeks, after=0)
    return scenario.model_copy(
        update={
            "calendar": replace(scenario.calendar, warm_up_weeks=0),
            "changes": (*scenario.changes, changed),
        }
    )


def read_state(path: Path) -> pd.DataFrame:
    """Read a state.

    Raises
    ------
    ScenarioError
        When the file is not there, is no table or lacks columns.
    """
    try:
        found = pd.read_csv(path, dtype="str", keep_default_na=False)
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{path}: cannot be read as CSV ({error}).") from None
    missing = [name for name in COLUMNS if name not in found.columns]
    if missing:
        raise ScenarioError(
            f"{path}: no column {', '.join(missing)}. See 'estate run --save-state'."
        )
    return found[COLUMNS]


def begin_from(inputs: SimulationInputs, path: Path) -> SimulationInputs:
    """Put the state of a file into what a simulated year is played on.

    Bookings of people held elsewhere under the scenario, or of nobody in this population, fall with
    their move and are left out; so are orders of people who need none.

    Parameters
    ----------
    inputs
        Without a warm-up.
    path
        The file.

    Raises
    ------
    ScenarioError
        With every fault of the file: words, numbers and dates that are none, sessions that do not
        exist, that begin before the first day or lie beyond the notice, more bookings than tables.
    """
    state = _typed(path, read_state(path))
    bookings, calls = state[state["what"] == BOOKING], state[state["what"] == CALL]
    faults = [*_faults(path, bookings, inputs), *_faults_of_calls(path, calls, inputs)]
    if faults:
        raise ScenarioError(faults)
    orders = state[state["what"] == ORDERS].set_index("prisoner_id")["orders"]
    orders = orders[~orders.index.duplicated()]
    by_place = dict(list(bookings.groupby("establishment")))
    calls_by_place = dict(list(calls.groupby("establishment")))
    none = bookings.iloc[:0]
    start = {
        code: _of_place(
            place, inputs, by_place.get(code, none), calls_by_place.get(code, none), orders
        )
        for code, place in inputs.places.items()
    }
    return replace(inputs, start=start)


def _typed(path: Path, state: pd.DataFrame) -> pd.DataFrame:
    """Turn text into dates and numbers, and tell every cell that is none."""
    problems = []

    def wrong(rows: pd.Series[bool], what: str) -> None:
        if rows.any():
            lines = ", ".join(str(row + 2) for row in np.flatnonzero(rows)[:TOLD])
            problems.append(f"{path}: {what} in {int(rows.sum())} rows, first line {lines}.")

    is_booking, is_orders = state["what"].isin((BOOKING, CALL)), state["what"] == ORDERS
    wrong(~(is_booking | is_orders), "'what' is neither booking, call nor orders")
    typed = state.copy()
    for name in ("session_start", "asked_at"):
        typed[name] = pd.to_datetime(state[name], errors="coerce", format="ISO8601")
        wrong(is_booking & typed[name].isna(), f"'{name}' is no date and time")
    for name, rows, most in (
        ("adults", is_booking, 100),
        ("children", is_booking, 100),
        ("orders", is_orders, MOST_ORDERS - 1),
    ):
        number = pd.to_numeric(state[name], errors="coerce")
        bad = rows & ~((number >= 0) & (number <= most) & (number % 1 == 0))
        wrong(bad, f"'{name}' is no whole number from 0 to {most}")
        typed[name] = number.fillna(0).clip(0, most).astype("int64")
    if problems:
        raise ScenarioError(problems)
    return typed


def _faults(path: Path, bookings: pd.DataFrame, inputs: SimulationInputs) -> Iterator[str]:
    first = pd.Timestamp(inputs.calendar.first_date)
    furthest = {
        code: max(most for _, most in place.windows) for code, place in inputs.places.items()
    }
    ahead = bookings["establishment"].map(furthest).fillna(inputs.regime.notice_days_max)
    last = first + pd.to_timedelta(ahead + 1, unit="D")

    def told(rows: pd.Series[bool], what: str) -> Iterator[str]:
        if rows.any():
            named = (
                bookings.loc[rows, "session"]
                + " on "
                + bookings.loc[rows, "session_start"].dt.strftime("%Y-%m-%d %H:%M")
            )
            shown = ", ".join(named.drop_duplicates().head(TOLD))
            yield f"{path}: {int(rows.sum())} bookings {what}: {shown}."

    offered_at = inputs.sessions.values()
    read = ("establishment", "template", "open_tables", "closed_tables")
    templates = pd.DataFrame(
        {name: [cell for table in offered_at for cell in table[name]] for name in read}
    )
    known = pd.MultiIndex.from_frame(templates[["establishment", "template"]].astype("str"))
    wanted = pd.MultiIndex.from_frame(bookings[["establishment", "session"]])
    exists = pd.Series(wanted.isin(known), index=bookings.index)
    yield from told(~exists, "are for sessions that do not exist")
    yield from told(
        bookings["session_start"] < first, f"lie before the first day, {first:%Y-%m-%d}"
    )
    yield from told(bookings["session_start"] >= last, "lie further ahead than can be booked")
    yield from told(
        bookings["asked_at"] >= pd.concat([bookings["session_start"]]).clip(upper=first),
        "were asked for on the first day or later",
    )
    keys = ["establishment", "session", "session_start"]
    rows = templates.set_index(["establishment", "template"])
    tables = (rows["open_tables"] + rows["closed_tables"]).groupby(level=[0, 1]).sum()
    counted = bookings[exists].groupby(keys).size().rename("bookings").reset_index()
    offered = tables.reindex(pd.MultiIndex.from_frame(counted[keys[:2]])).to_numpy()
    over = counted[counted["bookings"].to_numpy() > offered]
    if len(over):
        shown = ", ".join(
            f"{row.session} on {row.session_start:%Y-%m-%d %H:%M} ({row.bookings})"
            for row in over.head(TOLD).itertuples()
        )
        yield f"{path}: more bookings than tables in {len(over)} sessions: {shown}."


def _faults_of_calls(path: Path, calls: pd.DataFrame, inputs: SimulationInputs) -> Iterator[str]:
    first = pd.Timestamp(inputs.calendar.first_date)
    last = first + pd.Timedelta(days=inputs.video.notice_days_max + 1)
    unknown = ~calls["establishment"].isin(list(inputs.places))
    for wrong, what in (
        (unknown, "are at establishments that do not exist"),
        (calls["session_start"] < first, f"lie before the first day, {first:%Y-%m-%d}"),
        (calls["session_start"] >= last, "lie further ahead than can be booked"),
        (calls["asked_at"] >= first, "were asked for on the first day or later"),
    ):
        if wrong.any():
            shown = ", ".join(calls.loc[wrong, "prisoner_id"].drop_duplicates().head(TOLD))
            yield f"{path}: {int(wrong.sum())} calls {what}: {shown}."


def _of_place(
    place: Place,
    inputs: SimulationInputs,
    bookings: pd.DataFrame,
    calls: pd.DataFrame,
    orders: pd.Series[int],
) -> StartState:
    """Give the state of one establishment: bookings and calls of people who are held there."""
    # who is moved there later in the year brings nothing from before it
    here = np.flatnonzero(place.from_day == 0)
    people = pd.Index(place.prisoner_id[here])

    def of_people(given: pd.DataFrame) -> pd.DataFrame:
        row = people.get_indexer(pd.Index(given["prisoner_id"]))
        rows = given.assign(person=np.append(here, NOT_KNOWN)[row])
        return rows[rows["person"] >= 0].sort_values(["asked_at", "prisoner_id", "session_start"])

    rows, called = of_people(bookings), of_people(calls)
    rows = rows[place.has_party[rows["person"].to_numpy(np.int64)]]
    first = np.datetime64(inputs.calendar.first_date, "s")

    def minutes(
        column: str, rows: pd.DataFrame = rows
    ) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        passed = rows[column].to_numpy("datetime64[s]") - first
        return np.asarray(passed / np.timedelta64(60, "s"), dtype=np.float64)

    caller = called["person"].to_numpy(np.int64)
    with_party = place.has_party[caller]
    # who is called and no party is numbered after the parties
    joining = len(place.party_person) + caller
    joining[with_party] = _parties(place, called[with_party])
    in_hand = np.full(len(place.keys), NOT_KNOWN)
    in_hand[here] = orders.reindex(people).fillna(NOT_KNOWN).to_numpy(np.int64)
    return StartState(
        person=rows["person"].to_numpy(np.int64),
        party=_parties(place, rows),
        asked_minutes=minutes("asked_at"),
        template=rows["session"].to_numpy(object),
        start=minutes("session_start"),
        orders=np.where(place.convicted, in_hand, NOT_KNOWN),
        calls=CallsBooked(
            person=caller,
            party=joining,
            asked_minutes=minutes("asked_at", called),
            start=minutes("session_start", called),
        ),
    )


def _parties(place: Place, rows: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Give the person's party of this size, or else the person's first."""
    first = np.searchsorted(place.party_person, rows["person"].to_numpy(np.int64), side="left")
    found = []
    sizes = zip(rows["person"], rows["adults"], rows["children"], first, strict=True)
    for person, adults, children, party in sizes:
        last = np.searchsorted(place.party_person, person, side="right")
        fits = (place.adults[party:last] == adults) & (place.children[party:last] == children)
        found.append(party + int(np.argmax(fits)) if fits.any() else party)
    return np.array(found, dtype=np.int64)


def state_of(inputs: SimulationInputs, visits: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Give the state on the first measured day of a run that has played its warm-up.

    Parameters
    ----------
    inputs
        What it was played on.
    visits
        Its event log; replication ``SAVED`` is read.
    seed
        Of its draws.

    Returns
    -------
    DataFrame
        The columns of the file.
    """
    begins = pd.Timestamp(inputs.calendar.start_date)
    log = visits[(visits["replication"] == SAVED) & (visits["channel"] == "visit")]
    asked = log[log["outcome"] == "asked"].set_index(_KEYS)["at"]
    before = log[log["at"] < begins].astype({"establishment": "str", "outcome": "str"})
    booked = before[before["outcome"].isin(SPENT) & (before["session_start"] >= begins)]
    back = pd.MultiIndex.from_frame(before.loc[before["outcome"].isin(BACK), _KEYS])
    booked = booked[~pd.MultiIndex.from_frame(booked[_KEYS]).isin(back)]
    bookings = booked.assign(
        what=BOOKING, asked_at=asked.reindex(pd.MultiIndex.from_frame(booked[_KEYS])).to_numpy()
    )
    turns = before[before["outcome"].isin((*SPENT, *BACK))]
    turns = turns.sort_values("at", kind="stable")
    by_place = dict(list(turns.groupby("establishment")))
    none = turns.iloc[:0]
    parts = [
        _orders_at(inputs, code, by_place.get(code, none), seed) for code in inputs.establishments
    ]
    orders = pd.concat(parts, ignore_index=True).assign(what=ORDERS)
    every = visits[(visits["replication"] == SAVED) & (visits["channel"] == "video")]
    early = every[every["at"] < begins].astype({"establishment": "str", "outcome": "str"})
    called = early[(early["outcome"] == "video_booked") & (early["session_start"] >= begins)]
    calls = called.assign(what=CALL, asked_at=called["at"])
    both = pd.concat([bookings, calls, orders], ignore_index=True).reindex(columns=COLUMNS)
    counts = ["adults", "children", "orders"]
    both[counts] = both[counts].astype("Int64")
    return both.sort_values(
        ["what", "establishment", "session_start", "prisoner_id"], ignore_index=True
    )


_KEYS = ["establishment", "prisoner_id", "request"]


def _orders_at(inputs: SimulationInputs, code: str, turns: pd.DataFrame, seed: int) -> pd.DataFrame:
    place = inputs.places[code]
    # nobody has been moved before the first measured day
    here = np.flatnonzero(place.from_day == 0)
    people = pd.Index(place.prisoner_id)
    person = here[people[here].get_indexer(pd.Index(turns["prisoner_id"].astype("str")))]
    first = np.datetime64(inputs.calendar.first_date, "s")
    minutes = (turns["at"].to_numpy("datetime64[s]") - first) / np.timedelta64(60, "s")
    days = (minutes // MINUTES_PER_DAY).astype(np.int64)
    templates = inputs.sessions[code]
    rule_of = {
        template: str(ORDER_RULES[rule])
        for template, rule in zip(templates["template"], order_rules(templates), strict=True)
    }
    spent = turns["outcome"].isin(SPENT)
    rules = [
        rule_of[template] if is_spent else None
        for template, is_spent in zip(turns["session"], spent, strict=True)
    ]
    needs = here[place.convicted[here]].tolist()
    left = orders_left(
        orders_of(place, inputs, seed=seed, replication=SAVED),
        map(Turn, person.tolist(), days.tolist(), turns["request"].tolist(), rules),
        needs,
        inputs.calendar.warm_up_days,
    )
    return pd.DataFrame(
        {
            "prisoner_id": people[list(left)].astype("str"),
            "establishment": code,
            "orders": list(left.values()),
        }
    )


def write_state(state: pd.DataFrame, path: Path) -> None:
    """Write a state as CSV."""
    text = safe_cells(state.astype(dict.fromkeys(("establishment", "prisoner_id"), "str")))
    text.to_csv(path, index=False, lineterminator="\n", date_format="%Y-%m-%dT%H:%M:%S")
