"""Runs: start one, watch what waits and works, stop it. It goes on when the page is closed."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app_pages import _data, _jobs, _show, _state, _who
from scenarios.display import listings, progress

_who.mark(people=True)
_show.title("Runs")
_show.say(
    "A run decides who is held where, plays a year of visits several times, and is stored with "
    "everything needed to make it again. It goes on in the background when you leave this page. "
    "Long work is done one piece at a time; the next waits its turn."
)

_jobs.offer_run(_jobs.panel(), "app_pages/overview.py", "Open the run")

if _jobs.may_begin():
    _show.section("Start a run")
    kept = {
        path: replace(each, title=f"{each.title} (kept)") for path, each in _jobs.kept().items()
    }
    chosen = _jobs.scenario_box(
        "Scenario", "baseline", more=kept, key="scenario", persist_state="session"
    )
    choice = (_jobs.scenarios() | _jobs.kept())[chosen]
    _show.say(choice.question)
    _show.say(_data.told())
    left, right = st.columns(2)
    with left:
        replications = st.number_input(
            "Simulated years (replications)",
            min_value=1,
            max_value=100,
            value=4,
            step=1,
            key="years of a run",
            persist_state="session",
            help="More years give narrower intervals and take longer.",
        )
    with right:
        seed = st.number_input(
            "Seed",
            min_value=0,
            value=1,
            step=1,
            key="seed of a run",
            persist_state="session",
            help="The same seed plays the same families, so that runs can be compared.",
        )
    if st.button("Start the run", type="primary"):
        _jobs.begin(
            "run",
            title=choice.title,
            scenario=chosen,
            seed=int(seed),
            replications=int(replications),
        )
        st.rerun()

_show.section("Stored runs")
if _state.stored_runs():
    _show.table(listings.stored_runs(_state.runs_folder()))
    st.page_link("app_pages/overview.py", label="Open a stored run")
else:
    _show.say("No run is stored yet.")

if past := [job for job in _jobs.jobs() if job.has_ended]:
    _show.section("Work in the background")
    _show.table(progress.table(past, circulate=not _who.is_planner()))
