"""Records become ties that a plan can keep; what it cannot keep is listed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data.records import Records
from optimiser.problem import INELIGIBLE, NOWHERE
from optimiser.ties import FoundTies, ties_of, wings_left_out
from tests.optimiser.allocation_instances import make_problem
from tests.optimiser.tied_instances import make_ties

PEOPLE = pd.Index(["P0", "P1", "P2", "P3"], dtype="str")
UNIT_ESTABLISHMENT = np.array([0, 0, 1])


def found_in(stays: list[int] | None = None, **tables: pd.DataFrame) -> FoundTies:
    return ties_of(
        replace(Records.empty(), **tables),
        PEOPLE,
        stays=np.array(stays or [NOWHERE] * 4),
        unit_establishment=UNIT_ESTABLISHMENT,
    )


def aparts(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["a", "b", "level"]).assign(reason="other")


def group(at_most: int, *members: str) -> pd.DataFrame:
    return pd.DataFrame({"group": "G", "prisoner_id": list(members), "at_most": at_most})


def test_levels_within_a_prison_keep_people_out_of_one_unit() -> None:
    found = found_in(
        keep_aparts=aparts(
            ("P0", "P1", "establishment"), ("P1", "P2", "wing"), ("P2", "P3", "cell")
        )
    )

    assert found.ties.apart.tolist() == [[0, 1]]
    assert found.ties.apart_wing.tolist() == [[1, 2], [2, 3]]


def test_two_who_must_both_stay_in_one_place_are_listed() -> None:
    found = found_in([0, 1, NOWHERE, 2], keep_aparts=aparts(("P0", "P1", "establishment")))

    assert len(found.ties.apart) == 0
    assert found.left_out["a"].tolist() == ["P0"]


def test_a_group_may_be_as_many_as_must_stay() -> None:
    found = found_in([0, 1, NOWHERE, 2], groups=group(1, "P0", "P1", "P2", "P3"))

    assert [each.at_most for each in found.ties.groups] == [2]
    assert found.left_out["kind"].tolist() == ["group"]


def test_pairs_kept_apart_in_a_prison_of_one_unit_are_listed() -> None:
    """Prison 0 has two units and prison 1 one; only the pair who can share prison 0 is kept."""
    problem = make_problem([[1, 1, 1], [1, 1, 1], [INELIGIBLE, INELIGIBLE, 1]], [3, 3, 3])
    problem = replace(
        problem,
        unit_establishment=UNIT_ESTABLISHMENT,
        establishments=problem.establishments[:2],
        pair_flags=problem.pair_flags[:, :2],
        ties=make_ties(apart_wing=[(0, 1), (1, 2)]),
    )

    left_out = wings_left_out(problem)

    assert left_out["a"].tolist() == [problem.prisoners[1]]
    assert left_out["b"].tolist() == [problem.prisoners[2]]
    assert wings_left_out(replace(problem, ties=make_ties())).empty


def test_every_fault_of_the_records_is_reported_together() -> None:
    with pytest.raises(ValueError, match=r"unknown ids: PX.*to themselves.*no member anywhere"):
        found_in(
            keep_aparts=aparts(("P0", "PX", "wing"), ("P1", "P1", "wing")),
            groups=group(0, "P0", "P1"),
        )
