"""How a synthetic person comes by an attribute: dealt from a table that adds up.

For each group of people alike so far, ``population_assumptions.csv`` says which words are likely
(weights that multiply) and ``published_figures.csv`` how many people have each word. The table
between groups and words is balanced to both, rounded to whole people and dealt at random inside
the group. So totals are published ones to the person, whatever the seed.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.apportion import largest_remainder
from data.synthetic.balance import (
    Floats,
    Integers,
    balance,
    deal,
    round_to_margins,
)
from data.words import (
    REGIONS,
    Category,
    NationalityGroup,
    Preference,
    SentenceBand,
    Sex,
    Status,
    UnitFunction,
)

People: TypeAlias = dict[str, Integers]
"""The people so far: for each attribute the position of everybody's word in ``WORDS``."""

WORDS: dict[str, tuple[str, ...]] = {
    "sex": tuple(map(str, Sex)),
    "function": tuple(map(str, UnitFunction)),
    "status": tuple(map(str, Status)),
    "category": tuple(map(str, Category)),
    "sentence_band": tuple(map(str, SentenceBand)),
    "nationality_group": tuple(map(str, NationalityGroup)),
    "preference": tuple(map(str, Preference)),
    "region": REGIONS,
    "sexual_offence": ("no", "yes"),
    "offence_group": (
        "violence",
        "sexual",
        "robbery",
        "theft",
        "drugs",
        "weapons",
        "public_order",
        "fraud",
        "criminal_damage",
        "other",
    ),
    "age_band": (
        "18_to_20",
        "21_to_24",
        "25_to_29",
        "30_to_39",
        "40_to_49",
        "50_to_59",
        "60_and_over",
    ),
    "ethnicity": ("white", "black", "asian", "mixed", "other", "not_recorded"),
    "religion": ("christian", "none", "muslim", "other"),
    "parent": ("no", "yes"),
    "language": ("english", "welsh", "other"),
    "incentive_level": ("basic", "standard", "enhanced"),
    "distance_band": ("under_25", "25_to_50", "50_to_100", "100_and_over"),
    "origin_basis": ("home", "court", "next_of_kin", "unknown"),
}
"""The words of each attribute, in the order of their codes."""


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Make the random stream of one purpose, derived from its name and never from order of use.

    Examples
    --------
    >>> bool(stream(1, "age").random() == stream(1, "age").random())
    True
    >>> bool(stream(1, "age").random() == stream(1, "religion").random())
    False
    """
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def words_of(attribute: str, codes: Integers) -> NDArray[np.object_]:
    """Spell out the codes of an attribute."""
    return np.array(WORDS[attribute], dtype=object)[codes]


@dataclass(frozen=True, eq=False)
class Assumptions:
    """The tables behind the synthetic population: published figures and assumed weights."""

    published: pd.DataFrame
    assumed: pd.DataFrame

    @cached_property
    def _figures(self) -> dict[str, dict[str, float]]:
        figures: dict[str, dict[str, float]] = {}
        for figure, group, value in zip(
            self.published["figure"], self.published["group"], self.published["value"], strict=True
        ):
            figures.setdefault(figure, {})[group] = float(value)
        return figures

    @cached_property
    def _weights(self) -> dict[tuple[str, str], dict[str, dict[str, float]]]:
        weights: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
        columns = ("outcome", "given", "level", "value", "weight")
        for outcome, given, level, word, weight in zip(
            *(self.assumed[column] for column in columns), strict=True
        ):
            weights.setdefault((outcome, given), {}).setdefault(level, {})[word] = float(weight)
        return weights

    def figure(self, name: str) -> dict[str, float]:
        """Give a published figure, value by group."""
        return self._figures[name]

    def values(
        self, outcome: str, given: str = "everybody", level: str = "everybody"
    ) -> dict[str, float]:
        """Give assumed weights, value by word; empty where nothing is assumed for the level."""
        return self._weights[outcome, given].get(level, {})

    def by_level(self, outcome: str, given: str, word: str, default: float) -> Floats:
        """Give one assumed number for every word of ``given``, in the order of its codes."""
        return np.array(
            [self.values(outcome, given, level).get(word, default) for level in WORDS[given]]
        )

    def weights(self, outcome: str, given: str) -> Floats:
        """Give the weights of the outcome's words for each word of ``given``; 1 where none stands.

        Returns
        -------
        Floats
            Shape (words of ``given``, words of ``outcome``).
        """
        stated = self._weights.get((outcome, given), {})
        return np.array(
            [
                [stated.get(level, {}).get(word, 1.0) for word in WORDS[outcome]]
                for level in WORDS[given]
            ]
        )


def group_people(
    people: People, attributes: Sequence[str], who: Integers
) -> tuple[Integers, Integers]:
    """Give a number to each group of people who are alike in some attributes.

    Returns
    -------
    tuple of Integers
        The group of each person in ``who``, and a table of codes, shape (groups, attributes).
    """
    key = np.zeros(len(who), dtype=np.int64)
    for attribute in attributes:
        key = key * (int(people[attribute].max(initial=0)) + 1) + people[attribute][who]
    if not attributes:
        return key, np.zeros((1, 0), dtype=np.int64)
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    codes = np.stack([people[attribute][who[first]] for attribute in attributes], axis=1)
    return group.astype(np.int64), codes


def deal_words(
    people: People,
    outcome: str,
    given: Sequence[str],
    *,
    assumptions: Assumptions,
    seed: int,
    who: NDArray[np.bool_] | None = None,
    totals: dict[str, float] | None = None,
    possible: NDArray[np.bool_] | None = None,
    part: str = "",
) -> Integers:
    """Deal an attribute to people by what is known of them.

    Parameters
    ----------
    people
        Codes of the attributes dealt so far, and ``unit``, each of shape (people,).
    outcome
        The attribute to deal; its words are in ``WORDS``.
    given
        Attributes that make a difference. Their weights multiply. With none, the weights are those
        for everybody.
    assumptions
        Where the weights are.
    seed
        Seed of the population; the stream is named for the outcome.
    who
        Shape (people,): who takes part; everybody when left out.
    totals
        Published numbers or shares by word, scaled to the people who take part. Without them the
        weights alone decide.
    possible
        Shape (units, words): what a unit's people can be. Without it the unit makes no difference.
        Where the weights leave a group nothing that is possible, all that is possible counts alike.
    part
        Names the stream apart where an attribute is dealt to several parts of the people.

    Returns
    -------
    Integers
        Shape (people who take part,): codes of the outcome.

    Raises
    ------
    ValueError
        When the people of a group can have none of the words.
    """
    everybody = np.ones(len(people["unit"]), dtype=np.bool_) if who is None else who
    rows = np.flatnonzero(everybody)
    if not rows.size:
        return np.zeros(0, dtype=np.int64)
    attributes = [*given, *(["unit"] if possible is not None else [])]
    group, codes = group_people(people, attributes, rows)
    prior = np.ones((len(codes), len(WORDS[outcome])))
    if not given:
        prior *= [assumptions.values(outcome).get(word, 0.0) for word in WORDS[outcome]]
    for position, attribute in enumerate(given):
        prior *= assumptions.weights(outcome, attribute)[codes[:, position]]
    if possible is not None:
        prior *= possible[codes[:, -1]]
        prior = np.where(prior.sum(axis=1, keepdims=True) > 0, prior, possible[codes[:, -1]])
    sizes = np.bincount(group, minlength=len(codes))
    wanted = _wanted(outcome, totals, prior, sizes)
    generator = stream(seed, f"{outcome} {part}".strip())
    return deal(group, round_to_margins(balance(prior, sizes, wanted), generator), generator)


def _wanted(
    outcome: str, totals: dict[str, float] | None, prior: Floats, sizes: Integers
) -> Floats:
    if totals is None:
        row_sums = prior.sum(axis=1, keepdims=True)
        shares = np.divide(prior, row_sums, out=np.zeros_like(prior), where=row_sums > 0)
        return cast("Floats", (shares * sizes[:, None]).sum(axis=0))
    weights = [totals.get(word, 0.0) for word in WORDS[outcome]]
    return largest_remainder(weights, int(sizes.sum())).astype(np.float64)
