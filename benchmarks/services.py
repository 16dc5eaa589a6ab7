"""The services around a visit at full size: booking line, family workers and both sizings."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.simulation import SEED, bare_loop, cpu_seconds, simulation_inputs
from scenarios.studies.size_line import size_line
from scenarios.studies.size_workers import Asked, size_workers
from simulation.contact_centre import play_line
from simulation.family_workers import FamilyYear, play_family_work
from simulation.line import NATIONAL
from simulation.line_tables import LineLog, LineYear
from simulation.together import play_together

FAMILY_YARDSTICK = "one for each referral, first contact and closure"


@cache
def _national_line() -> tuple[float, LineLog]:
    """Play the national line with the desks of its prisons; CPU seconds and what happened."""
    inputs = simulation_inputs()
    national = inputs.lines.ever_national(inputs.calendar)
    group = next(each for each in inputs.played_together() if not national.isdisjoint(each))
    found: list[LineLog] = []

    def play() -> None:
        played = play_together(inputs, group, seed=SEED, replication=0)
        found.extend(line for line in played.lines if line.line == NATIONAL)

    return cpu_seconds(play), found[0]


def line_with_desks_seconds() -> dict[str, float | str]:
    """Play a year of the national line, redials among it, and of the prisons that share it."""
    value, line = _national_line()
    rang = len(line.year.rang)
    yardstick = cpu_seconds(lambda: bare_loop(2 * rang))
    return {
        "value": value,
        "unit": f"CPU seconds, {len(line.calls)} calls, {rang} ringings",
        "yardstick": "bare SimPy loop, two timeouts for each ringing: it begins and it ends",
        "yardstick_value": yardstick,
        "ratio": value / yardstick,
    }


def line_alone_seconds() -> dict[str, float | str]:
    """Play the same calls on the line alone."""
    _, line = _national_line()
    found: list[LineYear] = []
    until = float(simulation_inputs().calendar.days * 24 * 60)
    value = cpu_seconds(lambda: found.append(play_line(line.calls, line.staff, until=until)))
    assert len(found[0].rang) == len(line.year.rang), "the line alone rings as often"
    yardstick = cpu_seconds(lambda: bare_loop(2 * len(line.year.rang)))
    return {
        "value": value,
        "unit": f"CPU seconds, {len(line.calls)} calls, {len(line.year.rang)} ringings",
        "yardstick": "bare SimPy loop, two timeouts for each ringing: it begins and it ends",
        "yardstick_value": yardstick,
        "ratio": value / yardstick,
    }


def family_work_seconds() -> dict[str, float | str]:
    """Play a year of family work at every prison."""
    inputs = simulation_inputs()
    settings = inputs.family_settings
    assert settings is not None
    years: list[FamilyYear] = []

    def play() -> None:
        years.extend(
            play_family_work(work, settings, inputs.calendar, seed=SEED, replication=0)
            for work in inputs.family_work.values()
        )

    value = cpu_seconds(play)
    things = sum(
        len(year.cases.day)
        + int((year.done.first_contact_day >= 0).sum())
        + int((year.done.closed_day >= 0).sum())
        for year in years
    )
    yardstick = cpu_seconds(lambda: bare_loop(things))
    return {
        "value": value,
        "unit": f"CPU seconds, {len(years)} prisons",
        "yardstick": f"bare SimPy loop, {things} timeouts: {FAMILY_YARDSTICK}",
        "yardstick_value": yardstick,
        "ratio": value / yardstick,
    }


def size_family_workers_seconds() -> dict[str, float | str]:
    """Size the family workers of the whole estate in steps of 0.2, on two processes."""
    return _sized(lambda out: size_workers("baseline", Asked(workers=2), out_dir=out))


def size_booking_line_seconds() -> dict[str, float | str]:
    """Size the national line, find its roster and prove it on fresh years."""
    return _sized(lambda out: size_line("baseline", out_dir=out))


def _sized(size: Callable[[Path], object]) -> dict[str, float | str]:
    yardstick = cpu_seconds(lambda: bare_loop(10_000_000))
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        size(Path(folder) / "out")
        value = time.perf_counter() - start
    return {
        "value": value,
        "unit": "seconds on the wall",
        "yardstick": "bare SimPy loop, 10 million timeouts",
        "yardstick_value": yardstick,
        "ratio": value / yardstick,
    }


BENCHMARKS: dict[str, Callable[[], dict[str, float | str]]] = {
    "line_with_desks_seconds": line_with_desks_seconds,
    "line_alone_seconds": line_alone_seconds,
    "family_work_seconds": family_work_seconds,
    "size_family_workers_seconds": size_family_workers_seconds,
    "size_booking_line_seconds": size_booking_line_seconds,
}
