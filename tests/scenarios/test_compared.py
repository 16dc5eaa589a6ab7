"""Two runs side by side in words and tables: what is told apart, and of whom."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from scenarios.comparing.compare import differences
from scenarios.comparing.effects import (
    HIGHER_IS_BETTER,
    LOSES,
    OTHER_PEOPLE,
    cost_per_person,
    gains_and_losses,
)
from scenarios.comparing.verdict import CANNOT_TELL
from scenarios.display import compared, visiting, wording
from scenarios.display.markup import DASH, Number


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


def told_of_prisons(
    before: dict[str, list[float]], after: dict[str, list[float]], others: tuple[str, ...] = ()
) -> str:
    found = differences(by_prison(before), by_prison(after), paired=True)
    names = {"LEI": "Leeds", "LPI": "Hull"}
    return compared.prisons_that_change(found, names, "no_contact_share", others=others)


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


def test_prison_of_other_people_has_no_change() -> None:
    before = {"LEI": [0.5, 0.6, 0.7], "LPI": [0.5, 0.6, 0.7]}
    after = {"LEI": [0.7, 0.8, 0.91], "LPI": [0.3, 0.4, 0.49]}
    table = told_of_prisons(before, after, ("LEI",))
    rows = table.sheet.table.set_index("name")  # type: ignore[attr-defined]
    assert [str(rows.loc["Leeds", name]) for name in ("before", "after")] == ["60.0%", "80.3%"]
    assert rows.loc["Leeds", ["change", "interval"]].tolist() == [DASH, DASH]
    assert rows.loc["Leeds", "verdict"] == "Not the same people in both runs"
    assert rows.loc["Hull", "verdict"] == "Better"
    assert list(rows.index) == ["Hull", "Leeds"]
    assert "1 of 1 prisons with the same people in both runs differ beyond chance" in table
    assert "1 prison does not hold the same people" in table


def test_prisons_of_other_people_alone_are_listed_without_columns_that_tell_nothing() -> None:
    before = {"LEI": [0.5, 0.6, 0.7], "LPI": [0.5, 0.6, 0.7]}
    after = {"LEI": [0.7, 0.8, 0.91], "LPI": [0.3, 0.4, 0.49]}
    table = told_of_prisons(before, after, ("LEI", "LPI"))
    sheet = table.sheet  # type: ignore[attr-defined]
    assert list(sheet.labels) == ["name", "before", "after"]
    assert "2 prisons do not hold the same people in both runs" in table
    assert DASH not in re.findall(r"<td[^>]*>([^<]*)</td>", table)


def test_note_on_groups_says_how_many_comparisons_are_allowed_for() -> None:
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
    table = compared.who_gains(groups, "no_contact_share")
    assert "so many groups by four measures at once" in table
    assert len(HIGHER_IS_BETTER) == 4
    assert "in one of twenty pairs of runs" in table


def groups_told(verdicts: list[tuple[str, str, str]]) -> pd.DataFrame:
    rows = pd.DataFrame(verdicts, columns=["group_by", "group", "verdict"]).assign(people=9.0)
    ends = [f"{name}{end}" for name in HIGHER_IS_BETTER for end in ("", "_low", "_high")]
    return rows.assign(**dict.fromkeys(ends, 0.25))


def test_who_loses_begins_with_who_ends_further_and_names_what_is_left_out() -> None:
    groups = groups_told(
        [
            ("children_under_18", "yes", LOSES),
            ("distance_band", "over_100_miles", OTHER_PEOPLE),
            ("region", "London", OTHER_PEOPLE),
        ]
    )
    assert compared.who_loses(groups, "5 people would be further from home than today.") == (
        "5 people would be further from home than today. These groups lose contact beyond chance: "
        "people with children under 18. Nothing is told by miles from home or by region: such "
        "groups are not of the same people in both runs."
    )


def test_group_of_one_or_two_people_is_hidden_with_what_became_of_it() -> None:
    groups = groups_told(
        [("sex", "men", LOSES), ("sex", "women", LOSES), ("region", "Wales", LOSES)]
    )
    groups["people"] = [900.0, 2.0, 40.0]
    assert "[c]" not in compared.who_gains(groups, "no_contact_share")
    table = compared.who_gains(groups, "no_contact_share", circulate=True)
    row = next(each for each in table.split("<tr>") if ">Women</th>" in each)
    assert row.count("[c]") == 4
    assert "+25" not in row
    assert ">900</td>" in table


def test_group_of_other_people_has_no_change() -> None:
    groups = groups_told([("region", "London", OTHER_PEOPLE), ("sex", "men", LOSES)])
    rows = compared.who_gains(groups, "no_contact_share").sheet.table  # type: ignore[attr-defined]
    assert rows["change"].map(str).tolist() == [DASH, "+25.0 points"]
    assert rows["interval"].map(str).tolist() == [DASH, "+25.0 to +25.0 points"]
    assert rows["interval"].iloc[1].low == 0.25


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
    assert visiting.answer(found, newly([(991, 1)])) == (
        "In a year 991 people are visited who are not in the baseline, and 1 person is no longer "
        "visited who are in it; part of both is chance. That is of one simulated year, which "
        "gives no interval."
    )


def test_newly_visited_people_of_several_years_have_an_interval() -> None:
    nothing = without_visitors(9.0, [0.8])
    found = differences(nothing, nothing, paired=True)
    years = [(1000, 800), (980, 820), (1010, 790)]
    told = visiting.answer(found, newly(years))
    for mean, counts in zip((997, 803), zip(*years, strict=True), strict=True):
        low, high = stats.t.interval(0.95, 2, np.mean(counts), stats.sem(counts))
        assert f"{mean:,} people (95% interval {low:,.0f} to {high:,.0f}) are" in told
    assert told.endswith("That is over 3 simulated years.")


def test_people_newly_visited_in_a_year_stand_beside_those_of_four_weeks() -> None:
    nothing = without_visitors(9.0, [0.8])
    found = differences(nothing, nothing, paired=True)
    (card,) = visiting.policy_numbers(found, newly([(991, 392), (1009, 408)]), None)
    assert card.label == "People newly visited in a year"
    assert card.value == "1,000"
    assert card.change.startswith("95% interval ")
    assert card.note.startswith("400 (298 to 502) no longer visited all year. Of these, men 1,000")


def staff(years: list[float]) -> pd.DataFrame:
    rows = [("staff_gbp", number, gbp) for number, gbp in enumerate(years)]
    table = pd.DataFrame(rows, columns=["measure", "replication", "value"])
    return table.assign(
        scenario="a", establishment="ALL", group_by="all", group="all", measure_unit="GBP a year"
    )


def cards_of(more: float, counts: list[tuple[int, int]]) -> dict[str, Number]:
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
    assert card.change == "one year: no interval"
    assert "991 people newly visited" in card.note


def test_staff_that_do_not_change_are_the_same_in_every_year() -> None:
    found = differences(staff([29e6, 30e6]), staff([29e6, 30e6]), paired=True)
    (row,) = visiting.policy_changes(found, {}).sheet.table.to_dict("records")  # type: ignore[attr-defined]
    assert row["verdict"] == "The same in every year"
    assert (str(row["change"]), str(row["interval"])) == ("£0", DASH)


def test_family_pounds_and_hours_are_set_beside_the_baseline() -> None:
    """Of the differences 10, 12 and 14 pounds the t interval is 12 plus or minus 4.97."""
    before, after = [100.0, 200.0, 300.0], [110.0, 212.0, 314.0]
    found = differences(family_money(before), family_money(after), paired=True)
    (row,) = visiting.family_changes(found).sheet.table.to_dict("records")  # type: ignore[attr-defined]
    told = [str(row[name]) for name in ("before", "after", "change", "interval")]
    assert told == ["£200", "£212", "+£12", "+£7 to +£17"]
    assert row["interval"].low == pytest.approx(12 - 4.968, abs=0.001)
    assert row["verdict"] == "Higher"
    assert "neither better nor worse" in visiting.family_changes(found)


def family_money(years: list[float]) -> pd.DataFrame:
    return staff(years).assign(measure="family_money_gbp", measure_unit="GBP")


@pytest.mark.parametrize(
    ("name", "row", "told"),
    [
        ("video_without_slot", (12.0, -1.0, 25.0), "12 (0 to 25)"),
        ("hall_use_share", (0.99, 0.97, 1.01), "99.0% (97.0% to 100.0%)"),
        ("wait_days_p90", (29.0, 29.0, 29.0), "29.0 (every year)"),
        ("staff_gbp", (2e6, -1e6, 5e6), "£2.00 million (£0.00 to 5.00)"),
    ],
)
def test_intervals_end_where_a_measure_can(
    name: str, row: tuple[float, float, float], told: str
) -> None:
    level = dict(zip(("mean", "low", "high"), row, strict=True)) | {"measure": name}
    assert wording.level(level | {"replications": 3}) == told


def test_an_end_beside_a_verdict_is_not_told_as_nothing() -> None:
    row = {"measure": "wait_days_p90", "low": 0.02, "high": 5.5, "replications": 4}
    assert wording.difference_interval(row | {"verdict": "higher"}) == "+0.02 to +5.5"
    assert wording.difference_interval(row | {"verdict": CANNOT_TELL}) == "0.0 to +5.5"
    share = {"measure": "no_contact_share", "low": -0.02, "high": -0.0001, "replications": 4}
    told = wording.difference_interval(share | {"verdict": "lower"})
    assert told.replace("\N{MINUS SIGN}", "-") == "-2.0 to -0.01 points"


def test_a_measure_that_every_year_gives_alike_has_no_empty_interval() -> None:
    row = {"measure": "wait_days_p90", "mean": 29.0, "low": 29.0, "high": 29.0, "replications": 4}
    assert wording.interval(row) == "the same in every year"
    assert wording.estimate(row) == "The same in each of 4 simulated years, in whole days."


def test_no_cost_per_person_is_told_where_as_many_are_no_longer_visited() -> None:
    assert cards_of(99_100.0, [(300, 392)])[PER_PERSON].value == DASH
