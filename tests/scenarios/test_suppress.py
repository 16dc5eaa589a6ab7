"""Hidden counts cannot be worked back: linear programs that know all that a reader knows try to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from scenarios.circulation.suppress import (
    NOBODY,
    Balance,
    Cells,
    Counts,
    Pattern,
    Rule,
    default_rule,
    hidden_cells,
    hide,
    hide_together,
    names_of,
    pattern_of,
)

RULE = Rule(threshold=2, least_width=2, rounding=1, marker="[c]")
few = st.sampled_from([0, 0, 1, 1, 2, 3, 4, 5, 8, 20, 300])


def reader(
    values: np.ndarray, equal: list[tuple[list[int], list[int]]], hidden: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Solve for the least and the most of every hidden cell, knowing every other cell.

    Parameters
    ----------
    values
        People in each cell.
    equal
        Cells that add up to the same on both sides.
    hidden
        True where the reader sees nothing but that nobody is counted less than no times.
    """
    rows = np.zeros((len(equal), len(values)))
    for row, (left, right) in enumerate(equal):
        for cell in left:
            rows[row, cell] += 1
        for cell in right:
            rows[row, cell] -= 1
    shown = ~hidden
    least, most = values.astype(float).copy(), values.astype(float).copy()
    for cell in np.flatnonzero(hidden):
        for sign, into in ((1, least), (-1, most)):
            found = linprog(
                [sign if other == cell else 0 for other in np.flatnonzero(hidden)],
                A_eq=rows[:, hidden],
                b_eq=-rows[:, shown] @ values[shown],
                bounds=(0, None),
            )
            assert found.status in (0, 3)
            into[cell] = sign * found.fun if found.status == 0 else np.inf
    return least, most


def assert_protected(
    values: np.ndarray, equal: list[tuple[list[int], list[int]]], hidden: np.ndarray, rule: Rule
) -> None:
    least, most = reader(values, equal, hidden)
    assert hidden[(values > 0) & (values <= rule.threshold)].all()
    assert not hidden[values == 0].any()
    assert (most[hidden] - least[hidden] >= rule.width - 1e-6).all()
    small = hidden & (values <= rule.threshold)
    assert (most[small] > rule.threshold + 1e-6).all()


def with_margins(inner: np.ndarray) -> tuple[pd.DataFrame, Counts]:
    """Add a row and a column of totals."""
    people = np.column_stack([inner, inner.sum(axis=1)])
    people = np.vstack([people, people.sum(axis=0)])
    parts = tuple(f"c{place}" for place in range(inner.shape[1]))
    table = pd.DataFrame(people, columns=[*parts, "all"])
    table["prison"] = [*(f"p{row}" for row in range(len(inner))), "total"]
    counts = Counts(
        columns=(*parts, "all"),
        adds_up={"all": parts},
        totals={"prison": "total"},
        by=("prison",),
    )
    return table, counts


def sums_of_margins(shape: tuple[int, int]) -> list[tuple[list[int], list[int]]]:
    """Say how the cells of ``with_margins`` add up, row by row: written out anew."""
    number = np.arange(shape[0] * shape[1]).reshape(shape)
    by_row = [([int(row[-1])], row[:-1].tolist()) for row in number]
    by_column = [([int(column[-1])], column[:-1].tolist()) for column in number.T]
    return by_row + by_column


@given(
    st.integers(1, 5).flatmap(
        lambda width: st.lists(
            st.lists(few, min_size=width, max_size=width), min_size=1, max_size=6
        )
    ),
    st.sampled_from([RULE, default_rule(strict=True), default_rule(least_width=5)]),
)
@settings(max_examples=60, deadline=None)
def test_no_hidden_cell_of_a_table_with_margins_can_be_worked_back(
    inner: list[list[int]], rule: Rule
) -> None:
    table, counts = with_margins(np.array(inner))
    columns = list(counts.columns)
    mask = hide(table, counts, rule).mask[columns].to_numpy()
    values = table[columns].to_numpy()
    assert_protected(values.ravel(), sums_of_margins(values.shape), mask.ravel(), rule)


