"""Transfers in the year, from a user's table, a plan or loans, through a whole run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from data.load import read_table
from optimiser.allocation import Allocation
from optimiser.build import Inputs as Given
from scenarios.accumulated import lent, orders_left_over
from scenarios.cli import app
from scenarios.display import listings
from scenarios.inputs import Inputs, load_inputs
from scenarios.load import load_scenario
from scenarios.planning.place import allocation_inputs, place, simulated_on
from scenarios.run import Options, run_many
from scenarios.schema import Scenario
from scenarios.studies.size_workers import need_of
from simulation.family_workers import cases_of, days_played, mean_people
from simulation.place import BEYOND
from simulation.replicate import intervals
from simulation.simulate import SimulationInputs

COLUMNS = ["prisoner_id", "date", "establishment", "unit", "until", "reason"]


def write_transfers(folder: Path, rows: list[tuple[str, ...]]) -> None:
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.to_csv(folder / "transfers.csv", index=False)


def men(folder: Path) -> tuple[list[str], list[str]]:
    """Give men held in the first men's unit of the folder, and units elsewhere for men."""
    people = read_table("population", folder)
    units = read_table("units", folder)
    first = people.loc[people["sex"] == "men", "current_unit"].iloc[0]
    there = people.loc[people["current_unit"] == first, "prisoner_id"]
    other = units[(units["sex"] == "men") & (units["establishment"] != first[:3])]
    return there.tolist(), other["unit"].tolist()


def simulated(data: Path, scenario: Path | str = "baseline") -> SimulationInputs:
    found = load_scenario(scenario)
    inputs = load_inputs(found, data)
    return simulated_on(found, inputs, place(found, inputs))


def test_every_fault_of_a_table_of_transfers_is_told_and_the_run_does_not_start(
    own_data: Path, tmp_path: Path
) -> None:
    people, units = men(own_data)
    here = read_table("population", own_data).set_index("prisoner_id")["current_unit"][people[0]]
    women = read_table("units", own_data).query("sex == 'women'")["unit"].iloc[0]
    to = units[0][:3]
    write_transfers(
        own_data,
        [
            ("P999999", "2026-10-05", to, units[0], "", ""),
            (people[1], "2026-10-05", "QQQ", units[0], "", ""),
            (people[2], "2026-10-05", to, here, "", ""),
            (people[3], "2026-10-05", to, units[0], "2026-10-05", ""),
            (people[4], "2026-10-05", to, units[0], "2026-11-05", ""),
            (people[4], "2026-11-01", to, units[0], "", ""),
            (people[5], "2026-10-05", to, units[0], "", ""),
            (people[5], "2026-10-05", to, units[0], "", "boredom"),
            (people[6], "2026-10-05", women[:3], women, "", ""),
        ],
    )
    runs = tmp_path / "runs"
    words = ["run", "baseline", "--data", str(own_data), "--runs", str(runs)]
    result = CliRunner().invoke(app, [*words, "--replications", "1"])

    said = " ".join(result.stderr.split())
    assert result.exit_code == 2, said
    for expected in (
        "transfers.csv row 2, column prisoner_id: found 'P999999'",
        "column establishment: found 'QQQ'",
        f"column unit: found '{here}'; expected a unit of the establishment",
        "expected a date after that of the transfer",
        "expected a date on or after the end of the stay before it",
        "found 'boredom'",
        "expected a unit of the person's sex",
    ):
        assert expected in said
    assert not list(runs.glob("baseline-*"))


def test_a_transfer_outside_the_year_is_refused(own_data: Path, tmp_path: Path) -> None:
    people, units = men(own_data)
    rows = [
        (people[0], day, units[0][:3], units[0], "", "") for day in ("2026-07-06", "2027-08-02")
    ]
    write_transfers(own_data, rows)
    words = ["run", "baseline", "--data", str(own_data), "--runs", str(tmp_path / "runs")]
    result = CliRunner().invoke(app, words)

    said = " ".join(result.stderr.split())
    assert result.exit_code == 2
    assert f"transfers: {people[0]} is moved on 2026-07-06, outside the measured year" in said
    assert "is moved on 2027-08-02, outside the measured year" in said


