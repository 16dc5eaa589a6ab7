"""What visits would cost in staff if they ran differently: chosen, priced at once, and started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from app_pages import _builder, _effects, _jobs, _show, _state
from app_pages._builder import Begun
from scenarios.display import drafted
from scenarios.drafting import presets
from scenarios.drafting.presets import Lever, Moved

QUESTION = (
    "What would these hours do to waits, to requests refused and to who is visited, and what would "
    "they cost in staff?"
)
INTRO = (
    "Move a control to see what its staff would cost beside today's timetable, before any run. A "
    "run then measures the staff, and what families gain. Closures and sessions called off are not "
    "taken off here."
)
AS_TODAY = "Staff, as today"
NOTHING = "All stands as it is today. Move one of the three to see what it would take."


def choose(run: _state.Run) -> None:
    """Let the reader move evenings, weekends and video, each with its staff, and start the run."""
    prisons = str(
        st.selectbox(
            "At which prisons",
            list(presets.PRISONS),
            key="differently at",
            width=420,
            persist_state="session",
        )
    )
    found = []
    for column, lever in zip(st.columns(len(presets.LEVERS)), presets.LEVERS, strict=True):
        with column:
            asked = presets.moved(lever, value_of(lever), prisons)
            told = AS_TODAY if asked is None else f"Staff for {asked.told}"
            _show.numbers([drafted.lever_card(told, staff(asked))])
            found += [asked] if asked else []
    if not found:
        _show.say(NOTHING)
        return
    begun = beginning(found, prisons)
    together = _effects.extra_staff(_builder.text_of(begun))
    if together is not None:
        _show.say(drafted.together(together.visits), small=False)
    if _jobs.may_begin():
        offer(run, begun)


def value_of(lever: Lever) -> Any:
    """Show the control of a lever and return its value."""
    control = lever.control
    key = f"differently {control.key}"
    if control.options:
        return st.select_slider(
            control.label, control.options, value=control.value, key=key, persist_state="session"
        )
    return st.slider(
        control.label,
        min_value=int(control.low),
        max_value=int(control.high),
        value=int(str(control.value)),
        step=int(control.step),
        key=key,
        persist_state="session",
    )


def staff(asked: Moved | None) -> tuple[float, float] | None:
    """Return hours and pounds of staff a year of one lever alone; none where they are not known."""
    if asked is None:
        return 0.0, 0.0
    added = _effects.extra_staff(_builder.text_of(alone(asked)))
    return None if added is None else added.visits


def alone(asked: Moved) -> Begun:
    """Put one lever alone into a scenario."""
    return Begun(name="alone", title=asked.told, question=QUESTION, extra=asked.change)


def beginning(found: Sequence[Moved], prisons: str) -> Begun:
    """Put what is moved into one scenario: it begins from the first question, the others beside."""
    first, *others = found
    extra: dict[str, Any] = {}
    for each in others:
        extra = presets.joined(extra, each.change)
    told = ", ".join(each.told for each in found)
    return Begun(
        name="visits_differently",
        title=f"{told[:1].upper()}{told[1:]}: {prisons[:1].lower()}{prisons[1:]}",
        question=QUESTION,
        preset=first.preset,
        chosen=first.chosen,
        extra=extra,
    )


def offer(run: _state.Run, begun: Begun) -> None:
    """Let the reader keep the scenario and start its run, or go on with it where all is edited."""
    with st.container(horizontal=True):
        starts = st.button("Keep it and start the run", type="primary")
        goes_on = st.button("Change more of it first")
    if starts:
        start(run, begun)
    if goes_on:
        _builder.begin(begun)
        st.switch_page("app_pages/scenario.py")


def start(run: _state.Run, begun: Begun) -> None:
    """Keep the scenario and start its run on the families that the run shown plays."""
    from scenarios.drafting import drafts
    from scenarios.errors import ScenarioError
    from scenarios.planning.again import manifest_of

    runs = _state.runs_folder()
    try:
        manifest = manifest_of(Path(run.folder))
        draft = _builder.draft_of(replace(begun, name=drafts.free_name(runs, begun.name)))
        path = drafts.save_draft(runs, draft)
    except ScenarioError as error:
        _show.refusal(str(error))
        return
    _jobs.begin(
        "run",
        title=draft.title,
        scenario=str(path),
        seed=int(manifest["seed"]),
        replications=int(manifest["replications"]),
    )
    st.switch_page("app_pages/runs.py")
