"""Work about two runs: begun on their scenarios, tables, seed and years, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app_pages import _data, _jobs, _show, _state
from data.locks import LOCKS

if TYPE_CHECKING:
    from scenarios.jobs import Command
    from scenarios.results import Results

SAID = "refused work about two runs"
WITH_LOCKS = (
    "These runs keep a planner's decisions about single people, which are not handed on from here. "
    "Choose two runs without them."
)
FROM_A_STATE = "This is not done for runs that begin from a start state."


def say_refused(command: Command) -> None:
    """Say once why a command could not be begun for two runs."""
    _show.wrong(st.session_state.pop(f"{SAID} {command}", []))


def begin(command: Command, before: Results, after: Results, *, title: str, **options: Any) -> None:
    """Begin a command on the scenarios of two runs, as they were played.

    Parameters
    ----------
    command
        One that takes ``scenarios``, the one that is compared with first.
    before, after
        Two runs of the same families.
    title
        What the job is called.
    options
        Others of the command.
    """
    from scenarios.errors import ScenarioError
    from scenarios.planning.again import data_like, scenario_like

    folders = [each.folder for each in (before, after) if each.folder is not None]
    runs = _state.runs_folder()
    try:
        if any(LOCKS in each.provenance["inputs"] for each in (before, after)):
            raise ScenarioError(WITH_LOCKS)
        if after.provenance.get("start_state"):
            raise ScenarioError(FROM_A_STATE)
        data = data_like(after.provenance["inputs"], _data.folders())
        scenarios = [scenario_like(each, runs) for each in folders]
    except ScenarioError as error:
        st.session_state[f"{SAID} {command}"] = list(error.problems)
        return
    _jobs.begin(
        command,
        title=title,
        scenarios=scenarios,
        seed=int(after.provenance["seed"]),
        replications=after.replications,
        data=None if data is None else str(data),
        **options,
    )
