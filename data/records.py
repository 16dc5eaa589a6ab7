"""What is recorded about people beside the population table: ties, locks, exclusions, activities.

Every table may be empty. A user's own come from the data folder; beside the synthetic population
``synthesise_records`` makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import pandas as pd

from data.check import TableError
from data.estate import Estate
from data.geography import load_home_areas
from data.load import no_rows, read_table, table_path
from data.population import Population
from data.synthetic import ties
from data.synthetic.activities import LASTING_KINDS, draw_activities, draw_activity_sites
from data.synthetic.dealing import Assumptions
from data.synthetic.settings import RecordsSettings
from data.validate import check_data

__all__ = [
    "Records",
    "RecordsSettings",
    "load_records",
    "synthesise_records",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Records:
    """What is recorded about people; each table has the columns of the dictionary.

    Attributes
    ----------
    keep_aparts
        One row per pair of people who must not meet: ``a``, ``b``, ``level`` (cell, landing, wing
        or establishment) and ``reason``.
    groups
        One row per member: ``group``, ``prisoner_id`` and ``at_most``, the most members of the
        group in one establishment.
    keep_together
        One row per pair who should be in one establishment, and the price of parting them.
    locks
        One row per decision of a planner: ``lock`` keeps a person in a unit or an establishment,
        ``forbid`` away from it.
    exclusions
        One row per person and establishment, or home area and miles around it, where public
        protection will not have the person. The reason is never in the data.
    activities
        One row per person and course, job, treatment, class, place or date that a move destroys.
    activity_sites
        One row per establishment and activity offered there.
    """

    keep_aparts: pd.DataFrame
    groups: pd.DataFrame
    keep_together: pd.DataFrame
    locks: pd.DataFrame
    exclusions: pd.DataFrame
    activities: pd.DataFrame
    activity_sites: pd.DataFrame

    @classmethod
    def empty(cls) -> Records:
        """Make records that say nothing.

        Examples
        --------
        >>> len(Records.empty().keep_aparts)
        0
        """
        return cls(**{name: _no_rows(name) for name in RECORD_TABLES})


RECORD_TABLES = tuple(field.name for field in fields(Records))
"""Names of the tables, in the order of the class."""


def load_records(folder: Path | str | None, population: Population) -> Records:
    """Load a user's records through the checks every table passes.

    Parameters
    ----------
    folder
        Holds any of the tables as CSV or Parquet; those it does not hold are empty. What somebody
        takes part in is offered where they are, whether ``activity_sites`` says so or not.
    population
        Whom the records are about.

    Returns
    -------
    Records
        Rows sorted by their keys.

    Raises
    ------
    TableError
        With every fault: unknown ids and words, pairs of one person, pairs listed twice, groups
        without a second member.
    """
    tables = {name: _read(name, folder) for name in RECORD_TABLES}
    units = read_table("units", folder)
    ids = {
        "population": population.prisoners[["prisoner_id"]],
        "home_areas": load_home_areas(None if folder is None else Path(folder))[["home_area"]],
        "establishments": read_table("establishments", folder)[["establishment"]],
        "units": units[["unit"]],
    }
    problems = check_data(ids | tables, faulty=tuple(ids))
    if problems:
        raise TableError(problems)
    return records_of(tables, population, units)


def records_of(
    tables: Mapping[str, pd.DataFrame], population: Population, units: pd.DataFrame
) -> Records:
    """Put records together from their tables.

    Parameters
    ----------
    tables
        Typed and checked, by name; those left out have no row.
    population, units
        Who they are about, and where these are held.

    Returns
    -------
    Records
        As from ``load_records``.
    """
    rows = {name: tables[name] if name in tables else _no_rows(name) for name in RECORD_TABLES}
    at = population.prisoners.set_index("prisoner_id")["current_unit"]
    rows["activity_sites"] = _with_sites(rows, at.map(units.set_index("unit")["establishment"]))
    return Records(**{name: in_order(table) for name, table in rows.items()})


def synthesise_records(
    population: Population,
    estate: Estate,
    settings: RecordsSettings,
    home_areas: pd.DataFrame | None = None,
) -> Records:
    """Make records for a population that has none, the same for the same seed.

    Nobody is known of whom these would be true: how many keep-aparts, groups and exclusions there
    are, and who does what where, is assumed. The draws have streams of their own, so that people
    and contacts stay as they are whatever is recorded about them.

    Parameters
    ----------
    population
        Whom the records are about; the order of its rows decides nothing.
    estate
        Where people are held.
    settings
        How many, and how dear.
    home_areas
        Positions of home areas; the built-in ones by default.

    Returns
    -------
    Records
        Without locks; each table sorted by all its columns.
    """
    areas = load_home_areas() if home_areas is None else home_areas
    assumptions = Assumptions(
        published=read_table("published_figures"), assumed=read_table("population_assumptions")
    )
    people = _people_in_order(population, estate)
    sites = draw_activity_sites(estate.units, assumptions, settings.seed)
    activities = draw_activities(
        people,
        sites,
        assumptions,
        sentence_plan_share=settings.sentence_plan_share,
        seed=settings.seed,
    )
    planned = activities.loc[activities["on_sentence_plan"], "prisoner_id"]
    held = ties.held_now(people, people["prisoner_id"].isin(planned).to_numpy())
    return Records(
        keep_aparts=in_order(
            ties.draw_keep_aparts(
                held,
                pairs=settings.keep_apart_pairs,
                same_prison_share=settings.keep_apart_same_prison_share,
                same_region_share=settings.keep_apart_same_region_share,
                establishment_share=settings.keep_apart_establishment_share,
                seed=settings.seed,
            )
        ),
        groups=in_order(
            ties.draw_groups(
                held,
                groups=settings.groups,
                members=settings.group_members,
                at_most=settings.group_at_most,
                seed=settings.seed,
            )
        ),
        keep_together=in_order(
            ties.draw_keep_together(
                held,
                people["relatives_in_custody"],
                share=settings.keep_together_share,
                price_gbp=settings.keep_together_gbp,
                seed=settings.seed,
            )
        ),
        locks=_no_rows("locks"),
        exclusions=in_order(
            ties.draw_exclusions(
                people,
                estate.establishments,
                areas,
                share=settings.exclusion_share,
                within_miles=settings.exclusion_miles,
                seed=settings.seed,
            )
        ),
        activities=in_order(activities),
        activity_sites=in_order(sites),
    )


def _people_in_order(population: Population, estate: Estate) -> pd.DataFrame:
    """Give everybody in the order of ids with function, establishment and region of their unit."""
    people = population.prisoners.sort_values("prisoner_id", ignore_index=True)
    units = estate.units.set_index("unit").loc[people["current_unit"]]
    region = estate.establishments.set_index("establishment")["region"]
    establishment = units["establishment"].to_numpy()
    return people.assign(
        function=units["function"].to_numpy(),
        establishment=establishment,
        region=region.loc[establishment].to_numpy(),
    )


def _with_sites(tables: dict[str, pd.DataFrame], at: pd.Series[str]) -> pd.DataFrame:
    """Add to what is offered what people take part in where they are."""
    activities = tables["activities"]
    lasting = activities[activities["kind"].isin(LASTING_KINDS)]
    here = pd.DataFrame(
        {
            "establishment": lasting["prisoner_id"].map(at).astype("str"),
            "activity": lasting["activity"],
        }
    )
    both = pd.concat([tables["activity_sites"], here.dropna()], ignore_index=True)
    return both.drop_duplicates(ignore_index=True)


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Sort a table by all its columns, so that the order of a file decides nothing."""
    return table.sort_values(list(table.columns), kind="stable", ignore_index=True)


def _read(name: str, folder: Path | str | None) -> pd.DataFrame:
    found = folder is not None and table_path(name, folder) is not None
    return read_table(name, folder) if found else _no_rows(name)


def _no_rows(name: str) -> pd.DataFrame:
    return _typed_without_rows(name).copy()


_typed_without_rows = cache(no_rows)
