"""How long a job still takes in all, by what the same work took before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.jobs import Request
from scenarios.time_left import PACE_SECONDS, Earlier, Step, Timer, expected

SECONDS = st.floats(0.5, 500.0)


def apart(steps: list[Step]) -> list[Step]:
    """Leave out stages that follow one of the same name."""
    return [
        step
        for place, step in enumerate(steps)
        if not place or steps[place - 1].stage != step.stage
    ]


STEPS = st.lists(
    st.builds(
        Step,
        stage=st.sampled_from(["people", "simulate", "a: costs"]),
        parts=st.integers(1, 9),
        seconds=SECONDS,
        after=SECONDS,
    ),
    min_size=1,
    max_size=6,
).map(apart)


def played(timer: Timer, steps: list[Step], slower: float = 1.0) -> Iterator[tuple[float, float]]:
    """Go through stages part by part; give the moment and the true rest at every report."""
    now = 0.0
    end = slower * sum(step.whole for step in steps)
    for step in steps:
        begun = now
        for done in range(step.parts + 1):
            now = begun + slower * step.seconds * done / step.parts
            timer.report(f"{step.stage}, gap {done}", done, step.parts, now)
            yield now, end - now
        now = begun + slower * step.whole


def timed(steps: list[Step]) -> list[Step]:
    """Give what a job that goes through stages keeps of them."""
    timer = Timer(0.0)
    for _ in played(timer, steps):
        pass
    return timer.steps(sum(step.whole for step in steps))


@given(STEPS)
def test_stages_are_kept_with_what_they_took(steps: list[Step]) -> None:
    first, *kept = timed(steps)
    assert first == Step(stage="")
    assert [(step.stage, step.parts) for step in kept] == [
        (step.stage, step.parts) for step in steps
    ]
    for step, true in zip(kept, steps, strict=True):
        assert step.seconds == pytest.approx(true.seconds)
        assert step.after == pytest.approx(true.after)


@given(STEPS)
def test_job_like_the_one_before_is_told_its_true_rest(steps: list[Step]) -> None:
    before, timer = timed(steps), Timer(0.0)
    for now, rest in played(timer, steps):
        assert timer.left(before, now) == pytest.approx(rest, abs=1e-6)


@given(STEPS, st.floats(0.25, 4.0))
def test_slower_job_is_told_its_true_rest_once_its_pace_is_known(
    steps: list[Step], slower: float
) -> None:
    before, timer = timed(steps), Timer(0.0)
    for now, rest in played(timer, steps, slower):
        if now / slower > PACE_SECONDS + 1e-6:
            assert timer.left(before, now) == pytest.approx(rest, abs=1e-6)


@given(STEPS, st.integers(2, 5))
def test_more_replications_take_as_much_longer_in_what_is_played_for_each(
    steps: list[Step], times: int
) -> None:
    asked = Request(command="run", options={"scenario": "baseline", "replications": 4})
    more = replace(asked, options=dict(asked.options) | {"replications": 4 * times})
    found = expected(more, [Earlier(request=asked, steps=timed(steps))])
    assert found is not None
    longer = [
        replace(step, seconds=times * step.seconds, parts=times * step.parts)
        if step.stage == "simulate"
        else step
        for step in steps
    ]
    timer = Timer(0.0)
    for now, rest in played(timer, longer):
        assert timer.left(found.steps, now) == pytest.approx(rest, abs=1e-6)


def test_job_that_goes_another_way_is_told_nothing() -> None:
    before = timed([Step(stage="people", parts=1, seconds=9.0)])
    timer = Timer(0.0)
    timer.report("people", 0, 1, 0.0)
    assert timer.left(before, 0.0) == 9.0
    timer.report("simulate", 0, 8, 9.0)
    assert timer.left(before, 9.0) is None
    timer.report("people", 0, 1, 10.0)
    assert timer.left(before, 10.0) is None


def test_stage_that_finds_new_parts_as_it_goes_has_no_pace_of_its_own() -> None:
    timer = Timer(0.0)
    for done in range(1, 5):
        timer.report("prices of limits", done, done + 1, 10.0 * done)
    assert timer.step_left(40.0) is None
    before = timed([Step(stage="prices of limits", parts=1, seconds=100.0, after=20.0)])
    assert timer.left(before, 40.0) == pytest.approx(90.0)


def test_own_pace_of_a_stage_is_told_once_it_is_steady() -> None:
    timer = Timer(0.0)
    timer.report("simulate", 1, 8, 0.5)
    assert timer.step_left(0.5) is None
    timer.report("simulate", 2, 8, 4.0)
    assert timer.step_left(4.0) == pytest.approx(10.5)


def done(number: int = 0, command: str = "run", **options: Any) -> Earlier:
    asked = Request(command=command, options=options, asked_ns=number)  # type: ignore[arg-type]
    return Earlier(request=asked, steps=[Step(stage="people", seconds=float(number))])


def measure(earlier: list[Earlier], **options: Any) -> tuple[str, float] | None:
    found = expected(Request(command="run", options=options), earlier)
    return None if found is None else (found.basis, found.steps[0].seconds)


def test_latest_job_with_the_same_scenario_is_the_measure_else_one_with_another() -> None:
    earlier = [done(1, scenario="a"), done(2, scenario="a", seed=7), done(3, scenario="b")]
    assert measure(earlier, scenario="a", seed=1) == ("same", 2.0)
    assert measure(earlier, scenario="c") == ("alike", 3.0)


@pytest.mark.parametrize(
    "other",
    [
        {"command": "allocate"},
        {"data": "/elsewhere"},
        {"workers": 1},
        {"locks": "/locks.csv"},
        {"scenarios": ["a"]},
    ],
)
def test_job_of_another_kind_is_no_measure(other: dict[str, Any]) -> None:
    assert measure([done(1, **({"scenario": "a"} | other))], scenario="a") is None


def test_it_weighs_whether_people_are_locked_and_not_which() -> None:
    earlier = [done(1, scenario="a", locks="/one.csv")]
    assert measure(earlier, scenario="a", locks="/other.csv") == ("same", 1.0)


def test_scenario_files_are_the_same_by_what_they_say(tmp_path: Path) -> None:
    for folder, text in (("one", "x"), ("two", "x"), ("three", "y")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.yaml").write_text(text, encoding="utf-8")
    one, two, three = (str(tmp_path / name / "mine.yaml") for name in ("one", "two", "three"))
    assert measure([done(1, scenario=one)], scenario=two) == ("same", 1.0)
    assert measure([done(1, scenario=one)], scenario=three) == ("alike", 1.0)
