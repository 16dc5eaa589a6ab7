"""Start: the three questions that people bring, each with its answer and the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app_pages import _data, _jobs, _show, _state, _study, _who

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.display.questions import Answer

NEWEST = ": the newest that was made on the same tables as the run of today."
CHOSEN = ", chosen by an administrator."
NEWEST_RUNS = "The newest runs"
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
front = _state.front_runs(loaded=_data.brings_people())
plan, baseline = front.plan, front.baseline
shown = [_state.opened(run) for run in (plan, baseline) if run is not None]
with top:
    _who.mark(*shown, counts=True)
_show.notice(*shown)
if front.told:
    _show.say(front.told)
elif front.pinned is not None and front.pinned == baseline:
    _show.say(f"The estate of today is told from the run “{baseline.title}”{CHOSEN}")


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


def choose_front() -> None:
    """Let an administrator choose the run that answers here for all readers."""
    from scenarios.circulation import pinned

    folder, who = _state.runs_folder(), _who.name()
    runs = [run for run in _state.stored_runs() if _state.may_be_front(run)]
    words = {"": NEWEST_RUNS} | _state.labels(runs)
    now = front.pinned.name if front.pinned else ""
    name = st.selectbox(
        "Run that answers here for all readers",
        list(words),
        index=list(words).index(now),
        format_func=words.__getitem__,
        key="front",
        width=640,
    )
    _show.say("The other runs beside it are the newest that were made on the same tables.")
    if not st.button("Use it for all readers", disabled=name == now and not front.told):
        return
    try:
        pinned.pin(folder, name, who) if name else pinned.unpin(folder, who)
    except OSError as error:
        _show.refusal(f"It cannot be kept: {error.strerror}.")
        return
    st.rerun()


def would_it_turn(plan: _state.Run, baseline: _state.Run | None) -> None:
    """Say whether other assumptions turn a plan or its verdicts on visits, or where to try them."""
    from scenarios.comparing import effects
    from scenarios.comparing.drivers import TOLD
    from scenarios.display import assumptions, frontiers, questions

    results = _state.opened(plan)
    stability = _study.stability_of(results)
    _show.say(frontiers.would_it_turn(stability))
    if stability is None:
        _way_in("app_pages/frontier.py", "Try other assumptions about its moves", plan)
    if baseline is None:
        return
    told = effects.conclusions(_state.runs_folder(), _state.opened(baseline), results)
    if told:
        said = assumptions.sentence(told, TOLD)
        _show.say(f"Visits under this plan, beside today. {said}")
    else:
        _show.say(questions.VISITS_NOT_TRIED)
        _way_in("app_pages/compare.py", "Try other assumptions about its visits", plan)


_jobs.panel()

_show.section("Who should be held where?")
if plan or baseline:
    from scenarios.display import questions

    told = plan or baseline
    assert told is not None
    groups = equality(told.folder, told.stamp)
    if plan:
        why = CHOSEN if front.pinned == plan else NEWEST
        _show.say(f"Answered from the plan “{plan.title}”{why}")
    show(questions.held(_state.opened(told), groups, circulate=not _who.is_planner()))
if plan:
    would_it_turn(plan, baseline)
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
    from scenarios.stored_studies import studies

    results = _state.opened(baseline)
    sized = sizing.of_run(studies(_state.runs_folder(), "size-family-workers"), results)
    counted = measures(baseline.folder, baseline.stamp)
    show(questions.family_workers(results, counted, sized.folder if sized else None))
    if turns := questions.would_latent_need_turn_it(counted):
        _show.say(turns)
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
    _show.say(questions.LEVELS_NOT_TRIED)
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

if _who.is_administrator() and (plan or baseline):
    with st.expander("Which run answers here"):
        choose_front()