def test_a_table_of_transfers_moves_people_and_brings_back_who_is_lent(own_data: Path) -> None:
    people, units = men(own_data)
    to = units[0][:3]
    write_transfers(
        own_data,
        [
            (people[0], "2026-09-07", to, units[0], "", "progressive"),
            (people[1], "2026-09-07", to, units[0], "2026-10-05", "accumulated_visits"),
        ],
    )
    inputs = simulated(own_data)
    there = inputs.places[to]
    day = (pd.Timestamp("2026-09-07") - pd.Timestamp(inputs.calendar.first_date)).days
    moved = np.flatnonzero(there.from_day == day)

    assert there.prisoner_id[moved].tolist() == sorted(people[:2])
    assert len(inputs.handovers) == 3
    approved = dict(zip(there.prisoner_id[moved], there.approved_day[moved], strict=True))
    assert approved == {people[0]: day + 7, people[1]: 0}
    held = sum((place.prisoner_id == people[1]).sum() for place in inputs.places.values())
    assert held == 3


def made_weekly(small_data: Path, folder: Path) -> tuple[Scenario, Inputs, Allocation]:
    """Decide a plan of which seven moves are made a week."""
    weekly = folder / "weekly.yaml"
    weekly.write_text(
        "title: Weekly\nquestion: What then?\nchange:\n  placements: optimised\n"
        "  transfers.moves_per_week: 7\n"
    )
    found = load_scenario(weekly)
    inputs = load_inputs(found, small_data)
    return found, inputs, place(found, inputs)


def test_a_plan_made_week_by_week_ends_as_the_plan_made_at_once(
    small_data: Path, tmp_path: Path
) -> None:
    """Before the year nobody has moved; at its end everybody is where the plan has them."""
    found, inputs, allocation = made_weekly(small_data, tmp_path)
    played = simulated_on(found, inputs, allocation)
    moves = allocation.moves["prisoner_id"].tolist()[: 7 * 52]

    assert len(played.handovers) == len(moves) > 100
    begins: dict[str, str] = {}
    ends: dict[str, str] = {}
    for code, here in played.places.items():
        for who, first, until in zip(here.prisoner_id, here.from_day, here.until_day, strict=True):
            if first == 0:
                begins[who] = code
            if until > played.calendar.days:
                ends[who] = code
    table = allocation.placements.set_index("prisoner_id")
    assert begins == table["from_establishment"].to_dict()
    assert all(ends[who] == table["establishment"][who] for who in moves)
    assert all(ends[who] == begins[who] for who in begins if who not in moves)
    in_order = [moved.day for moved in played.handovers]
    assert in_order == sorted(in_order)
    assert in_order[0] == played.calendar.warm_up_days


def test_family_work_follows_people_whom_a_plan_moves_week_by_week(
    small_data: Path, tmp_path: Path
) -> None:
    """Everybody is referred, and counts in the need, where they are; on any day there once."""
    found, inputs, allocation = made_weekly(small_data, tmp_path)
    played = simulated_on(found, inputs, allocation)
    settings, calendar = found.family_work, found.calendar
    first, _, days = days_played(calendar, settings)
    later = first - calendar.warm_up_days
    need = need_of(found, inputs, allocation)

    held = 0.0
    for code, work in played.family_work.items():
        there = played.places[code]
        assert work.keys.tolist() == there.keys.tolist()
        moved_in, moved_out = there.from_day > 0, there.until_day < BEYOND
        assert (work.from_day == np.where(moved_in, there.from_day + later, 0)).all()
        assert (work.until_day == np.where(moved_out, there.until_day + later, BEYOND)).all()
        cases = cases_of(work, settings, days=days, seed=1, replication=0)
        assert (cases.day >= work.from_day[cases.person]).all()
        assert (cases.day < work.until_day[cases.person]).all()
        assert (cases.leaves_day < work.until_day[cases.person]).all()
        people = need[(need["establishment"] == code) & (need["driver"] == "people")]
        assert people["number"].item() == pytest.approx(mean_people(work, settings, calendar))
        assert work.need_hours == pytest.approx(
            need.loc[(need["establishment"] == code) & ~need["is_latent"], "need_hours"].sum()
        )
        held += people["number"].item()
    assert held == pytest.approx(len(read_table("population", small_data)))
    assert sum((work.from_day > 0).sum() for work in played.family_work.values()) > 100


