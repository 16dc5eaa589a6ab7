"""Published figures of visits beside those of a run."""

from __future__ import annotations

import pandas as pd
import pytest

from data.load import read_table
from scenarios.results import Results
from scenarios.settings import settings
from scenarios.validation.visits_validation import (
    services_beside_published,
    services_markdown,
    visits_beside_published,
    visits_markdown,
)


def made_up_run(
    values: tuple[float, ...], leave_out: str = "", table: str = "published_visits"
) -> Results:
    """Give a run in which every measure that the table names has these values, one a year."""
    rows = [
        {**row, "scenario": "baseline", "replication": year, "measure_unit": "x", "value": value}
        for row in read_table(table)[["measure", "establishment", "group_by", "group"]]
        .drop_duplicates()
        .to_dict("records")
        for year, value in enumerate(values)
        if row["measure"] != leave_out
    ]
    return Results(
        scenario={"name": "baseline", "title": "Today"},
        tables={"measures": pd.DataFrame(rows)},
        allocation={},
        summary={"replications": len(values), "seed": 1},
        provenance={},
    )


def test_year_is_brought_to_the_time_of_the_published_figure() -> None:
    """600,000 visits in 364 days are 49,451 in 30 days."""
    table = visits_beside_published(made_up_run((500_000.0, 700_000.0))).set_index("figure")
    row = table.loc["visits in a month of 30 days"]
    assert row["modelled"] == pytest.approx(600_000 * 30 / 364, abs=1)
    assert row["low"] < row["modelled"] < row["high"]


def test_one_replication_has_no_interval() -> None:
    table = visits_beside_published(made_up_run((600_000.0,)))
    assert table[["low", "high"]].isna().all(axis=None)


def test_run_without_a_measure_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="days of wait for a weekend visit"):
        visits_beside_published(made_up_run((1.0,), leave_out="wait_days_mean"))


def test_page_names_replications_and_keeps_every_figure() -> None:
    page = visits_markdown(made_up_run((1.0, 2.0)))
    assert page.startswith("Baseline, 2 replications, seed 1.")
    assert all(figure in page for figure in read_table("published_visits")["figure"])


def test_each_figure_of_the_services_stands_beside_the_run() -> None:
    run = made_up_run((5.0, 7.0), table="published_services")

    table = services_beside_published(run).set_index("figure")

    assert list(table.index) == read_table("published_services")["figure"].tolist()
    assert table.loc["family workers at Parc", "modelled"] == 6.0
    assert (table["low"] < table["modelled"]).all()


def test_a_run_that_plays_no_lines_is_no_run_of_the_services() -> None:
    measure = "line_answer_minutes_median"
    run = made_up_run((1.0,), leave_out=measure, table="published_services")
    with pytest.raises(KeyError, match="minutes until the national line answered"):
        services_beside_published(run)


def test_the_page_of_the_services_names_replications_and_keeps_every_figure() -> None:
    page = services_markdown(made_up_run((1.0,), table="published_services"))
    assert page.startswith("Baseline, 1 replication, seed 1.")
    assert all(figure in page for figure in read_table("published_services")["figure"])


def test_the_setting_of_find_a_prisoner_is_the_figure_that_was_tested() -> None:
    published = read_table("published_services").set_index("figure")
    tested = published.loc["days until find-a-prisoner answered when tested", "value"]
    assert settings()["early.find_days"].value == pytest.approx(tested, abs=1.0)
