"""Locks that cannot all be kept, and the smallest set of them that shows it.

A lock keeps a person in a unit or an establishment, or away from it. Locks can contradict one
another, the rules, the places there are, keep-aparts, groups and limits; people whom the rules
leave where they are count too. What a single one of these forbids is said in its own words; whether
several of them together leave a way is asked of a solver in whole numbers. A set of demands that
cannot be kept together is narrowed by a deletion filter until every one of them is needed for the
contradiction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimiser.duals import limit_counts
from optimiser.exclusions import RESTRICTED, readable_rules
from optimiser.linear import has_no_answer
from optimiser.problem import (
    INELIGIBLE,
    NOWHERE,
    AllocationProblem,
    Integers,
    Limit,
    pairs_counted,
    wing_applies,
)
from optimiser.remainder import WholeModel

Item = TypeVar("Item")

WhyNot = Callable[[int, NDArray[np.bool_]], tuple[str, ...]]
"""From a person and some units, bool, to the rules that keep the person out of them."""

MOST_REPORTED = 20
"""Contradictions named in one report."""

EFFORT = 5.0
"""Work, in the solver's own seconds, after which demands count as ones that can be kept."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lock:
    """One row of the locks table, as it binds in a problem.

    ``person`` is a row of the problem; ``units`` are the units named, bool, shape (units,).
    ``keeps`` is true for a lock to them and false where they are forbidden. ``says`` names it.
    """

    person: int
    units: NDArray[np.bool_]
    keeps: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Demands that cannot all be kept, though any of them could be left out; and why not.

    ``restricted`` are those of the demands that tell who is tied to whom; ``rules`` are what
    keeps a person out, where that is why.
    """

    demands: tuple[str, ...]
    why: str
    restricted: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say which, and why."""
        rules = f" ({', '.join(self.rules)})" if self.rules else ""
        return f"{'; '.join(self.demands)}: {self.why}{rules}"

    def for_others(self) -> Conflict:
        """Leave out what only planners may read."""
        if not self.restricted:
            return replace(self, rules=readable_rules(self.rules))
        shown = tuple(demand for demand in self.demands if demand not in self.restricted)
        return Conflict(demands=shown, why=RESTRICTED)


class ConflictError(ValueError):
    """Locks or limits contradict one another; nothing was decided.

    ``conflicts`` has each; the message leaves out what only planners may read, unless told that a
    planner reads it.
    """

    def __init__(self, conflicts: Sequence[Conflict], *, planner: bool = False) -> None:
        self.conflicts = tuple(conflicts)
        shown = [each if planner else each.for_others() for each in self.conflicts]
        heading = "These cannot all be kept; take away one of each line:"
        super().__init__("\n".join([heading, *(f"  {conflict}" for conflict in shown)]))


def locks_of(
    table: pd.DataFrame, prisoners: pd.Index, units: pd.Index, unit_establishment: Sequence[str]
) -> tuple[Lock, ...]:
    """Read the locks table into the numbers of a problem; rows of other people are left out.

    Parameters
    ----------
    table
        ``prisoner_id``, ``action`` (lock or forbid), ``unit_or_establishment``.
    prisoners, units
        Labels of the problem.
    unit_establishment
        Establishment of each unit.
    """
    rows = prisoners.get_indexer(pd.Index(table["prisoner_id"]))
    unit_labels, places = np.asarray(units, dtype=object), np.asarray(unit_establishment)
    found = []
    for row, each in zip(rows, table.itertuples(), strict=True):
        if row >= 0:
            where = str(each.unit_or_establishment)
            found.append(
                Lock(
                    person=int(row),
                    units=(unit_labels == where) | (places == where),
                    keeps=str(each.action) == "lock",
                    says=f"{each.action} {each.prisoner_id} {where}",
                )
            )
    return tuple(found)


