"""What is recorded about people: read, checked, and made for people who do not exist."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.estate import Estate, load_estate
from data.geography import load_home_areas, straight_miles
from data.population import Population
from data.records import (
    RECORD_TABLES,
    Records,
    RecordsSettings,
    load_records,
    synthesise_records,
)
from data.schema import columns
from data.template import write_template
from data.validate import TableError, check_data, validate_folder

PLENTY = RecordsSettings(
    seed=7,
    keep_apart_pairs=150,
    keep_apart_same_prison_share=0.1,
    keep_apart_same_region_share=0.4,
    keep_apart_establishment_share=0.7,
    groups=6,
    group_members=4,
    group_at_most=2,
    keep_together_share=1.0,
    keep_together_gbp=500.0,
    exclusion_share=0.2,
    exclusion_miles=10.0,
    sentence_plan_share=0.5,
)


@pytest.fixture(scope="module")
def estate() -> Estate:
    return load_estate()


@pytest.fixture(scope="module")
def population(estate: Estate) -> Population:
    """Make 1,200 people in six prisons of two regions, from five home areas."""
    return people_of(estate, 1200)


def people_of(estate: Estate, number: int) -> Population:
    draw = np.random.default_rng(3)
    units = estate.units[estate.units["establishment"].isin(["LEI", "HLI", "FKI", "MRI", "LPI"])]
    units = pd.concat([units, estate.units[estate.units["establishment"] == "NHI"]])
    at = draw.integers(len(units), size=number)
    ids = np.array([f"P{each:05d}" for each in range(number)], dtype=object)
    relative = np.full(number, "", dtype=object)
    relative[:40] = ids[np.arange(40) ^ 1]
    at[:40] = at[np.arange(40) // 2 * 2]
    frame = pd.DataFrame(
        {
            "prisoner_id": ids,
            "sex": units["sex"].to_numpy()[at],
            "category": draw.choice(["A", "B", "C"], size=number, p=[0.05, 0.3, 0.65]),
            "status": draw.choice(["remand", "sentenced"], size=number, p=[0.2, 0.8]),
            "days_to_release": draw.integers(1, 2000, size=number).astype(float),
            "hold_reason": draw.choice(["", "on_programme"], size=number, p=[0.95, 0.05]),
            "home_area": draw.choice(load_home_areas()["home_area"].to_numpy()[:5], size=number),
            "children_under_18": draw.integers(0, 3, size=number),
            "relatives_in_custody": relative,
            "current_unit": units["unit"].to_numpy()[at],
        }
    )
    return Population(prisoners=frame, contacts=pd.DataFrame())


def establishment_of(population: Population, ids: pd.Series) -> np.ndarray:
    unit = population.prisoners.set_index("prisoner_id")["current_unit"]
    return unit.loc[ids].str.partition("-")[0].to_numpy()


def test_records_that_say_nothing_have_the_columns_of_the_dictionary() -> None:
    nothing = Records.empty()

    for name in RECORD_TABLES:
        table = getattr(nothing, name)
        assert table.empty
        assert list(table.columns) == [column.name for column in columns(name)]


def test_synthetic_records_pass_the_checks_of_a_users_own(
    estate: Estate, population: Population
) -> None:
    made = synthesise_records(population, estate, PLENTY)

    tables = {name: getattr(made, name) for name in RECORD_TABLES}
    ids = {
        "establishments": estate.establishments,
        "units": estate.units,
        "population": population.prisoners[["prisoner_id"]],
        "home_areas": load_home_areas(),
    }
    faults = check_data(ids | tables, faulty=tuple(ids))
    assert faults == []
    for name in RECORD_TABLES:
        assert list(tables[name].columns) == [column.name for column in columns(name)]
        assert tables[name].dtypes.equals(getattr(Records.empty(), name).dtypes)


def test_the_same_seed_gives_the_same_bytes_whatever_the_order_of_rows(
    estate: Estate, population: Population
) -> None:
    shuffled = population.prisoners.sample(frac=1.0, random_state=5)
    again = Population(prisoners=shuffled, contacts=population.contacts)

    one = synthesise_records(population, estate, PLENTY)
    two = synthesise_records(again, estate, PLENTY)

    for name in RECORD_TABLES:
        assert getattr(one, name).to_csv() == getattr(two, name).to_csv()


def test_another_seed_gives_other_pairs(estate: Estate, population: Population) -> None:
    one = synthesise_records(population, estate, PLENTY)
    two = synthesise_records(population, estate, replace(PLENTY, seed=8))

    assert not one.keep_aparts.equals(two.keep_aparts)


def test_more_groups_leave_the_pairs_as_they_are(estate: Estate, population: Population) -> None:
    one = synthesise_records(population, estate, PLENTY)
    two = synthesise_records(population, estate, replace(PLENTY, groups=9))

    assert one.keep_aparts.equals(two.keep_aparts)
    assert one.activities.equals(two.activities)


@settings(max_examples=30, deadline=None)
@given(
    pairs=st.integers(0, 400),
    people=st.integers(1, 60),
    same_prison=st.floats(0, 0.5),
    groups=st.integers(0, 10),
    members=st.integers(2, 9),
    at_most=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_pairs_are_of_two_people_once_and_groups_keep_their_bounds(
    estate: Estate,
    pairs: int,
    people: int,
    same_prison: float,
    groups: int,
    members: int,
    at_most: int,
    seed: int,
) -> None:
    few = people_of(estate, max(people, 40))
    wanted = replace(
        PLENTY,
        seed=seed,
        keep_apart_pairs=pairs,
        keep_apart_same_prison_share=same_prison,
        groups=groups,
        group_members=members,
        group_at_most=at_most,
    )

    made = synthesise_records(few, estate, wanted)

    assert len(made.keep_aparts) <= pairs
    assert (made.keep_aparts["a"] < made.keep_aparts["b"]).all()
    assert not made.keep_aparts.duplicated(["a", "b"]).any()
    sex = few.prisoners.set_index("prisoner_id")["sex"]
    one, other = sex.loc[made.keep_aparts["a"]], sex.loc[made.keep_aparts["b"]]
    assert (one.to_numpy() == other.to_numpy()).all()
    sizes = Counter(made.groups["group"])
    assert len(sizes) <= groups
    assert all(max(2, members // 2) <= size <= members + members // 2 for size in sizes.values())
    assert not made.groups["prisoner_id"].duplicated().any()
    assert (made.groups["at_most"] == at_most).all()


def test_shares_of_pairs_are_met_to_the_pair(estate: Estate, population: Population) -> None:
    pairs = synthesise_records(population, estate, PLENTY).keep_aparts

    one = establishment_of(population, pairs["a"])
    other = establishment_of(population, pairs["b"])
    assert len(pairs) == 150
    assert (one == other).sum() == 15
    assert (pairs["level"] == "establishment").sum() == 105
    assert set(pairs["level"]) == {"establishment", "wing", "landing", "cell"}


def test_whoever_is_at_odds_with_today_can_be_moved(estate: Estate, population: Population) -> None:
    made = synthesise_records(population, estate, PLENTY)

    pairs = made.keep_aparts
    here = establishment_of(population, pairs["a"]) == establishment_of(population, pairs["b"])
    ids = pd.concat([pairs["a"][here], pairs["b"][here], made.groups["prisoner_id"]])
    people = population.prisoners.set_index("prisoner_id").loc[ids]
    assert (people["category"] != "A").all()
    assert (people["hold_reason"] == "").all()
    assert (people["days_to_release"] >= 60).all()


def test_relatives_in_one_prison_should_stay_together(
    estate: Estate, population: Population
) -> None:
    together = synthesise_records(population, estate, PLENTY).keep_together

    assert len(together) == 20
    assert (together["price_gbp"] == 500.0).all()
    alone = synthesise_records(population, estate, replace(PLENTY, keep_together_share=0.0))
    assert alone.keep_together.empty


def test_nobody_is_excluded_from_where_they_are(estate: Estate, population: Population) -> None:
    exclusions = synthesise_records(population, estate, PLENTY).exclusions

    areas = load_home_areas().set_index("home_area").loc[exclusions["home_area"]]
    here = estate.establishments.set_index("establishment").loc[
        establishment_of(population, exclusions["prisoner_id"])
    ]
    miles = np.diag(straight_miles(areas, here))
    assert len(exclusions) > 0
    assert (miles > exclusions["within_miles"].to_numpy()).all()
    assert (exclusions["establishment"] == "").all()


def test_people_take_part_only_in_what_their_prison_offers(
    estate: Estate, population: Population
) -> None:
    made = synthesise_records(population, estate, PLENTY)

    dated = made.activities["kind"].isin(["family_day", "appointment"])
    lasting = made.activities[~dated]
    offered = set(zip(*(made.activity_sites[name] for name in made.activity_sites), strict=True))
    at = establishment_of(population, lasting["prisoner_id"])
    assert set(zip(at, lasting["activity"], strict=True)) <= offered


def test_whoever_is_held_for_a_programme_is_on_a_course_of_the_sentence_plan(
    estate: Estate, population: Population
) -> None:
    made = synthesise_records(population, estate, PLENTY)

    people = population.prisoners
    planned = made.activities.loc[made.activities["on_sentence_plan"], "prisoner_id"]
    held = people.loc[
        (people["hold_reason"] == "on_programme") & (people["status"] != "remand"), "prisoner_id"
    ]
    offering = made.activity_sites[made.activity_sites["activity"] == "thinking_skills"]
    here = np.isin(establishment_of(population, held), offering["establishment"])
    assert set(held[here]) <= set(planned)
    assert set(made.activities.loc[made.activities["on_sentence_plan"], "kind"]) == {"course"}


def test_only_parents_have_a_place_in_a_family_unit_or_a_family_day(
    estate: Estate, population: Population
) -> None:
    rows = synthesise_records(population, estate, PLENTY).activities

    family = rows.loc[rows["kind"].isin(["family_unit", "family_day"]), "prisoner_id"]
    children = population.prisoners.set_index("prisoner_id")["children_under_18"]
    assert (children.loc[family] > 0).all()


def test_a_share_outside_nought_to_one_and_a_group_of_one_are_refused_together() -> None:
    with pytest.raises(ValueError, match=r"exclusion_share 2.*group_members 1"):
        replace(PLENTY, exclusion_share=2.0, group_members=1)


def test_shares_of_pairs_beyond_all_of_them_are_refused() -> None:
    with pytest.raises(ValueError, match="add up to more than 1"):
        replace(PLENTY, keep_apart_same_prison_share=0.7)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_template(tmp_path / "mine")
    return tmp_path / "mine"


def people_in(folder: Path) -> Population:
    frame = pd.read_csv(folder / "population.csv", dtype="str", keep_default_na=False)
    return Population(prisoners=frame, contacts=pd.DataFrame())


def test_a_folder_of_records_is_read_and_what_it_lacks_is_empty(folder: Path) -> None:
    (folder / "keep_together.csv").unlink()

    read = load_records(folder, people_in(folder))

    assert read.keep_aparts[["a", "b", "level"]].to_numpy().tolist() == [
        ["P000001", "P000002", "establishment"]
    ]
    assert read.activities["kind"].to_list() == ["booked_visit", "course"]
    assert read.keep_together.empty


def test_what_somebody_takes_part_in_is_offered_where_they_are(folder: Path) -> None:
    (folder / "activity_sites.csv").unlink()

    read = load_records(folder, people_in(folder))

    assert read.activity_sites.to_numpy().tolist() == [["AYI", "thinking_skills"]]


def test_records_of_no_folder_are_empty(population: Population) -> None:
    assert all(getattr(load_records(None, population), name).empty for name in RECORD_TABLES)


@pytest.mark.parametrize(
    ("table", "rows", "said"),
    [
        ("keep_aparts", "P000001,P000001,wing,", "found 'P000001'; expected another person than a"),
        ("keep_aparts", "P000001,P9,wing,", "found 'P9'; expected an id that stands in population"),
        (
            "keep_aparts",
            "P000001,P000002,wing,\nP000002,P000001,cell,",
            "expected each pair once, whichever way round",
        ),
        ("keep_aparts", "P000001,P000002,far,", "found 'far'; expected one of"),
        ("groups", "G1,P000001,0\nG1,P000002,0", "found '0'; expected a whole number of 1 or more"),
        ("groups", "G1,P000001,2", "found 'G1'; expected at least two members"),
        (
            "locks",
            "P000001,keep,AYI,court,,me,2026-09-01",
            "found 'keep'; expected one of lock, forbid",
        ),
        (
            "locks",
            "P000001,lock,ZZZ,court,,me,2026-09-01",
            "found 'ZZZ'; expected an id that stands in units.csv or establishments.csv",
        ),
        ("exclusions", "P000001,AYI,E08000035-1,5", "either an establishment, or a home area"),
        ("exclusions", "P000001,,E08000035-1,", "either an establishment, or a home area"),
        ("exclusions", "P000001,,,", "either an establishment, or a home area"),
        ("exclusions", "P000001,,E08000035-1,-5", "expected a number of 0 or more"),
        ("activities", "P000001,hobby,chess,1,,false", "found 'hobby'; expected one of course"),
        ("activities", "P000001,work,kitchen,-1,,false", "expected a whole number from 0 to 5,200"),
        ("activity_sites", "ZZZ,kitchen", "found 'ZZZ'; expected an id that stands in"),
    ],
)
def test_a_faulty_record_is_reported_with_place_and_next_step(
    folder: Path, table: str, rows: str, said: str
) -> None:
    header = ",".join(column.name for column in columns(table))
    (folder / f"{table}.csv").write_text(f"{header}\n{rows}\n", encoding="utf-8")

    faults = validate_folder(folder)

    assert len(faults) >= 1
    assert all(fault.table == table for fault in faults)
    assert said in "\n".join(map(str, faults))


def test_a_part_of_a_move_that_nobody_knows_or_that_is_left_out_is_reported(folder: Path) -> None:
    path = folder / "move_parts.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("escort,", "taxi,"))
    said = "\n".join(map(str, validate_folder(folder)))
    assert "move_parts.csv row 2, column part: found 'taxi'; expected one of escort" in said

    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([lines[0], *lines[2:]]))
    (fault,) = validate_folder(folder)
    assert "expected every part; missing: escort" in str(fault)


def test_all_faults_of_the_records_come_in_one_error(folder: Path) -> None:
    (folder / "keep_aparts.csv").write_text("a,b,level,reason\nP000001,P000001,wing,\n")
    (folder / "groups.csv").write_text("group,prisoner_id,at_most\nG1,P000009,3\n")

    with pytest.raises(TableError) as caught:
        load_records(folder, people_in(folder))

    assert {fault.table for fault in caught.value.problems} == {"keep_aparts", "groups"}
