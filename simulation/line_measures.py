"""From what happened on booking lines to measures; sums first, as for visits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.words import ESTATE
from simulation.clock import MINUTES_PER_DAY, Calendar
from simulation.line import NATIONAL, SERVICES, Service
from simulation.line_tables import HALF_HOUR, LineLog, TryEnd
from simulation.sums import quantiles_of, rows_of
from simulation.tallies import NO_WAIT, Tally

if TYPE_CHECKING:
    import pandas as pd

HELD = "line_held"
"""The quantity that counts answered ringings by whole minutes on hold."""

OF_LINES = ("all", "line", "line_service", "line_month")
"""Every ``group_by`` of these measures: all calls, national or local line, service, month."""

OF_AGENTS = ("line_busy_share", "line_agent_hours")
"""Measures of agents, who answer every service: not given by service."""

QUANTITIES = (
    "line_calls", "line_rings", "line_answered", "line_given_up", "line_bookings",
    "line_requests", "line_calls_lost", "line_bookings_lost", "line_busy_minutes",
    "line_staffed_minutes",
)  # fmt: skip


Count: TypeAlias = tuple[tuple[int, str, str, str, str, int], float]
"""A sum of one line, as a row of a tally: replication, establishment, group_by, group, quantity and
whole minutes on hold, which stand for days of wait; and the sum."""


def line_tally(counts: Iterable[Count]) -> Tally:
    """Add up the sums of lines, ``line_counts`` of each, by prison."""
    sums: dict[tuple[int, str, str, str, str, int], float] = {}
    for names, value in counts:
        sums[names] = sums.get(names, 0.0) + value
    rows = Tally()
    for (replication, establishment), of_prison in groupby(
        sorted(sums), key=lambda names: names[:2]
    ):
        rows.begin(establishment, replication)
        rows.add_rows((*names[2:], sums[names]) for names in of_prison)
    return rows


def line_counts(line: LineLog, calendar: Calendar) -> list[Count]:
    """Count and add up what happened on a line in the measured year, by prison called about.

    Calls count where they began in the measured year. The time of the agents on duty in a month is
    shared between prisons as the calls of that month are, so that sums over prisons are those of
    the line. It is not shared between services.

    Parameters
    ----------
    line
        Of one replication.
    calendar
        The year.
    """
    about, where = np.unique(line.about, return_inverse=True)
    names = [line.establishments[prison] for prison in about.tolist()]
    names = names or ([] if line.line == NATIONAL else [line.line])
    month_of_day, months = _months(calendar)
    month = month_of_day[(line.first_rang // MINUTES_PER_DAY).astype(np.int64)]
    measured = line.first_rang >= calendar.warm_up_days * MINUTES_PER_DAY
    called = where[measured] * len(months) + month[measured]
    calls = np.bincount(called, minlength=len(names) * len(months)).reshape(-1, len(months))
    staffed, is_told = _staffed(line, calls.astype(np.float64), month_of_day, calendar)
    whole = np.zeros(len(where), dtype=np.int64)
    added_up = _added_up(line, measured)
    found: list[Count] = []
    for group_by, words, code in (
        ("all", ["all"], whole),
        ("line", ["national" if line.line == NATIONAL else "local"], whole),
        ("line_service", list(map(str, SERVICES)), line.year.service),
        ("line_month", months, month),
    ):
        cells = [(name, word) for name in names for word in words]
        cell = where * len(words) + code
        rows = _sums(added_up, cell, len(cells))
        if group_by != "line_service":
            of_group = staffed if group_by == "line_month" else staffed.sum(axis=1, keepdims=True)
            told = is_told if group_by == "line_month" else is_told.any(axis=1, keepdims=True)
            which = np.flatnonzero(told)
            rows.append(("line_staffed_minutes", which, of_group.ravel()[which]))
        for quantity, which, values in rows:
            for each, value in zip(which.tolist(), values.tolist(), strict=True):
                name, word = cells[each]
                row = (line.replication, name, group_by, word, quantity, NO_WAIT)
                found.append((row, value))
        for each, minutes, number in _held(line, measured, cell):
            name, word = cells[each]
            row = (line.replication, name, group_by, word, HELD, minutes)
            found.append((row, number))
    return found


_Row: TypeAlias = tuple[str, NDArray[np.int64], NDArray[np.float64]]
"""A quantity, the cells (prison and group) that have it, and the sums."""

_AddedUp: TypeAlias = tuple[str, NDArray[np.int64], NDArray[np.float64] | None]
"""A quantity, the calls that add to it (as often as they do), and how much each adds: 1 where none
is given."""


def _added_up(line: LineLog, measured: NDArray[np.bool_]) -> tuple[list[_AddedUp], list[_AddedUp]]:
    """Give the quantities of calls and those of ringings, each with all of them first."""
    year = line.year
    calls = np.flatnonzero(measured)
    bookings = calls[year.service[calls] == SERVICES.index(Service.BOOKING)]
    talked = np.where(np.isfinite(year.answered_minutes), year.handle_minutes, 0.0)
    rings = np.flatnonzero(measured[year.whose])
    is_answered = year.ends[rings] == TryEnd.ANSWERED
    rang = year.whose[rings]
    return [
        ("line_calls", calls, None),
        ("line_bookings", bookings, None),
        ("line_requests", bookings[line.attempt[bookings] == 0], None),
        ("line_calls_lost", bookings[year.is_lost[bookings]], None),
        ("line_bookings_lost", calls[line.ends_request[calls]], None),
        ("line_busy_minutes", calls, talked[calls]),
    ], [
        ("line_rings", rang, None),
        ("line_answered", rang[is_answered], None),
        ("line_given_up", rang[~is_answered], None),
    ]


def _sums(added_up: Iterable[list[_AddedUp]], cell: NDArray[np.int64], cells: int) -> list[_Row]:
    """Add up by the cell of each call; a cell without any is left out."""
    rows: list[_Row] = []
    for quantities in added_up:
        which = np.flatnonzero(np.bincount(cell[quantities[0][1]], minlength=cells))
        for quantity, calls, values in quantities:
            sums = np.bincount(cell[calls], weights=values, minlength=cells)
            rows.append((quantity, which, sums[which].astype(np.float64)))
    return rows


def _held(
    line: LineLog, measured: NDArray[np.bool_], cell: NDArray[np.int64]
) -> Iterator[tuple[int, int, float]]:
    """Count answered ringings by cell and whole minutes on hold."""
    year = line.year
    counted = measured[year.whose] & (year.ends == TryEnd.ANSWERED)
    minutes = np.floor(year.held_minutes[counted]).astype(np.int64)
    longest = int(minutes.max(initial=0)) + 1
    both, number = np.unique(cell[year.whose[counted]] * longest + minutes, return_counts=True)
    cells, waited = np.divmod(both, longest)
    yield from zip(cells.tolist(), waited.tolist(), number.astype(np.float64).tolist(), strict=True)


def _months(calendar: Calendar) -> tuple[NDArray[np.int64], list[str]]:
    """Give the month of each day as a number, and the months in words."""
    dates = np.datetime64(calendar.first_date, "D") + np.arange(calendar.days)
    months, code = np.unique(dates.astype("M8[M]"), return_inverse=True)
    return code.astype(np.int64), np.datetime_as_string(months).tolist()


def _staffed(
    line: LineLog,
    calls: NDArray[np.float64],
    month_of_day: NDArray[np.int64],
    calendar: Calendar,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Share the agents' time of each month between prisons as the calls of that month are.

    A month in which nobody rang is shared as the calls of the year are. The hours of a local line
    that nobody rang at all are those of its prison.

    Parameters
    ----------
    line
        Its agents.
    calls
        Shape (prisons, months).
    month_of_day, calendar
        The year.

    Returns
    -------
    tuple
        Minutes, and whether they are told: in months of the measured year, of prisons called
        about; both shape (prisons, months).
    """
    first = calendar.warm_up_days * MINUTES_PER_DAY // HALF_HOUR
    half_hours = np.arange(first, len(line.staff.agents))
    month = month_of_day[half_hours * HALF_HOUR // MINUTES_PER_DAY]
    minutes = line.staff.agents[first:] * float(HALF_HOUR)
    of_month = np.bincount(month, weights=minutes, minlength=calls.shape[1])
    is_measured = np.bincount(month, minlength=calls.shape[1]) > 0
    if not calls.any() and line.line != NATIONAL:
        calls = np.ones_like(calls)
    told = calls.any(axis=1, keepdims=True) & is_measured
    shares = np.where(calls.any(axis=0), calls, calls.sum(axis=1, keepdims=True))
    return shares * (of_month / np.maximum(shares.sum(axis=0), 1.0)), told


def line_totals(tallies: pd.DataFrame) -> pd.DataFrame:
    """Give the measures of lines by establishment called about and, as ``ALL``, of all calls.

    Parameters
    ----------
    tallies
        Rows of ``line_tally`` for any establishments and replications.

    Returns
    -------
    DataFrame
        The columns of ``measures.estate_totals``; ``OF_AGENTS`` not by service. Minutes on hold are
        missing where nobody was answered.
    """
    import pandas as pd

    keys = ["replication", "establishment", "group_by", "group"]
    both = pd.concat([tallies, tallies.assign(establishment=ESTATE)], ignore_index=True)
    rows = both.groupby([*keys, "quantity", "wait_days"])["value"].sum().reset_index()
    of_lines = rows[rows["quantity"].isin(QUANTITIES)]
    sums = (
        of_lines.pivot_table(index=keys, columns="quantity", values="value", aggfunc="sum")
        .reindex(columns=list(QUANTITIES))
        .fillna(0.0)
    )

    def share(part: str, whole: str) -> pd.Series[float]:
        return (sums[part] / sums[whole]).where(sums[whole] > 0, 0.0)

    held = rows[rows["quantity"] == HELD]
    found = {
        ("line_calls", "calls"): sums["line_calls"],
        ("line_rings", "calls"): sums["line_rings"],
        ("line_abandoned_share", "share of ringings"): share("line_given_up", "line_rings"),
        ("line_busy_share", "share of agents' time"): share(
            "line_busy_minutes", "line_staffed_minutes"
        ),
        ("line_agent_hours", "hours"): sums["line_staffed_minutes"] / 60.0,
        ("line_calls_lost", "calls"): sums["line_calls_lost"],
        ("line_calls_lost_share", "share of calls"): share("line_calls_lost", "line_bookings"),
        ("line_bookings_lost", "requests"): sums["line_bookings_lost"],
        ("line_bookings_lost_share", "share of requests"): share(
            "line_bookings_lost", "line_requests"
        ),
    }
    waits = {"line_answer_minutes_median": 0.5, "line_answer_minutes_p90": 0.9}
    for name, minutes in zip(waits, quantiles_of(held, [*waits.values()], keys), strict=True):
        found[name, "minutes"] = minutes.reindex(sums.index)
    by_service = sums.index.get_level_values("group_by") == "line_service"
    return rows_of(sums.index, found, dict.fromkeys(OF_AGENTS, ~by_service))