def with_locks(
    problem: AllocationProblem,
    table: pd.DataFrame,
    fixed: Integers | None,
    why_not: WhyNot | None = None,
) -> AllocationProblem:
    """Bind a problem by a planner's locks.

    Parameters
    ----------
    problem
        What the rules allow; its costs are bound in place.
    table
        The table ``locks``.
    fixed
        Unit of everyone whom the rules leave where they are, -1 for others; shape (prisoners,).
        None where the problem holds a few of the people, and what is kept cannot be judged.
    why_not
        Names what keeps a person out of some units, for the report.

    Raises
    ------
    ConflictError
        When the locks, or the limits themselves, cannot all be kept.
    """
    places = problem.establishments[problem.unit_establishment].tolist()
    locks = locks_of(table, problem.prisoners, problem.units, places)
    if not locks and not any(limit.at_least for limit in problem.limits):
        return problem
    found = [] if fixed is None else conflicts(problem, locks, fixed, why_not)
    if found:
        raise ConflictError(found)
    # the matrix is the largest thing there is, so it is not copied for a few rows
    cost = problem.cost_pennies
    beside = _pairs_by_wing(problem, locks)
    cost.setflags(write=True)
    apply_locks(cost, locks)
    for other, who, several in beside:
        open_to = np.flatnonzero(cost[who] != INELIGIBLE)
        if len(open_to) == 1 and several[open_to[0]]:
            cost[other, open_to[0]] = INELIGIBLE
    cost.setflags(write=False)
    return problem


def _pairs_by_wing(
    problem: AllocationProblem, locks: Sequence[Lock]
) -> list[tuple[int, int, NDArray[np.bool_]]]:
    """Say, before the locks, from whom locked people are kept apart by wing, and where it counts.

    A lock to one unit leaves it the only one open to both, which must not end that they are kept
    apart there.
    """
    kept = np.array([lock.person for lock in locks if lock.keeps], dtype=np.int64)
    pairs = problem.ties.apart_wing
    both_ways = np.concatenate([pairs, pairs[:, ::-1]])
    units = np.arange(len(problem.units))
    return [
        (int(other), int(who), wing_applies(problem, np.tile([other, who], (len(units), 1)), units))
        for other, who in both_ways[np.isin(both_ways[:, 1], kept)]
    ]


def apply_locks(cost_pennies: NDArray[np.int32], locks: Sequence[Lock]) -> None:
    """Make every pair that a lock rules out ineligible, in place."""
    for lock in locks:
        cost_pennies[lock.person, lock.units != lock.keeps] = INELIGIBLE


