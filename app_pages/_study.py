"""Stored studies of a run, and the plans decided again from it, kept for the next page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import streamlit as st

from app_pages import _state

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.display.assumptions import Assumptions
    from scenarios.display.drivers import Drivers
    from scenarios.display.frontiers import Frontier, Stability
    from scenarios.display.relaxed import Relaxed
    from scenarios.results import Results
    from scenarios.stored_studies import Kind, Study
    from simulation.clock import Calendar


class OfSettings(Protocol):
    """A study that tells what it was made from."""

    @property
    def manifest(self) -> dict[str, Any]:
        """Its manifest."""


Told = TypeVar("Told", bound=OfSettings)


def found(kind: Kind) -> list[Study]:
    """Return the stored studies of a kind, the newest first."""
    from scenarios.stored_studies import studies

    return studies(_state.runs_folder(), kind)


def frontier(study: Study) -> Frontier:
    """Open a trade-off study."""
    return _frontier(str(study.folder), study.stamp)


def stability(study: Study) -> Stability:
    """Open a study of stability."""
    return _stability(str(study.folder), study.stamp)


def relaxed(study: Study) -> Relaxed:
    """Open a study of rules."""
    return _relaxed(str(study.folder), study.stamp)


class OfTwoRuns(Protocol):
    """A study that tells what it compared."""

    @property
    def account(self) -> dict[str, Any]:
        """Its account."""


Between = TypeVar("Between", bound=OfTwoRuns)


def drivers_of(before: Results, after: Results) -> Drivers | None:
    """Return the newest study of the lines between two runs, if there is one."""
    return _between("drivers", _drivers, before, after)


def assumptions_of(before: Results, after: Results) -> Assumptions | None:
    """Return the newest study of assumptions about two runs, if there is one."""
    return _between("assumptions", _assumptions, before, after)


def _between(
    kind: Kind, opened: Callable[[str, int], Between], before: Results, after: Results
) -> Between | None:
    from scenarios.comparing.compare import is_about
    from scenarios.errors import ScenarioError

    for study in found(kind):
        try:
            told = opened(str(study.folder), study.stamp)
        except ScenarioError:
            continue
        if is_about(told.account["compared"], before, after):
            return told
    return None


def frontier_of(results: Results, against: str) -> Frontier | None:
    """Return the newest trade-off study of the same settings and data as a run, if there is one."""
    same = _same("frontier", frontier, results)
    return next((each for each in same if each.against == against), None)


def stability_of(results: Results) -> Stability | None:
    """Return the newest study of stability of the same settings and data as a run."""
    return next(_same("stability", stability, results), None)


def relaxed_of(results: Results) -> Relaxed | None:
    """Return the newest study of rules of the same settings and data as a run."""
    return next(_same("rules", relaxed, results), None)


def _same(kind: Kind, opened: Callable[[Study], Told], results: Results) -> Iterator[Told]:
    """Give the studies of the same settings and data as a run, the newest first."""
    from scenarios.display.frontiers import is_of
    from scenarios.errors import ScenarioError

    for study in found(kind):
        try:
            told = opened(study)
        except ScenarioError:
            continue
        if is_of(told.manifest, results):
            yield told


@st.cache_resource(max_entries=4, show_spinner=False)
def far(folder: str, stamp: int, window_days: int) -> pd.DataFrame:
    """Return how many people are held far from family and from the area of release."""
    from scenarios.reading.held_far import far

    del stamp
    return far(Path(folder), window_days)


@st.cache_resource(max_entries=4, show_spinner=False)
def home_areas(folder: str, stamp: int) -> pd.DataFrame:
    """Return one row per home area: its people and how far away they are held."""
    from data.load import read_table
    from scenarios.display import areas

    del stamp
    return areas.home_areas(Path(folder), read_table("home_areas"))


@st.cache_resource(max_entries=2, show_spinner=False)
def moves(folder: str, stamp: int) -> pd.DataFrame:
    """Return the moves of a plan."""
    from scenarios.display import orders

    del stamp
    return orders.moves(Path(folder))


@st.cache_resource(max_entries=4, show_spinner=False)
def dated(
    folder: str, stamp: int, per_week: int, first_come: bool, _calendar: Calendar
) -> pd.DataFrame:
    """Return the moves of a plan with a date each; the calendar is the plan's own."""
    from scenarios.display import orders

    return orders.dated(moves(folder, stamp), _calendar, per_week, first_come=first_come)


@st.cache_resource(max_entries=4, show_spinner=False)
def _frontier(folder: str, stamp: int) -> Frontier:
    from scenarios.display.frontiers import open_frontier

    del stamp
    return open_frontier(Path(folder))


@st.cache_resource(max_entries=8, show_spinner=False)
def _drivers(folder: str, stamp: int) -> Drivers:
    from scenarios.display.drivers import open_drivers

    del stamp
    return open_drivers(Path(folder))


@st.cache_resource(max_entries=8, show_spinner=False)
def _assumptions(folder: str, stamp: int) -> Assumptions:
    from scenarios.display.assumptions import open_assumptions

    del stamp
    return open_assumptions(Path(folder))


@st.cache_resource(max_entries=4, show_spinner=False)
def _stability(folder: str, stamp: int) -> Stability:
    from scenarios.display.frontiers import open_stability

    del stamp
    return open_stability(Path(folder))


@st.cache_resource(max_entries=4, show_spinner=False)
def _relaxed(folder: str, stamp: int) -> Relaxed:
    from scenarios.display.relaxed import open_relaxed

    del stamp
    return open_relaxed(Path(folder))


def decided_again(run: str) -> list[Study]:
    """Return the plans decided again from a run, or from one so decided, the newest first."""
    from scenarios.planning.again import read_steered

    told = {
        study.name: (study, account["earlier"])
        for study in found("allocate")
        if (account := read_steered(study.folder)) is not None
    }

    def begins(name: str) -> str:
        seen = set()
        while name in told and name not in seen:
            seen.add(name)
            name = str(told[name][1])
        return name

    return [study for name, (study, _) in told.items() if begins(name) == run]


@st.cache_data(max_entries=8, show_spinner=False)
def account(folder: str, stamp: int) -> dict[str, Any]:
    """Return the account of a plan."""
    import json

    del stamp
    content: dict[str, Any] = json.loads(
        (Path(folder) / "allocation.json").read_text(encoding="utf-8")
    )
    return content
