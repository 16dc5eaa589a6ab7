"""The scenario that is being written: kept from page to page, and found again after a reload.

Where the browser has a key (:mod:`app_pages._data`), what is written stands in the reader's own
folder as well, and the address names it: ``?draft=``, a random name that opens nothing elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app_pages import _data, _effects, _state

if TYPE_CHECKING:
    from scenarios.drafting.drafts import Draft
    from scenarios.schema import Scenario

BEGUN = "scenario begun"
"""Where the scenario being written stands in the session."""

UNKEPT = "scenario unkept"
"""Names the file of the scenario being written."""

WRITTEN = "scenario written"
"""What that file holds."""

ADDRESS = "draft"

SHOWN_FIRST = ("cells_shown", "rules_shown")
"""Parts that say what an editor began with: it begins anew when the page is loaded anew."""

ROUND = "scenario round"
"""Counts beginnings: the widgets of one beginning are not those of another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A scenario being written, in the parts that the page edits apart.

    Attributes
    ----------
    name, title, question
        Its words.
    kept_as
        The name under which this session opened or kept it, and may keep it again.
    preset, chosen
        The question it began from, and what is chosen for it; none for one read from a file.
    cells
        What is changed prison by prison.
    cells_shown
        What the table of prisons began with; what the reader changes in it comes on top.
    rules, rules_shown
        Rules, weights and limits, and what their editor began with.
    extra
        Every other line.
    """

    name: str
    title: str
    question: str
    kept_as: str | None = None
    preset: str | None = None
    chosen: Mapping[str, Any] = field(default_factory=dict)
    cells: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    cells_shown: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    rules_shown: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


def begun() -> Begun | None:
    """Return the scenario being written; after a reload the one that the address names."""
    found = st.session_state.get(BEGUN)
    asked = st.query_params.get(ADDRESS)
    if found is None and asked:
        found = _go_on(asked)
    if not isinstance(found, Begun):
        return None
    if UNKEPT in st.session_state:
        st.query_params[ADDRESS] = st.session_state[UNKEPT]
    return found


def keep(scenario: Begun) -> None:
    """Keep the scenario being written."""
    st.session_state[BEGUN] = scenario
    if not _data.is_found_again():
        return
    from scenarios.drafting import unkept

    parts = {name: each for name, each in asdict(scenario).items() if name not in SHOWN_FIRST}
    if parts != st.session_state.get(WRITTEN):
        name = st.session_state.setdefault(UNKEPT, unkept.new_name())
        unkept.write(_data.folder(), name, parts)
        st.session_state[WRITTEN] = parts


def begin(scenario: Begun) -> None:
    """Begin another scenario: its widgets start afresh, and its name is nobody else's."""
    forget()
    begin_again(scenario)


def begin_again(scenario: Begun) -> None:
    """Go on with a scenario that was changed elsewhere than in its widgets: they start afresh."""
    from scenarios.drafting.drafts import free_name

    if scenario.kept_as is None:
        scenario = replace(scenario, name=free_name(_state.runs_folder(), scenario.name))
    keep(scenario)
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1


