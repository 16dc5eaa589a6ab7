"""What the pages about visits and comparisons read of stored runs, each kept for the next page.

Everything is keyed on folders and the moments they were written; only small tables are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from app_pages import _data, _state

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from data.estate import Estate
    from scenarios.accounts.staffing import Agents, Staff
    from scenarios.comparing.compare import Comparison
    from scenarios.comparing.effects import Ratio
    from scenarios.results import Results
    from scenarios.schema import Scenario

PRISONS = (
    "wait_days_median", "wait_days_p90", "hall_use_share", "requests_unmet_share",
    "visits_per_prisoner_per_four_weeks", "video_use_share", "people_with_video_calls", "visits",
)  # fmt: skip
"""What the page on visits shows prison by prison."""

DIFFERENCES = ("visits", "requests_unmet_share")
"""What is compared prison by prison, beside the measures of a better contact."""

CONTACT_OF = {
    "sex": "Contact of men and women",
    "distance_band": "Contact by miles from home",
    "children_under_18": "Contact of people with children",
}
"""Groups of people whose contact is listed, and what the table of each is called."""


@st.cache_resource(max_entries=6, show_spinner=False)
def rows(folder: str, stamp: int) -> pd.DataFrame:
    """Return every measure of the whole estate, replication by replication."""
    from scenarios.comparing.effects import estate_rows
    from scenarios.display.visiting import with_ends_of_requests

    return with_ends_of_requests(estate_rows(_state.opened_at(folder, stamp)))


@st.cache_resource(max_entries=6, show_spinner=False)
def estate(folder: str, stamp: int) -> pd.DataFrame:
    """Return mean and interval of every measure of the whole estate, for every group."""
    from simulation.replicate import intervals

    return intervals(rows(folder, stamp))


@st.cache_resource(max_entries=6, show_spinner=False)
def contact_by_group(folder: str, stamp: int, *, circulate: bool) -> list[str]:
    """Return tables of the contact of groups of people, which no choice on a page changes."""
    from scenarios.display import listings

    estimates = estate(folder, stamp)
    moved = listings.since_move(estimates, circulate=circulate)
    return [
        *(listings.by_group(estimates, group, caption) for group, caption in CONTACT_OF.items()),
        *([moved] if moved else []),
    ]


@st.cache_resource(max_entries=6, show_spinner=False)
def prison_rows(folder: str, stamp: int) -> pd.DataFrame:
    """Return all that pages show prison by prison, replication by replication."""
    from scenarios.comparing.effects import HIGHER_IS_BETTER, prison_rows

    measures = {*PRISONS, *HIGHER_IS_BETTER, *DIFFERENCES, "tables"}
    return prison_rows(_state.opened_at(folder, stamp), sorted(measures))


@st.cache_resource(max_entries=6, show_spinner=False)
def prison_measures(folder: str, stamp: int) -> pd.DataFrame:
    """Return mean and interval of waits and use at every prison, in all and by kind of session."""
    from simulation.replicate import intervals

    rows = prison_rows(folder, stamp)
    return intervals(rows[rows["measure"].isin(PRISONS)])


@st.cache_resource(max_entries=6, show_spinner=False)
def differences(before: str, before_stamp: int, after: str, after_stamp: int) -> pd.DataFrame:
    """Return the difference of every measure of the whole estate, for every group."""
    from scenarios.comparing.effects import estate_differences

    both = rows(before, before_stamp), rows(after, after_stamp)
    return estate_differences(*_two(before, before_stamp, after, after_stamp), both)


@st.cache_resource(max_entries=6, show_spinner=False)
def comparison(before: str, before_stamp: int, after: str, after_stamp: int) -> Comparison:
    """Return two runs side by side: the measures of the whole estate, which the pages show."""
    from scenarios.comparing.compare import Comparison, is_paired, lines_that_differ

    one, other = _two(before, before_stamp, after, after_stamp)
    return Comparison(
        before=one.title,
        after=other.title,
        lines=lines_that_differ(one.scenario, other.scenario),
        differences=differences(before, before_stamp, after, after_stamp),
        paired=is_paired(one, other),
    )


def _two(before: str, before_stamp: int, after: str, after_stamp: int) -> tuple[Results, Results]:
    """Open two runs; what is asked of them here reads no table of theirs whole."""
    return _state.opened_at(before, before_stamp), _state.opened_at(after, after_stamp)


@st.cache_resource(max_entries=6, show_spinner=False)
def prison_differences(
    before: str, before_stamp: int, after: str, after_stamp: int
) -> pd.DataFrame:
    """Return the difference of visits, contact and waits at every prison, by kind of session too.

    The columns are those of :func:`scenarios.comparing.compare.differences`.
    """
    from scenarios.comparing.compare import differences, is_paired
    from scenarios.comparing.effects import HIGHER_IS_BETTER

    both = prison_rows(before, before_stamp), prison_rows(after, after_stamp)
    chosen = {*HIGHER_IS_BETTER, *DIFFERENCES}
    one, other = (rows[rows["measure"].isin(chosen)] for rows in both)
    paired = is_paired(*_two(before, before_stamp, after, after_stamp))
    return differences(one, other, paired=paired)


@st.cache_resource(max_entries=6, show_spinner=False)
def prisons_of_other_people(
    before: str, before_stamp: int, after: str, after_stamp: int
) -> frozenset[str]:
    """Return the prisons that do not hold the same people in both runs."""
    from scenarios.comparing.effects import prisons_of_other_people

    return prisons_of_other_people(*_two(before, before_stamp, after, after_stamp))


@st.cache_resource(max_entries=6, show_spinner=False)
def kinds_held_elsewhere(
    before: str, before_stamp: int, after: str, after_stamp: int
) -> dict[str, tuple[int, int]]:
    """Return the kinds of session that are not at the same prisons in both runs."""
    from scenarios.comparing.effects import kinds_held_elsewhere

    return kinds_held_elsewhere(prison_rows(before, before_stamp), prison_rows(after, after_stamp))


@st.cache_resource(max_entries=6, show_spinner=False)
def newly_visited(before: str, before_stamp: int, after: str, after_stamp: int) -> pd.DataFrame:
    """Return who is visited in one run and not in the other."""
    from scenarios.comparing.effects import newly_visited

    return newly_visited(*_two(before, before_stamp, after, after_stamp))


@st.cache_resource(max_entries=6, show_spinner=False)
def cost_per_person(before: str, before_stamp: int, after: str, after_stamp: int) -> Ratio | None:
    """Return what staff cost for each person newly visited; nothing for unlike families."""
    from scenarios.comparing.compare import is_paired
    from scenarios.comparing.effects import cost_per_person

    if not is_paired(*_two(before, before_stamp, after, after_stamp)):
        return None
    visited = newly_visited(before, before_stamp, after, after_stamp)
    return cost_per_person(rows(before, before_stamp), rows(after, after_stamp), visited)


@st.cache_resource(max_entries=6, show_spinner=False)
def slots(folder: str, stamp: int) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return the use of every slot of the week, and what is on offer where that is known."""
    from scenarios.reading.hours import on_offer, use_by_slot

    results = _state.opened_at(folder, stamp)
    return use_by_slot(results), on_offer(results)


