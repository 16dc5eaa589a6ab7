"""Small counts of people hidden so that no hidden number can be worked back.

A count is hidden where it is small. Where a table adds up, that alone gives nothing away only if
enough other cells are hidden with it: a reader who knows everything shown, how the table adds up
and that no count is below zero is left with more than one value for every hidden cell.

Which cells are hidden beside the small ones is decided one cell at a time: for a hidden cell that
could be worked back, an integer programme finds the cells whose hiding protects it at the least
loss. Each step is the best there is; that the steps together are the best is not proven.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "NOBODY",
    "Balance",
    "Cells",
    "Counts",
    "Hidden",
    "Pattern",
    "Rule",
    "default_rule",
    "hidden_cells",
    "hide",
    "hide_together",
    "names_of",
    "pattern_of",
]

Numbers: TypeAlias = NDArray[np.float64]
Truths: TypeAlias = NDArray[np.bool_]

Named: TypeAlias = tuple[str | float, ...]
"""A count: the columns that say what its row counts, their words, its own column, its number."""

TOTAL_COST = 20.0
"""A total is hidden only where this many inner cells would have to be hidden instead."""

OUTSIDE_COST = 10_000.0
"""What stands outside the table, as good as known: hidden in thought only where nothing else is
left, and then not to be published beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How small counts of people are hidden; each has a row in ``export_settings.csv``.

    Attributes
    ----------
    threshold
        Counts from 1 to this many people are hidden; 0 hides nothing.
    least_width
        People between the least and the most that any hidden cell can be, at least; never less
        than ``threshold`` counts, so that no hidden number is known to be a small one.
    rounding
        Every count shown is rounded to the nearest of this many people; 1 rounds nothing.
    marker
        What stands in a hidden cell.

    Raises
    ------
    ValueError
        When a number is out of range or the marker is empty.
    """

    threshold: int
    least_width: int
    rounding: int
    marker: str

    def __post_init__(self) -> None:
        faults = []
        if self.threshold < 0:
            faults.append(f"threshold is {self.threshold}; expected 0 or more people")
        if self.least_width < 1:
            faults.append(f"least_width is {self.least_width}; expected 1 person or more")
        if self.rounding < 1:
            faults.append(f"rounding is {self.rounding}; expected 1 person or more")
        if not self.marker.strip():
            faults.append("marker is empty; expected what stands in a hidden cell")
        if faults:
            raise ValueError(f"Rule for small counts: {'; '.join(faults)}.")

    @property
    def width(self) -> int:
        """People between the least and the most that a hidden cell can be, at least."""
        return max(self.least_width, self.threshold)

    @property
    def note(self) -> str:
        """What the marker and rounding mean, for the reader of a table."""
        if not self.threshold:
            hidden = ""
        else:
            small = {1: "1 person", 2: "1 or 2 people"}.get(
                self.threshold, f"1 to {self.threshold} people"
            )
            hidden = (
                f"{self.marker} stands for {small}, or for a number from which such a count could "
                "be worked out: hidden so that nobody can be recognised."
            )
        rounded = (
            f"Counts of people are rounded to the nearest {self.rounding}, so that rows may not "
            "add up to their totals."
        )
        return " ".join(text for text in (hidden, rounded if self.rounding > 1 else "") if text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Which columns of a table count people, and how they add up.

    Attributes
    ----------
    columns
        Columns that count people.
    adds_up
        Columns that are the total of others in every row, each with its parts. What is left over
        when the parts are taken off stands nowhere, and must not be worked out where it is small.
    within
        Columns that count a part of the people of another, each with that other.
    balances
        Columns that together are as many as others in every row: each pair of the two sides.
    totals
        Columns of words in which one word marks the rows that are totals of the rest, each with
        that word. Where none is named, the sum of every column is treated as known.
    by
        Columns of words that say what a row counts. Columns of the same name count the same people
        in every table of a book in which ``by`` and its words are the same.
    follows
        Columns hidden wherever the count they describe is, such as a mean: each with the column
        of that count, or those of several.
    shares
        Columns that are a share of the people another column counts, each with that column. A share
        tells a count: it is hidden where that count would be.
    """

    columns: tuple[str, ...]
    adds_up: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    within: Mapping[str, str] = field(default_factory=dict)
    balances: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()
    totals: Mapping[str, str] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    follows: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    shares: Mapping[str, str] = field(default_factory=dict)


