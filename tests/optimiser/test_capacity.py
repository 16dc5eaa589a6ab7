"""How many fit: places out of use, headroom, return beds, crowding and the operating margin."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimiser.capacity import Room, blocks_of_places, held_limits, room
from optimiser.fit import rules_in_force
from optimiser.policy import AllocationPolicy
from scenarios.schema import Scenario
from tests.optimiser.rule_world import table_of
from tests.optimiser.toy_world import AS_OF

UNITS = pd.DataFrame(
    {
        "unit": ["AAA-1", "BBB-1"],
        "places": [10, 20],
        "in_use_cna": [8, 20],
        "headroom": [2, 0],
    }
)
NOBODY = pd.DataFrame({"return_unit": [], "current_unit": []}, dtype="str")
NOTHING_OUT_OF_USE = pd.DataFrame(columns=["unit", "places", "valid_from", "valid_to", "reason"])


def found(
    *,
    prisoners: pd.DataFrame = NOBODY,
    out_of_use: pd.DataFrame = NOTHING_OUT_OF_USE,
    as_of: date = AS_OF,
    frozen_here: tuple[int, int] = (0, 0),
    **rules: dict[str, Any],
) -> Room:
    """Give the room of two units under these rules."""
    return room(
        UNITS,
        prisoners,
        rules_in_force(table_of(**rules), AS_OF),
        out_of_use,
        as_of,
        frozen_here=np.array(frozen_here),
    )


def test_without_rules_every_place_may_be_used() -> None:
    assert found().capacity.tolist() == [10, 20]


@pytest.mark.parametrize(("days", "free"), [(0, 0), (1, 1), (2, 2), (4, 4), (99, 10)])
def test_headroom_grows_with_the_days_of_arrivals(days: float, free: int) -> None:
    hard = found(reception_headroom={"level": "hard", "value": days})

    assert hard.capacity.tolist() == [10 - free, 20]
    assert hard.places.tolist() == [10, 20]


@pytest.mark.parametrize(
    ("as_of", "lost"),
    [
        ("2026-07-26", 0),
        ("2026-07-27", 3),
        ("2026-08-10", 7),
        ("2026-08-11", 4),
    ],
)
def test_places_are_out_of_use_from_their_first_day_to_their_last(as_of: str, lost: int) -> None:
    rows = pd.DataFrame(
        [
            ("AAA-1", 3, "2026-07-27", "2026-08-10", "pest"),
            ("AAA-1", 4, "2026-08-01", "", "refurbishment"),
        ],
        columns=NOTHING_OUT_OF_USE.columns,
    )

    used = found(
        out_of_use=rows,
        as_of=date.fromisoformat(as_of),
        places_out_of_use={"level": "hard"},
    )
    ignored = found(out_of_use=rows, as_of=date.fromisoformat(as_of))

    assert used.capacity.tolist() == [10 - lost, 20]
    assert used.in_use_cna.tolist() == [8 - lost, 20]
    assert ignored.capacity.tolist() == [10, 20]


def test_a_return_bed_is_kept_while_the_person_is_elsewhere() -> None:
    away = pd.DataFrame(
        {
            "return_unit": ["BBB-1", "BBB-1", "AAA-1", ""],
            "current_unit": ["TTT", "TTT", "AAA-1", "X"],
        }
    )

    hard = found(prisoners=away, return_bed={"level": "hard"})
    soft = found(prisoners=away, return_bed={"level": "soft", "price_gbp": 20})

    assert hard.capacity.tolist() == [10, 18]
    assert soft.capacity.tolist() == [10, 20]
    ((free, price),) = soft.kept_free
    assert (free.tolist(), price) == ([0, 2], 2000)


def test_people_who_may_not_be_moved_can_always_stay() -> None:
    assert found(frozen_here=(11, 0)).capacity.tolist() == [11, 20]


def test_crowding_may_be_forbidden() -> None:
    assert found(crowding={"level": "hard"}).capacity.tolist() == [8, 20]


@pytest.fixture
def policy(baseline: Scenario) -> AllocationPolicy:
    """Crowding at £1, £2 and £3 a week above in-use CNA, a quarter and a half above."""
    return replace(
        baseline.allocation,
        crowding_low_share=0.125,
        crowding_high_share=0.25,
        crowding_low_gbp_per_week=1.0,
        crowding_middle_gbp_per_week=2.0,
        crowding_high_gbp_per_week=3.0,
    )


def blocks(room_: Room, policy: AllocationPolicy, **rules: dict[str, Any]) -> pd.Series:
    """Give the price of each place of AAA-1 in turn, in pennies over two weeks."""
    unit, places, pennies = blocks_of_places(
        room_, rules_in_force(table_of(**rules), AS_OF), policy, weeks=2.0
    )
    assert places.sum() == room_.capacity.sum()
    return pd.Series(np.repeat(pennies, places)[np.repeat(unit, places) == 0])


def test_places_above_in_use_cna_cost_more_step_by_step(policy: AllocationPolicy) -> None:
    """Eight places are free, the ninth costs £1 a week, the tenth £2."""
    prices = blocks(found(), policy, crowding={"level": "soft"})

    assert prices.tolist() == [0] * 8 + [200, 400]
    assert blocks(found(), policy).tolist() == [0] * 10


def test_the_last_places_carry_the_price_of_soft_headroom_on_top(policy: AllocationPolicy) -> None:
    """The last two are wanted free at £5 a week each, besides their crowding."""
    headroom = {"level": "soft", "price_gbp": 5, "value": 2}

    with_headroom = found(reception_headroom=headroom)

    both = blocks(with_headroom, policy, crowding={"level": "soft"}, reception_headroom=headroom)
    assert both.tolist() == [0] * 8 + [1200, 1400]
    assert blocks(with_headroom, policy).tolist() == [0] * 8 + [1000, 1000]


def test_a_price_beyond_the_solvers_integers_is_refused(policy: AllocationPolicy) -> None:
    headroom = {"level": "soft", "price_gbp": 1_000_000, "value": 2}
    rules = rules_in_force(table_of(), AS_OF)

    with pytest.raises(ValueError, match="a place costs more than"):
        blocks_of_places(found(reception_headroom=headroom), rules, policy, weeks=26.0)


@pytest.mark.parametrize(
    ("margin", "frozen", "most"), [(0, 0, 10), (4, 0, 6), (99, 0, 0), (4, 7, 7)]
)
def test_the_operating_margin_is_taken_off_each_estate(margin: int, frozen: int, most: int) -> None:
    rules = rules_in_force(table_of(estate_margin_men={"level": "hard", "value": margin}), AS_OF)

    limits = held_limits(
        found(),
        rules,
        sexes=("men", "women"),
        unit_sex=np.array([0, 1]),
        frozen_here=np.array([frozen, 0]),
    )

    assert limits.tolist() == [most, 20]
