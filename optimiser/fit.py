"""What the rules table makes of the rules: who is eligible where, and what a poorer fit costs.

``hard`` forbids a pair that breaks the rule, ``soft`` prices it by the week, ``off`` ignores it.
People who are alike in everything the rules look at form a class, so that a rule is worked out for
some hundreds of classes and not for every person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.words import RECENT_TRANSFER, Preference, RuleLevel, Sex, split_words
from optimiser.eligibility import (
    AFTER_DAY_RULES,
    COHORT_RULES,
    DAY_RULES,
    ESTABLISHMENT_RULES,
    ESTABLISHMENT_RULES_READ,
    LEVELS,
    MOVE_RULES,
    NEED_VALUE,
    ONCE,
    PRESUMPTIVE_OPEN,
    PRICED_ELSEWHERE,
    RECENTLY_MOVED,
    RULE_NAMES,
    SIXTEEN_MONTHS,
    STAGE_FIT,
    UNIT_RULES,
    UNIT_RULES_READ,
    Breaks,
    Places,
    days_of,
    holds_word,
    presumed_open,
    recently_moved,
)
from optimiser.move_parts import looked_up
from optimiser.problem import LARGEST_COST, PENNIES_PER_POUND, Integers, PriceRangeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule in force: how it binds, what a breach costs and its parameter."""

    name: str
    level: RuleLevel
    pennies_per_week: int
    value: float