NOBODY = Counts(columns=())
"""No column counts people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Cells, by number, whose people together are as many as those of other cells."""

    left: tuple[int, ...]
    right: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Counts as cells in a row, and how they add up.

    Attributes
    ----------
    values
        People, shape (cells,).
    cost
        What hiding each loses, shape (cells,).
    balances
        What a reader knows of how they add up.
    outside
        Cells that stand in no table, yet are as good as known: the sum of a column, each with the
        name of that column.
    untold
        Cells that stand in no table and are told nowhere: what is left of a total. They are hidden
        as they are, and need company only where they are small.
    """

    values: Numbers
    cost: Numbers
    balances: tuple[Balance, ...]
    outside: Mapping[int, str] = field(default_factory=dict)
    untold: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hidden:
    """A table with its small counts hidden.

    Attributes
    ----------
    table
        The columns as they were; in those of ``mask`` hidden cells hold the marker.
    mask
        True where hidden; the columns that count people and those that follow one.
    outside
        Columns whose sum must not be published beside this table.
    """

    table: pd.DataFrame
    mask: pd.DataFrame
    outside: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether some cell is hidden."""
        return bool(self.mask.to_numpy().any())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Which counts are hidden, decided once over all tables in which they stand.

    Whoever sees some of these tables, in however many files, knows no more than somebody who sees
    all of them, and before all of them no hidden count can be worked back.

    Attributes
    ----------
    decided
        Whether each count is hidden.
    outside
        Columns whose sum must not be published beside the tables.
    """

    decided: Mapping[Named, bool]
    outside: frozenset[str] = frozenset()

    def joined(self, other: Pattern) -> Pattern:
        """Give the counts of both; what one of them hides is hidden."""
        decided = dict(self.decided)
        for named, hidden in other.decided.items():
            decided[named] = decided.get(named, False) or hidden
        return Pattern(decided=decided, outside=self.outside | other.outside)


def pattern_of(
    tables: Sequence[tuple[pd.DataFrame, Counts]],
    rule: Rule,
    milder: Pattern | None = None,
    equal: Sequence[tuple[Sequence[Named], Sequence[Named]]] = (),
) -> Pattern:
    """Decide which counts of some tables are hidden wherever they stand.

    Parameters
    ----------
    tables
        As for :func:`hide_together`, each with all its rows.
    rule
        As for exports.
    milder
        Decided over the same tables by a rule that hides less; all it hides is hidden here too, so
        that a table hidden by the one tells nothing beside a table hidden by the other.
    equal
        Counts of different tables that add up to the same, as :func:`names_of` names them: the
        people of all units of a prison and those of the prison. What is over on the first side
        stands nowhere.
    """
    layout, _ = _laid_out(tables)
    for whole, parts in equal:
        layout.add_up(whole, parts)
    cells = layout.cells()
    begun = np.zeros(len(cells.values), dtype=np.bool_)
    # a row that nothing but its place names is another row in another file
    names = {named: cell for named, cell in layout.named().items() if isinstance(named[0], str)}
    if milder is not None:
        begun[[cell for named, cell in names.items() if milder.decided.get(named)]] = True
    hidden = hidden_cells(cells, rule, begun)
    return Pattern(
        decided={named: bool(hidden[cell]) for named, cell in names.items()},
        outside=frozenset(_kept_back(cells, hidden, rule)),
    )


def names_of(table: pd.DataFrame, counts: Counts) -> pd.DataFrame:
    """Name every count of a table as a pattern does.

    Returns
    -------
    DataFrame
        In the rows of the table, one column of names for each column that counts people, and for
        the people of each share.

    Examples
    --------
    >>> import pandas as pd
    >>> people = pd.DataFrame({"sex": ["men", "women"], "moved": [40, 1]})
    >>> names_of(people, Counts(columns=("moved",), by=("sex",)))["moved"].tolist()
    [('sex', 'men', 'moved', 40.0), ('sex', 'women', 'moved', 1.0)]
    """
    import pandas as pd

    told, more = _with_people_of_shares(table, counts)
    layout = _Layout()
    number = layout.add(told, replace(more, adds_up={}, within={}, balances=(), totals={}))
    named = list(layout.named())
    rows = [[named[cell] for cell in row] for row in number.tolist()]
    return pd.DataFrame(
        {
            name: pd.Series([row[at] for row in rows], dtype=object)
            for at, name in enumerate(more.columns)
        }
    ).set_axis(table.index)


def default_rule(*, strict: bool = False, **chosen: Any) -> Rule:
    """Give the rule of ``export_settings.csv``, with what somebody chose instead.

    Parameters
    ----------
    strict
        The stricter of the two: counts under five hidden, the rest rounded to five.
    chosen
        Fields of ``Rule``.

    Examples
    --------
    >>> default_rule().threshold, default_rule(strict=True).rounding
    (2, 5)
    >>> default_rule(threshold=3).width
    3
    """
    from scenarios.settings import export_settings

    rows = export_settings()
    group = "small_counts_strict" if strict else "small_counts"
    values = {name: rows[f"{group}.{name}"].value for name in Rule.__dataclass_fields__}
    return Rule(**(values | chosen))


def hide(table: pd.DataFrame, counts: Counts, rule: Rule, pattern: Pattern | None = None) -> Hidden:
    """Hide the small counts of one table; as ``hide_together``.

    Examples
    --------
    >>> import pandas as pd
    >>> rule = Rule(threshold=2, least_width=2, rounding=1, marker="[c]")
    >>> people = pd.DataFrame({"sex": ["men", "women", "all"], "moved": [40, 1, 41]})
    >>> found = hide(people, Counts(columns=("moved",), totals={"sex": "all"}), rule)
    >>> found.table["moved"].tolist()
    ['[c]', '[c]', 41]
    """
    return hide_together([(table, counts)], rule, pattern=pattern)[0]


def hide_together(
    tables: Sequence[tuple[pd.DataFrame, Counts]],
    rule: Rule,
    whole: Sequence[pd.DataFrame | None] | None = None,
    pattern: Pattern | None = None,
) -> list[Hidden]:
    """Hide the small counts of tables that a reader has side by side, and round the rest.

    What each table hides alone it hides beside any other: the tables beside it only add to that.

    Parameters
    ----------
    tables
        Each with one row per row shown, and which of its columns count people. An empty cell
        counts nobody and is never hidden.
    rule
        As for exports.
    whole
        For each table every row, with its index, where it has only some of them: what it hides
        alone is decided among all.
    pattern
        What was decided over more tables than these: it is final where it knows all their counts.
        Where it does not, more may be hidden.

    Returns
    -------
    list of Hidden
        In the order of the tables. A count that stands in two tables is hidden in both or in none.

    Raises
    ------
    ValueError
        When a column is not in its table, or holds a count below zero.
    """
    layout, numbers = _laid_out(tables)
    cells = layout.cells()
    names = layout.named()
    if pattern is not None and all(named in pattern.decided for named in names):
        hidden = np.zeros(len(cells.values), dtype=np.bool_)
        hidden[[cell for named, cell in names.items() if pattern.decided[named]]] = True
        kept_back = set(pattern.outside)
    else:
        begun = np.zeros(len(cells.values), dtype=np.bool_)
        if len(tables) > 1 or whole is not None:
            begun = _hidden_alone(tables, numbers, rule, whole, len(cells.values))
        if pattern is not None:
            begun[[cell for named, cell in names.items() if pattern.decided.get(named)]] = True
        hidden = hidden_cells(cells, rule, begun)
        kept_back = _kept_back(cells, hidden, rule)
    return [
        _told(table, counts, hidden[number], kept_back, rule)
        for (table, counts), number in zip(tables, numbers, strict=True)
    ]


def _laid_out(
    tables: Sequence[tuple[pd.DataFrame, Counts]],
) -> tuple[_Layout, list[NDArray[np.intp]]]:
    layout = _Layout()
    return layout, [layout.add(*_with_people_of_shares(*each)) for each in tables]


def _hidden_alone(
    tables: Sequence[tuple[pd.DataFrame, Counts]],
    numbers: Sequence[NDArray[np.intp]],
    rule: Rule,
    whole: Sequence[pd.DataFrame | None] | None,
    cells: int,
) -> Truths:
    """Say which cells some table hides by itself, shape (cells,)."""
    found = np.zeros(cells, dtype=np.bool_)
    for number, (table, counts), every in zip(
        numbers, tables, whole or [None] * len(tables), strict=True
    ):
        found[number[_alone(table, counts, rule, every)]] = True
    return found


def _kept_back(cells: Cells, hidden: Truths, rule: Rule) -> set[str]:
    """Name the columns whose sum, though it stands in no table, must not be told."""
    return {
        name
        for cell, name in cells.outside.items()
        if hidden[cell] and cells.values[cell] > rule.threshold
    }


def _alone(table: pd.DataFrame, counts: Counts, rule: Rule, whole: pd.DataFrame | None) -> Truths:
    """Say what a table hides by itself, shape (rows, columns and shares)."""
    layout = _Layout()
    number = layout.add(*_with_people_of_shares(table if whole is None else whole, counts))
    found = hidden_cells(layout.cells(), rule)[number]
    return found if whole is None else found[whole.index.get_indexer(table.index)]


PEOPLE_OF = "people of {}"


def _with_people_of_shares(table: pd.DataFrame, counts: Counts) -> tuple[pd.DataFrame, Counts]:
    """Add the counts that shares tell, each a part of the people it is a share of."""
    if not counts.shares:
        return table, counts
    people = {
        PEOPLE_OF.format(share): (table[share] * table[base]).round().fillna(0.0)
        for share, base in counts.shares.items()
    }
    parts = {PEOPLE_OF.format(share): base for share, base in counts.shares.items()}
    more = replace(counts, columns=(*counts.columns, *people), within={**counts.within, **parts})
    return table.assign(**people), more


def _told(
    table: pd.DataFrame, counts: Counts, hidden: Truths, kept_back: set[str], rule: Rule
) -> Hidden:
    """Put the marker where a cell is hidden, and round the others.

    Where counts are rounded a share is that of the rounded counts, else it would tell them.
    """
    import pandas as pd

    every = [*counts.columns, *counts.shares]
    mask = pd.DataFrame(hidden, index=table.index, columns=every)
    for share, base in counts.shares.items():
        mask[share] |= mask[base]
    for follower, followed in counts.follows.items():
        names = [followed] if isinstance(followed, str) else list(followed)
        mask[follower] = mask[names].any(axis=1)
    told = table.copy()
    for column in counts.columns:
        told[column] = _rounded(table[column], rule.rounding)
    if rule.rounding > 1:
        for share, base in counts.shares.items():
            part = _rounded((table[share] * table[base]).round(), rule.rounding)
            whole = _rounded(table[base].astype("float64"), rule.rounding)
            told[share] = part / whole.where(whole > 0)
    for column in mask.columns:
        if mask[column].any():
            told[column] = told[column].astype(object).mask(mask[column], rule.marker)
    outside = tuple(column for column in counts.columns if column in kept_back)
    return Hidden(table=told, mask=mask, outside=outside)


def hidden_cells(cells: Cells, rule: Rule, begun: Truths | None = None) -> Truths:
    """Say which cells are hidden: the small ones, and those that protect them.

    The same cells are not decided on twice: pages show the same tables again and again.

    Parameters
    ----------
    cells, rule
        Counts, how they add up, and how small ones are hidden.
    begun
        Cells that are hidden whatever they hold, shape (cells,).

    Returns
    -------
    array of bool, shape (cells,)
        Every hidden cell can be anything over a width of ``rule.width`` people at least, as far as
        a reader can tell, and every small one more than ``rule.threshold``.
    """
    first = np.zeros(len(cells.values), dtype=np.bool_) if begun is None else begun
    return _decided(
        cells.values.tobytes(),
        cells.cost.tobytes(),
        cells.balances,
        frozenset(cells.untold),
        rule,
        first.tobytes(),
    ).copy()


@lru_cache(maxsize=128)
def _decided(
    values: bytes,
    cost: bytes,
    balances: tuple[Balance, ...],
    untold: frozenset[int],
    rule: Rule,
    begun: bytes,
) -> Truths:
    cells = Cells(
        values=np.frombuffer(values, dtype=np.float64),
        cost=np.frombuffer(cost, dtype=np.float64),
        balances=balances,
        untold=untold,
    )
    small = (cells.values > 0) & (np.round(cells.values) <= rule.threshold)
    hidden = small | np.frombuffer(begun, dtype=np.bool_)
    if not hidden.any():
        return hidden
    rest = np.zeros_like(hidden)
    rest[list(cells.untold)] = True
    needs_none = rest & ~hidden
    hidden |= rest
    balance = _matrix(cells.balances, len(hidden))
    least, most = np.zeros_like(cells.values), np.zeros_like(cells.values)

    def learn(change: Numbers) -> None:
        np.minimum(least, change, out=least)
        np.maximum(most, change, out=most)

    def unsafe() -> NDArray[np.intp]:
        narrow = most - least < rule.width
        known_small = small & (np.round(cells.values) + most <= rule.threshold)
        return np.flatnonzero(hidden & ~needs_none & (narrow | known_small))

    # what could be in hidden cells stays possible when more are hidden: as many as can be are asked
    # about at once, as long as that tells anything
    together = True
    while (left := unsafe()).size:
        if together:
            _learn_together(cells, balance, hidden, left, rule.width, learn)
            together = unsafe().size < left.size
            continue
        worst = int(left[np.argmin(cells.values[left])])
        up = _furthest(cells, balance, hidden, np.array([worst]), 1.0, rule.width)
        learn(up)
        learn(_furthest(cells, balance, hidden, np.array([worst]), -1.0, rule.width))
        if worst in unsafe():
            more, change = _protect(cells, balance, hidden, worst, rule.width)
            hidden |= more
            learn(change)
            together = True
    return hidden


def _learn_together(
    cells: Cells, balance: Any, hidden: Truths, left: NDArray[np.intp], width: int, learn: Any
) -> None:
    """Look for tables that move as many cells as can be moved at once, up and down."""
    for sign in (1.0, -1.0):
        learn(_furthest(cells, balance, hidden, left, sign, width))


def _furthest(
    cells: Cells, balance: Any, hidden: Truths, aimed: NDArray[np.intp], sign: float, width: int
) -> Numbers:
    """Find another table that a reader cannot rule out, some cells as far from theirs as can be.

    No cell aimed at is moved by more than ``width + threshold`` would ever ask for, so that the
    others come in for their share.
    """
    free = np.flatnonzero(hidden)
    position = np.full(len(hidden), -1)
    position[free] = np.arange(len(free))
    low, high = -cells.values[free], np.full(len(free), np.inf)
    inside = position[aimed]
    high[inside] = np.minimum(high[inside], 2.0 * width)
    low[inside] = np.maximum(low[inside], -2.0 * width)
    aim = np.zeros(len(free))
    aim[inside] = -sign
    found = _programme(aim, balance[:, free], low, high, cells.values)
    change = np.zeros(len(hidden))
    if found is not None:
        change[free] = found
    return change


def _protect(
    cells: Cells, balance: Any, hidden: Truths, cell: int, width: int
) -> tuple[Truths, Numbers]:
    """Find the cells to hide so that one could be larger by a width, at the least loss.

    They are looked for among the cells that add up with it, or with those, and among all only where
    that is not enough: in a large table they stand near. Variables are the change of every
    positive cell, and whether it is hidden. Zeros are never hidden: many are known, such as women
    in a prison for men.
    """
    could = (cells.values > 0) | hidden
    largest = max(float(cells.values.max()), 1.0) * width
    found = None
    for among in (np.flatnonzero(could & _near(balance, cell)), np.flatnonzero(could)):
        at = int(np.flatnonzero(among == cell)[0])
        people = cells.values[among]
        cost = np.where(hidden[among], 0.0, cells.cost[among])
        known = balance[:, among]
        known = known[np.diff(known.indptr) > 0]
        for reach in (float(width), largest):
            found = found if found is not None else _hiding(cost, known, people, at, width, reach)
        if found is not None:
            break
    many = len(among)
    if found is None:
        found = np.concatenate([people * width, np.ones(many)])  # every cell grown alike
    change, more = np.zeros(len(hidden)), np.zeros(len(hidden), dtype=np.bool_)
    change[among] = found[:many]
    more[among] = (found[many:] > 0.5) | (np.abs(found[:many]) > 0.5)
    return more, change


HOPS = 3
"""How far from a cell those that protect it are looked for first: near ones add up with it."""


def _near(balance: Any, cell: int) -> Truths:
    """Say which cells add up with a cell, or with one that does."""
    near = np.zeros(balance.shape[1], dtype=np.bool_)
    near[cell] = True
    joined = abs(balance)
    for _ in range(HOPS):
        near |= (joined.T @ (joined @ near.astype(np.float64))) > 0
    return near


def _hiding(
    cost: Numbers, balance: Any, people: Numbers, at: int, width: int, reach: float
) -> Numbers | None:
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, diags_array, eye_array, hstack

    many = len(people)
    ones = eye_array(many, format="csr")
    rows = [LinearConstraint(hstack([ones, -reach * ones], format="csr"), ub=np.zeros(many))]
    falls = hstack([ones, diags_array(np.minimum(people, reach))], format="csr")
    rows.append(LinearConstraint(falls, lb=np.zeros(many)))
    if balance.shape[0]:
        nothing = csr_array((balance.shape[0], many))
        rows.append(LinearConstraint(hstack([balance, nothing], format="csr"), 0.0, 0.0))
    low = np.concatenate([-np.minimum(people, reach), np.zeros(many)])
    high = np.concatenate([np.full(many, reach), np.ones(many)])
    low[at] = width
    high[at] = max(reach, width)
    whole = np.concatenate([np.full(many, float(_are_whole(people))), np.ones(many)])
    found = milp(
        np.concatenate([np.zeros(many), cost]),
        constraints=rows,
        bounds=Bounds(low, high),
        integrality=whole,
        options={"time_limit": 20.0},
    )
    return None if found.x is None else np.asarray(found.x, dtype=np.float64)


def _programme(
    aim: Numbers, balance: Any, low: Numbers, high: Numbers, values: Numbers
) -> Numbers | None:
    from scipy.optimize import Bounds, LinearConstraint, milp

    rows = [] if not balance.shape[0] else [LinearConstraint(balance, 0.0, 0.0)]
    whole = np.full(len(aim), float(_are_whole(values)))
    found = milp(aim, constraints=rows, bounds=Bounds(low, high), integrality=whole)
    return None if found.x is None else np.asarray(found.x, dtype=np.float64)


def _are_whole(values: Numbers) -> bool:
    return bool((values == np.round(values)).all())


def _matrix(balances: Sequence[Balance], cells: int) -> Any:
    """Write balances as rows of a matrix: the left less the right are 0."""
    from scipy.sparse import csr_array

    signed = [
        (row, cell, sign)
        for row, balance in enumerate(balances)
        for side, sign in ((balance.left, 1.0), (balance.right, -1.0))
        for cell in side
    ]
    rows, columns, signs = zip(*signed, strict=True) if signed else ((), (), ())
    return csr_array((signs, (rows, columns)), shape=(len(balances), cells))


class _Layout:
    """Lays out the counts of tables as cells, each count once, with what a reader knows of them."""

    def __init__(self) -> None:
        self._values: list[float] = []
        self._balances: list[Balance] = []
        self._outside: dict[int, str] = {}
        self._untold: set[int] = set()
        self._totals: set[int] = set()
        self._known: dict[Named, int] = {}
        self._tables = 0

    def add(self, table: pd.DataFrame, counts: Counts) -> NDArray[np.intp]:
        """Lay out one table; give the number of each cell, shape (rows, columns)."""
        columns = list(counts.columns)
        missing = [
            name
            for name in (*columns, *counts.follows, *counts.shares)
            if name not in table.columns
        ]
        if missing:
            raise ValueError(f"no column {', '.join(missing)} to hide small counts in.")
        people = table[columns].astype("float64").fillna(0.0).to_numpy(dtype=np.float64)
        if (people < 0).any():
            raise ValueError(f"a count of people is below zero, in {', '.join(columns)}.")
        keys = self._keys(table, counts)
        number = np.array(
            [
                [self._cell((*key, name), value) for name, value in zip(columns, row, strict=True)]
                for key, row in zip(keys, people.tolist(), strict=True)
            ],
            dtype=np.intp,
        ).reshape(people.shape)
        at = {name: number[:, place] for place, name in enumerate(columns)}
        sides = [((name,), parts) for name, parts in counts.adds_up.items()]
        for left, right in (*sides, *counts.balances):
            for row in range(len(table)):
                self._balance([at[n][row] for n in left], [at[n][row] for n in right])
        for part, whole in counts.within.items():
            for row in range(len(table)):
                self._balance([at[whole][row]], [at[part][row]], with_rest=True)
        for name in counts.adds_up:
            self._totals.update(at[name].tolist())
        for total, rows in _rows_added(table, counts):
            for name in columns:
                known = [self._sum_of(at[name][rows], name)] if total is None else [at[name][total]]
                self._totals.update(known)
                self._balance(known, at[name][rows].tolist())
        return number

    def cells(self) -> Cells:
        """Give everything laid out."""
        values = np.array(self._values, dtype=np.float64)
        cost = 1.0 + values / max(1.0, float(values.max(initial=0.0)))
        cost[list(self._totals)] += TOTAL_COST
        cost[list(self._outside)] = OUTSIDE_COST
        cost[list(self._untold)] = 0.0
        return Cells(
            values=values,
            cost=cost,
            balances=tuple(self._balances),
            outside=self._outside,
            untold=frozenset(self._untold),
        )

    def _keys(self, table: pd.DataFrame, counts: Counts) -> list[tuple[Any, ...]]:
        """Say what the rows count: words, or the place in this table alone."""
        self._tables += 1
        if not counts.by:
            return [(self._tables, row) for row in range(len(table))]
        words = table[sorted(counts.by)].astype(str).to_numpy(dtype=object)
        return [(*sorted(counts.by), *row) for row in words]

    def named(self) -> Mapping[Named, int]:
        """Give the number of each cell that stands in a table, by what it counts."""
        return self._known

    def add_up(self, whole: Sequence[Named], parts: Sequence[Named]) -> None:
        """Note counts of different tables that add up to the same, where all are laid out."""
        if all(named in self._known for named in (*whole, *parts)):
            self._balance([self._known[n] for n in whole], [self._known[n] for n in parts])

    def _cell(self, key: tuple[Any, ...], value: float) -> int:
        """Give a count its number: its own where the same count stands in a table before."""
        found = self._known.get((*key, value))
        if found is None:
            self._values.append(value)
            found = self._known[(*key, value)] = len(self._values) - 1
        return found

    def _beyond(self, value: float) -> int:
        self._values.append(value)
        return len(self._values) - 1

    def _sum_of(self, parts: NDArray[np.intp], column: str) -> int:
        cell = self._beyond(sum(self._values[part] for part in parts))
        self._outside[cell] = column
        return cell

    def _balance(
        self, left: Sequence[int], right: Sequence[int], *, with_rest: bool = False
    ) -> None:
        """Note two sides that are equal, but for a rest on the right that is told nowhere."""
        rest = sum(self._values[c] for c in left) - sum(self._values[c] for c in right)
        if rest < 0:  # not a sum: somebody is counted under two headings
            return
        beyond = [self._beyond(rest)] if rest > 0 or with_rest else []
        self._untold.update(beyond)
        self._balances.append(Balance(left=tuple(left), right=(*right, *beyond)))


def _rows_added(table: pd.DataFrame, counts: Counts) -> list[tuple[int | None, NDArray[np.intp]]]:
    """List the rows that add up to a row of totals, or to a sum that is known from elsewhere."""
    if not counts.totals:
        return [(None, np.arange(len(table)))] if len(table) > 1 else []
    names = list(dict.fromkeys((*counts.by, *counts.totals)))
    words = table[names].astype(str).to_numpy(dtype=object)
    found: list[tuple[int | None, NDArray[np.intp]]] = []
    for name, word in counts.totals.items():
        own = names.index(name)
        others = [place for place in range(len(names)) if place != own]
        for row in np.flatnonzero(words[:, own] == word):
            alike = (words[:, others] == words[row, others]).all(axis=1)
            parts = np.flatnonzero(alike & (words[:, own] != word))
            if parts.size:
                found.append((int(row), parts))
    return found


def _rounded(column: pd.Series[Any], base: int) -> pd.Series[Any]:
    """Round to the nearest of so many people, halves up."""
    if base == 1:
        return column
    halves_up = (column.astype("float64") / base + 0.5).floordiv(1) * base
    return halves_up.astype("int64") if column.dtype.kind in "iu" else halves_up
