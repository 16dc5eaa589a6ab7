"""Who pays for a scenario: families, children, prisons, escorts, the visit-cost scheme."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.benefit import BenefitSettings, Demand


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


def payments(
    before: Demand,
    after: Demand,
    *,
    moves: int,
    school_hours: tuple[float | None, float],
    session_staff_hours: float,
    shuttle_gbp: float,
    escort_gbp_per_move: float,
    settings: BenefitSettings,
) -> list[dict[str, object]]:
    """Give the payer table.

    Parameters
    ----------
    before, after
        What families wish and pay now and under the plan.
    moves
        Moves of the plan; each is paid for once.
    school_hours
        Hours of school that children miss in a year, now and under the plan; both come from
        simulated years, so a run knows those of its own placements alone.
    session_staff_hours
        Hours a year of the staff of visit sessions that the scenario adds.
    shuttle_gbp
        What its buses between stations and prisons cost to run in a year.
    escort_gbp_per_move
        Vehicle and crew of a move, as the allocation prices it.
    settings
        Prices.

    Returns
    -------
    list of dict
        payer, item, measure_unit, today, plan, change, confidence.
    """
    staff_of_moves = moves * settings.staff_hours_per_move * settings.staff_gbp_per_hour
    lines = [
        Payment(
            payer="families",
            item="fares and fuel, before refunds",
            measure_unit="GBP a year",
            today=float((before.visits * before.money_gbp).sum()),
            plan=float((after.visits * after.money_gbp).sum()),
        ),
        Payment(
            payer="families",
            item="hours on the way, all travellers",
            measure_unit="hours a year",
            today=float((before.visits * before.hours).sum()),
            plan=float((after.visits * after.hours).sum()),
        ),
        Payment(
            payer="children",
            item="school hours missed",
            measure_unit="hours a year",
            today=school_hours[0],
            plan=school_hours[1],
        ),
        Payment(
            payer="visit-cost scheme",
            item="refunds to families",
            measure_unit="GBP a year",
            today=float((before.refunded_visits * before.refund_gbp).sum()),
            plan=float((after.refunded_visits * after.refund_gbp).sum()),
        ),
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
            item="staff for added visit sessions",
            measure_unit="GBP a year",
            today=0.0,
            plan=session_staff_hours * settings.staff_gbp_per_hour,
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
    ]
    return [line.row() for line in lines]
