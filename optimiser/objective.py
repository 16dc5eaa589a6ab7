"""Objective: what a plan makes least, as a decision maker sets it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

WORST_TENTH = "worst_tenth"
"""Level of the mean distance of the tenth of people who are furthest from home."""

LEVELS = ("placed", "rules", "family", "court", "release", "crowding", "moves", WORST_TENTH)
"""Groups of terms that can stand in the order. ``placed`` counts people without a place, and the
worst-off tenth is miles; the others are pounds: soft rules, journeys, crowding and places kept
free, and what moves cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What a plan makes least, and in which order.

    Values stand in ``scenarios/settings.csv`` under ``objective``.

    Attributes
    ----------
    mode
        ``weights``: terms are added up. ``strict``: each group of terms is made least among the
        plans that keep the earlier ones.
    order
        Groups of terms in strict order, the most important first; the plain sum comes last.
    tolerance
        Share by which later groups may worsen each group of the order, in the same places; none
        where it is empty.
    worst_tenth_weight_gbp_per_mile
        Whole pounds for each mile of each person of the worst-off tenth; 0 for no weight. In strict
        order the weight counts in the plain sum, which comes last.
    worst_tenth_at_most_miles
        Most that the mean distance of the worst-off tenth may be, in strict order at every level;
        none for no limit.
    """

    mode: str = "weights"
    order: tuple[str, ...] = ()
    tolerance: tuple[float, ...] = ()
    worst_tenth_weight_gbp_per_mile: int = 0
    worst_tenth_at_most_miles: float | None = None

    def __post_init__(self) -> None:
        """Check words, shares and what goes together."""
        unknown = [name for name in self.order if name not in LEVELS]
        faults = [f"no level '{name}'; known are {', '.join(LEVELS)}" for name in unknown]
        if self.mode not in ("weights", "strict"):
            faults.append(f"mode '{self.mode}' must be weights or strict")
        if len(set(self.order)) < len(self.order):
            faults.append("a level stands twice in the order")
        if self.tolerance and len(self.tolerance) != len(self.order):
            faults.append(
                f"{len(self.tolerance)} tolerances for {len(self.order)} levels; give one each"
            )
        faults += [
            f"tolerance {share} must lie from 0 to 1"
            for share in self.tolerance
            if not (isfinite(share) and 0 <= share <= 1)
        ]
        if self.mode == "strict" and not self.order:
            faults.append("strict order needs an order")
        worst = self.worst_tenth_at_most_miles
        if self.worst_tenth_weight_gbp_per_mile < 0 or (worst is not None and worst < 0):
            faults.append("weight and limit of the worst-off tenth must not be negative")
        if faults:
            raise ValueError("objective: " + "; ".join(faults))

    @property
    def has_worst_tenth(self) -> bool:
        """Whether the worst-off tenth is priced, limited, or a level of the order."""
        return (
            bool(self.worst_tenth_weight_gbp_per_mile)
            or self.worst_tenth_at_most_miles is not None
            or (self.mode == "strict" and WORST_TENTH in self.order)
        )

    @property
    def is_plain(self) -> bool:
        """Whether terms are simply added up."""
        return self.mode == "weights" and not self.has_worst_tenth
