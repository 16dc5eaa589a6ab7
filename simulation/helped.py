"""Families of people without visitors, who start to ask for visits once a worker has helped.

Nobody has measured how many do, so the share is a setting that is 0 unless a scenario says
otherwise. People whose contacts may not visit are left out whatever it is.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from simulation.casework import NEVER
from simulation.clock import MINUTES_PER_DAY, Calendar
from simulation.demand import Requests
from simulation.family_workers import FamilyWork, FamilyWorkSettings, FamilyYear, play_family_work
from simulation.place import Place
from simulation.streams import stream_key, uniform

OF_PARTIES = (
    "adults", "children", "pupils", "availability", "conditions", "has_car", "low_income",
    "net_cost_gbp", "money_gbp", "refund_gbp", "return_minutes",
)  # fmt: skip
"""What a party that starts to come takes over from another of the same prison."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Started:
    """Times in which families ask for visits that did not before; int64, one entry each.

    Attributes
    ----------
    person
        Whose family, an index into the people of the place.
    from_day, until_day
        First day on which it asks, and the day on which the person has left, in the days of the
        simulated year, warm-up included.
    """

    person: NDArray[np.int64]
    from_day: NDArray[np.int64]
    until_day: NDArray[np.int64]

    def __len__(self) -> int:
        """Give the number of families that start."""
        return len(self.person)


def families_started(
    year: FamilyYear, settings: FamilyWorkSettings, calendar: Calendar, place: Place, *, seed: int
) -> Started:
    """Draw whose families start to ask for visits.

    Of the people without visitors whom a worker reaches, the families of a share start some days
    after the first contact, and stop when the person leaves. Nobody starts for people whose
    contacts may not visit, or where no party without conditions is known to be like.

    Parameters
    ----------
    year
        The work, played.
    settings, calendar
        Of the scenario.
    place
        The people of the same prison, without those families.
    seed
        Name of the draws, with the replication of the year.
    """
    alone = ~place.has_party & ~place.contact_refused
    if not (~place.conditions).any():
        alone = np.zeros_like(alone)
    cases, reached = year.cases, year.done.first_contact_day
    helped = np.flatnonzero(reached != NEVER)
    case, person = _rows_of(year.work.keys[cases.person[helped]], place.keys)
    case = helped[case]
    stream = stream_key(seed, year.replication, "helped starts to ask")
    drawn = uniform(stream, place.keys, person=person, numbers=cases.day[case])
    offset = calendar.warm_up_days - year.first_day
    first = reached[case] + settings.starts_to_ask_days + offset
    until = cases.leaves_day[case] + 1 + offset
    starts = alone[person] & (drawn < settings.starts_to_ask_share)
    starts &= (first < until) & (first < calendar.days) & (until > 0)
    return Started(person=person[starts], from_day=first[starts], until_day=until[starts])


def _rows_of(
    wanted: NDArray[np.uint64], keys: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair every wanted key with each row that has it; somebody may have a row for each stay."""
    order = np.argsort(keys, kind="stable")
    ascending = keys[order]
    begin = np.searchsorted(ascending, wanted, side="left")
    count = np.searchsorted(ascending, wanted, side="right") - begin
    which = np.repeat(np.arange(len(wanted)), count)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    return which, order[np.repeat(begin, count) + nth]


def started_at(
    work: FamilyWork | None,
    settings: FamilyWorkSettings | None,
    calendar: Calendar,
    place: Place,
    *,
    seed: int,
    replication: int,
) -> Started | None:
    """Play the family work of a prison and draw who starts; nothing where nobody may.

    Parameters
    ----------
    work, settings
        ``None`` where family work is not played.
    calendar, place
        The year and the people.
    seed, replication
        Names of the draws.
    """
    if work is None or settings is None or not settings.starts_to_ask_share:
        return None
    year = play_family_work(work, settings, calendar, seed=seed, replication=replication)
    return families_started(year, settings, calendar, place, seed=seed)


def with_parties(place: Place, started: Started, *, seed: int) -> Place:
    """Add a party for everybody whose family starts to ask.

    Who they are and where they live is not known: each is like one of the parties that visit
    somebody at the same prison without conditions, each as likely.

    Parameters
    ----------
    place
        Where they do not come yet.
    started
        Whose families start.
    seed
        Name of the draws: a family is the same in every replication.
    """
    people = np.unique(started.person)
    like = np.flatnonzero(~place.conditions)
    drawn = uniform(stream_key(seed, 0, "helped party"), place.keys, person=people)
    row = np.concatenate(
        [
            np.arange(len(place.party_person)),
            like[np.floor(drawn * len(like)).astype(np.int64)] if len(people) else people,
        ]
    )
    person = np.concatenate([place.party_person, people])
    order = np.argsort(person, kind="stable")
    columns = {name: getattr(place, name)[row][order] for name in OF_PARTIES}
    # the only party of a person has the whole share of the visits
    ladder = np.concatenate([place.party_ladder, people + 1.0])[order]
    return replace(place, party_person=person[order], party_ladder=ladder, **columns)


def since_start(requests: Requests, started: Started) -> Requests:
    """Leave out what families that start to ask would have asked for earlier, or later.

    Parameters
    ----------
    requests
        Of everybody, for the whole year.
    started
        Whose families ask when; those of others are kept whole.
    """
    day = requests.asked_minutes // MINUTES_PER_DAY
    kept = ~np.isin(requests.person, started.person)
    times = zip(
        started.person.tolist(), started.from_day.tolist(), started.until_day.tolist(), strict=True
    )
    for person, first, until in times:
        kept |= (requests.person == person) & (day >= first) & (day < until)
    which = np.flatnonzero(kept)
    columns = {field.name: getattr(requests, field.name)[..., which] for field in fields(Requests)}
    return replace(requests, **columns)
