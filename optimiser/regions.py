"""How many people cannot be held in the region they come from, whatever is decided.

Each region and sex has so many people and so many places. Where there are more people than places
the rest must be elsewhere, even if every bed suited everyone: a bound to stand beside any result.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.estate import Estate
from optimiser.problem import Integers

NOT_KNOWN = "not known"


def regional_bound(
    prisoners: pd.DataFrame, home_areas: pd.DataFrame, estate: Estate, capacity: Integers
) -> pd.DataFrame:
    """Count the fewest people who must be outside their home region, by capacity alone.

    Parameters
    ----------
    prisoners
        The population table.
    home_areas
        One row per ``home_area`` with its government ``region``.
    estate
        Units, and establishments with their ``region``.
    capacity
        Most people each unit may hold; shape (units,), in the order of ``estate.units``.

    Returns
    -------
    DataFrame
        One row per ``region`` and ``sex``, those of unknown home apart: ``people`` from there,
        ``places`` there, ``least_outside`` who must be elsewhere and ``outside_today``.

    Notes
    -----
    Published for December 2014: at least 8,285 people, by region of origin and operational
    capacity (written answer by A. Selous, 10 February 2015).

    Examples
    --------
    Three men come from the west, where two places are; one of them is in the east today.

    >>> estate = Estate(
    ...     establishments=pd.DataFrame({"establishment": ["W", "E"], "region": ["West", "East"]}),
    ...     units=pd.DataFrame({"unit": ["W-1", "E-1"], "establishment": ["W", "E"], "sex": "men"}),
    ...     session_templates=pd.DataFrame(), video_stations=pd.DataFrame(),
    ...     family_workers=pd.DataFrame(),
    ... )
    >>> people = pd.DataFrame(
    ...     {"sex": "men", "home_area": "w", "current_unit": ["W-1", "W-1", "E-1"]}
    ... )
    >>> areas = pd.DataFrame({"home_area": ["w"], "region": ["West"]})
    >>> bound = regional_bound(people, areas, estate, np.array([2, 5]))
    >>> bound[["region", "people", "places", "least_outside"]].to_dict("list")["least_outside"]
    [0, 1]
    """
    region_of = estate.establishments.set_index("establishment")["region"]
    of_unit = estate.units["establishment"].map(region_of)
    places = pd.Series(capacity).groupby([of_unit.to_numpy(), estate.units["sex"].to_numpy()]).sum()
    home = prisoners["home_area"].map(home_areas.set_index("home_area")["region"])
    home = home.fillna(NOT_KNOWN).replace("", NOT_KNOWN)
    here = prisoners["current_unit"].map(pd.Series(of_unit.to_numpy(), estate.units["unit"]))
    outside = (here != home) & here.notna()
    sex = prisoners["sex"].to_numpy()
    people = home.groupby([home.to_numpy(), sex]).size()
    now = outside.groupby([home.to_numpy(), sex]).sum()
    rows = sorted(set(people.index) | set(places.index))
    table = pd.DataFrame(rows, columns=["region", "sex"])
    for name, found in (("people", people), ("places", places), ("outside_today", now)):
        table[name] = [int(found.get(row, 0)) for row in rows]
    short = np.maximum(0, table["people"] - table["places"])
    known = table["region"] != NOT_KNOWN
    table["least_outside"] = np.where(known, short, 0)
    table["outside_today"] = np.where(known, table["outside_today"], 0)
    return table[["region", "sex", "people", "places", "least_outside", "outside_today"]]
