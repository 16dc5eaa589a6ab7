"""The checker knows ties: wrong plans and rows that follow from no tie prove nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimiser.certify import CertificateError, certify
from optimiser.duals import Prices
from optimiser.problem import AllocationProblem
from optimiser.side import SideRows
from tests.optimiser.allocation_instances import make_problem, plan_of
from tests.optimiser.tied_instances import make_ties


def tied() -> AllocationProblem:
    """Three people who would all be in prison 0 for 1, or pay 3 and 9 to be elsewhere."""
    problem = make_problem([[1, 3, 9]] * 3, [3, 3, 3])
    ties = make_ties(
        apart=[(0, 1), (0, 2)], groups=[([0, 1, 2], 2)], together=[(1, 2, 4)], apart_wing=[(1, 2)]
    )
    return replace(problem, ties=ties)


def row(**changes: object) -> Prices:
    """Price one row: persons 0 and 1 are not both in prison 0."""
    content: dict[str, object] = {
        "kind": plan_of(0),
        "tie": plan_of(-1),
        "place": plan_of(0),
        "bound": plan_of(1),
        "first": plan_of(0, 2),
        "people": plan_of(0, 1),
        "sign": plan_of(1, 1),
        "price": plan_of(2),
    }
    return replace(Prices.none(tied()), rows=SideRows(**(content | changes)))  # type: ignore[arg-type]


def test_a_row_that_a_tie_implies_raises_the_bound() -> None:
    plain = certify(tied(), plan_of(1, 0, 0), Prices.none(tied()), largest_gap=9)
    priced = certify(tied(), plan_of(1, 0, 0), row())

    assert (plain.bound_pennies, priced.bound_pennies) == (3, 5)
    assert priced.gap == 0


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        (plan_of(0, 0, 1), "1 pairs .* in one establishment"),
        (plan_of(1, 1, 1), "2 pairs"),
        (plan_of(1, 1, 1), "3 of group G0"),
    ],
)
def test_plans_that_break_a_tie_are_refused(plan: np.ndarray, fault: str) -> None:
    with pytest.raises(CertificateError, match=fault):
        certify(tied(), plan, Prices.none(tied()), largest_gap=9)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"people": plan_of(1, 2)}, "follow from no tie"),
        ({"people": plan_of(0, 0)}, "follow from no tie"),
        ({"people": plan_of(0, 9)}, "do not exist"),
        ({"people": plan_of(0, 1, 2), "sign": plan_of(1, 1, 1), "first": plan_of(0, 3)}, "no tie"),
        ({"bound": plan_of(0)}, "follow from no tie"),
        ({"sign": plan_of(1, -1)}, "follow from no tie"),
        ({"price": plan_of(-1)}, "below 0"),
        ({"place": plan_of(3)}, "follow from no tie"),
        ({"place": plan_of(7)}, "do not exist"),
        ({"kind": plan_of(1), "people": plan_of(1, 2)}, "follow from no tie"),
        ({"kind": plan_of(2), "tie": plan_of(0)}, "follow from no tie"),
        ({"kind": plan_of(2), "tie": plan_of(5), "bound": plan_of(2)}, "follow from no tie"),
        ({"kind": plan_of(3), "tie": plan_of(0)}, "follow from no tie"),
        (
            {
                "kind": plan_of(3),
                "tie": plan_of(0),
                "people": plan_of(1, 2),
                "sign": plan_of(1, -1),
                "bound": plan_of(0),
                "price": plan_of(5),
            },
            "follow from no tie",
        ),
    ],
)
def test_rows_that_follow_from_no_tie_prove_nothing(changes: dict[str, object], fault: str) -> None:
    with pytest.raises(CertificateError, match=fault):
        certify(tied(), plan_of(1, 0, 0), row(**changes), largest_gap=9)


def test_parts_of_a_penny_are_rounded_up_to_what_a_plan_can_cost() -> None:
    """At a third of two pennies the bound is 3 and two thirds: no plan costs less than 4."""
    prices = replace(row(), scale=3)

    assert certify(tied(), plan_of(1, 0, 0), prices, largest_gap=9).bound_pennies == 4