@given(
    st.lists(st.tuples(few, few), min_size=2, max_size=6),
    st.lists(st.tuples(few, few), min_size=2, max_size=6),
)
@settings(max_examples=25, deadline=None)
def test_table_hides_beside_any_other_what_it_hides_alone(
    rows: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    """Two files of a run then show the same table with the same cells hidden at least."""
    tables = [with_margins(np.array(inner)) for inner in (rows, others)]
    alone = hide(*tables[0], RULE).mask
    beside, _ = hide_together(tables, RULE)
    assert not (alone & ~beside.mask).to_numpy().any()
    some = tables[0][0].iloc[1:]
    (shown,) = hide_together([(some, tables[0][1])], RULE, [tables[0][0]])
    assert not (alone.loc[some.index] & ~shown.mask).to_numpy().any()


@given(st.lists(st.tuples(few, few, few), min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_no_hidden_cell_of_two_tables_side_by_side_can_be_worked_back(
    rows: list[tuple[int, int, int]],
) -> None:
    """People before and people who arrive are as many as people who leave and people after."""
    (table, flows), by_prison = two_files(rows)
    first, second = hide_together([(table, flows), by_prison], RULE)
    assert second.mask.sort_index()[["today", "plan"]].equals(first.mask[["today", "plan"]])
    columns = list(flows.columns)
    values, mask = table[columns].to_numpy(), first.mask[columns].to_numpy()
    number = np.arange(values.size).reshape(values.shape)
    equal = [([int(a), int(b)], [int(c), int(d)]) for a, b, c, d in number]
    assert_protected(values.ravel(), equal, mask.ravel(), RULE)


@given(st.lists(few, min_size=2, max_size=8))
@settings(max_examples=40, deadline=None)
def test_hidden_cell_of_a_column_is_safe_though_its_sum_is_known(people: list[int]) -> None:
    table = pd.DataFrame({"people": people})
    found = hide(table, Counts(columns=("people",)), RULE)
    values = np.array([*people, sum(people)])
    total_too = bool(found.outside) or sum(people) <= RULE.threshold
    hidden = np.array([*found.mask["people"], total_too and sum(people) > 0])
    assert_protected(values, [([len(people)], list(range(len(people))))], hidden, RULE)


def test_three_ways_of_counting_with_all_their_margins_are_safe() -> None:
    draw = np.random.default_rng(7)
    words = {"sex": ["men", "women"], "band": ["near", "far", "none"], "prison": ["A", "B", "C"]}
    index = pd.MultiIndex.from_product(words.values(), names=words)
    inner = pd.DataFrame({"people": draw.poisson(2.5, len(index))}, index=index).reset_index()
    tables = [inner]
    for name in words:
        held = pd.concat(tables)
        others = [other for other in words if other != name]
        summed = held.groupby(others, as_index=False)["people"].sum().assign(**{name: "all"})
        tables.append(summed)
    table = pd.concat(tables, ignore_index=True)
    counts = Counts(columns=("people",), totals=dict.fromkeys(words, "all"), by=tuple(words))
    mask = hide(table, counts, RULE).mask["people"].to_numpy()
    equal = []
    for name in words:
        others = [other for other in words if other != name]
        for _, rows in table.groupby(others):
            total = rows.index[rows[name] == "all"].tolist()
            equal.append((total, rows.index[rows[name] != "all"].tolist()))
    assert mask.any()
    assert not mask.all()
    assert_protected(table["people"].to_numpy(), equal, mask, RULE)


def test_least_is_hidden_where_the_hand_finds_no_less() -> None:
    """A 1 in the corner of a square: one more in its row and column, and the one across, by hand.

    Margins stay, since no other three cells protect it.
    """
    table, counts = with_margins(np.array([[1, 30, 40], [50, 60, 7], [80, 9, 100]]))
    mask = hide(table, counts, RULE).mask[list(counts.columns)].to_numpy()
    assert mask.sum() == 4
    assert not mask[-1].any()
    assert not mask[:, -1].any()


def test_column_that_describes_a_hidden_count_is_hidden_with_it() -> None:
    table = pd.DataFrame({"people": [2, 9, 30], "miles": [10.5, 3.0, 4.0]})
    found = hide(table, Counts(columns=("people",), follows={"miles": "people"}), RULE).table
    assert found["people"].tolist() == ["[c]", "[c]", 30]
    assert found["miles"].tolist() == ["[c]", "[c]", 4.0]


def test_what_is_left_of_a_total_is_protected_though_it_stands_nowhere() -> None:
    """Of 40 people 38 go one way or the other, so that two who stay could be counted."""
    table = pd.DataFrame({"people": [40, 50], "nearer": [20, 30], "further": [18, 20]})
    counts = Counts(
        columns=("people", "nearer", "further"), adds_up={"people": ("nearer", "further")}
    )
    assert hide(table, counts, RULE).any


def test_counts_are_rounded_half_up_and_total_apart() -> None:
    table = pd.DataFrame({"sex": ["men", "women", "all"], "people": [12, 13, 25]})
    rule = default_rule(strict=True)
    found = hide(table, Counts(columns=("people",), totals={"sex": "all"}), rule).table
    assert found["people"].tolist() == [10, 15, 25]
    assert "rounded to the nearest 5" in rule.note


def test_means_of_counts_over_years_are_hidden_as_they_would_be_written() -> None:
    table = pd.DataFrame({"people": [2.4, 2.6, 40.0, np.nan]})
    mask = hide(table, Counts(columns=("people",)), RULE).mask["people"]
    assert mask.tolist() == [True, True, False, False]


def test_nothing_small_hides_nothing() -> None:
    table = pd.DataFrame({"people": [3, 0, 7]})
    assert not hide(table, Counts(columns=("people",)), RULE).any
    assert not hide(table, NOBODY, RULE).any


def test_cells_without_any_sum_need_no_company() -> None:
    cells = Cells(values=np.array([1.0, 5.0]), cost=np.ones(2), balances=())
    assert hidden_cells(cells, RULE).tolist() == [True, False]


def test_cell_that_equals_another_takes_it_along() -> None:
    cells = Cells(
        values=np.array([1.0, 1.0, 9.0]),
        cost=np.ones(3),
        balances=(Balance(left=(0,), right=(1,)),),
    )
    assert hidden_cells(cells, RULE).tolist() == [True, True, False]


def test_count_below_zero_and_missing_column_are_told() -> None:
    with pytest.raises(ValueError, match="below zero, in people"):
        hide(pd.DataFrame({"people": [-1]}), Counts(columns=("people",)), RULE)
    with pytest.raises(ValueError, match="no column moves"):
        hide(pd.DataFrame({"people": [1]}), Counts(columns=("moves",)), RULE)


def test_every_fault_of_a_rule_is_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"threshold is -1.*least_width is 0.*rounding.*marker"):
        Rule(threshold=-1, least_width=0, rounding=0, marker=" ")


def test_share_that_tells_a_small_count_is_hidden_and_cannot_be_worked_back() -> None:
    """One of 50 women moves: 2%. The share of men would give it away, so it is hidden as well."""
    table = pd.DataFrame(
        {
            "who": ["everybody", "men", "women"],
            "people": [1050, 1000, 50],
            "moved_share": [101 / 1050, 0.1, 0.02],
        }
    )
    counts = Counts(
        columns=("people",),
        totals={"who": "everybody"},
        by=("who",),
        shares={"moved_share": "people"},
    )
    mask = hide(table, counts, RULE).mask
    assert not mask["people"].any()
    assert mask["moved_share"].tolist()[2]
    assert mask["moved_share"].sum() >= 2


def test_share_is_that_of_the_rounded_counts_where_counts_are_rounded() -> None:
    table = pd.DataFrame({"people": [103, 2, 0], "moved_share": [13 / 103, 0.5, np.nan]})
    counts = Counts(columns=("people",), by=(), shares={"moved_share": "people"})
    rule = Rule(threshold=0, least_width=1, rounding=5, marker="[c]")
    told = hide(table, counts, rule).table
    assert told["people"].tolist() == [105, 0, 0]
    assert told["moved_share"][0] == pytest.approx(15 / 105)
    assert told["moved_share"].isna().tolist() == [False, True, True]


@given(st.lists(st.tuples(few, few), min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_part_of_a_count_and_what_is_left_of_it_cannot_be_worked_back(
    rows: list[tuple[int, int]],
) -> None:
    """What is left stands nowhere; a reader who sees both counts would have it."""
    part, rest = (np.array(column) for column in zip(*rows, strict=True))
    table = pd.DataFrame({"people": part + rest, "far": part})
    counts = Counts(columns=("people", "far"), within={"far": "people"})
    found = hide(table, counts, RULE)
    many = len(rows)
    whole = part + rest
    values = np.concatenate([whole, part, rest, [whole.sum(), part.sum()]])
    equal = [([row], [many + row, 2 * many + row]) for row in range(many)]
    equal += [([3 * many], list(range(many))), ([3 * many + 1], list(range(many, 2 * many)))]
    sums = [
        values[3 * many] > 0 and (values[3 * many] <= 2 or "people" in found.outside),
        values[3 * many + 1] > 0 and (values[3 * many + 1] <= 2 or "far" in found.outside),
    ]
    told = [*found.mask["people"], *found.mask["far"]]
    hidden = np.array([*told, *[True] * many, *sums])
    least, most = reader(values, equal, hidden)
    is_small = (values > 0) & (values <= RULE.threshold)
    bound = is_small | np.array([*told, *[False] * many, *sums])
    assert bound[: 2 * many].tolist() == told
    assert (most[bound] - least[bound] >= RULE.width - 1e-6).all()
    assert (most[is_small] > RULE.threshold + 1e-6).all()


def two_files(rows: list[tuple[int, int, int]]) -> tuple[tuple[pd.DataFrame, Counts], ...]:
    """Give a table of where people go and one of whom is held, which share two columns."""
    today, arrive, stay = (np.array(column) for column in zip(*rows, strict=True))
    table = pd.DataFrame(
        {
            "prison": [f"p{row}" for row in range(len(rows))],
            "today": today + stay,
            "arrive": arrive,
            "leave": today,
            "plan": arrive + stay,
        }
    )
    flows = Counts(
        columns=("today", "arrive", "leave", "plan"),
        balances=((("today", "arrive"), ("leave", "plan")),),
        by=("prison",),
    )
    return (table, flows), (table.iloc[::-1], Counts(columns=("today", "plan"), by=("prison",)))


def seen_in(
    files: tuple[tuple[pd.DataFrame, Counts], ...], patterns: tuple[Pattern | None, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Give the people, and what stays hidden from somebody who has both files."""
    table, flows = files[0]
    columns = list(flows.columns)
    first, second = (
        hide_together([each], RULE, pattern=pattern)[0].mask.sort_index()
        for each, pattern in zip(files, patterns, strict=True)
    )
    seen = first[columns].copy()
    seen[["today", "plan"]] &= second[["today", "plan"]]
    return table[columns].to_numpy(), seen.to_numpy()


def equal_rows(values: np.ndarray) -> list[tuple[list[int], list[int]]]:
    number = np.arange(values.size).reshape(values.shape)
    return [([int(a), int(b)], [int(c), int(d)]) for a, b, c, d in number]


@given(st.lists(st.tuples(few, few, few), min_size=2, max_size=6))
@settings(max_examples=40, deadline=None)
def test_two_files_that_hide_by_one_pattern_cannot_be_worked_back_together(
    rows: list[tuple[int, int, int]],
) -> None:
    files = two_files(rows)
    pattern = pattern_of(files, RULE)
    values, seen = seen_in(files, (pattern, pattern))
    assert_protected(values.ravel(), equal_rows(values), seen.ravel(), RULE)


def test_two_files_that_hide_each_for_itself_can_be_worked_back_together() -> None:
    """Two people leave p0 and one p1: the other file tells the rest of what makes a row add up."""
    files = two_files([(2, 8, 300), (1, 0, 300)])
    values, seen = seen_in(files, (None, None))
    least, most = reader(values.ravel(), equal_rows(values), seen.ravel())
    told = values.ravel()[seen.ravel() & (most - least < 1)]
    assert sorted(told) == [1, 2]
    pattern = pattern_of(files, RULE)
    values, safe = seen_in(files, (pattern, pattern))
    assert_protected(values.ravel(), equal_rows(values), safe.ravel(), RULE)


@given(st.lists(st.tuples(few, few, few), min_size=2, max_size=6))
@settings(max_examples=25, deadline=None)
def test_stricter_rule_hides_all_that_the_milder_one_hides(
    rows: list[tuple[int, int, int]],
) -> None:
    files = two_files(rows)
    mild = pattern_of(files, RULE)
    strict = pattern_of(files, default_rule(strict=True), mild)
    assert all(strict.decided[named] for named, hidden in mild.decided.items() if hidden)


def test_pattern_is_final_where_it_knows_every_count_and_adds_to_what_it_does_not() -> None:
    files = two_files([(20, 1, 300), (8, 2, 20), (9, 9, 9)])
    pattern = pattern_of(files, RULE)
    (table, flows), held = files
    some = table.iloc[:1]
    (shown,) = hide_together([(some, flows)], RULE, pattern=pattern)
    whole = hide(table, flows, RULE, pattern)
    assert shown.mask.equals(whole.mask.iloc[:1])
    other = table.assign(prison=["q0", "q1", "q2"])
    beside, _ = hide_together([held, (other, flows)], RULE, pattern=pattern)
    alone = hide(*held, RULE, pattern)
    assert not (alone.mask & ~beside.mask).to_numpy().any()


def women_and_men(*, equal: bool) -> tuple[np.ndarray, np.ndarray]:
    """Give who arrives at four prisons, and what is hidden where a table tells men from women.

    One woman arrives at p0 and two men at p2. Of all eight women who move, seven arrive at p1.
    """
    prisons = pd.DataFrame({"prison": ["p0", "p1", "p2", "p3"], "arrive": [1, 7, 2, 40]})
    sexes = pd.DataFrame({"sex": ["women", "men", "all"], "moved": [8, 42, 50]})
    by_prison = Counts(columns=("arrive",), by=("prison",))
    by_sex = Counts(columns=("moved",), totals={"sex": "all"}, by=("sex",))
    arrive, moved = (
        names_of(table, counts).iloc[:, 0]
        for table, counts in ((prisons, by_prison), (sexes, by_sex))
    )
    known = [(moved[:1], arrive[:2]), (moved[1:2], arrive[2:])] if equal else []
    pattern = pattern_of([(prisons, by_prison), (sexes, by_sex)], RULE, equal=known)
    named = [*arrive, *moved]
    people = np.array([named[-1] for named in named], dtype=float)
    return people, np.array([pattern.decided[each] for each in named])


def test_counts_of_different_tables_that_add_up_to_the_same_cannot_be_worked_back() -> None:
    sums = [([4], [0, 1]), ([5], [2, 3]), ([6], [4, 5])]
    values, hidden = women_and_men(equal=True)
    assert_protected(values, sums, hidden, RULE)
    values, hidden = women_and_men(equal=False)
    least, most = reader(values, sums, hidden)
    assert least[0] == most[0] == 1


def test_rows_without_a_name_are_in_no_pattern() -> None:
    table = pd.DataFrame({"people": [1, 7, 40]})
    pattern = pattern_of([(table, Counts(columns=("people",)))], RULE)
    assert pattern.decided == {}


def test_joined_patterns_hide_what_either_hides() -> None:
    one, other = (
        Pattern(
            decided={("a", "x", "n", 1.0): first, ("a", "y", "n", 9.0): False},
            outside=frozenset({name}),
        )
        for first, name in ((True, "n"), (False, "m"))
    )
    assert other.joined(one).decided == {("a", "x", "n", 1.0): True, ("a", "y", "n", 9.0): False}
    assert other.joined(one).outside == {"n", "m"}
