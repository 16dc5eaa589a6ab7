"""Two runs side by side in words and tables: what is told apart, and of whom."""

from __future__ import annotations

import pandas as pd
import pytest

from scenarios.compare import differences
from scenarios.display import compared, visiting
from scenarios.display.markup import DASH
from scenarios.effects import HIGHER_IS_BETTER, OTHER_PEOPLE, cost_per_person, gains_and_losses


def by_prison(values: dict[str, list[float]]) -> pd.DataFrame:
    """Make measures of prisons: what is told of each replication by code."""
    return pd.DataFrame(
        [
            {
                "scenario": "a",
                "replication": number,
                "establishment": code,
                "group_by": "all",
                "group": "all",
                "measure": "no_contact_share",
                "measure_unit": "share of people",
                "value": value,
            }
            for code, years in values.items()
            for number, value in enumerate(years)
        ]
    )


def told_of_prisons(before: dict[str, list[float]], after: dict[str, list[float]]) -> str:
    found = differences(by_prison(before), by_prison(after), paired=True)
    return compared.prisons_that_change(found, {"LEI": "Leeds", "LPI": "Hull"}, "no_contact_share")


@pytest.mark.parametrize("change", [0.0, 0.2])
def test_one_replication_tells_no_prison_beyond_chance(change: float) -> None:
    table = told_of_prisons({"LEI": [0.5], "LPI": [0.5]}, {"LEI": [0.5 + change], "LPI": [0.5]})
    assert "Leeds" not in table
    assert "differ beyond chance" not in table
    assert "One simulated year cannot tell" in table


def test_prisons_that_differ_are_those_higher_or_lower_beyond_chance() -> None:
    before = {"LEI": [0.5, 0.6, 0.7], "LPI": [0.5, 0.6, 0.7]}
    table = told_of_prisons(before, {"LEI": [0.7, 0.8, 0.91], "LPI": [0.6, 0.5, 0.7]})
    assert "1 of 2 prisons differ beyond chance" in table
    assert "Leeds" in table
    assert "Hull" not in table


def test_note_on_groups_counts_the_chance_of_every_measure_of_the_verdict() -> None:
    people = {
        "establishment": "ALL",
        "group_by": "sex",
        "group": "men",
        "measure": "people",
        "value": 10.0,
    }
    keys = {"scenario": "a", "measure_unit": "people"}
    rows = pd.DataFrame([people | keys | {"replication": number} for number in range(3)])
    groups = gains_and_losses(differences(rows, rows, paired=True))
    by_chance = 20 * 0.05 * len(HIGHER_IS_BETTER)
    assert by_chance == pytest.approx(4.0)
    table = compared.who_gains(groups, "no_contact_share")
    assert "of twenty groups where nothing changes up to four" in table
    assert "about one" not in table


def without_visitors(people: float, contact: list[float]) -> pd.DataFrame:
    """Make measures of the people without visitors: how many, and the visits each has."""
    return pd.DataFrame(
        [
            {
                "scenario": "a",
                "replication": number,
                "establishment": "ALL",
                "group_by": "income",
                "group": "without_visitors",
                "measure": measure,
                "measure_unit": "",
                "value": value,
            }
            for number, share in enumerate(contact)
            for measure, value in (("people", people), ("no_contact_share", share))
        ]
    )


def test_people_without_visitors_have_no_verdict_where_some_gain_one() -> None:
    before, after = [0.8, 0.8, 0.8], [0.9, 0.91, 0.92]
    same = differences(without_visitors(9.0, before), without_visitors(9.0, after), paired=True)
    fewer = differences(without_visitors(9.0, before), without_visitors(5.0, after), paired=True)
    assert "People without visitors" in compared.apart(same)
    assert "Higher by" in compared.apart(same)
    assert "Higher by" not in compared.apart(fewer)
    assert OTHER_PEOPLE.capitalize() in compared.apart(fewer)


def newly(years: list[tuple[int, int]]) -> pd.DataFrame:
    """Make the table of people newly visited and no longer, all of them men."""
    return pd.DataFrame(
        [
            {"replication": number, "sex": sex, "newly": more, "no_longer": fewer}
            for number, (more, fewer) in enumerate(years)
            for sex in ("all", "men")
        ]
    )


def test_newly_visited_people_of_one_year_are_said_to_be_partly_chance() -> None:
    nothing = without_visitors(9.0, [0.8])
    found = differences(nothing, nothing, paired=True)
    assert visiting.answer(found, newly([(991, 876)])) == (
        "In the one simulated year kept: 991 people visited who are not in the baseline, and 876 "
        "people no longer visited; part of both is chance."
    )


def test_newly_visited_people_of_several_years_have_a_range() -> None:
    nothing = without_visitors(9.0, [0.8])
    found = differences(nothing, nothing, paired=True)
    assert visiting.answer(found, newly([(1000, 800), (980, 900)])) == (
        "In the 2 simulated years kept: 990 people visited a year who are not in the baseline "
        "(980 to 1,000), and 850 people no longer visited (800 to 900); part of both is chance."
    )


def staff(years: list[float]) -> pd.DataFrame:
    rows = [("staff_gbp", number, gbp) for number, gbp in enumerate(years)]
    table = pd.DataFrame(rows, columns=["measure", "replication", "value"])
    return table.assign(
        scenario="a", establishment="ALL", group_by="all", group="all", measure_unit="GBP a year"
    )


def cards_of(more: float, counts: list[tuple[int, int]]) -> dict[str, visiting.Number]:
    before, after = [29e6, 30e6], [29e6 + more, 30e6 + more]
    found = differences(staff(before), staff(after), paired=True)
    visited = newly(counts)
    cost = cost_per_person(staff(before), staff(after), visited)
    return {card.label: card for card in visiting.policy_numbers(found, visited, cost)}


PER_PERSON = "Staff for each person newly visited in the year"


def test_staff_that_do_not_change_are_no_pounds_for_a_person() -> None:
    cards = cards_of(0.0, [(991, 392)])
    assert cards["Staff of visits and video calls"].value == "No change"
    assert cards[PER_PERSON].value == DASH
    assert "No staff is added" in cards[PER_PERSON].note
    assert not any("£0" in f"{card.value}{card.change}" for card in cards.values())


def test_staff_are_counted_for_people_newly_visited() -> None:
    card = cards_of(99_100.0, [(991, 392)])[PER_PERSON]
    assert card.value == "£100"
    assert card.change == "one year kept: no interval"
    assert "991 people newly visited" in card.note


def test_no_cost_per_person_is_told_where_as_many_are_no_longer_visited() -> None:
    assert cards_of(99_100.0, [(300, 392)])[PER_PERSON].value == DASH
