"""What each rule costs today: who breaks it, at what price, and what it alone forbids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.words import ContactStatus, RuleLevel
from optimiser.build import Build, Inputs, with_records
from optimiser.capacity import MARGIN_RULES, headroom, out_of_use, return_beds
from optimiser.eligibility import BARRED_CONTACT, PRESUMPTIVE_OPEN, SIXTEEN_MONTHS
from optimiser.fit import (
    ByPlace,
    RuleBook,
    as_rules_see,
    classes,
    codes_of,
    move_breaks,
    place_breaks,
    unit_breaks,
)
from optimiser.problem import PENNIES_PER_POUND, UNPLACED, Integers

Truths = NDArray[np.bool_]

ROWS = 4096
"""People looked at together."""


@dataclass(slots=True, kw_only=True, eq=False)
class _UnitRule:
    """What all rows of one rule about units say of each class: degrees, pennies, prohibitions."""

    broken: Truths
    pennies: Integers
    forbids: Truths


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Broken:
    """Everything the rules in force say of everybody."""

    class_of: Integers
    of_units: dict[str, _UnitRule]
    of_places: dict[str, tuple[ByPlace, int]]
    barring: dict[str, ByPlace]
    kept: dict[str, Truths]
    freezing: dict[str, Truths]
    counted_otherwise: dict[str, int]


def rule_costs(inputs: Inputs, build: Build) -> pd.DataFrame:
    """Work out what each rule in force costs today.

    Parameters
    ----------
    inputs, build
        Tables, and the problem built from them.

    Returns
    -------
    DataFrame
        One row per rule in force, those of ``cohort_rules`` by their own names:

        - ``people_breaking``: held today where they break it, or above what a rule about capacity
          leaves beyond those above the places themselves;
        - ``people_concerned``: kept where they are, or counted otherwise, by it;
        - ``cost_today_gbp``: price of those breaches over each person's stay; of crowding, over
          the average stay;
        - ``pairs_excluded``: pairs of a person and a unit that it alone excludes;
        - ``kept_from_nearest``: people whose nearest establishment of their estate, by car from
          home, holds no unit for them because of it alone.
    """
    found = _broken(inputs, build.book)
    rows: dict[str, dict[str, float]] = {name: {} for name in build.book.rules}
    for name in found.of_units:
        rows.setdefault(name, {})
    for part in (
        _today(inputs, build, found),
        _capacity_today(inputs, build),
        _pairs_excluded(build, found),
        _kept_from_nearest(inputs, build, found),
    ):
        for name, cells in part.items():
            rows[name] |= cells
    for name, kept in found.kept.items():
        rows[name]["people_concerned"] = int(kept.sum())
    for name, people in found.counted_otherwise.items():
        rows[name]["people_concerned"] = people
    table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS[1:], dtype=np.float64)
    return table.fillna(0.0).rename_axis("rule").reset_index()


COLUMNS = (
    "rule",
    "people_breaking",
    "people_concerned",
    "cost_today_gbp",
    "pairs_excluded",
    "kept_from_nearest",
)


def _broken(inputs: Inputs, book: RuleBook) -> _Broken:
    """Try every rule in force on everybody."""
    people = as_rules_see(with_records(inputs), book)
    codes = codes_of(people, book)
    class_of, alike = classes(people, codes)
    shape = (len(alike), len(book.units))
    of_units: dict[str, _UnitRule] = {}
    for rule, broken in unit_breaks(alike, book):
        degrees = np.broadcast_to(np.asarray(broken), shape)
        seen = of_units.setdefault(
            rule.name,
            _UnitRule(
                broken=np.zeros(shape, dtype=np.bool_),
                pennies=np.zeros(shape, dtype=np.int64),
                forbids=np.zeros(shape, dtype=np.bool_),
            ),
        )
        seen.broken |= degrees != 0
        if rule.level == RuleLevel.HARD:
            seen.forbids |= degrees != 0
        else:
            seen.pennies += degrees.astype(np.int64) * rule.pennies_per_week
    of_places = {
        rule.name: (found, 0 if rule.level == RuleLevel.HARD else rule.pennies_per_week)
        for rule, found in place_breaks(people, codes, book)
    }
    kept = {rule.name: keeps for rule, keeps in move_breaks(people, book)}
    hard = {name for name, rule in book.rules.items() if rule.level == RuleLevel.HARD}
    counted = {}
    if SIXTEEN_MONTHS in book.rules:
        counted[SIXTEEN_MONTHS] = int(people["short_sentence"].sum())
    if PRESUMPTIVE_OPEN in book.rules:
        before = inputs.population.prisoners["category"]
        counted[PRESUMPTIVE_OPEN] = int((people["category"] != before).sum())
    if BARRED_CONTACT in book.rules:
        contacts = inputs.population.contacts
        barred = contacts.loc[contacts["status"] == ContactStatus.BARRED, "prisoner_id"]
        counted[BARRED_CONTACT] = barred.nunique()
    return _Broken(
        class_of=class_of,
        of_units=of_units,
        of_places=of_places,
        barring={name: found for name, (found, _) in of_places.items() if name in hard},
        kept=kept,
        freezing={name: keeps for name, keeps in kept.items() if name in hard},
        counted_otherwise=counted,
    )


def _today(inputs: Inputs, build: Build, found: _Broken) -> dict[str, dict[str, float]]:
    """Count and price the breaches of people where they are held today."""
    at = build.problem.current_unit
    held = np.flatnonzero(at != UNPLACED)
    weeks = build.costs.weeks[held]
    rows: dict[str, dict[str, float]] = {}
    for name, rule in found.of_units.items():
        where = (found.class_of[held], at[held])
        rows[name] = {
            "people_breaking": int(rule.broken[where].sum()),
            "cost_today_gbp": float((rule.pennies[where] * weeks).sum()) / PENNIES_PER_POUND,
        }
    for name, (broken, pennies) in found.of_places.items():
        degrees = broken.values[broken.row_of[held], build.problem.from_establishment[held]]
        priced = degrees.astype(np.int64) * pennies * weeks
        rows[name] = {
            "people_breaking": int((degrees != 0).sum()),
            "cost_today_gbp": float(priced.sum()) / PENNIES_PER_POUND,
        }
    return rows


def _capacity_today(inputs: Inputs, build: Build) -> dict[str, dict[str, float]]:
    """Count the people held today above what each rule about capacity leaves."""
    problem, rules = build.problem, build.book.rules
    units, prisoners = inputs.estate.units, inputs.population.prisoners
    held = problem.held(problem.current_unit)
    places = units["places"].to_numpy(dtype=np.int64)
    lost = np.zeros(len(places), dtype=np.int64)
    if "places_out_of_use" in rules:
        lost = out_of_use(units, inputs.places_out_of_use, inputs.as_of)
    usable = np.maximum(places - lost, 0)
    cna = np.maximum(units["in_use_cna"].to_numpy(dtype=np.int64) - lost, 0)
    above = int(np.maximum(held - places, 0).sum())
    leaves = {
        "places_out_of_use": usable,
        "reception_headroom": usable - headroom(units, rules),
        "return_bed": usable - return_beds(units, prisoners),
        "crowding": cna,
    }
    rows = {"operational_capacity": {"people_breaking": float(above)}}
    for name, left in leaves.items():
        more = int(np.maximum(held - left, 0).sum()) - (0 if name == "crowding" else above)
        rows[name] = {"people_breaking": float(more)}
    rows = {name: cells for name, cells in rows.items() if name in rules}
    for sex, name in MARGIN_RULES.items():
        if name in rules:
            of_sex = (units["sex"] == sex).to_numpy()
            most = int(usable[of_sex].sum()) - int(rules[name].value)
            rows[name] = {"people_breaking": float(max(int(held[of_sex].sum()) - most, 0))}
    if "crowding" in rules:
        priced = problem.crowding_pennies(np.minimum(held, problem.capacity))
        rows["crowding"]["cost_today_gbp"] = float(priced.sum()) / PENNIES_PER_POUND
    return rows


def _pairs_excluded(build: Build, found: _Broken) -> dict[str, dict[str, float]]:
    """Count the pairs that each hard rule alone excludes.

    A rule that keeps people where they are excludes every unit but their own.
    """
    current, unit_place = build.problem.current_unit, build.book.unit_place
    against = _against(found)
    freezes = _how_many(found.freezing, len(current))
    bars = _any_barred(found.barring, len(current))
    pairs = dict.fromkeys([*found.of_units, *found.barring, *found.freezing], 0)
    plain = np.bincount(found.class_of[(freezes == 0) & ~bars], minlength=len(against))
    for name, rule in found.of_units.items():
        alone = (rule.forbids & (against == 1)).sum(axis=1)
        pairs[name] += int((alone * plain).sum())
    special = np.flatnonzero((freezes == 1) | ((freezes == 0) & bars))
    for first in range(0, len(special), ROWS):
        rows = special[first : first + ROWS]
        count = against[found.class_of[rows]].astype(np.int64)
        barred = {
            name: (by.values[by.row_of[rows]] != 0)[:, unit_place]
            for name, by in found.barring.items()
        }
        count += sum(barred.values(), start=np.zeros_like(count))
        elsewhere = np.arange(len(unit_place)) != current[rows, None]
        frozen = freezes[rows] == 1
        alone = (count == 1) & ~frozen[:, None]
        for name, rule in found.of_units.items():
            pairs[name] += int((alone & rule.forbids[found.class_of[rows]]).sum())
        for name, where in barred.items():
            pairs[name] += int((alone & where).sum())
        for name, keeps in found.freezing.items():
            pairs[name] += int(((count == 0) & elsewhere & keeps[rows, None])[frozen].sum())
    return {name: {"pairs_excluded": float(number)} for name, number in pairs.items()}


def _kept_from_nearest(inputs: Inputs, build: Build, found: _Broken) -> dict[str, dict[str, float]]:
    """Count the people whom each hard rule alone keeps from the establishment nearest home."""
    current, unit_place = build.problem.current_unit, build.book.unit_place
    people, nearest = _nearest(inputs, build)
    listed = [
        np.flatnonzero(unit_place == place) for place in range(len(build.book.places.regions))
    ]
    most = max((len(units) for units in listed), default=0)
    table = np.array([[*units, *[-1] * (most - len(units))] for units in listed], dtype=np.int64)
    units = table[nearest].reshape(len(people), most)
    there = units >= 0
    alike = found.class_of[people][:, None]
    elsewhere = units != current[people, None]
    count = _against(found)[alike, units].astype(np.int64)
    barred = {
        name: by.values[by.row_of[people], nearest][:, None] != 0
        for name, by in found.barring.items()
    }
    kept = {name: elsewhere & keeps[people, None] for name, keeps in found.freezing.items()}
    frozen = _how_many(found.freezing, len(current))[people] > 0
    for excluded in (*barred.values(), *kept.values()):
        count += excluded
    count[frozen[:, None] & ~elsewhere] = 0
    shut = ~(there & (count == 0)).any(axis=1)
    alone = there & (count == 1) & shut[:, None]
    rows = {
        name: int((alone & rule.forbids[alike, units]).any(axis=1).sum())
        for name, rule in found.of_units.items()
    }
    rows |= {
        name: int((alone & excluded).any(axis=1).sum())
        for name, excluded in (barred | kept).items()
    }
    return {name: {"kept_from_nearest": float(number)} for name, number in rows.items()}


def _nearest(inputs: Inputs, build: Build) -> tuple[Integers, Integers]:
    """Give the people with a known home, and the open establishment of their estate nearest it."""
    prisoners, units = inputs.population.prisoners, inputs.estate.units
    area = inputs.travel.home_areas.get_indexer(pd.Index(prisoners["home_area"]))
    nearest = np.full(len(prisoners), -1, dtype=np.int64)
    for sex in sorted(set(prisoners["sex"])):
        open_units = ((units["sex"] == sex) & (units["places"] > 0)).to_numpy()
        places = np.unique(build.book.unit_place[open_units])
        if not len(places):
            continue
        first = places[inputs.travel.car_minutes[:, places].argmin(axis=1)]
        ours = (prisoners["sex"] == sex).to_numpy() & (area >= 0)
        nearest[ours] = first[area[ours]]
    people = np.flatnonzero(nearest >= 0)
    return people, nearest[people]


def _against(found: _Broken) -> NDArray[np.uint8]:
    """Count the rules about units that keep each class out of each unit."""
    tables = [rule.forbids for rule in found.of_units.values()]
    if not tables:
        return np.zeros((int(found.class_of.max(initial=-1)) + 1, 0), dtype=np.uint8)
    against: NDArray[np.uint8] = np.sum(tables, axis=0, dtype=np.uint8)
    return against


def _how_many(keeps: dict[str, Truths], people: int) -> Integers:
    return sum((each.astype(np.int64) for each in keeps.values()), start=np.zeros(people, np.int64))


def _any_barred(barring: dict[str, ByPlace], people: int) -> Truths:
    """Say who is kept from any establishment at all; shape (people,)."""
    barred = np.zeros(people, dtype=np.bool_)
    for by in barring.values():
        barred |= (by.values != 0).any(axis=1)[by.row_of]
    return barred
