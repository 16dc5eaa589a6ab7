"""Draws are uniform, independent, and depend on their names alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import chi2, kstest

from simulation.streams import person_keys, stream_key, uniform

KEYS = person_keys(f"P{number:06d}" for number in range(2_000))


def drawn(purpose: str = "test", *, seed: int = 1, replication: int = 0) -> NDArray[np.float64]:
    """Give 2,000 people's first fifty draws; shape (people, numbers)."""
    person = np.repeat(np.arange(len(KEYS)), 50)
    numbers = np.tile(np.arange(50), len(KEYS))
    return uniform(stream_key(seed, replication, purpose), KEYS, person, numbers).reshape(-1, 50)


def test_draws_are_uniform() -> None:
    assert kstest(drawn().ravel(), "uniform").pvalue > 0.01


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (drawn()[:, :-1], drawn()[:, 1:]),
        (drawn()[:-1], drawn()[1:]),
        (drawn("asked"), drawn("no-show")),
        (drawn(seed=1), drawn(seed=2)),
        (drawn(replication=0), drawn(replication=1)),
    ],
    ids=["numbers", "people", "purposes", "seeds", "replications"],
)
def test_neighbouring_draws_are_independent(
    left: NDArray[np.float64], right: NDArray[np.float64]
) -> None:
    """Pairs fall evenly into ten by ten cells: chi-squared with 99 degrees of freedom."""
    counts, _, _ = np.histogram2d(left.ravel(), right.ravel(), bins=10, range=[[0, 1], [0, 1]])
    expected = left.size / 100

    assert ((counts - expected) ** 2 / expected).sum() < chi2.ppf(0.999, 99)


@given(st.lists(st.integers(0, 1_999), min_size=1, max_size=20), st.integers(0, 100_000))
def test_a_draw_does_not_depend_on_the_others_drawn_with_it(people: list[int], number: int) -> None:
    stream = stream_key(7, 3, "asked")
    together = uniform(stream, KEYS, np.array(people), np.full(len(people), number))

    alone = [uniform(stream, KEYS[[person]], numbers=number)[0] for person in people]

    assert together.tolist() == alone


def test_keys_depend_on_the_id_and_not_on_its_row() -> None:
    assert person_keys(["B", "A"]).tolist() == person_keys(["A", "B"]).tolist()[::-1]


def test_names_do_not_run_into_each_other() -> None:
    keys = {stream_key(1, 11, "a"), stream_key(11, 1, "a"), stream_key(1, 1, "a", "b")}

    assert len(keys | {stream_key(1, 1, "ab")}) == 4


def test_draws_stay_the_same_from_version_to_version() -> None:
    """Stored runs can be made again: these are the numbers of the first version."""
    stream = stream_key(1, 0, "visit when")

    found = uniform(stream, person_keys(["P000001", "P000002"]), numbers=4096)

    assert found.tolist() == pytest.approx(EXPECTED, abs=1e-15)


EXPECTED = [0.5923375460089741, 0.41950710548913417]