def test_loans_go_nearer_home_and_are_over_within_the_year(
    small_data: Path, tmp_path: Path
) -> None:
    lending = tmp_path / "lending.yaml"
    lending.write_text(
        "title: Lending\nquestion: What then?\nchange:\n  transfers.accumulated_people: 20\n"
    )
    played = simulated(small_data, lending)
    lent = [
        (code, row)
        for code, here in played.places.items()
        for row in np.flatnonzero((here.from_day > 0) & (here.until_day < played.calendar.days + 1))
    ]

    assert 0 < len(lent) <= 20
    for code, row in lent:
        here = played.places[code]
        who = here.prisoner_id[row]
        home = next(
            float(each.straight_miles[np.flatnonzero(each.prisoner_id == who)[0]])
            for each in played.places.values()
            if who in each.prisoner_id[each.from_day == 0]
        )
        assert here.straight_miles[row] < home
        assert here.until_day[row] - here.from_day[row] == 28
        assert here.approved_day[row] == 0


@pytest.mark.parametrize("change", ["placements: optimised\n  transfers.moves_per_week: 20"])
def test_results_do_not_depend_on_the_number_of_workers(
    small_data: Path, tmp_path: Path, change: str
) -> None:
    scenario = tmp_path / "moving.yaml"
    scenario.write_text(f"title: Moving\nquestion: What then?\nchange:\n  {change}\n")
    measures = []
    for workers in (1, 2):
        asked = Options(
            data_dir=small_data, runs_dir=tmp_path / f"runs{workers}", replications=2,
            workers=workers,
        )  # fmt: skip
        (results,), _ = run_many([str(scenario)], asked)
        measures.append(results.measures)

    pd.testing.assert_frame_equal(*measures, check_exact=True)
    of_estate = measures[0].query("establishment == 'ALL' and group_by == 'since_move'")
    people = of_estate[of_estate["measure"] == "people"].groupby("replication")["value"].sum()
    held = len(read_table("population", small_data))
    assert people.tolist() == pytest.approx([held, held])
    moved = of_estate[(of_estate["measure"] == "people") & (of_estate["group"] != "not_moved")]
    assert (moved["value"] > 0).all()

    shown = listings.since_move(intervals(measures[0]))
    for words in ("In the first four weeks after a move", "From the fifth week after a move on"):
        assert words in shown
    assert listings.since_move(intervals(measures[0].query("group == 'not_moved'"))) == ""


def lending_to(folder: Path, data: Path) -> tuple[Scenario, Given]:
    """Give a scenario that lends twenty people, and its people today."""
    lending = folder / "lending.yaml"
    lending.write_text(
        "title: Lending\nquestion: What then?\nchange:\n  transfers.accumulated_people: 20\n"
    )
    found = load_scenario(lending)
    return found, allocation_inputs(found, load_inputs(found, data))


def today(given: Given) -> pd.DataFrame:
    """Give who is held where on the first day."""
    people = given.population.prisoners
    units = given.estate.units.set_index("unit")["establishment"]
    at = people["current_unit"].map(units)
    area = given.travel.home_areas.get_indexer(pd.Index(people["home_area"]))
    column = given.travel.establishments.get_indexer(pd.Index(at))
    return pd.DataFrame(
        {
            "prisoner_id": people["prisoner_id"],
            "establishment": at,
            "unit": people["current_unit"],
            "straight_miles": given.travel.straight_miles[area, column],
        }
    )


def with_records(given: Given, **rows: dict[str, str]) -> Given:
    """Add a row to some of the records."""
    tables = {
        name: pd.concat([getattr(given.records, name), pd.DataFrame([row])], ignore_index=True)
        for name, row in rows.items()
    }
    return replace(given, records=replace(given.records, **tables))


