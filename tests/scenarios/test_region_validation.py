"""People who cannot be in the region of their home beside the published figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.load import read_table
from scenarios.validation.region_validation import regions_beside_published, regions_markdown

PAGE = Path(__file__).parents[2] / "docs" / "validation.md"


@pytest.mark.slow
def test_readings_of_the_bound_equal_a_count_region_by_region(real: Any) -> None:
    people = real.population.prisoners
    region = real.home_areas.set_index("home_area")["region"]
    of_unit = real.estate.units["establishment"].map(
        real.estate.establishments.set_index("establishment")["region"]
    )

    def short(sexes: tuple[str, ...]) -> int:
        from_there = people[people["sex"].isin(sexes)]["home_area"].map(region).value_counts()
        ours = real.estate.units["sex"].isin(sexes)
        places = real.estate.units[ours].groupby(of_unit[ours])["places"].sum()
        lacking = from_there.sub(places, fill_value=0).drop(index="", errors="ignore")
        return int(lacking.clip(lower=0).sum())

    table = regions_beside_published(real.population, real.estate, real.home_areas)

    assert table["published"].tolist() == [8285, 8285]
    assert table["modelled"].tolist() == [
        short(("men", "women")),
        short(("men",)) + short(("women",)),
    ]


@pytest.mark.slow
def test_page_holds_the_table_that_is_written(real: Any) -> None:
    written = regions_markdown(real.population, real.estate, real.home_areas)

    assert written in PAGE.read_text(encoding="utf-8")


def test_the_figure_is_there_once_with_its_source() -> None:
    published = read_table("published_figures")
    row = published[published["figure"] == "least_outside_region"]
    assert row[["value", "source"]].to_numpy().tolist() == [[8285, "pq_217243"]]
