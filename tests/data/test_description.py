"""The page about the data says what the tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.description import data_markdown
from data.schema import table_names

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "part", ["units", "assumptions", "rules", "move_parts", "columns", "sources"]
)
def test_generated_parts_of_the_page_are_up_to_date(part: str) -> None:
    """Refreshed by ``python docs/write_data.py``."""
    written = PAGE.partition(f"<!-- {part} -->\n")[2].partition(f"<!-- end of {part} -->")[0]

    assert written == data_markdown()[part]


@pytest.mark.parametrize("table", table_names())
def test_the_page_says_what_every_table_is(table: str) -> None:
    prose = PAGE.partition("## What is assumed")[0]

    assert f"`{table}`" in prose


def test_attribution_is_given_word_for_word() -> None:
    lines = " ".join(PAGE.split())

    assert "Contains OS data (c) Crown copyright and database right." in lines
    assert "Contains Royal Mail data (c) Royal Mail copyright and database right." in lines
    assert (
        "Source: Office for National Statistics licensed under the Open Government Licence v3.0."
        in lines
    )
    assert "Place labels: GeoNames (CC BY 4.0). Outline: Natural Earth." in lines
