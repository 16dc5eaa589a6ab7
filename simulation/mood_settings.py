"""How much a bad experience puts a family off."""

from __future__ import annotations

from dataclasses import dataclass, fields

from simulation.bounds import below, not_shares


@dataclass(frozen=True, slots=True, kw_only=True)
class MoodSettings:
    """How much a bad experience puts a family off, and how soon it is forgotten.

    Attributes
    ----------
    late_start_fall, long_wait_fall, refusal_fall
        Share of its mood that a family loses when a visit starts late, when the only session to be
        had is further ahead than ``long_wait_days``, and when a request is refused or given up.
    late_minutes
        A session has started late when the hall opens more than so many minutes after its time.
    long_wait_days
        Days from the first asking to the visit beyond which the wait is long.
    recovery_share
        Share of what is missing to a full mood that comes back in four weeks.
    """

    late_start_fall: float
    long_wait_fall: float
    refusal_fall: float
    late_minutes: float
    long_wait_days: int
    recovery_share: float

    def __post_init__(self) -> None:
        """Refuse shares outside 0 to 1 and a negative wait."""
        others = ("late_minutes", "long_wait_days")
        shares = (field.name for field in fields(self) if field.name not in others)
        problems = [*not_shares(self, shares), *below(0, self, others)]
        if problems:
            raise ValueError(f"MoodSettings: {'; '.join(problems)}.")

    @property
    def matters(self) -> bool:
        """Say whether any experience changes anything."""
        return max(self.late_start_fall, self.long_wait_fall, self.refusal_fall) > 0
