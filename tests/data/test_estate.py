"""The real estate: its control totals, and how it is selected and changed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.estate import Estate, UnitEdit, apply_unit_edits, load_estate
from data.validate import check_data
from data.where import Where
from data.words import (
    DAYS,
    EXCLUSIVE_NEEDS,
    PROBATION_REGIONS,
    REGIONS,
    Category,
    Need,
    Sex,
    UnitFunction,
    join_words,
    split_words,
)


@cache
def built_in() -> Estate:
    return load_estate()


@pytest.fixture
def shipped() -> Estate:
    return built_in()


def tables_of(estate: Estate) -> dict[str, pd.DataFrame]:
    return {name: getattr(estate, name) for name in estate.__slots__}


def test_control_totals_are_those_of_the_bulletin(shipped: Estate) -> None:
    """110 men's rows and 12 women's. Source: weekly bulletin of 27 July 2026."""
    totals = shipped.establishments.groupby("sex")[["operational_capacity", "population"]].sum()

    assert shipped.establishments["sex"].value_counts().to_dict() == {"men": 110, "women": 12}
    assert totals.loc["men"].to_list() == [86_227, 82_624]
    assert totals.loc["women"].to_list() == [3_864, 3_355]


def test_useable_capacity_is_the_published_one(shipped: Estate) -> None:
    """90,091 adult and 444 youth places, less a margin of 1,460, 120 and 60."""
    adult = int(shipped.establishments["operational_capacity"].sum())

    assert adult + 444 - 1_460 - 120 - 60 == 88_895


@pytest.mark.parametrize(
    ("region", "prisons", "places", "people"),
    [
        ("North East", 7, 5_265, 4_984),
        ("North West", 15, 11_372, 10_961),
        ("Yorkshire and the Humber", 13, 10_528, 9_826),
        ("East Midlands", 16, 13_630, 12_917),
        ("West Midlands", 11, 9_494, 9_131),
        ("East of England", 13, 9_360, 9_010),
        ("London", 8, 7_540, 7_285),
        ("South East", 22, 12_323, 11_692),
        ("South West", 11, 5_087, 4_940),
        ("Wales", 6, 5_492, 5_233),
    ],
)
def test_regional_totals_are_the_published_ones(
    shipped: Estate, region: str, prisons: int, places: int, people: int
) -> None:
    own = shipped.establishments.query("region == @region")

    assert len(own) == prisons
    assert int(own["operational_capacity"].sum()) == places
    assert int(own["population"].sum()) == people


def test_regions_are_spelt_one_way(shipped: Estate) -> None:
    assert set(shipped.establishments["region"]) == set(REGIONS)
    assert set(shipped.establishments["probation_region"]) == set(PROBATION_REGIONS)


def test_units_add_up_to_their_prisons(shipped: Estate) -> None:
    sums = shipped.units.groupby("establishment")[["places", "in_use_cna"]].sum()
    prisons = shipped.establishments.set_index("establishment")

    assert (sums["places"] == prisons["operational_capacity"]).all()
    assert (sums["in_use_cna"] == prisons["in_use_cna"]).all()


def test_there_are_about_three_hundred_units(shipped: Estate) -> None:
    assert 280 <= len(shipped.units) <= 320


def test_dartmoor_has_no_places_no_people_and_no_visits(shipped: Estate) -> None:
    code = "DAI"

    assert int(shipped.units.query("establishment == @code")["places"].sum()) == 0
    for table in (shipped.session_templates, shipped.video_stations, shipped.family_workers):
        assert code not in set(table["establishment"])


def test_every_other_prison_has_sessions_and_stations(shipped: Estate) -> None:
    working = set(shipped.establishments.query("operational_capacity > 0")["establishment"])

    assert set(shipped.session_templates["establishment"]) == working
    assert set(shipped.video_stations["establishment"]) == working
    assert set(shipped.family_workers["establishment"]) == working


def test_the_national_line_serves_thirty_two_prisons_with_elmley(shipped: Estate) -> None:
    on_line = shipped.establishments.query("national_line")["establishment"]

    assert len(on_line) == 32
    assert "EYI" in set(on_line)


def test_category_a_places_are_in_dispersals_and_core_locals_only(shipped: Estate) -> None:
    holds_a = shipped.units["categories"].map(split_words).map(lambda held: Category.A in held)

    assert set(shipped.units.loc[holds_a, "establishment"]) == {
        *("FKI", "FNI", "LLI", "WDI", "WRI"),
        *("BAI", "MRI", "WHI"),
    }
    assert set(shipped.units.loc[holds_a, "function"]) == {UnitFunction.HIGH_SECURITY}


def test_reception_units_hold_uncategorised_people(shipped: Estate) -> None:
    uncategorised = shipped.units["categories"].map(split_words).map(lambda held: "U" in held)
    mens = shipped.units["sex"] == Sex.MEN

    assert (uncategorised == (shipped.units["function"] == UnitFunction.RECEPTION))[mens].all()
    womens = shipped.units[~mens & uncategorised]
    assert set(womens["establishment"]) == {"BZI", "EWI", "FHI", "LNI", "NHI", "PFI", "STI"}


def test_places_for_sexual_offences_are_about_14500_of_which_8179_on_dedicated_sites(
    shipped: Estate,
) -> None:
    """The dedicated sites hold 8,179; Isle of Wight's reception unit is 48 of them."""
    serves = shipped.units["needs_served"].str.contains(Need.SEXUAL_OFFENCES)
    dedicated = [
        "ASI",
        "BRI",
        "DAI",
        "HVI",
        "IWI",
        "LTI",
        "LYI",
        "NSI",
        "RHI",
        "SFI",
        "UKI",
        "VEI",
        "WTI",
    ]
    on_sites = shipped.units["establishment"].isin(dedicated)

    assert int(shipped.units.loc[on_sites, "places"].sum()) == 8_179
    assert int(shipped.units.loc[on_sites & serves, "places"].sum()) == 8_179 - 48
    assert 14_000 <= int(shipped.units.loc[serves, "places"].sum()) <= 15_000