def names(*runs: Results) -> dict[str, str]:
    """Return the names of the prisons of runs by code; the first run that has a name gives it."""
    import pandas as pd

    known = pd.concat([results.establishments for results in reversed(runs)])
    return dict(zip(known["establishment"].astype(str), known["name"].astype(str), strict=True))


Tables = tuple[str, int] | None
"""A folder of tables and when it was last written; none for the built-in ones."""


def tables_in_use() -> Tables:
    """Return the tables that runs of this session are made on."""
    return tables_of(_data.in_use())


def tables_of(folder: Path | None) -> Tables:
    """Return a folder of tables as it stands now, or the built-in ones."""
    if folder is None:
        return None
    return str(folder), max((path.stat().st_mtime_ns for path in folder.iterdir()), default=0)


@st.cache_resource(max_entries=4, show_spinner=False)
def estate_of(tables: Tables) -> Estate:
    """Return the estate of some tables.

    Raises
    ------
    TableError
        With every fault of the tables.
    """
    from data.estate import load_estate

    return load_estate(None if tables is None else tables[0])


def names_of(estate: Estate) -> dict[str, str]:
    """Return the names of the prisons of an estate by code."""
    prisons = estate.establishments
    return dict(zip(prisons["establishment"].astype(str), prisons["name"].astype(str), strict=True))


@st.cache_resource(max_entries=4, show_spinner=False)
def baseline_staff(tables: Tables) -> tuple[Staff, Agents | None]:
    """Return the staff of visits and the agents that the baseline asks for, on some tables."""
    from scenarios.load import load_scenario

    return _planned(estate_of(tables), load_scenario("baseline"))


def _planned(estate: Estate, scenario: Scenario) -> tuple[Staff, Agents | None]:
    from scenarios.accounts.staffing import planned_agents, planned_staff

    return planned_staff(estate, scenario), planned_agents(estate, scenario)


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Hours and pounds of staff a year that a scenario adds to the baseline.

    ``visits`` at sessions and video stations, ``lines`` agents of booking lines; none where one of
    the two does not play the lines.
    """

    visits: tuple[float, float]
    lines: tuple[float, float] | None


def extra_staff(text: str) -> Added | None:
    """Return the staff that a scenario file adds; nothing for a faulty one.

    Parameters
    ----------
    text
        The scenario file; it is set beside the timetable in use.
    """
    return staff_beside(text, tables_in_use())


@st.cache_resource(max_entries=60, show_spinner=False)
def staff_beside(text: str, tables: Tables) -> Added | None:
    """Return the staff that a scenario file adds beside the timetable of some tables."""
    from scenarios.drafting.drafts import checked_text
    from scenarios.errors import ScenarioError

    try:
        visits, agents = _planned(estate_of(tables), checked_text("draft", text))
        visits_before, agents_before = baseline_staff(tables)
    except (ScenarioError, ValueError):
        return None
    return Added(
        visits=(visits.hours - visits_before.hours, visits.gbp - visits_before.gbp),
        lines=None
        if agents is None or agents_before is None
        else (agents.hours - agents_before.hours, agents.gbp - agents_before.gbp),
    )