def forget() -> None:
    """Write no scenario any more; what was written of it can still be gone on with."""
    for name in (BEGUN, UNKEPT, WRITTEN):
        st.session_state.pop(name, None)
    st.query_params.pop(ADDRESS, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unkept:
    """A scenario that this reader wrote in this browser: its file, and when it last changed."""

    name: str
    changed_ns: int
    scenario: Begun


def unkept() -> list[Unkept]:
    """List what this reader wrote in this browser and did not keep, the last changed first."""
    folder = _data.found_again()
    if folder is None:
        return []
    from scenarios.drafting import drafts
    from scenarios.drafting import unkept as files

    kept = {each.name: each for each in drafts.drafts(_state.runs_folder())}
    found = [
        Unkept(name=name, changed_ns=changed, scenario=scenario)
        for name, changed in files.names(folder)
        if (scenario := _read(name)) is not None
    ]
    return [
        each
        for each in found
        if each.scenario.kept_as not in kept
        or text_of(each.scenario) != drafts.draft_text(kept[str(each.scenario.kept_as)])
    ]


def go_on(name: str) -> None:
    """Go on with one of those that were not kept."""
    forget()
    _go_on(name)


def put_away(name: str) -> None:
    """Forget for good one of those that were not kept."""
    from scenarios.drafting import unkept as files

    files.forget(_data.folder(), name)


def _go_on(name: str) -> Begun | None:
    found = _read(name)
    if found is not None:
        st.session_state[BEGUN] = found
        st.session_state[UNKEPT] = name
        st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    return found


def _read(name: str) -> Begun | None:
    """Read a scenario that was not kept; none where its file is gone or is of another version."""
    from scenarios.drafting import unkept as files
    from scenarios.drafting.presets import preset

    folder = _data.found_again()
    parts = None if folder is None else files.read(folder, name)
    if parts is None:
        return None
    try:
        found = Begun(**parts)
        if found.preset is not None:
            chosen = {
                key: tuple(found.chosen[key]) if isinstance(value, tuple) else found.chosen[key]
                for key, value in preset(found.preset).begun().items()
            }
            found = replace(found, chosen=chosen)
        text_of(found)
    except (TypeError, KeyError, ValueError, AttributeError, StopIteration):
        return None
    return found


def key(name: str) -> str:
    """Return the key of a widget of the scenario being written."""
    return f"{name} {st.session_state.get(ROUND, 0)}"


def from_preset(name: str) -> Begun:
    """Return the beginning of a scenario about one of the questions."""
    from scenarios.drafting.presets import preset

    found = preset(name)
    return Begun(
        name=found.key,
        title=found.title,
        question=found.question,
        preset=found.key,
        chosen=found.begun(),
    )


def from_draft(draft: Draft) -> Begun:
    """Return a scenario as it was kept, taken apart for the page."""
    from scenarios.drafting.presets import split_by_prison

    cells, rest = split_by_prison(draft.change)
    return Begun(
        name=draft.name, title=draft.title, question=draft.question, cells=cells, extra=rest
    )


def draft_of(scenario: Begun) -> Draft:
    """Return the scenario as a file would hold it."""
    from scenarios.drafting.drafts import Draft
    from scenarios.drafting.presets import change_by_prison, joined, preset

    change: dict[str, Any] = {}
    if scenario.preset is not None:
        change = preset(scenario.preset).change(scenario.chosen)
    for part in (change_by_prison(scenario.cells), scenario.rules, scenario.extra):
        change = joined(change, part)
    return Draft(
        name=scenario.name, title=scenario.title, question=scenario.question, change=change
    )


def text_of(scenario: Begun) -> str:
    """Return the scenario as the text of its file."""
    from scenarios.drafting.drafts import draft_text

    return draft_text(draft_of(scenario))


@st.cache_resource(max_entries=30, show_spinner=False)
def _judged(
    name: str, text: str, tables: _effects.Tables
) -> tuple[Scenario | None, tuple[str, ...]]:
    from scenarios.display import in_app
    from scenarios.drafting.drafts import checked_text
    from scenarios.errors import ScenarioError
    from scenarios.inputs import problems_of, unfit

    try:
        scenario = checked_text(name, text)
    except ScenarioError as error:
        return None, tuple(map(in_app.told, error.problems))
    estate = _effects.estate_of(tables)
    problems = unfit(scenario, estate) if tables is None else problems_of(scenario, Path(tables[0]))
    names = _effects.names_of(estate)
    return (None if problems else scenario), tuple(in_app.told(each, names) for each in problems)


def judged(draft: Draft) -> tuple[Scenario | None, tuple[str, ...]]:
    """Return the scenario that a draft makes, or everything that is wrong with it.

    It is judged by the tables that the session's runs are made on.
    """
    from scenarios.drafting.drafts import NOTHING_CHANGED, draft_text

    if not draft.change:
        return None, (NOTHING_CHANGED,)
    return _judged("draft", draft_text(draft), _effects.tables_in_use())
