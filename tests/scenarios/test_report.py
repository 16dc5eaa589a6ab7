"""The report is one file that asks for nothing, shows the run's numbers and hides small counts."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from scenarios.display import listings, markup, views, wording
from scenarios.load import load_scenario
from scenarios.report import report_html, write_report
from scenarios.results import Results
from scenarios.run import Options, run

HOSTILE = '<img src="https://evil.example/x.png"><script>alert(1)</script>'


class Reader(HTMLParser):
    """Notes elements, and every address that a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "data", "action", "poster", "srcset"):
                self.fetched.append(value or "")
            if name.startswith("on"):
                self.fetched.append(f"{name}={value}")


@pytest.fixture(scope="module")
def plan(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return _played("closer_to_home", small_data, tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def today(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return _played("baseline", small_data, tmp_path_factory.mktemp("today"))


def _played(scenario: str, data: Path, runs: Path) -> Results:
    options = Options(data_dir=data, runs_dir=runs, seed=1, replications=2)
    with ThreadPoolExecutor(1) as pool:
        return run(load_scenario(scenario), options, lambda: pool)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def test_report_fetches_and_runs_nothing(plan: Results) -> None:
    html = report_html(plan)
    reader = read(html)
    assert reader.fetched == []
    assert not reader.elements & {"script", "link", "img", "iframe", "object", "embed", "form"}
    addresses = set(re.findall(r"https?://[^\s\"'<]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "@import" not in html
    assert not re.findall(r"url\((?!#)", html)


def test_report_shows_the_numbers_of_the_run(plan: Results) -> None:
    html = report_html(plan)
    distance = views.row_for(plan, "distance")
    assert f"{distance['straight_miles']:.1f}" in html
    assert wording.pounds(plan.summary["families"]["consumer_surplus_gbp_per_year"]) in html
    assert "no plan can have a lower weighted cost" in html
    assert "95% interval" in html
    assert plan.provenance["data_digest"] in html
    assert html.count("<svg") == html.count("<figcaption") > 3


def test_report_of_today_claims_no_plan(today: Results) -> None:
    html = report_html(today)
    assert "Nothing was optimised" in html
    assert "Who moves" not in html


def test_report_of_a_ceiling_says_that_it_is_no_plan(plan: Results) -> None:
    html = report_html(replace(plan, summary=plan.summary | {"ceiling": True}))
    assert "This is a ceiling, not a plan" in html
    assert "a ceiling, not a plan, exact" in html
    assert "This is a ceiling, not a plan" not in report_html(plan)


def test_report_is_the_same_to_the_byte_each_time(plan: Results, tmp_path: Path) -> None:
    write_report(plan, tmp_path / "first.html")
    write_report(plan, tmp_path / "second.html")
    assert (tmp_path / "first.html").read_bytes() == (tmp_path / "second.html").read_bytes()


def test_run_folder_holds_the_report(plan: Results) -> None:
    assert plan.folder is not None
    text = (plan.folder / "report.html").read_text("utf-8")
    assert "<h1>Closer to home" in text


def test_report_bears_its_mark_its_run_and_whether_its_people_are_made_up(plan: Results) -> None:
    assert plan.folder is not None
    stored = (plan.folder / "report.html").read_text("utf-8")
    mark = f'<main>\n<p class="estate-mark">OFFICIAL-SENSITIVE | Run {plan.folder.name}</p>'
    assert mark in stored
    assert "ILLUSTRATIVE" not in stored
    inputs = {
        name: each for name, each in plan.provenance["inputs"].items() if name != "population"
    }
    html = report_html(replace(plan, provenance=plan.provenance | {"inputs": inputs}))
    made_up = f"OFFICIAL | Run {plan.folder.name} | ILLUSTRATIVE: the people are made up</p>"
    assert made_up in html
    assert html.count('content: "OFFICIAL - ILLUSTRATIVE"') == 2


def test_hostile_title_and_question_are_shown_as_text(plan: Results) -> None:
    told = {"title": HOSTILE, "question": HOSTILE}
    html = report_html(replace(plan, scenario=plan.scenario | told, summary=plan.summary | told))
    assert read(html).fetched == []
    assert "script" not in read(html).elements
    assert "&lt;img" in html


def test_counts_of_one_or_two_people_are_hidden_in_circulation_only() -> None:
    placed = pd.DataFrame(
        {
            "sex": ["men"] * 5,
            "moved": True,
            "reason": ["repatriation"] * 4 + ["other"],
            "straight_miles_today": 50.0,
            "further_miles": [-9.0, -9.0, -9.0, -9.0, 30.0],
        }
    )
    inside = listings.moves_by_reason(placed)
    outside = listings.moves_by_reason(placed, circulate=True)
    assert markup.HIDDEN not in inside
    assert f'class="estate-numeric">{markup.HIDDEN}</td>' in outside
    assert ">1</td>" not in outside
    assert ">1</td>" in inside
