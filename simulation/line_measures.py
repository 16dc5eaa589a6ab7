"""From what happened on booking lines to measures; sums first, as for visits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.words import ESTATE
from simulation.clock import MINUTES_PER_DAY, Calendar
from simulation.contact_centre import HALF_HOUR, TryEnd
from simulation.line import NATIONAL, SERVICES, Service
from simulation.sums import quantile_of, rows_of
from simulation.together import LineLog

HELD = "line_held"
"""The quantity that counts answered ringings by whole minutes on hold."""

OF_LINES = ("all", "line", "line_service", "line_month")
"""Every ``group_by`` of these measures: all calls, national or local line, service, month."""

OF_AGENTS = ("line_busy_share", "line_agent_hours")
"""Measures of agents, who answer every service: not given by service."""

QUANTITIES = (
    "line_calls", "line_rings", "line_answered", "line_given_up", "line_bookings",
    "line_bookings_lost", "line_busy_minutes", "line_staffed_minutes",
)  # fmt: skip


def line_tally(lines: Iterable[LineLog], calendar: Calendar) -> pd.DataFrame:
    """Count and add up what happened on lines in the measured year, by prison called about.

    Calls count where they began in the measured year. The time of the agents on duty in a month is
    shared between prisons as the calls of that month are, so that sums over prisons are those of
    the line. It is not shared between services.

    Parameters
    ----------
    lines
        Of one replication.
    calendar
        The year.

    Returns
    -------
    DataFrame
        Columns of ``measures.tally``; whole minutes on hold take the place of ``wait_days``.
    """
    parts = [part for line in lines for part in _of_line(line, calendar)]
    columns = ["establishment", "group_by", "group", "quantity", "wait_days", "value"]
    if not parts:
        return pd.DataFrame(columns=["replication", *columns])
    rows = pd.concat(parts, ignore_index=True)
    keys = ["replication", *columns[:-1]]
    return rows.groupby(keys, sort=True)["value"].sum().reset_index()


def _of_line(line: LineLog, calendar: Calendar) -> Iterator[pd.DataFrame]:
    year, first = line.year, calendar.warm_up_days * MINUTES_PER_DAY
    measured = line.first_rang >= first
    calls = pd.DataFrame(
        {
            "establishment": line.establishment,
            "service": np.array(SERVICES, dtype=object)[year.service],
            "month": _months(line.first_rang, calendar),
            "line_calls": 1.0,
            "line_bookings": year.service == SERVICES.index(Service.BOOKING),
            "line_busy_minutes": np.where(
                np.isfinite(year.answered_minutes), year.handle_minutes, 0.0
            ),
        }
    )
    calls["line_bookings_lost"] = calls["line_bookings"] & year.is_lost
    calls = calls[measured].astype({"line_bookings": float, "line_bookings_lost": float})
    staffed = _staffed(line, calls, calendar)
    counted = measured[year.whose]
    whose = year.whose[counted]
    rings = pd.DataFrame(
        {
            "establishment": line.establishment[whose],
            "service": np.array(SERVICES, dtype=object)[year.service[whose]],
            "month": _months(line.first_rang[whose], calendar),
            "line_rings": 1.0,
            "line_answered": (year.ends[counted] == TryEnd.ANSWERED).astype(float),
            "line_given_up": (year.ends[counted] != TryEnd.ANSWERED).astype(float),
            "minutes": np.floor(year.held_minutes[counted]).astype(np.int64),
        }
    )
    groups: dict[str, str | Callable[[pd.DataFrame], pd.Series[str]]] = {
        "all": "all",
        "line": "national" if line.line == NATIONAL else "local",
        "line_service": lambda table: table["service"],
        "line_month": lambda table: table["month"],
    }
    for group_by, group in groups.items():
        tables = (calls, rings) if group_by == "line_service" else (calls, rings, staffed)
        for table in tables:
            sums = [name for name in QUANTITIES if name in table]
            of_group = _grouped(table, group)
            summed = of_group.groupby(["establishment", "group"])[sums].sum()
            long = summed.melt(var_name="quantity", ignore_index=False).reset_index()
            yield long.assign(replication=line.replication, group_by=group_by, wait_days=-1)
        answered = _grouped(rings[rings["line_answered"] > 0], group)
        held = answered.groupby(["establishment", "group", "minutes"]).size()
        yield (
            held.rename("value")
            .astype(float)
            .reset_index()
            .rename(columns={"minutes": "wait_days"})
            .assign(replication=line.replication, group_by=group_by, quantity=HELD)
        )


def _grouped(
    table: pd.DataFrame, group: str | Callable[[pd.DataFrame], pd.Series[str]]
) -> pd.DataFrame:
    return table.assign(group=group(table) if callable(group) else group)


def _months(minutes: NDArray[np.float64], calendar: Calendar) -> NDArray[np.object_]:
    dates = np.datetime64(calendar.first_date, "D") + (minutes // MINUTES_PER_DAY).astype(np.int64)
    return np.asarray(np.datetime_as_string(dates, unit="M"), dtype=object)


def _staffed(line: LineLog, calls: pd.DataFrame, calendar: Calendar) -> pd.DataFrame:
    """Share the agents' time of each month between prisons as the calls of that month are.

    A month in which nobody rang is shared as the calls of the year are. The hours of a local line
    that nobody rang at all are those of its prison.
    """
    first = calendar.warm_up_days * MINUTES_PER_DAY // HALF_HOUR
    measured = np.arange(first, len(line.staff.agents), dtype=np.float64) * HALF_HOUR
    minutes = pd.Series(line.staff.agents[first:] * float(HALF_HOUR))
    of_month = minutes.groupby(_months(measured, calendar)).sum()
    counted = calls.pivot_table(
        index="month", columns="establishment", values="line_calls", aggfunc="sum", fill_value=0.0
    ).reindex(of_month.index, fill_value=0.0)
    if counted.empty and line.line != NATIONAL:
        counted = pd.DataFrame({line.line: 1.0}, index=counted.index)
    number = counted.to_numpy(np.float64)
    number = np.where(number.sum(axis=1, keepdims=True) > 0, number, number.sum(axis=0))
    number *= (of_month.to_numpy() / np.maximum(number.sum(axis=1), 1.0))[:, np.newaxis]
    shared = pd.DataFrame(number, index=counted.index, columns=counted.columns)
    shared = shared.rename_axis(index="month").reset_index()
    return shared.melt(id_vars="month", var_name="establishment", value_name="line_staffed_minutes")


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
        ("line_bookings_lost", "requests"): sums["line_bookings_lost"],
        ("line_bookings_lost_share", "share of calls"): share(
            "line_bookings_lost", "line_bookings"
        ),
    }
    for name, part in (("line_answer_minutes_median", 0.5), ("line_answer_minutes_p90", 0.9)):
        found[name, "minutes"] = quantile_of(held, part, keys).reindex(sums.index)
    parts = [rows_of(values, name, unit) for (name, unit), values in found.items()]
    parts = [
        part[(part["group_by"] != "line_service") | ~part["measure"].isin(OF_AGENTS)]
        for part in parts
    ]
    return pd.concat(parts, ignore_index=True).astype({"value": "float64"})
