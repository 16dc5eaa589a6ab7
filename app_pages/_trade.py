"""The parts of the page on trade-offs: choose a study and a point, draw it, start another."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from app_pages import _data, _jobs, _show, _state, _who
from scenarios.display import frontiers

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.display.frontiers import Frontier
    from scenarios.stored_studies import Study

CHART = "frontier chart"
POINT = "point"
SAID = "said of a plan of a point"
POINTS = (4, 60)


def chosen(studies: Sequence[Study], made: Path | None) -> Study:
    """Let the reader choose a study; the address may name one, and one just made comes first."""
    by_name = {study.name: study for study in studies}
    asked = made.name if made is not None and made.name in by_name else st.query_params.get("study")
    if asked in by_name and st.session_state.get("study asked") != asked:
        st.session_state["study"] = asked
        st.session_state["study asked"] = asked
    if st.session_state.get("study") not in by_name:
        st.session_state["study"] = studies[0].name
    name = st.selectbox(
        "Study",
        list(by_name),
        format_func=lambda name: f"{by_name[name].title} ({name})",
        key="study",
        persist_state="session",
        width=640,
    )
    st.query_params["study"] = name
    return by_name[name]


STABILITY = "stability study"


def stability_shown(studies: Sequence[Study]) -> Study:
    """Give the study of stability that the reader chose, or the newest."""
    by_name = {study.name: study for study in studies}
    return by_name.get(str(st.session_state.get(STABILITY)), studies[0])


def choose_stability(studies: Sequence[Study]) -> None:
    """Let the reader choose a study of stability."""
    by_name = {study.name: study for study in studies}
    if len(studies) > 1:
        st.selectbox(
            "Study of stability",
            list(by_name),
            format_func=lambda name: f"{by_name[name].title} ({name})",
            key=STABILITY,
            persist_state="session",
            width=640,
        )


def picked(study: Study, found: Frontier) -> int:
    """Let the reader pick a point from a list; the chart below picks the same one."""
    numbers = [int(number) for number in found.points["point"]]
    key = f"{POINT} {study.name}"
    asked = st.query_params.get(POINT, "")
    if key not in st.session_state:
        named = asked.isdecimal() and int(asked) in numbers
        st.session_state[key] = int(asked) if named else numbers[len(numbers) // 2]
    number = st.selectbox(
        "Point",
        numbers,
        format_func=lambda number: frontiers.label(found, number),
        key=key,
        persist_state="session",
        width=640,
    )
    st.query_params[POINT] = str(number)
    return int(number)


def draw(study: Study, found: Frontier, number: int) -> None:
    """Draw the frontier; a click on a point picks it."""
    drawn = frontiers.figure(found, study.title, number)
    key = f"{CHART} {study.name}"

    def pick() -> None:
        selection = st.session_state[key].selection.get(frontiers.PICK) or []
        if selection:
            st.session_state[f"{POINT} {study.name}"] = int(selection[0]["point"])

    st.html(f'<h3 class="estate-figure-title">{escape(drawn.title)}</h3>')
    st.vega_lite_chart(
        spec=drawn.chart.spec(),
        theme=None,
        width="stretch",
        alt=drawn.alt,
        key=key,
        on_select=pick,
        selection_mode=frontiers.PICK,
    )
    st.html(f'<p class="estate-note">{escape(drawn.note)} Click a point to pick it.</p>')


def make_plan(study: Study, found: Frontier, number: int) -> None:
    """Let analysts and planners make the plan of a point: a run of its scenario with its limit."""
    from scenarios.drafting.from_point import MAKES, limit_words

    if not _who.may_work():
        return
    if found.against not in MAKES:
        _show.say(
            "A plan is asked for by a limit, and a scenario sets none on crowding: points of this "
            "study cannot be made into plans. A study against moves, people far from home or the "
            "worst-off tenth can."
        )
        return
    amount = float(found.point(number)["amount"])
    st.button(
        f"Make this plan: {limit_words(found.against, amount)}",
        on_click=_begin_plan,
        args=(study, found, amount),
        help="Decides the plan anew under this limit, plays its year of visits and stores the run.",
    )
    _show.wrong(st.session_state.pop(SAID, []))


def _begin_plan(study: Study, found: Frontier, amount: float) -> None:
    from scenarios.drafting.from_point import limit_words, scenario_of_point
    from scenarios.errors import ScenarioError
    from scenarios.planning.again import data_like

    try:
        data = data_like(found.manifest["inputs"], _data.folders())
        path = scenario_of_point(study.folder, found.against, amount, _state.runs_folder())
    except ScenarioError as error:
        st.session_state[SAID] = list(error.problems)
        return
    _jobs.begin(
        "run",
        title=f"{study.title}: {limit_words(found.against, amount)}",
        scenario=str(path),
        data=None if data is None else str(data),
        seed=_jobs.SEED,
        replications=_jobs.REPLICATIONS,
    )


def equality(rows: pd.DataFrame) -> str:
    """List what a point means for groups; small groups are hidden from viewers."""
    return frontiers.equality_listing(rows, circulate=not _who.is_planner())


def begin() -> None:
    """Let the planner start a study in the background."""
    name = _jobs.scenario_box(
        "Scenario",
        "closer_to_home",
        decides=True,
        key="study scenario",
        persist_state="session",
        width=640,
    )
    title = _jobs.scenarios()[name].title
    against, points = st.columns(2)
    with against:
        what = st.selectbox(
            "Trade the cost to families against",
            list(frontiers.AGAINST),
            format_func=lambda word: (
                frontiers.AGAINST[word][:1].upper() + frontiers.AGAINST[word][1:]
            ),
            key="against",
            persist_state="session",
        )
    with points:
        number = st.number_input(
            "Points",
            min_value=POINTS[0],
            max_value=POINTS[1],
            value=12,
            key="points",
            persist_state="session",
        )
    with st.container(horizontal=True):
        if st.button("Start a trade-off study", type="primary"):
            _jobs.begin(
                "frontier",
                title=f"Trade-off: {title}, against {frontiers.AGAINST[what]}",
                scenario=name,
                against=what,
                points=int(number),
            )
            st.rerun()
        if st.button("Start a study of stability"):
            _jobs.begin(
                "stability",
                title=f"Stability: {title}",
                scenario=name,
            )
            st.rerun()
