"""The sums behind the measures are those counted one story after the other in the plain model."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from simulation.measures import tally
from simulation.simulate import SimulationInputs, simulate
from tests.simulation.reference_model import DAY, ReferenceModel, of_day
from tests.simulation.test_reference import small_prisons

LOST = ("refused", "gave_up", "turned_to_video")
ANSWERS = ("no_table", "no_order", "not_approved")
OF_THE_PRISON = (*LOST, "refused_entry", "called_off", "booking_fell", "request_fell")
OF_THE_FAMILY = ("attended", "no_show", "cancelled")
OF_THE_CALL = tuple(
    f"video_{end}" for end in ("failed", "no_credit", "no_slot", "not_cleared", "fell")
)
TAKEN = ("family_money_gbp", "family_minutes", "school_minutes")
COUNTED = ("requests", "periods_without_contact_", "video_slots_used", "video_places_taken")


@dataclass
class Story:
    """What became of one request, in order of time: turn and day."""

    person: int
    is_visit: bool
    asked_day: int
    turns: list[tuple[str, int]]

    @property
    def last(self) -> str:
        """Give the last turn."""
        return self.turns[-1][0] if self.turns else ""

    @property
    def is_put_off(self) -> bool:
        """Say whether the request was never made."""
        return self.last == "put_off"


def stories(reference: ReferenceModel, rows: list[tuple[float, int, str]]) -> list[Story]:
    """Give the story of every request by its number in the log."""
    visits, calls = reference.year.visits, reference.year.calls
    found = [
        Story(int(person), owner is visits, int(minutes // DAY), [])
        for owner in (visits, calls, visits)
        for person, minutes in zip(owner.person, owner.asked_minutes, strict=True)
    ]
    for at, request, what in sorted(rows, key=lambda row: row[0]):
        found[request].turns.append((what, int(at // DAY)))
    return found


def of_requests(told: list[Story], measured: range) -> Iterator[str]:
    """Name what each request for a visit counts as."""
    for story in told:
        if not story.is_visit or story.asked_day not in measured:
            continue
        if story.is_put_off:
            yield "requests_put_off"
            continue
        yield "requests"
        if story.last in (*OF_THE_PRISON, *OF_THE_FAMILY):
            yield f"requests_{story.last}"
        if story.last in LOST:
            said = [what for what, _ in story.turns if what in ANSWERS]
            yield f"requests_unmet_{said[-1] if said else 'no_answer'}"


def of_slots(reference: ReferenceModel, told: list[Story], measured: range) -> Iterator[str]:
    """Name what each slot of a call whose time has come counts as."""
    for number, story in enumerate(told):
        for what, day in story.turns:
            if what in ("video_held", "video_no_show", "video_failed") and day in measured:
                slots = reference.slots_held[number]
                yield from ["video_places_taken"] * slots
                yield from ["video_slots_used"] * (slots if what == "video_held" else 0)


def of_four_weeks(
    reference: ReferenceModel, told: list[Story], asked: list[Story], measured: range
) -> Iterator[str]:
    """Name why there was no contact in each four weeks of each person without any."""
    place = reference.year.place
    contact: dict[int, set[int]] = defaultdict(set)
    unmet: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    for story in told:
        contact[story.person] |= {
            day for what, day in story.turns if what in ("attended", "video_held")
        }
    for story in asked:
        if not story.is_put_off:
            ends = OF_THE_PRISON if story.is_visit else OF_THE_CALL
            unmet[story.person].append((story.asked_day, story.last in ends))
    for person in range(len(place.keys)):
        for begin in range(measured.start, max(measured.stop - 27, measured.start + 1), 28):
            days = range(begin, min(begin + 28, measured.stop))
            is_there = place.from_day[person] <= begin and place.until_day[person] >= days.stop
            if not is_there or contact[person] & set(days):
                continue
            in_span = [is_unmet for day, is_unmet in unmet[person] if day in days]
            if in_span:
                why = "unmet" if any(in_span) else "not_then"
            elif person in place.party_person:
                why = "by_choice"
            else:
                why = "barred" if place.contact_refused[person] else "nobody"
            yield f"periods_without_contact_{why}"


def of_trips(reference: ReferenceModel, measured: range) -> dict[str, float]:
    """Add up what the trips of families take of them, be they let in or not."""
    year, place, calendar = reference.year, reference.year.place, reference.inputs.calendar
    found = dict.fromkeys(TAKEN, 0.0)
    for request, (start, arrived, over) in reference.came.items():
        day = int(start // DAY)
        if day not in measured:
            continue
        party = int(year.visits.party[request])
        way = float(place.return_minutes[party]) / 2.0
        found["family_money_gbp"] += float(place.money_gbp[party])
        found["family_minutes"] += 2.0 * way * int(place.adults[party] + place.children[party])
        if not year.open_days.is_free(np.array([day]), calendar)[0]:
            begins, ends = (
                day * DAY + of_day(each) for each in (calendar.school_from, calendar.school_until)
            )
            missed = max(min(over + way, ends) - max(arrived - way, begins), 0.0)
            found["school_minutes"] += missed * int(place.pupils[party])
    return found


@hypothesis_settings(max_examples=15)
@given(inputs=small_prisons(), seed=st.integers(0, 1_000))
def test_sums_agree_with_the_stories_of_the_plain_model(
    inputs: SimulationInputs, seed: int
) -> None:
    log = simulate(inputs, establishment="AAA", seed=seed, replication=0)
    reference = ReferenceModel(inputs, log.year, seed, 0)
    told = stories(reference, reference.run())
    asked = told[: len(log.year.visits) + len(log.year.calls)]
    measured = range(inputs.calendar.warm_up_days, inputs.calendar.days)
    expected = Counter(of_requests(asked[: len(log.year.visits)], measured))
    expected.update(of_slots(reference, told, measured))
    expected.update(of_four_weeks(reference, told, asked, measured))

    rows = tally([log], inputs).table()
    of_all = rows[(rows["group_by"] == "all") & (rows["wait_days"] < 0)]
    found = of_all.set_index("quantity")["value"]

    names = [name for name in found.index if name.startswith(COUNTED)]
    assert set(expected) <= set(names)
    assert {name: found[name] for name in names} == pytest.approx(
        {name: expected[name] for name in names}
    )
    assert {name: found[name] for name in TAKEN} == pytest.approx(of_trips(reference, measured))