def smallest_conflict(
    demands: Sequence[Item], kept_together: Callable[[Sequence[Item]], bool]
) -> tuple[Item, ...]:
    """Narrow demands that cannot be kept together to a set of which none can be spared.

    Parameters
    ----------
    demands
        In order; earlier ones are left out first.
    kept_together
        Whether some of the demands can all be kept; leaving one out never makes it false.

    Returns
    -------
    tuple
        Empty when all can be kept.

    Notes
    -----
    A deletion filter that tries halves before single demands.

    Examples
    --------
    >>> smallest_conflict([1, 2, 3, 4, 5], lambda kept: sum(kept) < 9)
    (4, 5)
    """
    if kept_together(demands):
        return ()
    kept, size = list(demands), max(1, len(demands) // 2)
    while True:
        first = 0
        while first < len(kept):
            rest = kept[:first] + kept[first + size :]
            if kept_together(rest):
                first += size
            else:
                kept = rest
        if size == 1:
            return tuple(kept)
        size //= 2


def conflicts(
    problem: AllocationProblem,
    locks: Sequence[Lock],
    fixed: Integers | None = None,
    why_not: WhyNot | None = None,
) -> list[Conflict]:
    """Name every contradiction among locks, rules, places, ties and limits.

    Parameters
    ----------
    problem
        Before the locks: its costs say what the rules allow.
    locks
        What must be kept.
    fixed
        Unit of everyone whom the rules leave where they are, -1 for others; shape (prisoners,).
        Their places are taken.
    why_not
        Names what keeps a person out of some units.

    Returns
    -------
    list of Conflict
        Smallest sets, none of which shares a demand with another; at most ``MOST_REPORTED``.
    """
    frame = _Frame(problem, locks, fixed, why_not)
    demands: list[_Demand] = list(frame.demands())
    found: list[Conflict] = []
    while len(found) < MOST_REPORTED:
        smallest = smallest_conflict(demands, lambda some: frame.fault(some) is None)
        if not smallest:
            return found
        found.append(
            Conflict(
                demands=tuple(demand.says for demand in smallest),
                why=frame.fault(smallest) or "",
                restricted=tuple(each.says for each in smallest if each.kind in TIES),
                rules=frame.rules_against(smallest),
            )
        )
        demands = [demand for demand in demands if demand not in smallest]
    return found


TIES = ("apart", "wing", "group")
"""Kinds of demands that tell who is tied to whom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demand:
    """Something that can be left out: a lock, a keep-apart, a group or a limit, by number."""

    kind: str
    number: int
    says: str


def _by_kind(demands: Sequence[_Demand]) -> dict[str, list[int]]:
    """Give the numbers of demands by their kind."""
    chosen: dict[str, list[int]] = {}
    for demand in demands:
        chosen.setdefault(demand.kind, []).append(demand.number)
    return chosen


class _Frame:
    """What stays whatever is left out: the rules, the places, and who is fixed to one."""

    def __init__(
        self,
        problem: AllocationProblem,
        locks: Sequence[Lock],
        fixed: Integers | None,
        why_not: WhyNot | None,
    ) -> None:
        self.problem = problem
        self.locks = locks
        self.why_not = why_not
        self.people = np.unique([lock.person for lock in locks]).astype(np.int64)
        rows = problem.cost_pennies[self.people]
        self.eligible = dict(zip(self.people.tolist(), rows != INELIGIBLE, strict=True))
        nobody = np.full(len(problem.prisoners), -1, dtype=np.int64)
        taken = (nobody if fixed is None else fixed).copy()
        taken[self.people] = -1
        self.taken = taken
        held = problem.held(taken)
        self.room = problem.capacity - held
        by_sex = np.bincount(problem.unit_sex, weights=held, minlength=len(problem.sexes))
        self.room_of_sex = problem.held_limit - by_sex.astype(np.int64)
        self.reach = [self._reach(limit) for limit in problem.limits]
        self.spare = [self._spare(limit) for limit in problem.limits]

    def demands(self) -> Iterator[_Demand]:
        """List what may contradict: limits and ties first, so that locks are spared last."""
        ties, labels = self.problem.ties, self.problem.prisoners
        locked = np.zeros(len(labels), dtype=np.bool_)
        locked[self.people] = True
        settled = locked | (self.taken >= 0)
        for number, limit in enumerate(self.problem.limits):
            yield _Demand(kind="limit", number=number, says=_limit_says(limit))
        for kind, pairs, level in (
            ("apart", ties.apart, ""),
            ("wing", ties.apart_wing, " by wing"),
        ):
            either = locked[pairs].any(axis=1) & settled[pairs].all(axis=1)
            for row in np.flatnonzero(either):
                a, b = labels[pairs[row]]
                says = f"keep apart {a} and {b}{level}"
                yield _Demand(kind=kind, number=int(row), says=says)
        for number, group in enumerate(ties.groups):
            few = settled[group.people].sum() <= group.at_most
            if locked[group.people].any() and not few:
                says = f"group {group.name}: at most {group.at_most}"
                yield _Demand(kind="group", number=number, says=says)
        for number, lock in enumerate(self.locks):
            yield _Demand(kind="lock", number=number, says=lock.says)

    def fault(self, demands: Sequence[_Demand]) -> str | None:
        """Say why demands cannot be kept together; none when nothing speaks against it."""
        chosen = _by_kind(demands)
        open_to, confined = self._open_to(chosen.get("lock", []))
        return (
            self._without_a_unit(open_to, chosen.get("lock", []))
            or self._without_room({who: open_to[who] for who in confined})
            or self._too_close({who: open_to[who] for who in confined}, chosen)
            or self._beyond_a_limit(open_to, confined, chosen.get("limit", []))
            or self._no_way_together({who: open_to[who] for who in confined}, chosen)
        )

    def rules_against(self, demands: Sequence[_Demand]) -> tuple[str, ...]:
        """Name the rules that keep a person out of what is demanded, where they do."""
        locks = _by_kind(demands).get("lock", [])
        found = self._who_has_no_unit(self._open_to(locks)[0], locks)
        if found is None or self.why_not is None:
            return ()
        who, of_person = found
        named = self._named(of_person)
        return self.why_not(who, named) if named.any() else ()

    def _open_to(self, locks: Sequence[int]) -> tuple[dict[int, NDArray[np.bool_]], list[int]]:
        """Give the units that locks leave to each person, and who must be in one of them."""
        open_to: dict[int, NDArray[np.bool_]] = {}
        confined: dict[int, bool] = {}
        for number in locks:
            lock = self.locks[number]
            before = open_to.get(lock.person, self.eligible[lock.person])
            open_to[lock.person] = before & (lock.units == lock.keeps)
            confined[lock.person] = confined.get(lock.person, False) or lock.keeps
        return open_to, [who for who, must in confined.items() if must]

    def _without_a_unit(
        self, open_to: dict[int, NDArray[np.bool_]], locks: Sequence[int]
    ) -> str | None:
        found = self._who_has_no_unit(open_to, locks)
        if found is None:
            return None
        who, of_person = found
        if not self._named(of_person).any():
            return "no unit satisfies all of them"
        return f"the rules do not allow {self.problem.prisoners[who]} there"

    def _who_has_no_unit(
        self, open_to: dict[int, NDArray[np.bool_]], locks: Sequence[int]
    ) -> tuple[int, list[int]] | None:
        """Give the first person whom locks leave no unit, and these locks."""
        for who, units in open_to.items():
            if units.any():
                continue
            of_person = [number for number in locks if self.locks[number].person == who]
            if self.eligible[who].any() or any(self.locks[n].keeps for n in of_person):
                return who, of_person
        return None

    def _named(self, locks: Sequence[int]) -> NDArray[np.bool_]:
        """Give the units that all of some locks leave, whatever the rules say."""
        named = np.ones(len(self.problem.units), dtype=np.bool_)
        for number in locks:
            named &= self.locks[number].units == self.locks[number].keeps
        return named

    def _without_room(self, open_to: dict[int, NDArray[np.bool_]]) -> str | None:
        """Look for more people than places, by the largest flow from people to places."""
        if not open_to:
            return None
        sets, size = np.unique(np.array(list(open_to.values())), axis=0, return_counts=True)
        if _largest_flow(sets, size, self.problem.unit_sex, self.room, self.room_of_sex) == sum(
            size
        ):
            return None
        units = sets.any(axis=0)
        labels = ", ".join(self.problem.units[np.flatnonzero(units)[:5]])
        places = int(np.maximum(self.room[units], 0).sum())
        people = f"{len(open_to)} people"
        if places < len(open_to):
            return f"{people} for {places} places open in {labels}"
        return f"{people}, and no more may be held of their sex"

    def _too_close(
        self, open_to: dict[int, NDArray[np.bool_]], chosen: dict[str, list[int]]
    ) -> str | None:
        ties, places = self.problem.ties, self.problem.unit_establishment
        at = {who: _only(places[units]) for who, units in open_to.items() if units.any()}
        within = {who: _only(np.flatnonzero(units)) for who, units in open_to.items()}

        def place_of(who: int) -> int | None:
            unit = int(self.taken[who])
            return int(places[unit]) if unit >= 0 else at.get(who)

        def unit_of(who: int) -> int | None:
            unit = int(self.taken[who])
            return unit if unit >= 0 else within.get(who)

        for number in chosen.get("apart", []):
            a, b = (place_of(int(who)) for who in ties.apart[number])
            if a is not None and a == b:
                return "both can only be in the same place"
        for number in chosen.get("wing", []):
            a, b = (unit_of(int(who)) for who in ties.apart_wing[number])
            if a is not None and a == b and self._wing_applies(number, a):
                return "both can only be in the same place"
        for number in chosen.get("group", []):
            group = ties.groups[number]
            together = [
                place for who in group.people.tolist() if (place := place_of(who)) is not None
            ]
            for place in sorted(set(together)):
                if together.count(place) > group.at_most:
                    label = self.problem.establishments[place]
                    return f"{together.count(place)} of them can only be in {label}"
        return None

    def _beyond_a_limit(
        self,
        open_to: dict[int, NDArray[np.bool_]],
        confined: Sequence[int],
        limits: Sequence[int],
    ) -> str | None:
        for number in limits:
            limit, (counted, most) = self.problem.limits[number], self.reach[number]
            if limit.at_least:
                lost = sum(
                    bool((counted[who] & self.eligible[who]).any())
                    and not (counted[who] & units).any()
                    for who, units in open_to.items()
                )
                if most - lost < limit.bound:
                    return f"at most {most - lost} can be"
                continue
            forced = sum(bool((counted[who] | ~open_to[who]).all()) for who in confined)
            if forced > self.spare[number]:
                stay = limit.bound - self.spare[number]
                return f"{forced + stay} have to be" + (f", {stay} of them stay" if stay else "")
        return self._limits_clash(limits)

    def _no_way_together(
        self, open_to: dict[int, NDArray[np.bool_]], chosen: dict[str, list[int]]
    ) -> str | None:
        """Ask a solver whether everybody who has to have a place can have one at once.

        Only asked where ties or limits could stand in the way: places alone are known to do.
        """
        people = np.array(list(open_to), dtype=np.int64)
        if not len(people):
            return None
        row, unit = np.nonzero(np.array(list(open_to.values())))
        rows = _Rows(len(row))
        self._add_ties(rows, people[row], unit, chosen)
        for number in chosen.get("limit", []):
            limit = self.problem.limits[number]
            if not limit.at_least:
                counted = pairs_counted(self.problem, limit, people[row], unit)
                if len(np.unique(row[counted])) > self.spare[number]:
                    rows.at_most(np.flatnonzero(counted), self.spare[number])
        if not rows.bounds:
            return None
        for number in range(len(people)):
            rows.add(np.flatnonzero(row == number), 1, 1)
        for number in np.unique(unit):
            rows.at_most(np.flatnonzero(unit == number), max(0, int(self.room[number])))
        sex = self.problem.unit_sex[unit]
        for number in np.unique(sex):
            rows.at_most(np.flatnonzero(sex == number), max(0, int(self.room_of_sex[number])))
        return "together they leave no way" if has_no_answer(rows.model(), effort=EFFORT) else None

    def _add_ties(
        self, rows: _Rows, person: Integers, unit: Integers, chosen: dict[str, list[int]]
    ) -> None:
        """Write what ties forbid among these pairs, and between them and people who stay."""
        ties, problem = self.problem.ties, self.problem
        place = problem.unit_establishment
        stays_at = np.where(self.taken >= 0, place[np.maximum(self.taken, 0)], NOWHERE)
        sets = [(ties.apart[number], 1) for number in chosen.get("apart", [])]
        groups = (ties.groups[number] for number in chosen.get("group", []))
        sets += [(group.people, group.at_most) for group in groups]
        for members, most in sets:
            mine = np.isin(person, members)
            for spot in np.unique(place[unit[mine]]):
                here = np.flatnonzero(mine & (place[unit] == spot))
                left = most - int((stays_at[members] == spot).sum())
                if len(np.unique(person[here])) > left:
                    rows.at_most(here, max(0, left))
        for number in chosen.get("wing", []):
            members = ties.apart_wing[number]
            mine = np.isin(person, members)
            for spot in np.unique(unit[mine]).tolist():
                here = np.flatnonzero(mine & (unit == spot))
                left = 1 - int((self.taken[members] == spot).sum())
                if len(here) > left and self._wing_applies(number, spot):
                    rows.at_most(here, max(0, left))

    def _wing_applies(self, number: int, unit: int) -> bool:
        """Say whether there are several units for a pair in the establishment of one."""
        pair = self.problem.ties.apart_wing[[number]]
        return bool(wing_applies(self.problem, pair, np.array([unit]))[0])

    def _spare(self, limit: Limit) -> int:
        """Give how many a limit lets through beside those who stay where they are.

        Where they are too many already, they are not counted: a limit is not kept by unlocking.
        """
        stay = np.flatnonzero(self.taken >= 0)
        count = int(pairs_counted(self.problem, limit, stay, self.taken[stay]).sum())
        return limit.bound - count if count <= limit.bound else limit.bound

    def _limits_clash(self, limits: Sequence[int]) -> str | None:
        """Find a minimum that is above a limit on the same people and more."""
        chosen = [self.problem.limits[number] for number in limits]
        for least in (limit for limit in chosen if limit.at_least):
            for most in (limit for limit in chosen if not limit.at_least):
                if least.bound > most.bound and _covers(most, least):
                    return f"{least.bound} at least and {most.bound} at most"
        return None

    def _reach(self, limit: Limit) -> tuple[dict[int, NDArray[np.bool_]], int]:
        """Give the units in which a limit counts each locked person, and most it could count."""
        problem = self.problem
        counted = {
            who: limit_counts(problem, limit, slice(who, who + 1))[0] for who in self.eligible
        }
        if not limit.at_least:
            return counted, 0
        able = 0
        for first in range(0, len(problem.prisoners), _ROWS):
            rows = slice(first, first + _ROWS)
            pairs = limit_counts(problem, limit, rows)
            able += int((pairs & (problem.cost_pennies[rows] != INELIGIBLE)).any(axis=1).sum())
        places = problem.capacity if limit.units is None else problem.capacity[limit.units]
        return counted, min(able, int(places.sum()))


_ROWS = 4096


class _Rows:
    """Rows over columns of 0 or 1, as they are written down."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.members: list[Integers] = []
        self.bounds: list[tuple[int, int]] = []

    def add(self, members: Integers, low: int, high: int) -> None:
        """Bound the sum of some columns."""
        self.members.append(members)
        self.bounds.append((low, high))

    def at_most(self, members: Integers, high: int) -> None:
        """Bound the sum of some columns from above."""
        self.add(members, 0, high)

    def model(self) -> WholeModel:
        """Hand the programme over."""
        size = [len(members) for members in self.members]
        bounds = np.array(self.bounds, dtype=np.int64)
        return WholeModel(
            high=np.ones(self.columns, dtype=np.int64),
            row=np.repeat(np.arange(len(size)), size),
            column=np.concatenate(self.members).astype(np.int64),
            value=np.ones(sum(size), dtype=np.int64),
            row_low=bounds[:, 0],
            row_high=bounds[:, 1],
        )


def _limit_says(limit: Limit) -> str:
    return f"limit {limit.name}: at {'least' if limit.at_least else 'most'} {limit.bound}"


def _only(values: NDArray[Any]) -> int | None:
    """Give the one value there is, or none."""
    found = np.unique(values)
    return int(found[0]) if len(found) == 1 else None


def _covers(wide: Limit, narrow: Limit) -> bool:
    """Say whether a limit counts everything that another counts."""

    def inside(outer: NDArray[np.bool_] | None, inner: NDArray[np.bool_] | None) -> bool:
        return outer is None or (inner is not None and bool((outer | ~inner).all()))

    same_flag = wide.flag is None or wide.flag == narrow.flag
    return same_flag and inside(wide.people, narrow.people) and inside(wide.units, narrow.units)


def _largest_flow(
    sets: NDArray[np.bool_],
    size: Integers,
    unit_sex: Integers,
    room: Integers,
    room_of_sex: Integers,
) -> int:
    """Give how many people, by the set of units open to them, find a place at once."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import maximum_flow

    kinds, units = sets.shape
    sexes = len(room_of_sex)
    unit_node = 1 + kinds
    sex_node = unit_node + units
    sink = sex_node + sexes
    kind, unit = np.nonzero(sets)
    tail = [np.zeros(kinds), 1 + kind, unit_node + np.arange(units), sex_node + np.arange(sexes)]
    head = [1 + np.arange(kinds), unit_node + unit, sex_node + unit_sex, np.full(sexes, sink)]
    most = [size, size[kind], np.maximum(room, 0), np.maximum(room_of_sex, 0)]
    graph = coo_array(
        (
            np.concatenate(most).astype(np.int32),
            (np.concatenate(tail).astype(np.int32), np.concatenate(head).astype(np.int32)),
        ),
        shape=(sink + 1, sink + 1),
    )
    return int(maximum_flow(graph.tocsr(), 0, sink).flow_value)
