"""Use of an added session, worked out by hand on six visits and checked on a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from scenarios.comparing.added_sessions import USES, added_use, tell
from scenarios.results import Results
from scenarios.run import Options, run_many

PAIR = {"seed": 1, "replications": 2, "data_digest": "d"}
NEW_SESSION = "LEI-added-0-tue"
THERE = {"LEI-1": 4, "LEI-2": 4}
STAFF_HOURS = (1 + 1) * (1.5 + 1.0)
"""An officer and a checker for five tables, for an hour and a half and the hour around it."""


def results(rows: list[tuple[Any, ...]], held: dict[str, int] | None = None) -> Results:
    """Give a run with these rows of its log and, where it keeps them, sessions held so often."""
    columns = ["prisoner_id", "request", "outcome", "session", "session_start"]
    visits = pd.DataFrame(rows, columns=columns).assign(replication=0, establishment="LEI")
    came = visits["outcome"] == "attended"
    for name, value in (("family_gbp", 20.0), ("family_minutes", 90.0), ("school_minutes", 30.0)):
        visits[name] = pd.Series(value, index=visits.index).where(came)
    return Results(
        scenario={
            "population": 1,
            "calendar": {"start_date": "2026-08-03", "weeks": 4},
        },
        tables={"visits": visits.assign(session_start=pd.to_datetime(visits["session_start"]))}
        | ({} if held is None else {"sessions_held": sessions_held(held)}),
        allocation={},
        summary={},
        provenance=dict(PAIR),
    )


def sessions_held(dates: dict[str, int]) -> pd.DataFrame:
    """Give what a run keeps of its sessions, each with the staff of an evening."""
    held = pd.DataFrame({"session": [*dates], "held": [*dates.values()]})
    return held.assign(replication=0, establishment="LEI", staff_hours=held["held"] * STAFF_HOURS)


@pytest.fixture
def pair() -> tuple[Results, Results]:
    """Give two runs: A is moved to an evening, B gets a second visit, C a first one."""
    new = NEW_SESSION
    before = results(
        [
            ("A", 1, "attended", "LEI-1", "2026-08-08 14:00"),
            ("B", 1, "attended", "LEI-1", "2026-08-08 14:00"),
            ("B", 2, "refused", "", None),
            ("C", 1, "gave_up", "", None),
            ("C", 0, "attended", "LEI-1", "2026-07-25 14:00"),  # in the warm-up: does not count
        ],
        THERE,
    )
    after = results(
        [
            ("A", 1, "attended", new, "2026-08-04 18:00"),
            ("B", 1, "attended", "LEI-1", "2026-08-08 14:00"),
            ("B", 2, "attended", new, "2026-08-04 18:00"),
            ("C", 1, "attended", new, "2026-08-11 18:00"),
            ("C", 0, "attended", new, "2026-07-28 18:00"),
        ],
        THERE | {new: 4},
    )
    return before, after


def test_a_visit_in_an_added_session_is_moved_extra_or_new(pair: tuple[Results, Results]) -> None:
    (row,) = added_use(*pair).to_dict("records")
    assert [row[use] for use in USES] == [1, 1, 1]
    assert (row["visits"], row["held"], row["replications"]) == (3, 4, 1)
    assert row["staff_hours"] == 4 * STAFF_HOURS
    assert (row["family_gbp"], row["family_hours"], row["school_hours"]) == (60.0, 4.5, 1.5)


def test_a_session_held_for_nobody_has_staff_and_one_called_off_or_shut_out_has_none() -> None:
    """Four Tuesdays: A comes, nobody comes, the evening is called off, the whole prison is shut."""
    before = results([("B", 1, "attended", "LEI-2", "2026-08-04 14:00")], THERE)
    after = results(
        [
            ("B", 1, "attended", "LEI-2", "2026-08-04 14:00"),
            ("A", 1, "attended", NEW_SESSION, "2026-08-04 18:00"),
            ("A", 2, "called_off", NEW_SESSION, "2026-08-18 18:00"),
        ],
        THERE | {NEW_SESSION: 2},
    )
    (row,) = added_use(before, after).to_dict("records")
    assert (row["visits"], row["held"], row["staff_hours"]) == (1, 2, 2 * STAFF_HOURS)


def test_a_session_that_nobody_came_to_all_year_has_staff() -> None:
    """One that is there in both runs is none of the added ones, whether anybody came or not."""
    before = results([("B", 1, "refused", "", None)], THERE)
    after = results([("B", 1, "attended", "LEI-2", "2026-08-04 14:00")], THERE | {NEW_SESSION: 4})

    table = added_use(before, after)

    (row,) = table.to_dict("records")
    assert (row["session"], row["visits"], row["held"]) == (NEW_SESSION, 0, 4)
    assert row["staff_hours"] == 4 * STAFF_HOURS
    assert next(line for line in tell(table) if "staff" in line).endswith("(0%); 20 staff hours")


@pytest.mark.parametrize("older", [0, 1])
def test_staff_hours_of_a_run_that_does_not_keep_when_sessions_were_held_are_not_known(
    pair: tuple[Results, Results], older: int
) -> None:
    """Older runs tell what became of the visits as they did before."""
    expected = added_use(*pair)
    runs = list(pair)
    runs[older] = replace(runs[older], tables={"visits": runs[older].visits})

    found = added_use(*runs)

    known = [name for name in found.columns if name not in ("held", "staff_hours")]
    pd.testing.assert_frame_equal(found[known], expected[known], check_dtype=False)
    assert found[["held", "staff_hours"]].isna().all(axis=None)
    assert "staff hours are not known; run both again" in " ".join(tell(found))


def test_a_session_of_older_runs_that_nobody_came_to_before_is_not_taken_for_an_added_one() -> None:
    """A plan moves A to where LEI-1 stood empty; the scenario adds nothing."""
    before = results([("A", 1, "attended", "LNI-1", "2026-08-05 14:00")])
    after = results([("A", 1, "attended", "LEI-1", "2026-08-08 14:00")])
    assert added_use(before, after).empty


def test_a_visit_made_before_at_another_prison_is_no_further_one() -> None:
    """A plan moves the person: the same request is met at the new prison."""
    before = results([("A", 1, "attended", "LNI-1", "2026-08-05 14:00")], THERE)
    before.tables["visits"]["establishment"] = "LNI"
    after = results(
        [("A", 1, "attended", NEW_SESSION, "2026-08-04 18:00")], THERE | {NEW_SESSION: 1}
    )
    (row,) = added_use(before, after).to_dict("records")
    assert [row[use] for use in USES] == [1, 0, 0]


def test_an_added_session_that_is_the_second_of_a_double_visit_counts() -> None:
    """A and B both stay on into the added session; without it only A had another second one."""
    new = NEW_SESSION
    first, second = ("LEI-1", "2026-08-04 14:00"), (new, "2026-08-04 18:00")
    before = results(
        [
            ("A", 1, "doubled", "LEI-2", "2026-08-08 16:00"),
            ("A", 1, "attended", "LEI-1", "2026-08-08 14:00"),
            ("B", 1, "attended", *first),
            ("C", 1, "doubled", "LEI-2", "2026-08-08 16:00"),
        ],
        THERE,
    )
    after = results(
        [
            ("A", 1, "doubled", *second),
            ("A", 1, "attended", *first),
            ("B", 1, "doubled", *second),
            ("B", 1, "attended", *first),
            ("C", 1, "doubled", *second),
            ("C", 1, "no_show", *first),
        ],
        THERE | {new: 1},
    )

    (row,) = added_use(before, after).to_dict("records")

    assert [row[use] for use in USES] == [1, 1, 0]
    assert (row["visits"], row["held"], row["staff_hours"]) == (2, 1, STAFF_HOURS)
    assert (row["family_gbp"], row["family_hours"], row["school_hours"]) == (0.0, 0.0, 0.0)


def test_runs_of_other_families_are_not_split(pair: tuple[Results, Results]) -> None:
    pair[0].provenance["seed"] = 2
    assert added_use(*pair).empty
    assert list(tell(added_use(*pair))) == []


def test_nothing_added_is_nothing_to_split(pair: tuple[Results, Results]) -> None:
    assert added_use(pair[0], pair[0]).empty


def test_added_sessions_of_a_run_are_split(small_data: Path, tmp_path: Path) -> None:
    scenario = tmp_path / "evenings.yaml"
    scenario.write_text(
        "title: Evenings\nquestion: Who comes?\nchange:\n  regime.added_sessions:\n"
        "    - {where: {}, days: [tue, thu], start: '18:30', end: '20:00', open_tables: 4}\n"
    )
    asked = Options(
        data_dir=small_data,
        runs_dir=tmp_path / "runs",
        replications=2,
        workers=1,
        keep_visits=True,
    )
    (before, after), _ = run_many(["baseline", str(scenario)], asked)
    table = added_use(before, after)
    assert (table["replications"] == 2).all()
    assert table["session"].str.contains("-added-0-").all()
    assert (table[list(USES)].sum(axis=1) - table["visits"]).abs().max() < 1e-9
    new = after.visits["session"].astype("str").str.contains("-added-")
    measured = after.visits["session_start"] >= pd.Timestamp("2026-08-03")
    came = after.visits["outcome"] == "attended"
    assert table["visits"].sum() == pytest.approx((new & measured & came).sum() / 2)
    assert len(list(tell(table))) == 5
    taken = after.visits[new & measured & came]
    assert table["family_gbp"].sum() == pytest.approx(taken["family_gbp"].sum() / 2)
    hours = staff_hours_by_prison(after) - staff_hours_by_prison(before)
    told = table.groupby("establishment")["staff_hours"].sum()
    # also at Leeds, where one shares its checkers with an evening session that is there already
    assert told.to_dict() == pytest.approx(hours.drop("ALL").to_dict(), rel=1e-9)
    assert len(table) == 2 * len(told)
    assert (table["visits"] == 0).any()


def staff_hours_by_prison(run: Results) -> pd.Series[float]:
    """Give the staff hours of all sessions held at each prison, in the mean over the years."""
    told = run.measures.query("measure == 'staff_hours' and group_by == 'all'")
    return told.groupby("establishment")["value"].mean()


def test_what_trips_take_of_families_adds_up_to_the_measures_of_the_run(
    small_data: Path, tmp_path: Path
) -> None:
    """The log tells pounds to a penny and minutes to a tenth."""
    asked = Options(
        data_dir=small_data, runs_dir=tmp_path, replications=1, workers=1, keep_visits=True
    )
    (run,), _ = run_many(["baseline"], asked)
    visits, measures = run.visits, run.measures
    measured = visits["session_start"].between("2026-08-03", "2027-08-01 23:59")
    came = visits[measured & visits["outcome"].isin(["attended", "refused_entry"])]
    told = measures[(measures["establishment"] == "ALL") & (measures["group_by"] == "all")]
    value = told.set_index("measure")["value"]
    assert came["family_gbp"].sum() == pytest.approx(value["family_money_gbp"], rel=1e-4)
    hours = value[["family_travel_hours", "school_hours_missed"]]
    assert came["family_minutes"].sum() / 60 == pytest.approx(hours.iloc[0], rel=1e-3)
    assert came["school_minutes"].sum() / 60 == pytest.approx(hours.iloc[1], rel=1e-3)
