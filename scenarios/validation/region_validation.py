"""People who cannot be in the region of their home, beside the published figure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.description import markdown_table
from data.estate import Estate
from data.load import read_table
from data.population import Population
from optimiser.regions import regional_bound

FIGURE = "least_outside_region"

READINGS = {
    "men and women together": "Does not fit. Counted as published: places of one region, whoever "
    "may use them. Most of the excess is London, which has fewer places for each person from "
    "there than in 2014: Holloway has closed, and the eleven regions of 2014 are not the ten "
    "government regions of today.",
    "men and women apart": "As every plan states it, places kept free and out of use apart: a "
    "woman cannot use a man's place, and Wales has none for women.",
}
"""How the bound is counted, with what to say of it."""


def regions_beside_published(
    population: Population, estate: Estate, home_areas: pd.DataFrame
) -> pd.DataFrame:
    """Count who cannot be in the region of their home, even if every bed suited everyone.

    Parameters
    ----------
    population, estate
        People, and units with their places.
    home_areas
        With the government ``region`` of each.

    Returns
    -------
    DataFrame
        One row per reading: ``figure``, ``measure_unit``, ``published``, ``modelled``, ``as_of``,
        ``source``, ``confidence`` and ``note``.

    Notes
    -----
    The published figure adds up, over regions, people from there less operational capacity there
    (written answer of 10 February 2015; the sum is ours). It is a bound: no decision can be below.
    """
    published = read_table("published_figures").set_index("figure").loc[FIGURE]
    places = estate.units["places"].to_numpy(dtype=np.int64)
    together = Estate(
        establishments=estate.establishments,
        units=estate.units.assign(sex="all"),
        session_templates=estate.session_templates,
        video_stations=estate.video_stations,
        family_workers=estate.family_workers,
    )
    people = population.prisoners
    counted = {
        "men and women together": regional_bound(
            people.assign(sex="all"), home_areas, together, places
        ),
        "men and women apart": regional_bound(people, home_areas, estate, places),
    }
    return pd.DataFrame(
        [
            {
                "figure": f"people who cannot be in the region of their home, {reading}",
                "measure_unit": published["measure_unit"],
                "published": round(float(str(published["value"]))),
                "modelled": int(bound["least_outside"].sum()),
                "as_of": published["as_of"],
                "source": published["source"],
                "confidence": published["confidence"],
                "note": READINGS[reading],
            }
            for reading, bound in counted.items()
        ]
    )


def regions_markdown(population: Population, estate: Estate, home_areas: pd.DataFrame) -> str:
    """Give the same as a Markdown table."""
    table = regions_beside_published(population, estate, home_areas).astype(object)
    for column in ("published", "modelled"):
        table[column] = [f"{value:,}" for value in table[column]]
    return markdown_table(table.columns, table.itertuples(index=False))
