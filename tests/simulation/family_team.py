"""A small team of family workers and the people they are there for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from data.words import ReferralSource
from simulation.casework import Cases, Hours
from simulation.clock import Calendar
from simulation.family_workers import FamilyWork, FamilyWorkSettings, Post
from simulation.need import SOURCES
from simulation.place import BEYOND
from simulation.streams import person_keys

CALENDAR = Calendar(
    start_date=date(2026, 8, 3),
    weeks=52,
    warm_up_weeks=0,
    school_from="09:00",
    school_until="15:15",
    school_holidays=(),
    school_holidays_wales=(),
)

SETTINGS = FamilyWorkSettings(
    hours_per_week=35.0,
    leave_days=0.0,
    sick_share=0.0,
    sick_days=5,
    vacant_share=0.0,
    vacant_weeks=12,
    casework_share=1.0,
    duty_hours_per_session=0.0,
    duty_hours_per_family_day=0.0,
    caseload_cap=30.0,
    triage_hours=1.0,
    assessment_hours=2.0,
    hours_per_contact=1.0,
    closure_hours=0.5,
    contacts_min=2,
    contacts_max=2,
    assessment_after_days=3,
    days_between_contacts=5,
    warm_up_weeks=26,
    priority_weight=2.0,
    gbp_per_fte=40_000.0,
    starts_to_ask_share=0.0,
    starts_to_ask_days=60,
)
"""No absence, no duties; a case takes 5.5 hours and 13 days."""


def team(
    *,
    people: int = 100,
    rates: dict[ReferralSource, float] | None = None,
    posts: Sequence[Post] = (),
    establishment: str = "LEI",
    region: str = "North East",
    stay_days: float = 1e6,
    **given: Any,
) -> FamilyWork:
    """Give a prison whose people are referred at the same rates, a year each."""
    of_each = np.zeros((people, len(SOURCES)))
    for source, rate in (rates or {ReferralSource.SELF_REFERRAL: 1.0}).items():
        of_each[:, SOURCES.index(source)] = rate
    everybody = {
        "sex": np.zeros(people, dtype=np.int64),
        "children_under_18": np.arange(people) % 2,
        "distance_band": np.arange(people) % 4,
        "care_experience": np.arange(people) % 2,
    }
    return FamilyWork(
        establishment=establishment,
        region=region,
        keys=person_keys(f"{establishment}-{number}" for number in range(people)),
        rates=of_each,
        stay_days=np.full(people, stay_days),
        from_day=given.get("from_day", np.zeros(people, dtype=np.int64)),
        until_day=given.get("until_day", np.full(people, BEYOND)),
        groups=everybody,
        posts=tuple(posts),
        duty_hours_per_week=given.get("duty_hours_per_week", 0.0),
        need_hours=given.get("need_hours", 10.0),
        latent_hours=given.get("latent_hours", 1.0),
    )


def full_time(count: int, line: str = "casework", last_day: int | None = None) -> list[Post]:
    """Give so many full posts."""
    return [
        Post(name=f"{line}-{number}", line=line, fte=1.0, last_day=last_day)
        for number in range(count)
    ]


def referred(
    days: Sequence[int],
    *,
    source: ReferralSource | Sequence[ReferralSource] = ReferralSource.SELF_REFERRAL,
    leaves_after: int = 10_000,
    contacts: int = 2,
) -> Cases:
    """Give referrals on some days."""
    count = len(days)
    sources = [source] * count if isinstance(source, ReferralSource) else list(source)
    early = np.array([each == ReferralSource.RECEPTION for each in sources], dtype=np.bool_)
    harm = np.array([each == ReferralSource.SELF_HARM_REVIEW for each in sources], dtype=np.bool_)
    return Cases(
        person=np.arange(count),
        source=np.array([SOURCES.index(each) for each in sources], dtype=np.int64),
        day=np.array(days, dtype=np.int64),
        leaves_day=np.array(days, dtype=np.int64) + leaves_after,
        contacts=np.full(count, contacts, dtype=np.int64),
        is_early=early,
        has_priority=early | harm,
    )


def daily(casework: float, *, days: int = 60, early_days: float = 0.0, room: float = 1e9) -> Hours:
    """Give the same hours on every day."""
    return Hours(
        casework=np.full(days, casework),
        early_days=np.full(days, early_days),
        room=np.full(days, room),
    )
