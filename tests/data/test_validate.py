"""One report of all faults: what each check finds and how it says so."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.load import read_table, table_names, table_path
from data.schema import columns
from data.template import example_tables, write_template
from data.validate import Problem, TableError, check_data, check_table, validate_folder


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    """Give the built-in estate and the two people of the template, typed."""
    built_in = {name: read_table(name) for name in table_names() if table_path(name)}
    people = example_tables()["population"].astype({"age": "int64"})
    return built_in | {"population": people}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_template(tmp_path / "mine")
    return tmp_path / "mine"


def change(folder: Path, name: str, row: int, **cells: str) -> None:
    """Write cells into one row of a CSV file, counted as a person counts."""
    path = folder / f"{name}.csv"
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    for column, value in cells.items():
        table.loc[row - 2, column] = value
    table.to_csv(path, index=False)


def only(problems: list[Problem]) -> Problem:
    (problem,) = problems
    return problem


def test_the_built_in_tables_fit_each_other() -> None:
    built_in = {name: read_table(name) for name in table_names() if table_path(name)}

    assert check_data(built_in) == []


def test_the_template_passes_as_it_stands(folder: Path) -> None:
    assert validate_folder(folder) == []


def test_a_fault_says_place_value_expectation_and_next_step(folder: Path) -> None:
    change(folder, "population", 3, category="E")

    assert str(only(validate_folder(folder))) == (
        "population.csv row 3, column category: found 'E'; "
        "expected one of A, B, C, D, closed, open, U. Correct the cell."
    )


def test_all_faults_of_all_files_come_in_one_report(folder: Path) -> None:
    change(folder, "population", 2, age="-3", sex="man")
    change(folder, "population", 3, age="NaN")
    change(folder, "contacts", 2, status="allowed")
    change(folder, "units", 2, places="-5")

    found = {(p.table, p.row, p.column, p.value) for p in validate_folder(folder)}

    assert found == {
        ("population", 2, "age", "-3"),
        ("population", 3, "age", "NaN"),
        ("population", 2, "sex", "man"),
        ("contacts", 2, "status", "allowed"),
        ("units", 2, "places", "-5"),
    }


def test_a_faulty_table_still_has_its_ids_checked(folder: Path) -> None:
    change(folder, "population", 2, age="old", home_area="E99")

    assert {p.value for p in validate_folder(folder)} == {"old", "E99"}


def test_a_slip_of_the_pen_is_answered_with_the_nearest_word(folder: Path) -> None:
    change(folder, "population", 2, sex="mens")

    assert only(validate_folder(folder)).action.endswith("Did you mean 'men'?")


def test_one_wrong_value_in_many_rows_is_one_fault_with_all_rows() -> None:
    rows = pd.DataFrame({"a": ["P1"] * 9, "b": [f"Q{n}" for n in range(9)], "level": "far"})

    problem = only(check_table(rows.assign(reason=""), "keep_aparts"))

    assert problem.rows == tuple(range(2, 11))
    assert "rows 2, 3, 4, 5, 6 and 4 more" in str(problem)


def test_a_missing_column_says_what_it_is_for(folder: Path) -> None:
    path = folder / "units.csv"
    pd.read_csv(path, dtype="str").drop(columns="headroom").to_csv(path, index=False)

    problem = only(validate_folder(folder))

    assert (problem.column, problem.row) == ("headroom", None)
    assert problem.action == "Add it: places kept free for arrivals; never more than the places."


def test_an_unknown_column_suggests_the_right_one(folder: Path) -> None:
    path = folder / "units.csv"
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    table.assign(head_room="1").to_csv(path, index=False)

    assert only(validate_folder(folder)).action == "Did you mean 'headroom'?"


def test_an_empty_cell_that_must_be_filled_is_found(folder: Path) -> None:
    change(folder, "population", 2, home_area="")

    problem = only(validate_folder(folder))

    assert problem.expected.endswith("not an empty cell")
    assert problem.action == "Fill in the cell."


@pytest.mark.parametrize("number", ["NaN", "nan", "inf", "1e999", "twelve", "1,5", "3.5"])
def test_what_is_not_a_finite_whole_number_is_found(folder: Path, number: str) -> None:
    change(folder, "population", 2, age=number)

    assert only(validate_folder(folder)).value == number


@pytest.mark.parametrize("day", ["2026-02-30", "03/08/2026", "2026-8-3", "soon"])
def test_what_is_not_a_date_is_found(folder: Path, day: str) -> None:
    change(folder, "locks", 2, review_date=day)

    assert only(validate_folder(folder)).expected == "a date such as 2026-08-03"


@pytest.mark.parametrize("clock", ["24:00", "9:30", "0930", "09:60"])
def test_what_is_not_a_time_of_day_is_found(folder: Path, clock: str) -> None:
    change(folder, "video_stations", 2, end=clock)

    assert only(validate_folder(folder)).expected == "a time of day such as 09:30"


def test_a_repeated_id_is_found_with_all_its_rows(folder: Path) -> None:
    change(folder, "population", 3, prisoner_id="P000001")

    problem = next(p for p in validate_folder(folder) if p.table == "population")

    assert (problem.rows, problem.column) == ((2, 3), "prisoner_id")


def test_a_list_with_an_unknown_or_repeated_word_is_found(folder: Path) -> None:
    change(folder, "population", 2, needs="accessible;ladder")
    change(folder, "population", 3, needs="accessible;accessible")

    assert {p.value for p in validate_folder(folder)} == {
        "accessible;ladder",
        "accessible;accessible",
    }


def test_an_id_that_stands_nowhere_is_found(folder: Path) -> None:
    change(folder, "contacts", 2, prisoner_id="P000009")
    change(folder, "population", 2, home_area="E99", current_unit="AYI-77")

    found = {(p.table, p.column, p.value) for p in validate_folder(folder)}

    assert found == {
        ("contacts", "prisoner_id", "P000009"),
        ("population", "home_area", "E99"),
        ("population", "current_unit", "AYI-77"),
    }


def test_units_that_do_not_add_up_to_their_prison_are_found(folder: Path) -> None:
    change(folder, "units", 2, places="400")

    problem = only(validate_folder(folder))

    assert (problem.table, problem.column) == ("establishments", "operational_capacity")
    assert problem.expected == "400, the sum of places over the units of AYI"


def test_headroom_above_places_is_found(folder: Path) -> None:
    change(folder, "units", 2, headroom="403")

    assert only(validate_folder(folder)).column == "headroom"


def test_a_unit_of_the_other_sex_than_its_prison_is_found(folder: Path) -> None:
    change(folder, "units", 2, sex="women", categories="closed", function="womens_closed")

    found = {(p.table, p.column) for p in validate_folder(folder)}

    assert ("units", "sex") in found
    assert ("population", "current_unit") in found


def test_a_category_that_no_unit_holds_is_found(folder: Path) -> None:
    change(folder, "population", 2, category="A")

    problem = only(validate_folder(folder))

    assert problem.value == "A"
    assert problem.expected == "a category that some unit for men holds: C"


def test_more_people_than_places_are_found(folder: Path) -> None:
    change(folder, "units", 2, places="1", in_use_cna="1")
    change(folder, "establishments", 2, operational_capacity="1", in_use_cna="1")

    problem = only(validate_folder(folder))

    assert problem.value == "2 men"
    assert problem.expected == "at most 1, the places for men in units.csv"


def test_cna_above_capacity_is_valid(folder: Path) -> None:
    change(folder, "units", 2, in_use_cna="500")
    change(folder, "establishments", 2, in_use_cna="500")

    assert validate_folder(folder) == []


def overlapping(tables: dict[str, pd.DataFrame], **cells: object) -> list[Problem]:
    """Add to the sessions a copy of the first, changed."""
    sessions = tables["session_templates"]
    extra = sessions.head(1).assign(template="EXTRA", **cells)
    together = pd.concat([sessions, extra], ignore_index=True)
    return check_data(tables | {"session_templates": together})


def test_two_sessions_at_one_time_in_one_hall_are_found(tables: dict[str, pd.DataFrame]) -> None:
    problem = only(overlapping(tables))

    assert problem.row == 2
    assert "EXTRA" in problem.expected


@pytest.mark.parametrize(
    "cells",
    [
        {"hall": "another"},
        {"day": "fri"},
        {"start": "18:00", "end": "19:00"},
    ],
)
def test_sessions_apart_in_hall_day_or_time_are_fine(
    tables: dict[str, pd.DataFrame], cells: dict[str, object]
) -> None:
    tables["session_templates"] = tables["session_templates"].query("establishment == 'ESI'")

    assert overlapping(tables, **cells) == []


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ((1, "", ""), (2, "", ""), True),
        ((2, "", ""), (2, "", ""), True),
        ((2, "2026-08-03", ""), (2, "2026-08-10", ""), False),
        ((2, "2026-08-03", ""), (4, "2026-08-10", ""), False),
        ((2, "2026-08-03", ""), (3, "2026-08-10", ""), True),
        ((2, "2026-08-03", "2026-08-30"), (3, "2026-08-24", ""), False),
        ((2, "2026-08-03", "2026-09-06"), (3, "2026-08-10", ""), True),
        ((2, "2026-08-03", "2026-08-30"), (3, "2026-08-10", ""), False),
        ((1, "2026-08-03", "2026-08-16"), (1, "2026-08-17", ""), False),
    ],
)
def test_sessions_of_one_hall_clash_where_they_are_ever_held_in_one_week(
    tables: dict[str, pd.DataFrame],
    one: tuple[int, str, str],
    other: tuple[int, str, str],
    clash: bool,
) -> None:
    """Of weeks numbered from 3 August: even ones; from 0 every other, from 1 every third: 4, 10."""
    names = ("every_n_weeks", "valid_from", "valid_to")
    first = tables["session_templates"].head(1)
    tables["session_templates"] = first.assign(**dict(zip(names, one, strict=True)))

    assert bool(overlapping(tables, **dict(zip(names, other, strict=True)))) == clash


def test_two_lists_of_one_hall_may_share_it(tables: dict[str, pd.DataFrame]) -> None:
    first = tables["session_templates"].head(1).assign(conviction_status="convicted")
    tables["session_templates"] = first

    assert overlapping(tables, conviction_status="remand") == []
    assert len(overlapping(tables, conviction_status="convicted")) == 1
    assert len(overlapping(tables, conviction_status="")) == 1


def test_a_date_that_is_none_hides_no_fault_of_another_session(folder: Path) -> None:
    """Two overlap, one has no table, one a date that does not exist: all are told at once."""
    path = folder / "session_templates.csv"
    sessions = pd.read_csv(path, dtype="str", keep_default_na=False)
    first = sessions.head(1)
    added = [
        first.assign(template="CLASH"),
        first.assign(template="EMPTY", hall="two", open_tables="0", closed_tables="0"),
        first.assign(template="NEVER", hall="three", valid_from="2026-02-30"),
    ]
    pd.concat([sessions, *added]).to_csv(path, index=False)

    told = " ".join(str(problem) for problem in validate_folder(folder))

    for words in ("CLASH", "EMPTY", "2026-02-30"):
        assert words in told


def test_a_session_that_ends_before_it_starts_is_found(folder: Path) -> None:
    change(folder, "session_templates", 2, start="17:00", end="14:00")

    assert only(validate_folder(folder)).expected == "a time after the start"


def test_transfers_to_a_prison_that_holds_nobody_are_found(
    tables: dict[str, pd.DataFrame],
) -> None:
    """Dartmoor is closed; Leeds is not."""
    names = ["prisoner_id", "date", "establishment", "unit", "until", "reason"]
    rows = [("P000001", "2026-10-05", "DAI", "", "2026-10-19", "progressive"),
            ("P000001", "2026-11-05", "LEI", "", "", "progressive")]  # fmt: skip
    transfers = pd.DataFrame(rows, columns=names)

    problem = only(check_data(tables | {"transfers": transfers}))

    assert (problem.value, problem.expected) == ("DAI", "an establishment that holds people")


def test_dates_in_the_wrong_order_are_found(folder: Path) -> None:
    change(folder, "session_templates", 2, valid_from="2026-09-01", valid_to="2026-08-01")

    assert only(validate_folder(folder)).column == "valid_to"


def test_opening_periods_that_overlap_are_found(tables: dict[str, pd.DataFrame]) -> None:
    stations = tables["video_stations"]
    extra = stations.head(1).assign(start="14:00")
    together = pd.concat([stations, extra], ignore_index=True)

    assert only(check_data(tables | {"video_stations": together})).value == "14:00"


def test_a_period_inside_a_long_one_overlaps_it_whatever_came_between(
    tables: dict[str, pd.DataFrame],
) -> None:
    """08:00 to 18:00, and within it 09:00 to 10:00 and 11:00 to 12:00, which follow each other."""
    one = tables["video_stations"].head(1).assign(slot_minutes=30)
    hours = [("08:00", "18:00"), ("09:00", "10:00"), ("11:00", "12:00")]
    periods = [one.assign(start=start, end=end) for start, end in hours]

    faults = check_data(tables | {"video_stations": pd.concat(periods, ignore_index=True)})

    assert [fault.value for fault in faults] == ["09:00", "11:00"]


def test_opening_periods_that_overlap_are_told_beside_faults_of_other_rows(folder: Path) -> None:
    rows = [
        "establishment,stations,day,start,end,slot_minutes,source,confidence",
        "AYI,4,mon,09:00,12:00,30,user,measured",
        "AYI,4,mon,11:00,13:00,30,user,measured",
        "AYI,many,tue,09:00,12:00,30,user,measured",
        "AYI,4,tue,11:00,13:00,30,user,measured",
    ]
    (folder / "video_stations.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")

    found = {(p.row, p.column, p.value) for p in validate_folder(folder)}

    assert found == {(3, "start", "11:00"), (4, "stations", "many")}


def test_ids_are_known_of_a_table_that_lacks_another_column(folder: Path) -> None:
    path = folder / "population.csv"
    pd.read_csv(path, dtype="str").drop(columns="age").to_csv(path, index=False)
    change(folder, "keep_aparts", 2, b="NOBODY")

    found = {(p.table, p.column, p.value) for p in validate_folder(folder)}

    assert found == {("population", "age", ""), ("keep_aparts", "b", "NOBODY")}


def test_nothing_is_said_of_ids_where_their_column_is_missing(folder: Path) -> None:
    path = folder / "population.csv"
    pd.read_csv(path, dtype="str").drop(columns="prisoner_id").to_csv(path, index=False)

    assert {p.column for p in validate_folder(folder)} == {"prisoner_id"}


def test_a_unit_left_out_for_a_fault_leaves_no_sum_short(folder: Path) -> None:
    change(folder, "units", 2, places="many")

    assert only(validate_folder(folder)).value == "many"


def test_a_person_kept_apart_from_themself_is_found(folder: Path) -> None:
    change(folder, "keep_aparts", 2, b="P000001")

    assert only(validate_folder(folder)).expected == "another person than a"


def test_a_soft_rule_without_a_price_is_found(folder: Path) -> None:
    change(folder, "rules", 2, level="soft", price_gbp="")

    assert only(validate_folder(folder)).column == "price_gbp"


def test_a_group_with_two_limits_is_found(folder: Path) -> None:
    rows = "group,prisoner_id,at_most\nG1,P000001,3\nG1,P000002,2\n"
    (folder / "groups.csv").write_text(rows)

    assert only(validate_folder(folder)).rows == (2, 3)


def test_population_without_contacts_names_the_missing_file(folder: Path) -> None:
    (folder / "contacts.csv").unlink()

    assert only(validate_folder(folder)).file == "contacts.csv"


def test_a_folder_that_is_not_there_or_holds_no_table_is_named(tmp_path: Path) -> None:
    assert only(validate_folder(tmp_path / "absent")).expected == "a folder"
    assert only(validate_folder(tmp_path)).expected == "at least one table"


def test_a_misspelt_file_suggests_the_right_name(folder: Path) -> None:
    (folder / "contacts.csv").rename(folder / "contact.csv")

    actions = [problem.action for problem in validate_folder(folder)]

    assert "Did you mean 'contacts.csv'?" in actions


def test_a_spreadsheet_is_asked_for_as_csv(folder: Path) -> None:
    (folder / "population.xlsx").write_bytes(b"PK")

    assert only(validate_folder(folder)).expected == "CSV or Parquet"


def test_a_corrupt_file_does_not_hide_the_faults_of_others(folder: Path) -> None:
    (folder / "contacts.csv").unlink()
    (folder / "contacts.parquet").write_bytes(b"no Parquet")
    change(folder, "units", 2, headroom="403")

    assert {p.file for p in validate_folder(folder)} == {"contacts.parquet", "units.csv"}


def test_rows_of_a_parquet_file_count_from_one(folder: Path) -> None:
    people = pd.read_csv(folder / "population.csv", dtype="str", keep_default_na=False)
    people.loc[0, "category"] = "E"
    (folder / "population.csv").unlink()
    people.to_parquet(folder / "population.parquet")

    assert only(validate_folder(folder)).row == 1


def test_a_built_in_table_that_does_not_fit_is_reported_once(folder: Path) -> None:
    (folder / "units.csv").unlink()

    problems = [p for p in validate_folder(folder) if p.table == "units"]

    assert only(problems).action.endswith("put your own units.csv beside them.")


def test_the_error_lists_the_first_faults_and_counts_the_rest() -> None:
    problem = Problem(table="units", file="units.csv", expected="x", action="Do.")

    error = TableError([problem] * 40)

    assert len(error.problems) == 40
    assert str(error).splitlines()[-1] == "... and 28 more faults."


def test_the_faults_of_one_file_do_not_hide_those_of_another() -> None:
    many, one = (
        Problem(table=name, file=f"{name}.csv", expected="x", action="Do.")
        for name in ("units", "rules")
    )

    lines = str(TableError([*[many] * 40, one])).splitlines()

    assert lines[-2:] == ["rules.csv: expected x. Do.", "... and 28 more faults."]


def test_the_error_survives_the_way_to_another_process() -> None:
    problem = Problem(table="units", file="units.csv", expected="x", action="Do.")

    again = pickle.loads(pickle.dumps(TableError([problem])))

    assert again.problems == (problem,)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=20))
@settings(deadline=None, max_examples=30)
def test_exactly_the_rows_out_of_range_are_reported(numbers: list[int]) -> None:
    rows = pd.DataFrame(
        {
            "group": [f"G{n}" for n in range(len(numbers))],
            "prisoner_id": "P1",
            "at_most": [str(number) for number in numbers],
        }
    )

    found = {row for problem in check_table(rows, "groups") for row in problem.rows}

    assert found == {n + 2 for n, number in enumerate(numbers) if number < 1}


@pytest.mark.slow
def test_two_faults_among_many_thousand_people_are_the_faults_found(tmp_path: Path) -> None:
    people = 20_000
    units, areas = read_table("units"), read_table("home_areas")
    mens = units[(units["sex"] == "men") & (units["function"] == "training")]["unit"]
    one = example_tables()["population"].iloc[0].to_dict()
    table = pd.DataFrame({c.name: [one[c.name]] * people for c in columns("population")})
    table["prisoner_id"] = [f"P{n:06d}" for n in range(people)]
    table["home_area"] = np.resize(areas["home_area"], people)
    table["current_unit"] = np.resize(mens, people)
    table.loc[12_345, "age"] = "NaN"
    table.loc[19_999, "days_to_release"] = "-1"
    table.to_csv(tmp_path / "population.csv", index=False)

    with pytest.raises(TableError) as caught:
        read_table("population", tmp_path)

    found = [(fault.row, fault.column, fault.value) for fault in caught.value.problems]
    assert found == [(12_347, "age", "NaN"), (20_001, "days_to_release", "-1")]


def travel_faults(folder: Path, text: str) -> list[Problem]:
    (folder / "travel.csv").write_text(text, encoding="utf-8")
    return [fault for fault in validate_folder(folder) if fault.table == "travel"]


@pytest.mark.parametrize(
    "text",
    [
        "origin_id,destination_id,minutes\nE08000035-1,AYI,185\n",
        "from_id,to_id,travel_time_p50\nE08000035-1,AYI,185\n",
        "home_area,AYI\nE08000035-1,185\n",
    ],
    ids=["without mode and source", "as r5py writes it", "wide"],
)
def test_travel_is_checked_as_it_is_read_in_a_run(folder: Path, text: str) -> None:
    assert travel_faults(folder, text) == []


def test_faults_of_travel_name_their_rows(folder: Path) -> None:
    text = "home_area,AYI\nE08000035-1,185\nE08000035-2,\nnowhere,-4\n"

    faults = {(f.column, f.value, f.rows) for f in travel_faults(folder, text)}

    assert faults == {("minutes", "-4", (4,)), ("origin_id", "nowhere", (4,))}


def test_travel_is_checked_against_the_folders_own_establishments(folder: Path) -> None:
    (fault,) = travel_faults(folder, "origin_id,destination_id,minutes\nE08000035-1,LEI,95\n")

    assert (fault.column, fault.value) == ("destination_id", "LEI")


def test_a_session_without_a_table_is_found(folder: Path) -> None:
    change(folder, "session_templates", 2, open_tables="0", closed_tables="0")

    (problem,) = validate_folder(folder)

    assert problem.column == "open_tables, closed_tables"
    assert problem.expected == "at least one table, open or closed"


def test_stations_open_for_less_than_a_slot_are_found(folder: Path) -> None:
    change(folder, "video_stations", 2, start="09:00", end="09:20", slot_minutes="30")

    (problem,) = validate_folder(folder)

    assert (problem.column, problem.value) == ("slot_minutes", "30")
    assert problem.expected == "no more minutes than the stations are open"


def test_filters_take_words_to_leave_out(folder: Path) -> None:
    change(
        folder,
        "session_templates",
        2,
        categories="!B",
        incentive_levels="!basic",
        conviction_status="!remand",
        units="!AYI-1",
    )

    assert validate_folder(folder) == []


def test_a_slip_in_a_word_to_leave_out_is_found(folder: Path) -> None:
    change(folder, "session_templates", 2, categories="!E", units="!AYI-9")

    found = {problem.column: problem.expected for problem in validate_folder(folder)}

    assert "a ! before a word leaves it out" in found["categories"]
    assert found["units"] == "an id that stands in units.csv"


def test_an_impossible_excluded_date_is_found(folder: Path) -> None:
    """December has no 32nd day."""
    change(folder, "excluded_dates", 2, first="2026-12-32")

    (problem,) = validate_folder(folder)

    assert (problem.column, problem.value) == ("first", "2026-12-32")


def test_excluded_dates_end_after_they_begin_and_name_a_session_of_the_prison(
    tables: dict[str, pd.DataFrame],
) -> None:
    rows = [
        ("AYI", "", "2026-12-24", "2026-12-20", ""),
        ("AYI", "ACI-S1", "2026-12-24", "2026-12-27", ""),
    ]
    spans = pd.DataFrame(rows, columns=[column.name for column in columns("excluded_dates")])

    found = check_data(tables | {"excluded_dates": spans})

    assert {problem.column: problem.rows for problem in found} == {"last": (2,), "template": (3,)}