NONE_DATED = pd.DataFrame(columns=["prisoner_id", "establishment", "unit"])


def test_only_a_lock_keeps_somebody_from_being_lent_anywhere(
    small_data: Path, tmp_path: Path
) -> None:
    """Who is forbidden one place can be lent to another, and not to that one."""
    scenario, given = lending_to(tmp_path, small_data)
    begin = today(given)
    loans = lent(scenario, given, begin, NONE_DATED)
    first = loans.iloc[0]
    person = {"prisoner_id": first["prisoner_id"], "reason_code": "operational"}
    elsewhere = begin.loc[begin["prisoner_id"] == first["prisoner_id"], "establishment"].item()
    away = person | {"action": "forbid", "unit_or_establishment": elsewhere}
    there = person | {"action": "forbid", "unit_or_establishment": first["establishment"]}
    locked = person | {"action": "lock", "unit_or_establishment": elsewhere}

    same = lent(scenario, with_records(given, locks=away), begin, NONE_DATED)
    pd.testing.assert_frame_equal(same, loans)
    barred = lent(scenario, with_records(given, locks=there), begin, NONE_DATED)
    own = barred[barred["prisoner_id"] == first["prisoner_id"]]
    assert first["establishment"] not in set(own["establishment"])
    kept = lent(scenario, with_records(given, locks=locked), begin, NONE_DATED)
    assert first["prisoner_id"] not in set(kept["prisoner_id"])


def test_nobody_is_lent_to_a_prison_of_somebody_they_are_kept_apart_from(
    small_data: Path, tmp_path: Path
) -> None:
    """Neither where that person is held, nor where they are lent or moved to in the year."""
    scenario, given = lending_to(tmp_path, small_data)
    begin = today(given)
    loans = lent(scenario, given, begin, NONE_DATED)
    first = loans.iloc[0]
    others = begin[~begin["prisoner_id"].isin(loans["prisoner_id"])]
    held_there = others.loc[others["establishment"] == first["establishment"], "prisoner_id"].iloc[
        0
    ]
    held_away = others.loc[others["establishment"] != first["establishment"], "prisoner_id"].iloc[0]
    together = loans[loans["establishment"] == first["establishment"]]["prisoner_id"].tolist()
    comes = pd.DataFrame([first[NONE_DATED.columns].to_dict() | {"prisoner_id": held_away}])
    assert len(together) > 1

    def is_there(partner: str, who: str, dated: pd.DataFrame, level: str = "establishment") -> bool:
        apart = {"a": partner, "b": who, "level": level, "reason": "other"}
        found = lent(scenario, with_records(given, keep_aparts=apart), begin, dated)
        own = found[found["prisoner_id"] == who]
        return first["establishment"] in set(own["establishment"])

    assert is_there(held_away, together[0], NONE_DATED)
    assert not is_there(held_there, together[0], NONE_DATED)
    assert not is_there(held_away, together[0], comes)
    assert not is_there(together[0], together[1], NONE_DATED)


def test_no_more_of_a_group_are_lent_to_a_prison_than_may_be_there(
    small_data: Path, tmp_path: Path
) -> None:
    """Members who are held there and who are lent there count alike."""
    scenario, given = lending_to(tmp_path, small_data)
    begin = today(given)
    loans = lent(scenario, given, begin, NONE_DATED)
    to = loans["establishment"].iloc[0]
    together = loans.loc[loans["establishment"] == to, "prisoner_id"].tolist()
    others = begin[~begin["prisoner_id"].isin(loans["prisoner_id"])]
    held_there = others.loc[others["establishment"] == to, "prisoner_id"].iloc[0]
    assert len(together) > 1

    def of_group_lent(members: list[str], at_most: int) -> int:
        rows = pd.DataFrame({"group": "G", "prisoner_id": members, "at_most": at_most})
        groups = pd.concat([given.records.groups, rows], ignore_index=True)
        known = replace(given, records=replace(given.records, groups=groups))
        found = lent(scenario, known, begin, NONE_DATED)
        there = found.loc[found["establishment"] == to, "prisoner_id"]
        return int(there.isin(members).sum())

    assert of_group_lent(together, len(together)) == len(together)
    assert of_group_lent(together, 1) == 1
    assert of_group_lent([held_there, *together], 1) == 0


