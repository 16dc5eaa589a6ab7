"""Who pays for a scenario: families, children, prisons, escorts, the visit-cost scheme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scenarios.accounts.staffing import Services
from scenarios.benefit import BenefitSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One line of the payer table; ``today`` and ``plan`` in ``measure_unit``.

    ``today`` is ``None`` where this run cannot know it.
    """

    payer: str
    item: str
    measure_unit: str
    today: float | None
    plan: float
    confidence: str = "estimated"

    def row(self) -> dict[str, object]:
        """Give the line with its change."""
        return {
            "payer": self.payer,
            "item": self.item,
            "measure_unit": self.measure_unit,
            "today": self.today,
            "plan": self.plan,
            "change": None if self.today is None else self.plan - self.today,
            "confidence": self.confidence,
        }


OF_THE_YEAR = {
    "family_money_gbp": ("families", "fares and fuel of visits made, before refunds", "GBP a year"),
    "family_travel_hours": ("families", "hours on the way, all travellers", "hours a year"),
    "school_hours_missed": ("children", "school hours missed", "hours a year"),
    "refund_gbp": ("visit-cost scheme", "refunds to families", "GBP a year"),
}
"""What simulated years tell: who pays, what, and its unit, by measure."""


def payments(
    simulated: tuple[Mapping[str, float] | None, Mapping[str, float]],
    services: tuple[Services, Services],
    *,
    moves: int,
    shuttle_gbp: float,
    escort_gbp_per_move: float,
    settings: BenefitSettings,
) -> list[dict[str, object]]:
    """Give the payer table.

    Parameters
    ----------
    simulated
        The measures of ``OF_THE_YEAR`` for a year, now and under the plan. A run knows the years of
        its own placements and policy alone, so now is ``None`` in any run but the baseline's.
    services
        What staff for families would be there and cost, now and under the plan; the booking lines
        are left out where the run does not play them.
    moves
        Moves made; each is paid for once.
    shuttle_gbp
        What the buses between stations and prisons cost to run in a year.
    escort_gbp_per_move
        Vehicle and crew of a move, as the allocation prices it.
    settings
        Prices.

    Returns
    -------
    list of dict
        payer, item, measure_unit, today, plan, change, confidence.
    """
    now, then = simulated
    today, plan = services
    staff_of_moves = moves * settings.staff_hours_per_move * settings.staff_gbp_per_hour
    lines = [
        Payment(
            payer=payer,
            item=item,
            measure_unit=unit,
            today=None if now is None else now[measure],
            plan=then[measure],
        )
        for measure, (payer, item, unit) in OF_THE_YEAR.items()
    ]
    lines += [
        Payment(
            payer="escorts",
            item="taking people to another prison",
            measure_unit="GBP once",
            today=0.0,
            plan=moves * escort_gbp_per_move,
        ),
        Payment(
            payer="prisons",
            item="staff for moves",
            measure_unit="GBP once",
            today=0.0,
            plan=staff_of_moves,
            confidence="assumed",
        ),
        Payment(
            payer="prisons",
            item="staff of visits and video calls, as the timetable asks",
            measure_unit="GBP a year",
            today=today.visits_gbp,
            plan=plan.visits_gbp,
            confidence="assumed",
        ),
        Payment(
            payer="prisons",
            item="buses from the station",
            measure_unit="GBP a year",
            today=0.0,
            plan=shuttle_gbp,
            confidence="assumed",
        ),
        Payment(
            payer="providers",
            item="family workers in post",
            measure_unit="GBP a year",
            today=today.workers_gbp,
            plan=plan.workers_gbp,
            confidence="assumed",
        ),
    ]
    if today.lines_gbp is not None and plan.lines_gbp is not None:
        lines.append(
            Payment(
                payer="booking lines",
                item="paid hours of agents",
                measure_unit="GBP a year",
                today=today.lines_gbp,
                plan=plan.lines_gbp,
                confidence="assumed",
            )
        )
    return [line.row() for line in lines]