def test_foreign_national_units_are_the_three_whole_prisons(shipped: Estate) -> None:
    units = shipped.units.query("function == 'foreign_national'")

    assert set(units["establishment"]) == {"HCI", "MSI", "MHI"}
    assert units["needs_served"].str.contains(Need.FOREIGN_NATIONAL_INTEREST).all()
    prisons = shipped.establishments[
        shipped.establishments["establishment"].isin(units["establishment"])
    ]
    assert int(prisons["population"].sum()) == 1_329


def test_therapeutic_units_are_at_the_five_named_prisons(shipped: Estate) -> None:
    units = shipped.units.query("function == 'therapeutic'")

    assert set(units["establishment"]) == {"GNI", "DGI", "GTI", "WII", "SDI"}
    assert int(units.query("establishment == 'GNI'")["places"].sum()) == 226


def test_open_places_are_the_open_prisons_and_two_small_units(shipped: Estate) -> None:
    units = shipped.units.query("function == 'open'")
    closed = set(shipped.establishments.query("security != 'D'")["establishment"])

    assert (units["categories"] == "D").all()
    assert set(units["establishment"]) & closed == {"NWI", "SHI"}


def test_no_unit_serves_two_single_cohorts(shipped: Estate) -> None:
    served = shipped.units["needs_served"].map(split_words).map(set(EXCLUSIVE_NEEDS).intersection)

    assert (served.map(len) <= 1).all()


def test_headroom_leaves_room_for_everybody_held_today(shipped: Estate) -> None:
    kept = shipped.units.groupby("establishment")["headroom"].sum()
    prisons = shipped.establishments.set_index("establishment")
    spare = (prisons["operational_capacity"] - prisons["population"]).clip(lower=0)

    assert (kept <= spare).all()
    assert kept["BLI"] == 0
    assert (shipped.units["headroom"] <= shipped.units["places"]).all()


def test_the_estate_passes_every_check_across_tables(shipped: Estate) -> None:
    assert check_data(tables_of(shipped)) == []


def test_tables_are_sorted_by_id_with_unit_ten_after_unit_two(shipped: Estate) -> None:
    units = shipped.units.query("establishment == 'OWI'")
    numbers = units["unit"].str.partition("-")[2].astype(int)

    assert numbers.is_monotonic_increasing
    sessions = shipped.session_templates.query("establishment == 'WWI'")
    assert sessions["template"].str.partition("-S")[2].astype(int).is_monotonic_increasing
    stations = shipped.video_stations.query("establishment == 'WWI'")
    assert stations["day"].map(DAYS.index).is_monotonic_increasing


def test_where_takes_one_word_or_several_or_none(shipped: Estate) -> None:
    prisons = shipped.establishments

    assert Where().matches(prisons).all()
    assert Where(sex="women").matches(prisons).sum() == 12
    assert Where(sex=["women", "men"]).matches(prisons).all()  # type: ignore[arg-type]
    assert Where(sex="men", security=("C",)).matches(prisons).sum() == 50


def test_where_by_function_selects_units_and_prisons_that_have_one(shipped: Estate) -> None:
    where = Where(function="open", security="B")

    units = shipped.units[where.matches_in(shipped, shipped.units)]
    prisons = shipped.establishments[where.matches_in(shipped, shipped.establishments)]
    sessions = shipped.session_templates[where.matches_in(shipped, shipped.session_templates)]

    assert list(units["function"].unique()) == ["open"]
    assert list(prisons["establishment"]) == ["NWI"]
    assert set(sessions["establishment"]) == {"NWI"}