def _no_words() -> pd.Series:
    """Make an empty lookup from text to text."""
    return pd.Series(index=pd.Index([], dtype="str"), dtype="str")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RuleBook:
    """The rules in force on a date, with the places they speak of.

    Attributes
    ----------
    rules
        Rule by name.
    stage_rules, cohort_rules
        The tables of those names.
    units
        The units table with the ``region`` of the establishment.
    places
        The establishments, in the order in which costs are stated.
    home_areas
        Codes of the home areas, in the order of ``places.miles``.
    area_regions
        Region of each home area, by code.
    as_of
        Date on which holds are read.
    """

    rules: dict[str, Rule]
    stage_rules: pd.DataFrame
    units: pd.DataFrame
    as_of: date
    cohort_rules: pd.DataFrame = field(default_factory=pd.DataFrame)
    places: Places = field(default_factory=lambda: no_places())
    home_areas: pd.Index = field(default_factory=lambda: pd.Index([], dtype="str"))
    area_regions: pd.Series = field(default_factory=_no_words)

    @property
    def unit_place(self) -> Integers:
        """Number of each unit's establishment among the places, -1 where it is not one."""
        codes = pd.Index(self.places.establishments)
        return np.asarray(codes.get_indexer(pd.Index(self.units["establishment"])), dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ByPlace:
    """A value for each person and establishment, kept once for people who are alike.

    Attributes
    ----------
    row_of
        Row of each person; shape (people,).
    values
        By row and establishment; shape (rows, establishments).
    """

    row_of: Integers
    values: NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """Who may be held where, and what each soft rule costs, by class of alike people.

    Attributes
    ----------
    class_of
        Class of each person; shape (people,).
    allowed
        May a person of this class be held in this unit; shape (classes, units).
    breaches
        For each soft rule about units: levels of breach times pennies a week; int32, shape
        (classes, units).
    place_breaches
        The same for soft rules about establishments.
    barred
        For each hard rule about establishments: where a person may not be held, as truths.
    frozen
        Who stays where they are, whatever the rest says; shape (people,).
    move_breaches
        For each soft rule about moves: pennies a week of a move; shape (people,).
    move_once
        For each soft rule about moves whose price is of the move: pennies; shape (people,).
    """

    class_of: Integers
    allowed: NDArray[np.bool_]
    breaches: dict[str, NDArray[np.int32]]
    place_breaches: dict[str, ByPlace]
    barred: dict[str, ByPlace]
    frozen: NDArray[np.bool_]
    move_breaches: dict[str, Integers]
    move_once: dict[str, Integers]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFault:
    """Something that no rules table may say: the row from 0, rule, column, cell and expectation."""

    row: int
    rule: str
    column: str
    value: str
    expected: str

    def __str__(self) -> str:
        """Say it in one clause."""
        return f"{self.rule}: found {self.column} '{self.value}'; expected {self.expected}"


def rule_faults(rules: pd.DataFrame) -> list[RuleFault]:
    """Find what no rules table may say.

    Parameters
    ----------
    rules
        One row per rule, with the columns of the dictionary.

    Returns
    -------
    list of RuleFault
        Rules nobody knows, levels a rule cannot have, soft rules without a price, rules without the
        value they need, dates that end before they begin.
    """
    return [
        RuleFault(
            row=number,
            rule=str(row["rule"]),
            column=column,
            value="" if _empty(row[column]) else str(row[column]),
            expected=expected,
        )
        for number, row in enumerate(rules.to_dict("records"))
        for column, expected in _faults_of(row)
    ]


def _faults_of(row: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    """Find the wrong cells of one rule, each with what it should hold."""
    name, level = str(row["rule"]), str(row["level"])
    if name not in LEVELS:
        near = get_close_matches(name, RULE_NAMES, n=1)
        yield "rule", f"a rule such as '{near[0]}'" if near else "a rule that 'estate rules' lists"
        return
    if level not in LEVELS[name]:
        yield "level", " or ".join(LEVELS[name])
    elif level == RuleLevel.SOFT and name not in PRICED_ELSEWHERE and _empty(row["price_gbp"]):
        yield "price_gbp", "a price, because the rule is soft"
    if not _empty(row["price_gbp"]) and not _is_amount(row["price_gbp"]):
        yield "price_gbp", f"a number of 0 to {LARGEST_AMOUNT:,}"
    needs_value = level != RuleLevel.OFF and name in NEED_VALUE
    if (needs_value or not _empty(row["value"])) and not _is_amount(row["value"]):
        yield "value", f"a number of 0 to {LARGEST_AMOUNT:,}"
    start, end = (str(row[column] or "") for column in ("valid_from", "valid_to"))
    if start and end and end < start:
        yield "valid_to", f"a date on or after valid_from, {start}"


def rules_in_force(rules: pd.DataFrame, as_of: date) -> dict[str, Rule]:
    """Read the rules table as it stands on a date.

    Parameters
    ----------
    rules
        One row per rule, with the columns of the dictionary.
    as_of
        A rule binds from ``valid_from`` to ``valid_to``, both included; empty means no end.

    Returns
    -------
    dict
        Rule by name; a rule that is off, or not of this date, or not in the table, is left out.

    Raises
    ------
    ValueError
        With every fault of ``rule_faults``, and rules that stand twice on the date.
    """
    start = rules["valid_from"].astype("str").replace("", date.min.isoformat())
    end = rules["valid_to"].astype("str").replace("", date.max.isoformat())
    today = as_of.isoformat()
    current = rules[(start <= today) & (today <= end)]
    faults = [str(fault) for fault in rule_faults(rules)]
    faults += [
        f"{name} has more than one row on {today}; make the dates of its rows follow each other"
        for name in sorted(set(current.loc[current["rule"].duplicated(), "rule"]))
    ]
    if faults:
        raise ValueError("; ".join(f"rules: {fault}" for fault in faults))
    current = current[current["level"] != RuleLevel.OFF]
    return {
        str(row.rule): Rule(
            name=str(row.rule),
            level=RuleLevel(str(row.level)),
            pennies_per_week=_pennies(row.price_gbp),
            value=_number(row.value),
        )
        for row in current.itertuples()
    }


def fit(prisoners: pd.DataFrame, book: RuleBook) -> Fit:
    """Work out who may be held where and what a poorer fit costs.

    Parameters
    ----------
    prisoners
        The population table; ``excluded`` (establishments with ``;`` between them) may be added.
    book
        Rules in force, and the places they speak of.

    Returns
    -------
    Fit
        By class; a frozen person's current unit is allowed by the caller.
    """
    people = as_rules_see(prisoners, book)
    codes = codes_of(people, book)
    class_of, alike = classes(people, codes)
    allowed = np.ones((len(alike), len(book.units)), dtype=np.bool_)
    breaches: dict[str, NDArray[np.int32]] = {}
    for rule, broken in unit_breaks(alike, book):
        if rule.level == RuleLevel.HARD:
            allowed &= broken == 0
        elif rule.pennies_per_week:
            before = breaches.get(rule.name, np.zeros((1, 1), dtype=np.int32))
            breaches[rule.name] = _priced(rule, np.asarray(broken), before)
    place_breaches: dict[str, ByPlace] = {}
    barred: dict[str, ByPlace] = {}
    for rule, found in place_breaks(people, codes, book):
        if rule.level == RuleLevel.HARD:
            barred[rule.name] = replace(found, values=found.values != 0)
        elif rule.pennies_per_week:
            priced = _priced(rule, found.values, np.zeros((1, 1), dtype=np.int32))
            place_breaches[rule.name] = replace(found, values=priced)
    frozen = np.zeros(len(people), dtype=np.bool_)
    move_breaches: dict[str, Integers] = {}
    move_once: dict[str, Integers] = {}
    for rule, applies in move_breaks(people, book):
        if rule.level == RuleLevel.HARD:
            frozen |= applies
        else:
            priced_moves = move_once if rule.name in ONCE else move_breaches
            priced_moves[rule.name] = applies * np.int64(rule.pennies_per_week)
    return Fit(
        class_of=class_of,
        allowed=allowed,
        breaches=breaches,
        place_breaches=place_breaches,
        barred=barred,
        frozen=frozen,
        move_breaches=move_breaches,
        move_once=move_once,
    )


def _priced(rule: Rule, levels: NDArray[Any], before: NDArray[np.int32]) -> NDArray[np.int32]:
    """Price levels of breach by the week, and add what other rows of the rule cost before.

    Raises
    ------
    PriceRangeError
        When 32 bits do not hold what comes of it.
    """
    most = int(levels.max(initial=0)) * rule.pennies_per_week + int(before.max(initial=0))
    if most > LARGEST_COST:
        raise PriceRangeError(
            f"rules: {rule.name} costs {most} pennies a week where it is broken most, more than "
            f"{LARGEST_COST}; lower its price.",
            (rule.name,),
        )
    return before + np.asarray(levels, dtype=np.int32) * np.int32(rule.pennies_per_week)


def unit_breaks(people: pd.DataFrame, book: RuleBook) -> Iterator[tuple[Rule, Breaks]]:
    """Go through the rules in force about units, in the order in which they are explained.

    Parameters
    ----------
    people
        As from ``as_rules_see``.
    book
        Rules in force.

    Yields
    ------
    tuple
        The rule and the pairs that break it, shape (people, units). The rows of ``stage_rules``
        and ``cohort_rules`` come one by one with their own level and price, the former all named
        ``stage_fit`` and the latter by their own names.
    """
    for name, breaks in UNIT_RULES.items():
        if name in book.rules:
            rule = book.rules[name]
            yield rule, breaks(people, book.units, rule.value)
    if STAGE_FIT in book.rules:
        for row in _rows(book.stage_rules):
            yield _own_rule(row, STAGE_FIT), _meant(people, row) & _there(book.units, row)
    if COHORT_RULES in book.rules:
        for row in _rows(book.cohort_rules):
            yield _own_rule(row, str(row["rule"])), _meant(people, row) & _there(book.units, row)


def place_breaks(
    people: pd.DataFrame, codes: dict[str, Integers], book: RuleBook
) -> Iterator[tuple[Rule, ByPlace]]:
    """Go through the rules in force about establishments.

    Parameters
    ----------
    people, codes
        As from ``as_rules_see`` and ``codes_of``.
    book
        Rules in force.

    Yields
    ------
    tuple
        The rule and, for each person and establishment, the levels of breach as int32.
    """
    for name, breaks in ESTABLISHMENT_RULES.items():
        if name in book.rules:
            row_of, first = _alike([codes[read] for read in ESTABLISHMENT_RULES_READ[name]])
            read = list(ESTABLISHMENT_RULES_READ[name])
            rows = people[read].iloc[first].reset_index(drop=True)
            broken = breaks(rows, book.places, book.rules[name].value)
            yield (
                book.rules[name],
                ByPlace(row_of=row_of, values=np.asarray(broken, dtype=np.int32)),
            )


def move_breaks(people: pd.DataFrame, book: RuleBook) -> Iterator[tuple[Rule, NDArray[np.bool_]]]:
    """Go through the rules in force about moves: each with those it keeps where they are."""
    for name, keeps in MOVE_RULES.items():
        if name in book.rules:
            yield book.rules[name], keeps(people, book.rules[name].value)


def excluding_rules(prisoner: pd.DataFrame, book: RuleBook) -> list[tuple[str, ...]]:
    """Name the hard rules that keep one person out of each unit.

    Parameters
    ----------
    prisoner
        One row of the population table, ``excluded`` added as for ``fit``.
    book
        Rules in force.

    Returns
    -------
    list of tuple of str
        For each unit, in the order of ``book.units``: the rules, in the order in which an
        exclusion is explained; none where the person may be held. Rules that leave a person where
        they are come last, for every unit but their own, where they are allowed whatever else is
        broken.
    """
    person = as_rules_see(prisoner, book)
    broken = [(rule, breaks[0] != 0) for rule, breaks in unit_breaks(person, book)]
    unit_place = book.unit_place
    for name, breaks in ESTABLISHMENT_RULES.items():
        if name in book.rules:
            rule = book.rules[name]
            broken.append((rule, (breaks(person, book.places, rule.value)[0] != 0)[unit_place]))
    elsewhere = (book.units["unit"] != person["current_unit"].iloc[0]).to_numpy()
    frozen = False
    for rule, keeps in move_breaks(person, book):
        broken.append((rule, elsewhere & keeps[0]))
        frozen |= bool(keeps[0]) and rule.level == RuleLevel.HARD
    hard = [(rule.name, where) for rule, where in broken if rule.level == RuleLevel.HARD]
    return [
        ()
        if frozen and not elsewhere[unit]
        else tuple(dict.fromkeys(name for name, where in hard if where[unit]))
        for unit in range(len(book.units))
    ]


def eligible(prisoners: pd.DataFrame, book: RuleBook) -> NDArray[np.bool_]:
    """Say who may be held where under the hard rules; shape (prisoners, units).

    A frozen person may only stay; nobody else is sure of their present place.
    """
    found = fit(prisoners, book)
    allowed = allowed_of(found, np.arange(len(prisoners)), book.unit_place)
    current = prisoners["current_unit"].to_numpy()[:, None] == book.units["unit"].to_numpy()
    return np.where(found.frozen[:, None], current, allowed)


def allowed_of(found: Fit, people: Integers, unit_place: Integers) -> NDArray[np.bool_]:
    """Say where these people may be held, had nobody to stay where they are.

    Parameters
    ----------
    found
        Eligibility by class and establishment.
    people
        Rows of the population table.
    unit_place
        Number of each unit's establishment.

    Returns
    -------
    NDArray
        Truths, shape (people asked for, units).
    """
    allowed: NDArray[np.bool_] = np.take(found.allowed, found.class_of[people], axis=0)
    for barred in found.barred.values():
        there = barred.values[barred.row_of[people]]
        some = np.flatnonzero(there.any(axis=1))
        allowed[some] &= ~there[some][:, unit_place]
    return allowed


def no_places() -> Places:
    """Give no establishments at all, for rules about units alone."""
    nothing = np.zeros((0, 0))
    none = np.array([], dtype=object)
    ranks = {str(sex): np.zeros((0, 0), dtype=np.int64) for sex in Sex}
    return Places(establishments=none, regions=none, miles=nothing, ranks=ranks)


def alignment_ranks(
    court_alignment: pd.DataFrame,
    *,
    home_areas: pd.Index,
    establishments: pd.Index,
    sexes: NDArray[np.object_],
) -> dict[str, Integers]:
    """Turn the table of court alignment into ranks from 0, one past the last where not listed.

    Parameters
    ----------
    court_alignment
        ``court_area``, ``rank``, ``establishment``; the sex is that of the establishment.
    home_areas, establishments
        Labels of the result.
    sexes
        Sex of each establishment.

    Returns
    -------
    dict
        By sex; shape (home areas, establishments). Rows and establishments that are not among the
        labels are passed over, and the ranks of the others close up.
    """
    ranks: dict[str, Integers] = {}
    area = home_areas.get_indexer(pd.Index(court_alignment["court_area"]))
    place = establishments.get_indexer(pd.Index(court_alignment["establishment"]))
    rank = court_alignment["rank"].to_numpy(dtype=np.int64)
    for sex in Sex:
        ours = (area >= 0) & (place >= 0)
        ours[ours] &= sexes[place[ours]] == sex
        order = np.lexsort((rank[ours], area[ours]))
        areas, places = area[ours][order], place[ours][order]
        listed = np.bincount(areas, minlength=len(home_areas))
        start = np.cumsum(listed) - listed
        table = np.repeat(listed[:, None], len(establishments), axis=1).astype(np.int64)
        table[areas, places] = np.arange(len(areas)) - start[areas]
        ranks[str(sex)] = table
    return ranks


WHEN_ABSENT: dict[str, Any] = {
    "excluded": "",
    "planned_sites": "",
    "flags": "",
    "offence_group": "",
    "court_area": "",
    "release_area": "",
    "days_since_sentence": "",
}
"""What a column says that a caller's table of people does not have."""


def as_rules_see(prisoners: pd.DataFrame, book: RuleBook) -> pd.DataFrame:
    """Add to the population table what the rules look at.

    Parameters
    ----------
    prisoners
        The population table.
    book
        Rules in force: two of them say how a person is counted.

    Returns
    -------
    DataFrame
        With ``hold`` (the reason while it lasts), ``home_region``, ``release_region``,
        ``court_row``, ``nearer_home``, ``nearer_today`` and ``short_sentence``.
    """
    absent = {name: word for name, word in WHEN_ABSENT.items() if name not in prisoners.columns}
    people = prisoners.assign(**absent) if absent else prisoners
    until = pd.to_datetime(people["hold_until"].replace("", None))
    lasts = until.isna() | (until > pd.Timestamp(book.as_of))
    nearer = (people["preference"] == Preference.NEARER).to_numpy()
    today = _looked_up(people["current_unit"], book.units.set_index("unit")["establishment"])
    places = pd.Index(book.places.establishments)
    columns: dict[str, Any] = {
        "hold": _hold(people, people["hold_reason"].where(lasts, ""), book),
        "home_region": _looked_up(people["home_area"], book.area_regions),
        "release_region": _looked_up(people["release_area"], book.area_regions),
        "court_row": book.home_areas.get_indexer(pd.Index(people["court_area"])),
        "nearer_home": np.where(
            nearer, book.home_areas.get_indexer(pd.Index(people["home_area"])), -1
        ),
        "nearer_today": np.where(nearer, places.get_indexer(pd.Index(today)), -1),
        "short_sentence": _short_sentence(people, book),
    }
    if PRESUMPTIVE_OPEN in book.rules:
        presumed = presumed_open(people, book.rules[PRESUMPTIVE_OPEN].value)
        columns["category"] = people["category"].where(~presumed, "D")
        columns["open_suitable"] = people["open_suitable"].to_numpy(dtype=np.bool_) | presumed
    return people.assign(**columns)


def _hold(people: pd.DataFrame, hold: pd.Series, book: RuleBook) -> pd.Series:
    """Let the day of the last transfer, where it is recorded, say whether that holds a person."""
    rule = book.rules.get(RECENTLY_MOVED)
    if rule is None or "last_transfer_date" not in people.columns:
        return hold
    recent = recently_moved(people, rule.value, book.as_of)
    dated = (people["last_transfer_date"] != "").to_numpy(dtype=np.bool_)
    ended = dated & ~recent & (hold == RECENT_TRANSFER).to_numpy(dtype=np.bool_)
    begun = dated & recent & (hold == "").to_numpy(dtype=np.bool_)
    return hold.mask(ended, "").mask(begun, RECENT_TRANSFER)


def _looked_up(ids: pd.Series, words: pd.Series) -> NDArray[np.object_]:
    """Give the word of each id, empty where there is none."""
    found = looked_up(words.index, pd.Series(ids))
    known: NDArray[np.object_] = np.append(words.to_numpy(dtype=object), "")
    return known[found]


def _short_sentence(people: pd.DataFrame, book: RuleBook) -> NDArray[np.bool_]:
    """Say who serves 16 months or less: under 12, or so few days from sentence to release."""
    if SIXTEEN_MONTHS not in book.rules:
        return np.zeros(len(people), dtype=np.bool_)
    served = days_of(people, "days_since_sentence") + days_of(people, "days_to_release")
    short: NDArray[np.bool_] = (people["sentence_band"] == "under_12_months").to_numpy() | (
        (people["sentence_band"] == "12_to_48_months").to_numpy()
        & (served <= book.rules[SIXTEEN_MONTHS].value)
    )
    return short


def classes(people: pd.DataFrame, codes: dict[str, Integers]) -> tuple[Integers, pd.DataFrame]:
    """Find the classes of people alike to every rule about units, and one person of each.

    Parameters
    ----------
    people, codes
        As from ``as_rules_see`` and ``codes_of``.

    Returns
    -------
    tuple
        Class of each person, and the rows of one person a class.
    """
    class_of, first = _alike([codes[name] for name in UNIT_RULES_READ])
    return class_of, people[list(UNIT_RULES_READ)].iloc[first].reset_index(drop=True)


def codes_of(people: pd.DataFrame, book: RuleBook) -> dict[str, Integers]:
    """Give numbers to what the rules look at; days and years only as finely as they tell apart."""
    reads = {
        *UNIT_RULES_READ,
        *(name for names in ESTABLISHMENT_RULES_READ.values() for name in names),
    }
    codes = {
        name: np.asarray(pd.factorize(people[name])[0], dtype=np.int64)
        for name in sorted(reads - {"days_to_release", "age"})
    }
    days = days_of(people, "days_to_release")
    cuts = _day_cuts(book)
    codes["days_to_release"] = np.where(
        np.isnan(days), len(cuts) + 1, np.searchsorted(cuts, days, "right")
    )
    age = people["age"].to_numpy(dtype=np.float64)
    codes["age"] = np.searchsorted(_age_cuts(book), age, "right").astype(np.int64)
    return codes


def _alike(keys: list[Integers]) -> tuple[Integers, Integers]:
    """Find the classes of people alike in all keys; give the first person of each."""
    code = np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        code = code * (int(key.max(initial=0)) + 2) + key + 1
        if int(code.max(initial=0)) > _LARGEST_CODE:
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
    _, first, class_of = np.unique(code, return_index=True, return_inverse=True)
    return class_of.astype(np.int64), first


_LARGEST_CODE = 2**40


def _day_cuts(book: RuleBook) -> list[float]:
    """Give the days to release on which a rule begins to treat people otherwise."""
    cuts = {book.rules[name].value for name in DAY_RULES if name in book.rules}
    cuts |= {book.rules[name].value + 1 for name in AFTER_DAY_RULES if name in book.rules}
    return sorted(cuts | _table_cuts(book, "days_min", "days_max"))


def _age_cuts(book: RuleBook) -> list[float]:
    young = {book.rules["young_adult"].value + 1} if "young_adult" in book.rules else set()
    return sorted(young | _table_cuts(book, "age_min", "age_max"))


def _table_cuts(book: RuleBook, least: str, most: str) -> set[float]:
    cuts: set[float] = set()
    for table in (book.stage_rules, book.cohort_rules):
        for name, after in ((least, 0), (most, 1)):
            if name in table.columns:
                days = days_of(table, name)
                cuts |= {float(day) + after for day in days[~np.isnan(days)]}
    return cuts


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    if table.empty:
        return []
    rows = table[table["level"] != RuleLevel.OFF].to_dict("records")
    return [{str(name): cell for name, cell in row.items()} for row in rows]


def _own_rule(row: dict[str, Any], name: str) -> Rule:
    return Rule(
        name=name,
        level=RuleLevel(str(row["level"])),
        pennies_per_week=_pennies(row["price_gbp"]),
        value=float("nan"),
    )


SHORT_BANDS = {"16_months_or_less": True, "over_16_months": False}
"""Bands of the transfer service beside those of the population; of sentences with an end."""


def _meant(people: pd.DataFrame, row: dict[str, Any]) -> NDArray[np.bool_]:
    """Say whom a row of stage or cohort rules means; shape (people, 1)."""
    who = np.ones(len(people), dtype=np.bool_)
    for column, name in (("sex", "sex"), ("category", "category"), ("status", "status")):
        words = split_words(str(row.get(name, "") or ""))
        if words:
            who &= people[column].isin(words).to_numpy()
    band = str(row["band"] or "any")
    if band in SHORT_BANDS:
        dated = ~people["sentence_band"].isin(("none", "indeterminate")).to_numpy()
        who &= dated & (people["short_sentence"].to_numpy(dtype=np.bool_) == SHORT_BANDS[band])
    elif band != "any":
        who &= (people["sentence_band"] == band).to_numpy()
    for need in split_words(str(row.get("needs", "") or "")):
        who &= holds_word(people, "needs", need)
    for column, least, most in (
        ("days_to_release", "days_min", "days_max"),
        ("age", "age_min", "age_max"),
    ):
        low, high = _number(row.get(least)), _number(row.get(most))
        if not (np.isnan(low) and np.isnan(high)):
            numbers = days_of(people, column)
            who &= ~(numbers < low) & ~(numbers > high) & ~np.isnan(numbers)
    return who[:, None]


def _there(units: pd.DataFrame, row: dict[str, Any]) -> NDArray[np.bool_]:
    """Say which units a row of stage or cohort rules means; shape (units,)."""
    where = np.ones(len(units), dtype=np.bool_)
    for name in ("unit", "establishment", "function"):
        words = split_words(str(row.get(name, "") or ""))
        if words:
            where &= units[name].isin(words).to_numpy()
    return where


def _empty(cell: Any) -> bool:
    return cell is None or cell == "" or bool(pd.isna(cell))


LARGEST_AMOUNT = 1_000_000
"""Pounds, days or places above which a cell of a rule is a slip of the pen."""


def _is_amount(cell: Any) -> bool:
    try:
        return 0 <= float(cell) <= LARGEST_AMOUNT
    except (TypeError, ValueError):
        return False


def _pennies(price: Any) -> int:
    return round(_number(price, 0.0) * PENNIES_PER_POUND)


def _number(value: Any, empty: float = float("nan")) -> float:
    return empty if _empty(value) else float(value)
