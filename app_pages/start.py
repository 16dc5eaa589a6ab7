"""Start: the three questions that people bring, each with its answer and the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app_pages import _data, _jobs, _show, _state, _who

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.display.questions import Answer

NEWEST = "the newest that was made on the same tables as the run of today."
PLAN = "closer_to_home"
BASELINE = "baseline"

_state.keep_asked()
top = st.container()
_show.title("Closer to home")
_show.say(
    "Where people in prison are held, how their families visit, and what closeness would give "
    "and cost.",
    small=False,
)
plan, baseline = _state.front_runs(loaded=_data.brings_people())
shown = [_state.opened(run) for run in (plan, baseline) if run is not None]
with top:
    _who.mark(*shown, counts=True)
_show.notice(*shown)


@st.cache_resource(max_entries=4, show_spinner=False)
def equality(folder: str, stamp: int) -> pd.DataFrame:
    """Return how far groups of people are from home, today and in a run."""
    import pandas as pd

    del stamp
    return pd.read_parquet(f"{folder}/equality.parquet")


@st.cache_resource(max_entries=4, show_spinner=False)
def measures(folder: str, stamp: int) -> pd.DataFrame:
    """Return the measures of the whole estate that answer the questions."""
    from pathlib import Path

    from scenarios.display.questions import estate_measures

    del stamp
    return estate_measures(Path(folder))


def show(answer: Answer) -> None:
    """Show an answer: the sentence, its numbers and one picture."""
    _show.say(answer.sentence, small=False)
    _show.numbers(answer.numbers)
    _show.figure(answer.figure, answer.table_html)


def _way_in(page: str, label: str, run: _state.Run | None) -> None:
    """Link to a page that shows the run of the answer."""
    st.page_link(page, label=label, query_params={"run": run.name} if run else None)


def offer(why: str, scenario: str, label: str) -> None:
    """Say what has to be run for an answer, and offer to run it."""
    _show.say(why)
    choice = _jobs.scenarios()[scenario]
    if _jobs.may_begin() and st.button(label, key=f"begin {scenario} {label}"):
        _jobs.begin(
            "run",
            title=choice.title,
            scenario=scenario,
            seed=_jobs.SEED,
            replications=_jobs.REPLICATIONS,
        )
        st.rerun()


_jobs.panel()

_show.section("Who should be held where?")
if plan or baseline:
    from scenarios.display import questions

    told = plan or baseline
    assert told is not None
    groups = equality(told.folder, told.stamp)
    if plan:
        _show.say(f"Answered from the plan “{plan.title}”: {NEWEST}")
    show(questions.held(_state.opened(told), groups, circulate=not _who.is_planner()))
if plan is None:
    offer(
        "No plan is stored yet. One says who would move, how much nearer families would be and "
        "who would end further away.",
        PLAN,
        "Make a plan and play its year",
    )
_way_in("app_pages/allocation.py", "Who is held where, and who would move", plan or baseline)

_show.section("How many family workers?")
if baseline:
    from scenarios.display import questions, sizing
    from scenarios.studies import studies

    results = _state.opened(baseline)
    sized = sizing.of_run(studies(_state.runs_folder(), "size-family-workers"), results)
    show(
        questions.family_workers(
            results,
            measures(baseline.folder, baseline.stamp),
            sized.folder if sized else None,
        )
    )
    if sized is None:
        _show.say(
            "How many workers each prison needs for a target, and the fair share of a fixed total, "
            "come from a sizing; none of today's estate as it is here is stored yet."
        )
        if _jobs.may_begin() and st.button("Size the family workers"):
            _jobs.begin("size-family-workers", title="Family workers", scenario=BASELINE)
            st.rerun()
else:
    offer(
        "No run of today's estate is stored yet. One says how much family work is needed, funded "
        "and left undone.",
        BASELINE,
        "Play a year of today's estate for family workers",
    )
_way_in("app_pages/family_workers.py", "Every prison, a target and a fair share", baseline)
_way_in("app_pages/booking_line.py", "Booking line and early days", baseline)

_show.section("What if visits ran differently?")
if baseline:
    from scenarios.display import questions, wording

    show(questions.visits(_state.opened(baseline), measures(baseline.folder, baseline.stamp)))
    _show.say(wording.FLOOR)
else:
    offer(
        "No run of today's estate is stored yet. One says how long families wait, who is refused "
        "and who has no contact.",
        BASELINE,
        "Play a year of today's estate",
    )
_way_in("app_pages/visits.py", "Visits and video calls", baseline)
st.page_link("app_pages/compare.py", label="Two runs side by side")