def test_places_that_others_hold_or_are_moved_to_are_not_lent(
    small_data: Path, tmp_path: Path
) -> None:
    """People in the user's table hold their places too."""
    scenario, given = lending_to(tmp_path, small_data)
    begin = today(given)
    unit = lent(scenario, given, begin, NONE_DATED)["unit"].iloc[0]
    units = given.estate.units
    held = begin.loc[begin["unit"] == unit, ["prisoner_id", "establishment", "unit"]]
    elsewhere = begin.loc[begin["unit"] != unit, "prisoner_id"].iloc[0]

    def lent_there(free: int, dated: pd.DataFrame) -> bool:
        full = units.assign(
            places=units["places"].where(units["unit"] != unit, len(held) + free),
            headroom=units["headroom"].where(units["unit"] != unit, 0),
        )
        known = replace(given, estate=replace(given.estate, units=full))
        return unit in set(lent(scenario, known, begin, dated)["unit"])

    leaves = held.head(1).assign(establishment="QQQ", unit="QQQ-1")
    comes = held.head(1).assign(prisoner_id=elsewhere)
    assert lent_there(1, NONE_DATED)
    assert not lent_there(0, leaves)
    assert not lent_there(1, comes)


def test_those_with_most_orders_left_over_and_furthest_from_home_are_lent_first(
    small_data: Path, tmp_path: Path
) -> None:
    """What each has to gain falls from loan to loan; orders and miles both count."""
    scenario, given = lending_to(tmp_path, small_data)
    begin = today(given)
    loans = lent(scenario, given, begin, NONE_DATED).merge(
        begin[["prisoner_id", "straight_miles", "establishment"]],
        on="prisoner_id", suffixes=("", "_today"),
    )  # fmt: skip
    people = loans[["prisoner_id"]].assign(establishment=loans["establishment_today"])
    people = people.merge(
        given.population.prisoners[["prisoner_id", "incentive_level"]], on="prisoner_id"
    )
    orders = orders_left_over(scenario, given, people)
    gain = orders * loans["straight_miles"].to_numpy()

    assert len(loans) == 20
    assert (np.diff(gain) <= 0).all()
    assert not (np.diff(orders) <= 0).all()
    assert not (np.diff(loans["straight_miles"]) <= 0).all()


def test_orders_left_over_are_those_granted_in_a_year_less_those_asked_for(
    small_data: Path, tmp_path: Path
) -> None:
    """13 times 2 visit orders and the privileged ones of the level, at most the cap of 26."""
    scenario, given = lending_to(tmp_path, small_data)
    people = today(given).merge(
        given.population.prisoners[["prisoner_id", "incentive_level"]], on="prisoner_id"
    )
    with_party = people["prisoner_id"].isin(given.parties["prisoner_id"]).to_numpy()

    def left(wish: float, cap: int) -> np.ndarray:
        changed = scenario.model_copy(
            update={
                "demand": replace(scenario.demand, wish_per_four_weeks=wish, decay_curve="none"),
                "regime": replace(scenario.regime, orders_cap=cap),
            }
        )
        return orders_left_over(changed, given, people)

    privileged = people["incentive_level"].map({"basic": 0, "standard": 1, "enhanced": 2})
    granted = 13 * (2 + privileged.to_numpy())
    assert left(0.0, 99).tolist() == (granted * with_party).tolist()
    assert left(1.0, 99) == pytest.approx((granted - 13) * with_party)
    assert left(0.0, 26).max() == 26
    assert left(9.0, 26).max() == 0


def test_in_half_a_year_half_as_many_are_lent(small_data: Path, tmp_path: Path) -> None:
    scenario, given = lending_to(tmp_path, small_data)
    begin = today(given)
    calendar = replace(scenario.calendar, weeks=26)
    half = scenario.model_copy(update={"calendar": calendar})

    assert len(lent(scenario, given, begin, NONE_DATED)) == 20
    assert len(lent(half, given, begin, NONE_DATED)) == 10