def test_where_by_day_selects_sessions(shipped: Estate) -> None:
    where = Where(day=("sat", "sun"), sex="women")

    chosen = shipped.session_templates[where.matches_in(shipped, shipped.session_templates)]

    assert set(chosen["day"]) == {"sat", "sun"}
    assert chosen["establishment"].nunique() == 12


def test_where_by_what_the_rows_do_not_have_is_refused(shipped: Estate) -> None:
    with pytest.raises(ValueError, match="cannot be chosen by 'day'"):
        Where(day="sat").matches_in(shipped, shipped.units)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "sex": st.sampled_from(["men", "women", ("men", "women")]),
            "country": st.sampled_from(["England", "Wales"]),
            "operator": st.sampled_from(["HMPPS", "Serco", ("G4S", "Mitie")]),
            "function": st.sampled_from(["reception", "open", ("training", "therapeutic")]),
        },
    )
)
@settings(deadline=None, max_examples=40)
def test_where_selects_what_satisfies_every_field(fields: dict[str, object]) -> None:
    estate = built_in()

    together = Where(**fields).matches_in(estate, estate.units)  # type: ignore[arg-type]
    apart = [
        Where(**{name: words}).matches_in(estate, estate.units)  # type: ignore[arg-type]
        for name, words in fields.items()
    ]

    expected = pd.Series(True, index=estate.units.index)
    for one in apart:
        expected &= one
    assert together.equals(expected)


def test_added_places_reach_unit_and_prison_and_leave_the_rest(shipped: Estate) -> None:
    after = apply_unit_edits(shipped, [UnitEdit(where=Where(unit="LEI-1"), add_places=20)])

    changed = after.units["places"] - shipped.units["places"]
    assert changed[changed != 0].to_list() == [20]
    prison = after.establishments.set_index("establishment").loc["LEI"]
    assert (prison["operational_capacity"], prison["in_use_cna"]) == (1_110, 661)
    assert int(shipped.units["places"].sum()) == 90_091
    assert check_data(tables_of(after)) == []


def test_a_closed_unit_keeps_no_places_no_cna_and_no_headroom(shipped: Estate) -> None:
    after = apply_unit_edits(shipped, [UnitEdit(where=Where(establishment="DMI"), set_places=0)])

    closed = after.units.query("establishment == 'DMI'")
    assert (closed[["places", "in_use_cna", "headroom"]] == 0).all(axis=None)


def test_a_changed_use_changes_nothing_else(shipped: Estate) -> None:
    edit = UnitEdit(where=Where(unit="RSI-1"), function="training", categories="B;C")
    after = apply_unit_edits(shipped, [edit])

    row = after.units.set_index("unit").loc["RSI-1"]
    assert (row["function"], row["categories"]) == ("training", "B;C")
    same = ["unit", "places", "in_use_cna", "headroom", "needs_served"]
    pd.testing.assert_frame_equal(after.units[same], shipped.units[same])


def test_edits_are_applied_in_turn(shipped: Estate) -> None:
    where = Where(unit="LEI-1")
    edits = [UnitEdit(where=where, set_places=100), UnitEdit(where=where, add_places=-10)]

    after = apply_unit_edits(shipped, edits)

    assert after.units.set_index("unit").loc["LEI-1", "places"] == 90


def test_an_edit_that_selects_nothing_or_takes_too_much_is_refused(shipped: Estate) -> None:
    with pytest.raises(ValueError, match="no unit is selected"):
        apply_unit_edits(shipped, [UnitEdit(where=Where(unit="QQQ-1"), add_places=1)])
    with pytest.raises(ValueError, match="negative places: LEI-1"):
        apply_unit_edits(shipped, [UnitEdit(where=Where(unit="LEI-1"), add_places=-9_999)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "nothing to change"),
        ({"add_places": 1, "set_places": 1}, "exclude each other"),
        ({"set_places": -1}, "0 or more"),
        ({"function": "traning"}, "function traning is not known; give reception or training"),
        ({"categories": "B;E"}, "categories E is not known"),
        ({"needs_served": "quiet"}, "needs_served quiet is not known"),
    ],
)
def test_an_edit_that_makes_no_sense_cannot_exist(change: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UnitEdit(where=Where(), **change)  # type: ignore[arg-type]


def test_a_prison_without_places_may_have_no_unit(shipped: Estate) -> None:
    units = shipped.units.query("establishment != 'DAI'")
    more = UnitEdit(where=Where(unit="LEI-1"), add_places=20)

    after = apply_unit_edits(replace(shipped, units=units), [more])

    closed = after.establishments.set_index("establishment").loc["DAI"]
    assert (closed["operational_capacity"], closed["in_use_cna"]) == (0, 0)


@given(st.lists(st.sampled_from(["A", "B", "C", "D", "U"])))
def test_words_of_a_list_come_back_sorted_and_once(words: list[str]) -> None:
    assert split_words(join_words(words)) == tuple(sorted(set(words)))
