"""A block of establishments as a pure task, and intervals over many replications."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from simulation import early_days, family_measures, safety_line
from simulation.clock import Calendar
from simulation.early_days import early_tally, play_early_days
from simulation.family_workers import FamilyYear, play_family_work
from simulation.helped import families_started
from simulation.line_measures import HELD, QUANTITIES, Count, line_counts, line_tally, line_totals
from simulation.log import VisitLog, join_tables
from simulation.measures import MEASURE_COLUMNS, estate_totals, tally, visited
from simulation.safety_line import play_safety_line, safety_tally
from simulation.simulate import SimulationInputs, simulate_together
from simulation.tallies import Tally
from simulation.together import play_together, with_calls

if TYPE_CHECKING:
    import pandas as pd

CONFIDENCE = 0.95


def replicate(
    inputs: SimulationInputs,
    establishments: Sequence[str],
    *,
    seed: int,
    replication: int,
    keep_log: bool,
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Play one replication at some establishments.

    A pure function of what it is given: the same in any process, in any order, and however the
    estate is cut into blocks.

    Parameters
    ----------
    inputs
        What the year depends on.
    establishments
        Which to play; in order of code but for those that transfers or a booking line join, which
        are played side by side. Those joined to them that are not wanted are played and left out.
    seed, replication
        Names of the draws.
    keep_log
        Whether to give the event log too.

    Returns
    -------
    tuple of DataFrame
        Tallies (``measures.tally`` and those of the services around a visit), to be put under
        those of other blocks and given to ``totals``; and the event log (``VisitLog.table``), or
        ``None``.
    """
    tables: list[pd.DataFrame] = []
    counted, _ = count(
        inputs,
        establishments,
        seed=seed,
        replication=replication,
        take_log=tables.append if keep_log else None,
    )
    return counted.table(), join_tables(tables) if tables else None


def count(
    inputs: SimulationInputs,
    establishments: Sequence[str],
    *,
    seed: int,
    replication: int,
    take_log: Callable[[pd.DataFrame], None] | None = None,
) -> tuple[Tally, list[str]]:
    """Play one replication as ``replicate`` does, and give its tallies as plain columns.

    Parameters
    ----------
    inputs, establishments, seed, replication
        As for ``replicate``.
    take_log
        Takes the event log of each establishment in turn, so that nobody holds those of all.
        Without it no library of tables is needed.

    Returns
    -------
    tuple
        Tallies; and ids of the people who are visited in the measured weeks, once for each stay.
    """
    lines: list[Count] = []
    early = Tally()
    people: list[str] = []
    wanted = frozenset(establishments)

    def years() -> Iterator[VisitLog]:
        for group in inputs.played_together():
            if wanted.isdisjoint(group):
                continue
            for log, table in _played(inputs, group, lines, seed=seed, replication=replication):
                if log.establishment in wanted:
                    if take_log is not None:
                        take_log(table())
                    if inputs.early.modelled:
                        early.join(_early(log, inputs, seed))
                    people.extend(visited(log, inputs.calendar))
                    yield log

    counted = tally(years(), inputs)
    counted.join(family_tally(inputs, establishments, seed=seed, replication=replication))
    counted.join(line_tally((names, value) for names, value in lines if names[1] in wanted))
    counted.join(early)
    for of_prison in _safety(inputs, establishments, seed=seed, replication=replication):
        counted.join(of_prison)
    return counted, people


def _safety(
    inputs: SimulationInputs, establishments: Sequence[str], *, seed: int, replication: int
) -> Iterator[Tally]:
    """Count up the family safety lines of some establishments, where they are played."""
    if not inputs.safety.modelled:
        return
    for code in establishments:
        played = play_safety_line(
            inputs.places[code],
            inputs.calendar,
            inputs.safety,
            seed=seed,
            replication=replication,
        )
        yield safety_tally(played, inputs.calendar, establishment=code, replication=replication)


def _early(log: VisitLog, inputs: SimulationInputs, seed: int) -> Tally:
    """Count up the first days of an establishment whose year of visits is known."""
    holidays = inputs.lines.bank_holidays
    played = play_early_days(log, inputs.calendar, inputs.early, holidays, seed=seed)
    return early_tally(
        played,
        inputs.calendar,
        establishment=log.establishment,
        replication=log.replication,
    )


def _played(
    inputs: SimulationInputs,
    group: tuple[str, ...],
    lines: list[Count],
    *,
    seed: int,
    replication: int,
) -> Iterator[tuple[VisitLog, Callable[[], pd.DataFrame]]]:
    """Give logs of establishments played together, each with its table; add what lines counted."""
    calendar = inputs.calendar
    if not inputs.lines.settings.modelled:
        for log in simulate_together(inputs, group, seed=seed, replication=replication):
            yield log, partial(log.table, calendar)
        return
    played = play_together(inputs, group, seed=seed, replication=replication)
    lines += [row for line in played.lines for row in line_counts(line, calendar)]
    answers = cache(partial(played.ended.table, played.establishments))
    logs = played.logs
    # what lines told is let go before the years of the prisons are told
    del played
    for log in logs:
        yield log, partial(_with_calls, log, answers, calendar)


def _with_calls(
    log: VisitLog, answers: Callable[[], pd.DataFrame], calendar: Calendar
) -> pd.DataFrame:
    return with_calls(log, answers(), calendar)


