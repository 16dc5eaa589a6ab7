"""People, units and establishments to try one rule at a time on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from optimiser.eligibility import Places
from optimiser.fit import RuleBook, alignment_ranks, no_places, rules_in_force
from tests.optimiser.toy_world import AREAS, AS_OF, AT_MILE, ESTABLISHMENTS, person

UNIT = {
    "unit": "AAA-1",
    "establishment": "AAA",
    "region": "West",
    "function": "training",
    "sex": "men",
    "categories": "B;C",
    "needs_served": "",
    "young_offenders": True,
}

HOME_AREAS = pd.Index(list(AREAS), dtype="str")
AREA_REGIONS = pd.Series(["West", "West", "West", "East", "East"], index=HOME_AREAS, dtype="str")

COURTS = pd.DataFrame(
    [("west", 1, "BBB"), ("west", 2, "AAA"), ("east", 1, "CCC"), ("east", 2, "ZZZ")],
    columns=["court_area", "rank", "establishment"],
)
"""The court in the west sends to BBB and then to AAA, that in the east to CCC."""

WEST_OF_EAST = Places(
    establishments=np.array(ESTABLISHMENTS, dtype=object),
    regions=np.array(["West", "West", "East"], dtype=object),
    miles=np.abs(np.array(list(AREAS.values()))[:, None] - np.array(AT_MILE)),
    ranks=alignment_ranks(
        COURTS,
        home_areas=HOME_AREAS,
        establishments=pd.Index(ESTABLISHMENTS),
        sexes=np.array(["men", "men", "men"], dtype=object),
    ),
)

NO_STAGES = pd.DataFrame(
    columns=["function", "status", "band", "days_min", "days_max", "level", "price_gbp"]
)


def people(*columns: dict[str, Any]) -> pd.DataFrame:
    """Give one person for each dictionary of what differs from a man of category C."""
    extra = {"excluded": "", "planned_sites": "", "flags": "", "days_since_sentence": None}
    extra |= {"offence_group": "other"}
    rows = [person(n, "west", "AAA-1") | extra | each for n, each in enumerate(columns)]
    table = pd.DataFrame(rows)
    days = ["days_to_release", "days_since_sentence"]
    return table.assign(**{name: table[name].astype("Int64") for name in days})


def units(*columns: dict[str, Any]) -> pd.DataFrame:
    """Give one unit for each dictionary of what differs from a closed training unit."""
    return pd.DataFrame([UNIT | {"unit": f"AAA-{n}"} | each for n, each in enumerate(columns)])


def rule(name: str, level: str, **columns: Any) -> pd.DataFrame:
    """Give a rules table of one row."""
    row = {"rule": name, "says": "", "level": level, "price_gbp": "", "value": ""}
    dates = {"valid_from": "", "valid_to": "", "source": "", "confidence": ""}
    return pd.DataFrame([row | dates | columns])


def table_of(**rules: dict[str, Any]) -> pd.DataFrame:
    """Give a rules table with one row for each name."""
    if not rules:
        return rule("sex", "hard")
    return pd.concat([rule(name, **columns) for name, columns in rules.items()], ignore_index=True)


def book(
    *where: dict[str, Any],
    places: Places | None = None,
    stages: pd.DataFrame = NO_STAGES,
    cohorts: pd.DataFrame | None = None,
    **rules: dict[str, Any],
) -> RuleBook:
    """Give the rules asked for, with units asked for and the areas of the toy world."""
    three = [
        {"unit": f"{code}-1", "establishment": code, "region": region}
        for code, region in zip(ESTABLISHMENTS, ["West", "West", "East"], strict=True)
    ]
    rows = where or tuple(three)
    return RuleBook(
        rules=rules_in_force(table_of(**rules), AS_OF),
        stage_rules=stages,
        cohort_rules=pd.DataFrame() if cohorts is None else cohorts,
        units=pd.DataFrame([UNIT | row for row in rows]),
        as_of=AS_OF,
        places=no_places() if places is None else places,
        home_areas=HOME_AREAS,
        area_regions=AREA_REGIONS,
    )
