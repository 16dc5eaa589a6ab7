"""Who is held: one row per prisoner and one row per contact.

Real records are confidential, so the embedded default is a synthetic population of the true size
and shape. A planner's own extract comes in through the same door and the same checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from data.estate import Estate
from data.geography import load_home_areas
from data.load import read_table, table_path
from data.schema import columns
from data.synthetic import characteristics as like
from data.synthetic.balance import Floats, Integers
from data.synthetic.characteristics import is_word
from data.synthetic.circumstances import (
    deal_children,
    deal_holds,
    deal_needs,
    pair_relatives,
    pick_no_contact,
)
from data.synthetic.contacts import draw_contacts, pseudonyms
from data.synthetic.dealing import Assumptions, People, deal_words, stream, words_of
from data.synthetic.homes import deal_homes, draw_other_areas
from data.synthetic.settings import PopulationSettings
from data.validate import TableError, check_data

__all__ = ["Population", "PopulationSettings", "load_population", "synthesise_population"]

_DISTANCE_BANDS = (25.0, 50.0, 100.0)
_WORD_COLUMNS = (
    "sex",
    "status",
    "category",
    "sentence_band",
    "offence_group",
    "nationality_group",
    "ethnicity",
    "religion",
    "language",
    "incentive_level",
    "preference",
    "origin_basis",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """Everybody who is held, and everybody they have a link to.

    Attributes
    ----------
    prisoners
        One row per prisoner, sorted by ``prisoner_id``; columns of ``population`` in the
        dictionary.
    contacts
        One row per contact, sorted by ``prisoner_id`` and ``contact_id``; columns of ``contacts``
        in the dictionary. Contacts are areas and words only, never names.
    """

    prisoners: pd.DataFrame
    contacts: pd.DataFrame


def synthesise_population(
    estate: Estate, home_areas: pd.DataFrame, settings: PopulationSettings, *, as_of: date
) -> Population:
    """Make a population of the true size and shape, the same for the same seed.

    Every prison holds as many people as it is published to hold, and everybody is someone their
    unit may hold. Published totals are met to the person where the units allow; nearness to home
    comes from a gravity model whose mean is the published one. ``docs/validation.md`` sets what
    is achieved beside what is published.

    Parameters
    ----------
    estate
        Establishments with their population, and their units.
    home_areas
        One row per home area, as from ``load_home_areas``.
    settings
        Scalar assumptions; the others are rows of ``published_figures`` and
        ``population_assumptions``.
    as_of
        The day the population stands for; holds run from it.

    Returns
    -------
    Population
        One row for each person of ``establishments.population``.

    Raises
    ------
    ValueError
        When people are held at an establishment that has no units for them.
    """
    assumptions = Assumptions(
        published=read_table("published_figures"), assumed=read_table("population_assumptions")
    )
    people, years, times = _deal_people(estate, home_areas, assumptions, settings)
    ids = pseudonyms("P", len(years), 6, stream(settings.seed, "prisoner_id"))
    children = deal_children(people, assumptions, settings)
    court, release = draw_other_areas(people, estate, home_areas, settings)
    prisoners = {
        "prisoner_id": ids,
        "age": years,
        "days_to_release": times[0],
        "days_since_sentence": times[1],
        "expected_weeks": times[2],
        "home_area": home_areas["home_area"].to_numpy()[people["home"]],
        "court_area": home_areas["home_area"].to_numpy()[court],
        "release_area": home_areas["home_area"].to_numpy()[release],
        "children_under_18": children,
        "relatives_in_custody": pair_relatives(people, ids, settings),
        "current_unit": estate.units["unit"].to_numpy()[people["unit"]],
        "flags": "",
        "return_unit": "",
        "last_transfer_date": "",
        **{name: words_of(name, people[name]) for name in _WORD_COLUMNS},
        **deal_needs(people, times[0], estate, settings),
        **deal_holds(people, as_of, assumptions, settings),
    }
    contacts = draw_contacts(
        people["home"],
        children,
        pick_no_contact(people, children, settings),
        like.deal_share(
            people,
            settings.child_elsewhere_share,
            seed=settings.seed,
            purpose="children elsewhere",
            among=children > 0,
        ),
        is_word(people, "offence_group", "sexual"),
        home_areas,
        assumptions=assumptions,
        settings=settings,
    )
    contacts["prisoner_id"] = ids[contacts["prisoner"].to_numpy()]
    contacts["home_area"] = home_areas["home_area"].to_numpy()[contacts["area"].to_numpy()]
    contacts["contact_id"] = pseudonyms("C", len(contacts), 7, stream(settings.seed, "contact_id"))
    return Population(
        prisoners=_tidy(pd.DataFrame(prisoners), "population", ["prisoner_id"]),
        contacts=_tidy(contacts, "contacts", ["prisoner_id", "contact_id"]),
    )


def load_population(folder: Path | str, estate: Estate) -> Population:
    """Load a real extract through the checks every table passes.

    Parameters
    ----------
    folder
        Holds ``population`` and, unless nothing is known of contacts, ``contacts``, as CSV or
        Parquet.
    estate
        Knows the units that people are held in.

    Returns
    -------
    Population
        The extract, sorted by id; no contacts where the table is absent.

    Raises
    ------
    TableError
        With every fault: missing columns, unknown words and ids, people listed twice.
    """
    prisoners = read_table("population", folder)
    found = table_path("contacts", folder)
    contacts = _no_contacts() if found is None else read_table("contacts", folder)
    problems = check_data(
        {
            "population": prisoners,
            "contacts": contacts,
            "establishments": estate.establishments,
            "units": estate.units,
            "home_areas": load_home_areas(Path(folder)),
        }
    )
    if problems:
        raise TableError(problems)
    return population_of(prisoners, contacts)


def population_of(prisoners: pd.DataFrame, contacts: pd.DataFrame) -> Population:
    """Put a population together from its tables, which have been typed and checked."""
    return Population(
        prisoners=_tidy(prisoners, "population", ["prisoner_id"]),
        contacts=_tidy(contacts, "contacts", ["prisoner_id", "contact_id"]),
    )


def _deal_people(
    estate: Estate,
    home_areas: pd.DataFrame,
    assumptions: Assumptions,
    settings: PopulationSettings,
) -> tuple[People, Integers, tuple[Floats, Floats, Floats]]:
    units = estate.units
    people = like.starting_people(units, like.held_by_unit(estate))
    people["status"] = like.deal_status(people, units, assumptions, settings)
    people["category"] = like.deal_category(people, units, assumptions, settings)
    people["sentence_band"] = like.deal_sentence_band(people, assumptions, settings)
    people["offence_group"] = like.deal_offence_group(people, units, assumptions, settings)
    times = like.time_left(people, assumptions, settings)
    people["home"], miles = deal_homes(people, estate, home_areas, assumptions, settings)
    people["region"] = like.codes("region", home_areas["region"])[people["home"]]
    people["distance_band"] = np.digitize(miles, _DISTANCE_BANDS).astype(np.int64)
    people["age_band"], years = like.deal_age(people, units, assumptions, settings)
    people["nationality_group"] = like.deal_nationality(people, units, assumptions, settings)
    people["ethnicity"] = like.deal_ethnicity(people, assumptions, settings)
    people["religion"] = like.deal_religion(people, assumptions, settings)
    for outcome, given in (
        ("language", ["nationality_group", "region"]),
        ("incentive_level", ["function"]),
        ("preference", ["distance_band"]),
        ("origin_basis", []),
    ):
        people[outcome] = deal_words(
            people, outcome, given, assumptions=assumptions, seed=settings.seed
        )
    times = (times[0], np.minimum(times[1], (years - 15) * 365), times[2])
    return people, years, times


def _tidy(frame: pd.DataFrame, table: str, by: list[str]) -> pd.DataFrame:
    names = [column.name for column in columns(table)]
    tidy = frame.sort_values(by, ignore_index=True)[names]
    texts = [name for name in names if tidy[name].dtype == object]
    return tidy.astype(dict.fromkeys(texts, "str"))


def _no_contacts() -> pd.DataFrame:
    truths = {"is_child", "has_car", "low_income", "claims_visit_costs"}
    return pd.DataFrame(
        {
            column.name: pd.Series(dtype="bool" if column.name in truths else "str")
            for column in columns("contacts")
        }
    )