def year_of(
    inputs: SimulationInputs, establishment: str, *, seed: int, replication: int
) -> tuple[VisitLog, pd.DataFrame]:
    """Play one year at one establishment, with those it shares a line with where it does.

    Parameters
    ----------
    inputs
        What the year depends on, at those others too.
    establishment
        Where.
    seed, replication
        Names of the draws.

    Returns
    -------
    tuple
        The log, and the event log that ``replicate`` keeps of it.
    """
    group = next(each for each in inputs.played_together() if establishment in each)
    played = _played(inputs, group, [], seed=seed, replication=replication)
    return next((log, table()) for log, table in played if log.establishment == establishment)


def family_tally(
    inputs: SimulationInputs, establishments: Sequence[str], *, seed: int, replication: int
) -> Tally:
    """Play the family work of one replication at some establishments, and count it up.

    Parameters
    ----------
    inputs, establishments, seed, replication
        As for ``replicate``. Establishments without family work give no row.
    """
    settings = inputs.family_settings
    if settings is None:
        return Tally()

    started: list[tuple[FamilyYear, int]] = []

    def years() -> Iterator[FamilyYear]:
        for establishment in establishments:
            work = inputs.family_work.get(establishment)
            if work is None:
                continue
            year = play_family_work(
                work, settings, inputs.calendar, seed=seed, replication=replication
            )
            if settings.starts_to_ask_share and establishment in inputs.places:
                started.append((year, _started(year, inputs, seed)))
            yield year

    tallies = family_measures.tally(years(), settings)
    tallies.join(family_measures.started_tally(started))
    return tallies


def _started(year: FamilyYear, inputs: SimulationInputs, seed: int) -> int:
    """Count the families that start to ask for visits in the measured year."""
    assert inputs.family_settings is not None
    place = inputs.places[year.work.establishment]
    found = families_started(year, inputs.family_settings, inputs.calendar, place, seed=seed)
    return int((found.from_day >= inputs.calendar.warm_up_days).sum())


def totals(tallies: pd.DataFrame, *, weeks: int) -> pd.DataFrame:
    """Give the measures of visits and of the services around them.

    Parameters
    ----------
    tallies
        Rows of ``replicate`` for any establishments and replications, in any order.
    weeks
        Weeks measured.

    Returns
    -------
    DataFrame
        As ``measures.estate_totals``, sorted.
    """
    import pandas as pd

    of_work = tallies["quantity"].isin(family_measures.QUANTITIES)
    of_lines = tallies["quantity"].isin((*QUANTITIES, HELD))
    of_early = tallies["quantity"].isin(early_days.QUANTITIES)
    of_safety = tallies["quantity"].isin(safety_line.QUANTITIES)
    of_visits = ~(of_work | of_lines | of_early | of_safety)
    parts = [estate_totals(tallies[of_visits], weeks=weeks)]
    if of_safety.any():
        parts.append(safety_line.safety_totals(tallies[of_safety]))
    if of_early.any():
        parts.append(early_days.early_totals(tallies[of_early]))
    if of_lines.any():
        parts.append(line_totals(tallies[of_lines]))
    if of_work.any():
        parts.append(family_measures.family_totals(tallies[of_work], weeks=weeks))
    order = ["replication", "establishment", "group_by", "group", "measure"]
    return pd.concat(parts, ignore_index=True).sort_values(order, ignore_index=True)


def intervals(measures: pd.DataFrame) -> pd.DataFrame:
    """Give mean and 95% interval of every measure over its replications.

    Parameters
    ----------
    measures
        Rows of ``estate_totals``.

    Returns
    -------
    DataFrame
        establishment, group_by, group, measure, measure_unit, mean, low, high, replications;
        missing values do not count as replications, and with fewer than two the interval is
        missing too.

    Notes
    -----
    Student's t with one degree of freedom fewer than there are replications.
    """
    keys = [name for name in MEASURE_COLUMNS if name not in ("replication", "value")]
    values = measures.groupby(keys, sort=True)["value"]
    found = values.agg(mean="mean", deviation="std", replications="count").reset_index()
    half = half_width(found["deviation"], found["replications"])
    return found.assign(low=found["mean"] - half, high=found["mean"] + half)[
        [*keys, "mean", "low", "high", "replications"]
    ]


def paired_intervals(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Give mean and 95% interval of the difference between two runs of the same families.

    Each replication is compared with itself, so what the two runs share drops out.

    Parameters
    ----------
    before, after
        Rows of ``estate_totals`` of two runs with the same seed.

    Returns
    -------
    DataFrame
        As ``intervals``, of after less before.

    Raises
    ------
    ValueError
        When the runs do not have the same replications.
    """
    if set(before["replication"]) != set(after["replication"]):
        raise ValueError("The two runs have different replications; run both with the same.")
    keys = [name for name in MEASURE_COLUMNS if name != "value"]
    both = before.merge(after, on=keys, suffixes=("_before", "_after"), validate="one_to_one")
    difference = both["value_after"] - both["value_before"]
    return intervals(both[keys].assign(value=difference))


def half_width(deviation: pd.Series[float], replications: pd.Series[int]) -> pd.Series[float]:
    """Give half the width of the 95% interval of a mean; missing below two replications."""
    from scipy.special import stdtrit

    freedom = (replications - 1).clip(lower=1)
    factor = stdtrit(freedom.to_numpy(), (1.0 + CONFIDENCE) / 2.0)
    return (deviation * factor / np.sqrt(replications)).where(replications > 1)
