"""Which rows a plan breaks that ties imply: found when they are needed, and each kept once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.problem import AllocationProblem, Floats, Integers, wing_applies
from optimiser.side import RowKind, SideRows


class Row(NamedTuple):
    """One side row, as ``SideRows`` holds many."""

    kind: RowKind
    tie: int
    place: int
    bound: int
    people: Integers
    sign: Integers


class RowStore:
    """Side rows found so far, each once; ``known`` are those to begin with."""

    def __init__(self, known: SideRows | None = None) -> None:
        self.seen: set[tuple[int, ...]] = set()
        self.parts: list[Row] = []
        self.rows = SideRows.none()
        if known is not None:
            self.add(_parts_of(known))

    def add(self, found: list[Row]) -> int:
        """Keep the rows that are new; give how many are."""
        before = len(self.parts)
        for row in found:
            key = (row.kind, row.tie, row.place, *row.people.tolist())
            if key not in self.seen:
                self.seen.add(key)
                self.parts.append(row)
        if len(self.parts) > before:
            sizes = [len(row.people) for row in self.parts]
            self.rows = SideRows(
                kind=np.array([row.kind for row in self.parts], dtype=np.int64),
                tie=np.array([row.tie for row in self.parts], dtype=np.int64),
                place=np.array([row.place for row in self.parts], dtype=np.int64),
                bound=np.array([row.bound for row in self.parts], dtype=np.int64),
                first=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
                people=np.concatenate([row.people for row in self.parts]),
                sign=np.concatenate([row.sign for row in self.parts]),
                price=np.zeros(len(sizes), dtype=np.int64),
            )
        return len(self.parts) - before

    def members(self) -> Integers:
        """Give the people of all rows."""
        return np.unique(self.rows.people)


def _parts_of(rows: SideRows) -> list[Row]:
    people = np.split(rows.people, rows.first[1:-1])
    sign = np.split(rows.sign, rows.first[1:-1])
    named = zip(
        rows.kind.tolist(), rows.tie.tolist(), rows.place.tolist(), rows.bound.tolist(), strict=True
    )
    return [
        Row(RowKind(kind), tie, place, bound, people[number], sign[number])
        for number, (kind, tie, place, bound) in enumerate(named)
    ]


class Broken:
    """Finds the rows that ties imply and a plan, whole or in parts, breaks."""

    def __init__(self, problem: AllocationProblem) -> None:
        self.problem = problem
        self.ties = problem.ties
        self.places = len(problem.establishments) + 1
        self.enemies = _neighbours(self.ties.apart)
        sizes = [len(group.people) for group in self.ties.groups]
        self.group_of = np.repeat(np.arange(len(sizes)), sizes)
        self.group_people = np.concatenate(
            [np.empty(0, dtype=np.int64), *(group.people for group in self.ties.groups)]
        )
        self.at_most = np.array([group.at_most for group in self.ties.groups], dtype=np.int64)
        self.tied = np.zeros(len(problem.prisoners), dtype=np.bool_)
        for rows in (self.ties.apart, self.ties.together, self.ties.apart_wing):
            self.tied[rows.ravel()] = True
        self.tied[self.group_people] = True

    def find(self, person: Integers, unit: Integers, mass: Floats, least: float) -> list[Row]:
        """List the rows that parts of people at units break by at least so much.

        Parameters
        ----------
        person, unit, mass
            Where tied people are, in parts that add up to one for each.
        least
            Smallest excess that counts.
        """
        place = np.append(self.problem.unit_establishment, self.places - 1)[unit]
        at, parts = summed(person * self.places + place, mass)
        nowhere = at % self.places == self.places - 1
        found = self._apart(
            RowKind.APART,
            self.ties.apart,
            self.enemies,
            at[~nowhere],
            parts[~nowhere],
            self.places,
            least,
        )
        if len(self.ties.apart_wing):
            wide = len(self.problem.units) + 1
            keys, wing = summed(person * wide + unit, mass)
            inside = keys % wide != wide - 1
            found += self._apart(
                RowKind.APART_WING,
                self.ties.apart_wing,
                {},
                keys[inside],
                wing[inside],
                wide,
                least,
            )
        found += self._groups(at[~nowhere], parts[~nowhere], least)
        return found + self._together(at, parts, least)

    def _apart(
        self,
        kind: RowKind,
        pairs: Integers,
        enemies: dict[int, set[int]],
        at: Integers,
        mass: Floats,
        wide: int,
        least: float,
    ) -> list[Row]:
        """Find pairs at one place, and complete each to people who are all kept apart."""
        pair, place, own = _entries_of(pairs[:, 0], at, mass, wide)
        other = look_up(at, mass, pairs[pair, 1] * wide + place)
        broken = np.flatnonzero(own + other > 1 + least)
        if kind == RowKind.APART_WING:
            broken = broken[wing_applies(self.problem, pairs[pair[broken]], place[broken])]
        found = []
        for number in broken:
            a, b = (int(each) for each in pairs[pair[number]])
            if kind == RowKind.APART:
                clique = _clique(a, b, enemies, at, mass, wide, int(place[number]))
            else:
                clique = np.array([a, b], dtype=np.int64)
            sign = np.ones(len(clique), dtype=np.int64)
            found.append(Row(kind, -1, int(place[number]), 1, clique, sign))
        return found

    def _groups(self, at: Integers, mass: Floats, least: float) -> list[Row]:
        if not len(self.at_most):
            return []
        entry, place, own = _entries_of(self.group_people, at, mass, self.places)
        keys, total = summed(self.group_of[entry] * self.places + place, own)
        broken = np.flatnonzero(total > self.at_most[keys // self.places] + least)
        found = []
        for key in keys[broken]:
            group, where = divmod(int(key), self.places)
            people = np.sort(self.ties.groups[group].people)
            sign = np.ones(len(people), dtype=np.int64)
            found.append(Row(RowKind.GROUP, group, where, int(self.at_most[group]), people, sign))
        return found

    def _together(self, at: Integers, mass: Floats, least: float) -> list[Row]:
        pairs = self.ties.together
        pair, place, own = _entries_of(pairs[:, 0], at, mass, self.places)
        other = look_up(at, mass, pairs[pair, 1] * self.places + place)
        return self._parting_rows(pair, place, own - other > least)

    def could_part(self, person: Integers, unit: Integers) -> list[Row]:
        """List the rows of pairs who could be parted by going to any of these units."""
        place = np.append(self.problem.unit_establishment, self.places - 1)[unit]
        at = np.sort(person * self.places + place)
        at = at[np.diff(at, prepend=-1) > 0]
        pairs = self.ties.together
        pair, where, _ = _entries_of(pairs[:, 0], at, np.ones(len(at)), self.places)
        choices = np.bincount(at // self.places, minlength=len(self.tied))
        open_pair = (choices[pairs[:, 0]] > 1) | (choices[pairs[:, 1]] > 1)
        other = look_up(at, np.ones(len(at)), pairs[pair, 1] * self.places + where)
        return self._parting_rows(pair, where, open_pair[pair] | (other == 0))

    def _parting_rows(
        self, pair: Integers, place: Integers, chosen: NDArray[np.bool_]
    ) -> list[Row]:
        pairs, sign = self.ties.together, np.array([1, -1], dtype=np.int64)
        return [
            Row(
                RowKind.TOGETHER,
                int(pair[number]),
                int(place[number]),
                0,
                pairs[pair[number]],
                sign,
            )
            for number in np.flatnonzero(chosen)
        ]


def _neighbours(pairs: Integers) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for a, b in pairs.tolist():
        found.setdefault(a, set()).add(b)
        found.setdefault(b, set()).add(a)
    return found


def _clique(
    a: int,
    b: int,
    enemies: dict[int, set[int]],
    at: Integers,
    mass: Floats,
    wide: int,
    place: int,
) -> Integers:
    """Add people who are kept apart from all so far, those who are most at the place first."""
    common = enemies[a] & enemies[b]
    clique = [a, b]
    if common:
        people = np.array(sorted(common), dtype=np.int64)
        here = look_up(at, mass, people * wide + place)
        for person in people[np.argsort(-here, kind="stable")].tolist():
            if person in common:
                clique.append(person)
                common &= enemies[person]
    return np.array(sorted(clique), dtype=np.int64)


def summed(keys: Integers, amount: Floats) -> tuple[Integers, Floats]:
    """Add amounts up by key; keys come back sorted."""
    order = np.argsort(keys, kind="stable")
    sorted_keys = keys[order]
    begin = np.flatnonzero(np.diff(sorted_keys, prepend=-1))
    if not len(begin):
        return keys, np.zeros(0)
    total: Floats = np.add.reduceat(amount[order], begin).astype(np.float64)
    return sorted_keys[begin], total


def look_up(keys: Integers, amount: Floats, wanted: Integers) -> Floats:
    """Read amounts by sorted key; nothing where there is none."""
    if not len(keys):
        return np.zeros(len(wanted))
    where = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[where] == wanted, amount[where], 0.0)


def _entries_of(
    people: Integers, at: Integers, mass: Floats, wide: int
) -> tuple[Integers, Integers, Floats]:
    """List where each of some people is: position in the list, place, and how much of them."""
    begin = np.searchsorted(at, people * wide)
    end = np.searchsorted(at, (people + 1) * wide)
    size = end - begin
    position = np.repeat(np.arange(len(people)), size)
    within = np.arange(len(position)) - np.repeat(np.cumsum(size) - size, size)
    entry = begin[position] + within
    return position, at[entry] % wide, mass[entry]
