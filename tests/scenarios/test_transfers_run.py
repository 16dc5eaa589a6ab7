"""Transfers in the year, from a user's table, a plan or loans, through a whole run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from data.load import read_table
from scenarios.cli import app
from scenarios.display import listings
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.place import place, simulated_on
from scenarios.run import Options, run_many
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


def test_a_plan_made_week_by_week_ends_as_the_plan_made_at_once(
    small_data: Path, tmp_path: Path
) -> None:
    """Before the year nobody has moved; at its end everybody is where the plan has them."""
    weekly = tmp_path / "weekly.yaml"
    weekly.write_text(
        "title: Weekly\nquestion: What then?\nchange:\n  placements: optimised\n"
        "  transfers.moves_per_week: 7\n"
    )
    found = load_scenario(weekly)
    inputs = load_inputs(found, small_data)
    allocation = place(found, inputs)
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

    pd.testing.assert_frame_equal(*measures)
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
