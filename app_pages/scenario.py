"""Scenario: begin one from a question, a file or one that is kept; change it; keep it; run it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from app_pages import _builder, _effects, _export, _jobs, _rules, _show, _state, _who
from app_pages._builder import Begun
from scenarios.display import changed, drafted, finding, wording
from scenarios.drafting import drafts, presets
from scenarios.errors import ScenarioError

WAYS = ("A question", "One that comes with the model", "One that is kept", "A file")
UNKEPT = "One I did not keep"
INTRO = (
    "A scenario is the baseline with a few lines changed. Begin with a question, choose what "
    "matters, and start the run from here; every run keeps its own copy of the scenario."
)

NOT_KEPT = (
    "Only you see it, in this browser, until you close the browser. Keep it to find it again later."
)

TWICE = (
    " Leave that column empty for prisons to which the choice above gives evening sessions: one "
    "hall cannot hold two sessions at once."
)


def begin_anew() -> None:
    """Let the reader choose what to begin with."""
    unkept = _builder.unkept()
    ways = [*WAYS, UNKEPT] if unkept else list(WAYS)
    if st.session_state.get("way") not in ways:
        st.session_state.pop("way", None)
    way = st.segmented_control(
        "Begin with", ways, default=WAYS[0], required=True, key="way", persist_state="session"
    )
    if way == WAYS[0]:
        named = {each.key: each for each in presets.PRESETS}
        name = st.selectbox(
            "Question",
            list(named),
            format_func=lambda name: named[name].title,
            key="question of",
            persist_state="session",
        )
        _show.say(named[name].question)
        if st.button("Begin", type="primary"):
            _builder.begin(_builder.from_preset(name))
            st.rerun()
    elif way == WAYS[1]:
        known = {name: each for name, each in _jobs.scenarios().items() if name != "baseline"}
        name = st.selectbox(
            "Scenario",
            list(known),
            format_func=lambda name: known[name].title,
            key="built in",
            persist_state="session",
        )
        _show.say(known[name].question)
        if st.button("Begin with a copy", type="primary"):
            found = drafts.built_in(name)
            _builder.begin(_builder.from_draft(drafts.duplicate(_state.runs_folder(), found)))
            st.rerun()
    elif way == WAYS[2]:
        begin_with_kept()
    elif way == UNKEPT:
        begin_with_unkept(unkept)
    else:
        begin_with_file()


def begin_with_kept() -> None:
    """Let the reader open or copy a scenario that is kept; planners may forget it."""
    kept = {each.name: each for each in drafts.drafts(_state.runs_folder())}
    if not kept:
        _show.say("No scenario is kept yet.")
        return
    name = st.selectbox(
        "Kept scenario",
        list(kept),
        format_func=lambda name: kept[name].title,
        key="kept",
        persist_state="session",
    )
    _show.say(kept[name].question)
    left, middle, right = st.columns(3)
    if left.button("Open", type="primary"):
        _builder.begin(replace(_builder.from_draft(kept[name]), kept_as=name))
        st.rerun()
    if middle.button("Duplicate"):
        copy = drafts.duplicate(_state.runs_folder(), kept[name])
        _builder.begin(_builder.from_draft(copy))
        st.rerun()
    if _who.is_planner() and right.button("Forget it"):
        drafts.delete_draft(_state.runs_folder(), name)
        st.rerun()


def begin_with_unkept(found: list[_builder.Unkept]) -> None:
    """Let the reader go on with a scenario that they wrote in this browser and did not keep."""
    from datetime import UTC, datetime

    from scenarios.display.wording import moment

    named = {each.name: each for each in found}

    def told(name: str) -> str:
        changed = datetime.fromtimestamp(named[name].changed_ns / 1e9, tz=UTC)
        return f"{named[name].scenario.title or 'No title'} ({moment(changed.isoformat())})"

    name = st.selectbox(
        "Scenario not kept", list(named), format_func=told, key="not kept", persist_state="session"
    )
    _show.say(named[name].scenario.question)
    _show.say(NOT_KEPT)
    left, right = st.columns(2)
    left.button("Go on with it", type="primary", on_click=_builder.go_on, args=(name,))
    right.button("Forget this one", on_click=_builder.put_away, args=(name,))


def begin_with_file() -> None:
    """Let the reader hand in a scenario file; say everything that is wrong with it at once."""
    handed = st.file_uploader("Scenario file (YAML)", type=["yaml", "yml"], key="handed in")
    if handed is None:
        return
    try:
        found = drafts.from_file(handed.name, handed.getvalue())
    except ScenarioError as error:
        show_faults("This file cannot be used", error.problems)
        return
    _show.say(f"{found.title}. {found.question}")
    if st.button("Begin with this file", type="primary"):
        _builder.begin(_builder.from_draft(found))
        st.rerun()


def show_faults(heading: str, problems: tuple[str, ...]) -> None:
    """Show one report of everything that is wrong."""
    _show.section(heading)
    _show.wrong(problems)


def words(scenario: Begun) -> Begun:
    """Let the reader say what the scenario is called and asks."""
    title = st.text_input("Title", scenario.title, key=_builder.key("title"), max_chars=120)
    question = st.text_area(
        "Question", scenario.question, key=_builder.key("question"), max_chars=600
    )
    return replace(scenario, title=title.strip(), question=question.strip())


def headline(scenario: Begun) -> Begun:
    """Let the reader choose what matters for the question: at most three things."""
    if scenario.preset is None:
        return scenario
    found = presets.preset(scenario.preset)
    columns = st.columns(len(found.controls))
    chosen = {
        control.key: choose(column, control, scenario.chosen[control.key])
        for column, control in zip(columns, found.controls, strict=True)
    }
    return replace(scenario, chosen=chosen)


def choose(column: Any, control: presets.Control, value: Any) -> Any:
    """Show one control in its column and return what is chosen."""
    key = _builder.key(f"choice {control.key}")
    if isinstance(control.value, tuple):
        picked = column.pills(
            control.label,
            control.options,
            default=list(value),
            format_func=str.capitalize,
            selection_mode="multi",
            key=key,
        )
        return tuple(picked)
    if control.options:
        return column.selectbox(
            control.label, control.options, index=control.options.index(value), key=key
        )
    return column.number_input(
        control.label,
        min_value=int(control.low),
        max_value=int(control.high),
        value=int(value),
        step=int(control.step),
        key=key,
    )


def by_prison(scenario: Begun) -> Begun:
    """Let the reader change single prisons in a table or by a file."""
    _show.say(
        "Fill in a cell to change that prison; an empty cell leaves it as it is. Evening sessions "
        f"are added on Tuesday and Thursday from {presets.EVENING[0]} to {presets.EVENING[1]}."
        f"{TWICE if scenario.preset == 'evening' else ''}"
    )
    if _builder.key("prisons") not in st.session_state:
        scenario = replace(scenario, cells_shown=scenario.cells)
    rows = drafted.prison_rows(
        _effects.estate_of(_effects.tables_in_use()).establishments, scenario.cells_shown
    )
    edited = st.data_editor(
        rows,
        hide_index=True,
        disabled=["establishment", "name", "sex", "security"],
        column_config={
            "establishment": "Code",
            "name": "Prison",
            "sex": "For",
            "security": "Security",
            **{
                column: st.column_config.NumberColumn(
                    label,
                    min_value=drafted.RANGES[column][0],
                    max_value=drafted.RANGES[column][1],
                    step=1.0 if column in drafted.WHOLE else 0.1,
                )
                for column, label in presets.BY_PRISON.items()
            },
        },
        key=_builder.key("prisons"),
        height=320,
        placeholder="as today",
    )
    left, right = st.columns(2)
    with left:
        _export.offer_file(
            "Download this table (CSV)",
            "prisons.csv",
            lambda: drafted.prisons_file(edited),
            "text/csv",
            len(edited),
        )
    handed = right.file_uploader(
        "Filled table (CSV)", type=["csv"], key=_builder.key("prisons file")
    )
    if handed is None:
        return replace(scenario, cells=drafted.cells_of(edited))
    codes = list(rows["establishment"])
    try:
        cells = drafted.read_prisons(handed.name, handed.getvalue(), codes)
    except ScenarioError as error:
        show_faults("This table cannot be used", error.problems)
        return replace(scenario, cells=drafted.cells_of(edited))
    _show.say(
        f"The file changes {wording.count(len(cells), 'prison')}; the table above is not used."
    )
    return replace(scenario, cells=cells)


def other_lines(scenario: Begun) -> Begun:
    """Let the reader change any other setting, each with its meaning, range and source."""
    from scenarios.plain_yaml import text
    from scenarios.settings import settings

    extra = dict(scenario.extra)
    lines = [*scenario.rules, *extra]
    if lines:
        back = st.multiselect("Lines to take back", lines, key=_builder.key("take back"))
        if st.button("Take back", disabled=not back):
            left, kept = (
                {name: value for name, value in part.items() if name not in back}
                for part in (extra, scenario.rules)
            )
            _builder.begin_again(replace(scenario, extra=left, rules=kept))
            st.rerun()
    known = settings()
    asked = st.text_input(
        "Find settings about",
        placeholder="such as evening, no-show, video or bus",
        key=_builder.key("settings about"),
        persist_state="session",
        max_chars=80,
    )
    found = finding.found(asked)
    if asked.strip():
        told = wording.count(len(found), "setting") if found else "No setting"
        _show.say(f"{told} about that. {finding.elsewhere(asked)}".strip())
    if not found:
        _show.say("All settings can be chosen from below.")
    name = st.selectbox(
        "Setting",
        found or list(known),
        format_func=lambda name: known[name].named,
        key=_builder.key("setting"),
        persist_state="session",
    )
    _show.facts(drafted.about(known[name]))
    now = text(extra[name]) if name in extra else known[name].text
    written = st.text_input(
        "New value", now, key=_builder.key(f"value of {name}"), persist_state="session"
    )
    if st.button("Change this setting"):
        problem, value = drafts.parsed(name, written)
        if problem is not None:
            _show.say(problem)
            return scenario
        _builder.keep(replace(scenario, extra=extra | {name: value}))
        st.rerun()
    return scenario


def rules(scenario: Begun) -> Begun:
    """Let the reader set rules, weights and limits where a plan is asked for."""
    key = _builder.key("plan")
    if f"{key} limited" not in st.session_state:
        scenario = replace(scenario, rules_shown=scenario.rules)
    shown = _builder.draft_of(replace(scenario, rules=scenario.rules_shown))
    made, _ = _builder.judged(shown)
    if made is None or made.placements != "optimised":
        _show.say(
            "This scenario holds people where they are today, so no plan is made. To ask for one, "
            "set placements to optimised among the other settings, or begin with the question of "
            "holding people closer to home."
        )
        return scenario
    found = _rules.rules_editor(made.resolved(), key=key)
    return replace(scenario, rules=dict(scenario.rules_shown) | found)


def keep_and_run(scenario: Begun, draft: drafts.Draft, problems: tuple[str, ...]) -> None:
    """Let the reader keep the scenario, take it away as a file, and start its run."""
    runs = _state.runs_folder()
    name = st.text_input(
        "Name of the file",
        scenario.name,
        key=_builder.key("name"),
        persist_state="session",
        max_chars=40,
        help="Small letters, digits and _.",
    )
    draft = replace(draft, name=name.strip())
    problems = (*problems, *drafts.name_faults(draft.name))
    if draft.name != scenario.kept_as:
        problems = (*problems, *drafts.taken(runs, draft.name))
    left, middle, right = st.columns(3)
    if left.button("Keep it", disabled=bool(problems)):
        drafts.save_draft(runs, draft)
        _builder.keep(replace(scenario, name=draft.name, kept_as=draft.name))
        _show.say(f"Kept as {draft.name}.")
    if middle.button("Duplicate it"):
        copy = drafts.duplicate(runs, draft)
        _builder.begin(replace(scenario, name=copy.name, title=copy.title, kept_as=None))
        st.rerun()
    text = drafts.draft_text(draft)
    with right:
        _export.offer_file(
            "Download the file (YAML)",
            f"{drafts.proper_name(draft.name)}.yaml",
            lambda: text,
            "text/yaml",
            text.count("\n"),
        )
    left, right = st.columns(2)
    with left:
        replications = st.number_input(
            "Simulated years (replications)", min_value=1, max_value=100, value=4, step=1,
            key="builder replications", persist_state="session",
            help="More years give narrower intervals and take longer.",
        )  # fmt: skip
    with right:
        seed = st.number_input(
            "Seed", min_value=0, value=1, step=1, key="builder seed", persist_state="session",
            help="Runs of one seed play the same families, so that they can be compared.",
        )  # fmt: skip
    if st.button("Keep it and start the run", type="primary", disabled=bool(problems)):
        path = drafts.save_draft(runs, draft)
        _builder.keep(replace(scenario, name=draft.name, kept_as=draft.name))
        _jobs.begin(
            "run",
            title=draft.title,
            scenario=str(path),
            seed=int(seed),
            replications=int(replications),
        )
        st.switch_page("app_pages/runs.py")
    for problem in problems:
        _show.say(problem)


_who.mark()
_show.title("Scenario")
_state.keep_asked()
scenario = _builder.begun()
if scenario is None:
    _show.say(INTRO, small=False)
    begin_anew()
    st.stop()

st.button("Begin another scenario", on_click=_builder.forget)
scenario = headline(words(scenario))
beside = st.container()

_show.section("More options")
with st.expander("Prison by prison"):
    scenario = by_prison(scenario)
with st.expander("Rules, weights and limits of a plan"):
    scenario = rules(scenario)
with st.expander("Any other setting"):
    scenario = other_lines(scenario)
_builder.keep(scenario)

draft = _builder.draft_of(scenario)
added = _effects.extra_staff(drafts.draft_text(draft)) if draft.change else None
if added is not None:
    with beside:
        if cards := drafted.staff_cards(added.visits, added.lines):
            _show.numbers(cards)
        else:
            _show.say(drafted.SAME_STAFF)
made, problems = _builder.judged(draft)
_show.section("What it changes")
if made is None:
    for problem in problems:
        _show.say(problem)
else:
    names = _effects.names_of(_effects.estate_of(_effects.tables_in_use()))
    _show.table(changed.listing(made, names))
    _show.fold_tables("As the lines of its file", drafted.lines(made))

_show.section("Keep it and run it")
if _who.may_work():
    keep_and_run(scenario, draft, problems)
else:
    _show.say("Only analysts and planners keep scenarios and start runs.")
