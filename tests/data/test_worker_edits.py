"""What a scenario changes of family workers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from data.estate import Estate, WorkerEdit, apply_worker_edits, load_estate
from data.where import Where
from data.words import WorkerFunder, WorkerLine

HERE = Where(establishment="LEI")


@pytest.fixture(scope="module")
def estate() -> Estate:
    """Give the built-in estate: Leeds has 2 caseworkers and half an early-days post."""
    return load_estate()


def at(estate: Estate, code: str = "LEI") -> dict[tuple[str, str], float]:
    rows = estate.family_workers
    rows = rows[rows["establishment"] == code]
    return {
        (str(line), str(funder)): float(fte)
        for line, funder, fte in zip(rows["line"], rows["funder"], rows["fte"], strict=True)
    }


def test_workers_of_every_line_are_changed_as_one_and_keep_their_proportions(
    estate: Estate,
) -> None:
    after = apply_worker_edits(estate, [WorkerEdit(where=HERE, set_fte=5.0)])

    assert at(after) == {("casework", "national_contract"): 4.0, ("early_days", "grant"): 1.0}


def test_one_line_is_changed_alone(estate: Estate) -> None:
    edit = WorkerEdit(where=HERE, line=WorkerLine.CASEWORK, add_fte=0.6)

    after = apply_worker_edits(estate, [edit])

    assert at(after) == {
        ("casework", "national_contract"): pytest.approx(2.6),
        ("early_days", "grant"): 0.5,
    }


def test_what_is_not_there_is_added(estate: Estate) -> None:
    edit = WorkerEdit(
        where=Where(establishment="MRI"),
        line=WorkerLine.PLAY,
        funder=WorkerFunder.GRANT,
        set_fte=0.4,
    )

    after = apply_worker_edits(estate, [edit])

    assert at(after, "MRI") == {("casework", "national_contract"): 1.0, ("play", "grant"): 0.4}
    assert after.family_workers.dtypes.equals(estate.family_workers.dtypes)


def test_prisons_are_given_their_numbers_by_name(estate: Estate) -> None:
    edit = WorkerEdit(where=Where(), line=WorkerLine.CASEWORK, fte_each={"LEI": 3.2, "MRI": 2.0})

    after = apply_worker_edits(estate, [edit])

    assert at(after)["casework", "national_contract"] == 3.2
    assert at(after, "MRI") == {("casework", "national_contract"): 2.0}
    assert at(after, "WEI") == at(estate, "WEI")


def test_a_grant_ends_on_its_last_day(estate: Estate) -> None:
    edit = WorkerEdit(where=Where(), funder=WorkerFunder.GRANT, ends=date(2026, 9, 30))

    rows = apply_worker_edits(estate, [edit]).family_workers

    ends = rows.groupby("funder")["ends"].unique()
    assert ends["grant"].tolist() == ["2026-09-30"]
    assert "2026-09-30" not in ends["national_contract"]


def test_nobody_left_leaves_no_row(estate: Estate) -> None:
    after = apply_worker_edits(estate, [WorkerEdit(where=HERE, multiply=0.0)])

    assert at(after) == {}
    assert at(estate) != {}


@given(
    numbers=st.lists(st.floats(0, 10), min_size=1, max_size=4),
    line=st.sampled_from([None, *WorkerLine]),
)
@hypothesis_settings(max_examples=40, deadline=None)
def test_a_prison_has_afterwards_what_the_last_edit_says(
    numbers: list[float], line: WorkerLine | None
) -> None:
    before = load_estate()
    edits = [WorkerEdit(where=HERE, line=line, set_fte=number) for number in numbers]

    rows = apply_worker_edits(before, edits).family_workers

    chosen = rows[(rows["establishment"] == "LEI") & ((rows["line"] == line) | (line is None))]
    others = rows["establishment"] != "LEI"
    assert chosen["fte"].sum() == pytest.approx(numbers[-1], abs=1e-9)
    assert rows.loc[others, "fte"].sum() == pytest.approx(226.0 - 2.5)


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"add_fte": 1.0, "set_fte": 1.0}, "exclude each other"),
        ({}, "nothing to change"),
        ({"set_fte": -1.0}, "set_fte is -1.0; it must be 0 or more"),
        ({"multiply": -0.1}, "multiply is -0.1; it must be 0 or more"),
        ({"fte_each": {"LEI": 1.0}}, "goes with 'where: {}'"),
    ],
)
def test_an_edit_that_cannot_be_is_refused(given_: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        WorkerEdit(where=HERE, **given_)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (WorkerEdit(where=Where(establishment="QQQ"), set_fte=1.0), "no establishment is selected"),
        (WorkerEdit(where=Where(), fte_each={"QQQ": 1.0, "LEI": 1.0}), "not in .*: QQQ"),
        (WorkerEdit(where=HERE, add_fte=-9.0), "fewer than no workers: LEI"),
        (
            WorkerEdit(where=HERE, funder=WorkerFunder.VOLUNTEERS, ends=date(2027, 1, 1)),
            "none to end on 2027-01-01",
        ),
    ],
)
def test_an_edit_that_does_not_fit_the_estate_is_refused(
    estate: Estate, edit: WorkerEdit, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        apply_worker_edits(estate, [edit])


def test_an_estate_without_workers_takes_some(estate: Estate) -> None:
    nobody = replace(estate, family_workers=estate.family_workers.iloc[:0])

    after = apply_worker_edits(nobody, [WorkerEdit(where=HERE, set_fte=1.2)])

    assert isinstance(after.family_workers, pd.DataFrame)
    assert at(after) == {("casework", "national_contract"): 1.2}
