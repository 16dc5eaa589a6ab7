"""Booking line and early days: who is answered, who gives up, and how soon contact begins."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app_pages import _export, _jobs, _show, _state
from scenarios.display import lines
from scenarios.display.lines import LineSizing
from scenarios.display.views import ALL
from scenarios.stored_studies import Kind, Study, studies

KIND: Kind = "size-booking-line"
SCENARIO = "baseline"


@st.cache_resource(max_entries=2, show_spinner=False)
def stored(folder: str, stamp: int) -> LineSizing:
    """Return a sizing, read once for each writing of its folder."""
    del stamp
    return lines.load_line_sizing(Path(folder))


def show_lines() -> list[str]:
    """Show how the booking lines are answered; return the tables."""
    of_line = lines.estimates_of(estimates, "line")
    for number, sentence in enumerate(lines.line_sentences(of_line)):
        _show.say(sentence, small=number > 0)
    _show.numbers(lines.line_numbers(of_line))
    months = lines.month_rows(estimates)
    _show.figure(lines.by_month(results, estimates), months)
    found = [lines.line_rows(estimates, name) for name in ("line", "line_service")]
    for each in found:
        _show.table(each)
    by_prison = lines.prison_rows(
        estimates, names, lines.LINE_BY_PRISON, "Calls and answers by the prison called about"
    )
    _show.fold_tables("Prison by prison", by_prison)
    return [*found, months, by_prison]


def show_sizing(study: Study) -> None:
    """Show what a sizing of the national line found."""
    sized = stored(str(study.folder), study.stamp)
    _show.say(lines.sizing_sentence(sized), small=False)
    which = str(
        st.segmented_control(
            "Agents shown",
            list(lines.WHICH_AGENTS),
            default="agents_needed",
            required=True,
            format_func=lines.WHICH_AGENTS.__getitem__,
            key="agents",
            bind="query-params",
        )
    )
    agents = lines.agent_rows(sized)
    _show.figure(lines.heat_map(sized, which), agents)
    roster, moved, months = (
        lines.roster_rows(sized),
        lines.online_rows(sized),
        lines.months_rows(sized),
    )
    _show.table(roster)
    _show.figure(lines.online(sized), moved)
    _show.fold_tables("Month by month", months)
    _export.download("National line sized", [agents, roster, moved, months], study)


def start() -> None:
    """Let a planner start a sizing in the background; what is filled in stays until then."""
    if not _jobs.may_begin():
        return
    scenario = _jobs.scenario_box(
        "Scenario to size for", SCENARIO, key="scenario of lines", persist_state="session"
    )
    left, right = st.columns(2, gap="large")
    with left:
        minutes = st.number_input(
            "Answered within minutes", 0.0, 240.0, value=5.0, step=1.0, key="minutes to answer",
            persist_state="session",
        )  # fmt: skip
    with right:
        percent = st.number_input(
            "Per cent of ringings", 1, 100, value=80, key="ringings answered",
            persist_state="session",
        )  # fmt: skip
    if st.button("Start the sizing", type="primary"):
        _jobs.begin(
            KIND,
            title=f"Booking line for {_jobs.scenarios()[scenario].title}",
            scenario=scenario,
            target_minutes=float(minutes),
            share=int(percent) / 100,
        )
        st.rerun()


run, results = _state.page("Booking line and early days")
estimates = _state.estimated(run.folder, run.stamp, lines.MEASURES)
names = results.establishments
whole = lines.estimates_of(estimates).get(ALL, {})
tables: list[str] = []

if lines.has_lines(estimates):
    tables += show_lines()
else:
    _show.say(lines.NOT_MODELLED, small=False)
_show.say(lines.WHICH_PRISONS)

_show.section("Agents for an answer time")
found = {study.name: study for study in studies(_state.runs_folder(), KIND)}
if found:
    chosen = next(iter(found))
    if len(found) > 1:
        chosen = str(
            st.selectbox(
                "Sizing shown",
                list(found),
                format_func=lambda each: f"{found[each].title} ({each})",
                key="sizing",
                bind="query-params",
                width=640,
            )
        )
    _jobs.offer_study(KIND, "sizing")
    show_sizing(found[chosen])
    with st.expander("Start another sizing", key="start another"):
        start()
else:
    _jobs.offer_study(KIND, "sizing")
    _show.say(
        "No sizing is stored yet. One finds the agents each half-hour needs for an answer time, "
        "the cheapest legal roster that brings them, and what moving calls online saves."
    )
    start()

_show.section("Early days")
if "early_receptions" in whole:
    _show.say(lines.early_sentence(whole), small=False)
    _show.numbers(lines.early_numbers(whole))
    everybody = lines.early_rows(estimates)
    _show.figure(lines.delays(results, estimates), everybody)
    origin = lines.early_rows(estimates, "reception_kind")
    weekday = lines.early_rows(estimates, "reception_weekday")
    _show.table(origin)
    by_prison = lines.prison_rows(
        estimates, names, lines.EARLY_LABELS, "The first days of people received, by prison"
    )
    _show.fold_tables("By day of the week, and prison by prison", weekday, by_prison)
    _show.say(lines.FLOOR)
    tables += [everybody, origin, weekday, by_prison]
    _show.section("Find a prisoner")
    _show.say(lines.find_sentence(whole))
else:
    _show.say("This run does not play the first days of people received.")

_show.section("Family safety lines")
if "safety_calls" in whole and whole["safety_calls"].mean > 0:
    _show.say(lines.SAFETY_STANDARD)
    _show.numbers(lines.safety_numbers(whole))
    safety = lines.prison_rows(
        estimates, names, lines.SAFETY_LABELS, "Safety lines by prison, in a year"
    )
    _show.fold_tables("Prison by prison", safety)
    tables.append(safety)
else:
    _show.say("This run does not play the safety lines.")
_export.download("Booking line and early days", tables, results)
