"""Long commands in the background: begun from any page, watched, cancelled and found again.

A job is a folder below the runs, ``.jobs/<id>``, and goes on when its page is closed or the server
is stopped. Whoever opens the app again finds those that wait and work; one that has ended is shown
to the session that watched it, and to any address with ``?job=``.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app_pages import _data, _show, _state, _who

if TYPE_CHECKING:
    from scenarios.jobs import Command, Job, State

WATCHED = "watched jobs"
OPENED = "finished run opened"
"""The finished run last opened for the reader, who may have chosen another since."""
ADDRESS = "job"
SEED, REPLICATIONS = 1, 4
"""Of a run that is started with one button."""

VIEWERS = "Only analysts and planners can start this."
ABOUT_PEOPLE: frozenset[Command] = frozenset({"allocate"})
"""Commands that decide about single people: planners alone begin them."""
WHERE_TOLD = "The page Runs says what was wrong."
"""What was wrong may name single people: it is told where only planners read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A scenario that can be run: its title, its question, and whether it decides placements."""

    title: str
    question: str
    decides: bool = False


@st.cache_data(show_spinner=False)
def scenarios() -> dict[str, Choice]:
    """Return the scenarios that come with the model, by name."""
    from importlib.resources import as_file, files

    from scenarios.load import scenario_names
    from scenarios.plain_yaml import read_mapping

    found = {}
    for name in scenario_names():
        with as_file(files("scenarios").joinpath(f"{name}.yaml")) as path:
            head = read_mapping(path)
        placements = head.get("change", {}).get("placements", head.get("placements"))
        found[name] = Choice(
            title=str(head["title"]),
            question=str(head["question"]),
            decides=placements == "optimised",
        )
    return found


def kept() -> dict[str, Choice]:
    """Return the scenarios that readers kept, by the path of their file."""
    from scenarios.drafting import drafts

    runs = _state.runs_folder()
    folder = drafts.folder_of(runs)
    return {
        str(folder / f"{each.name}.yaml"): Choice(title=each.title, question=each.question)
        for each in drafts.drafts(runs)
    }


def scenario_box(
    label: str,
    first: str,
    *,
    decides: bool = False,
    more: Mapping[str, Choice] | None = None,
    **options: Any,
) -> str:
    """Let the reader choose one of the scenarios that come with the model; return its name.

    Parameters
    ----------
    first
        The one chosen to begin with, where it is there.
    decides
        Whether only those are offered that decide placements.
    more
        Others that are offered after them.
    options
        Others of Streamlit's box.
    """
    choices = scenarios() | dict(more or {})
    names = [name for name, each in choices.items() if each.decides or not decides]
    return str(
        st.selectbox(
            label,
            names,
            index=names.index(first) if first in names else 0,
            format_func=lambda name: choices[name].title,
            **options,
        )
    )


def begin(command: Command, *, title: str, **options: Any) -> None:
    """Start a long command in a process of its own, or put it in the queue, and watch it.

    Parameters
    ----------
    command
        A command of the command line.
    title
        What the job is called, in words of ours or the scenario's; no personal data. A run is told
        from others of its scenario by its seed and its years.
    options
        Those of the command, as :mod:`scenarios.commands` names them, in plain values. The tables
        that the session uses go with them unless others are named.

    Raises
    ------
    ScenarioError
        When there is no such command or option.
    """
    if command == "run":
        title = f"{title} ({_seed_and_years(options)})"
    _start(command, title, _data.option(command) | options)


def _seed_and_years(options: Mapping[str, Any]) -> str:
    from scenarios.display.wording import count

    return f"seed {options['seed']}, {count(options['replications'], 'simulated year')}"


def _start(command: Command, title: str, options: Mapping[str, Any]) -> None:
    """Start a command with these options and no others."""
    from scenarios.jobs import Request
    from scenarios.worker import start

    if not _may_start(command, options):
        return
    name = f"{command}-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1_000_000:06d}"
    asked = Request(
        command=command,
        runs=str(_state.runs_folder()),
        title=title,
        options=options,
        asked_by=_who.name(),
    )
    process = start(_folder() / name, asked)
    _processes()[name] = process
    watch(name)


def watch(name: str) -> None:
    """Keep showing a job to this session, also when it has ended."""
    _keep(name)
    st.query_params[ADDRESS] = name


def forget(name: str) -> None:
    """Show a job that has ended no more; what it made stays."""
    st.session_state[WATCHED] = [each for each in _watched() if each != name]
    if st.query_params.get(ADDRESS) == name:
        st.query_params.pop(ADDRESS, None)


def jobs(kinds: Sequence[Command] | None = None) -> list[Job]:
    """List the jobs of these commands, or of all, in the order they were asked for."""
    from scenarios.worker import jobs as listed

    _reap()
    return [job for job in listed(_folder()) if kinds is None or job.request.command in kinds]


def may_begin() -> bool:
    """Say so to those who may not start anything; return whether the reader may."""
    if not _who.may_work():
        _show.say(VIEWERS)
    return _who.may_work()


def _may_start(command: Command, options: Mapping[str, Any]) -> bool:
    """Whether the reader may start this: analysts on the tables that everybody shares."""
    if _who.is_planner():
        return True
    shared = (None, str(_data.given()))
    return _who.may_work() and command not in ABOUT_PEOPLE and options.get("data") in shared


def panel(kinds: Sequence[Command] | None = None) -> Path | None:
    """Show what waits and works, with a way to cancel, and how watched jobs ended.

    Parameters
    ----------
    kinds
        Commands whose jobs are shown; those of all when left out.

    Returns
    -------
    Path or None
        Folder of the latest result of a watched job.
    """
    found = jobs(kinds)
    _watch_the_address(found)
    live = [job for job in found if not job.has_ended]
    ended = [job for job in found if job.has_ended and job.name in _watched()]
    for job in live:
        if job.request.asked_by == _who.name():
            _keep(job.name)
        _show_live(job)
    for job in reversed(ended):
        _show_ended(job)
    results = [job.status.folder for job in ended if job.status.folder]
    return Path(results[-1]) if results else None


def offer_run(made: Path | None, page: str, label: str) -> None:
    """Make a run that has just been finished the one that pages show, once, and offer to open it.

    Parameters
    ----------
    made
        As from :func:`panel`; nothing is offered where it is no run.
    page, label
        The page to open, and what the link says.
    """
    if made is None or not (made / "summary.json").is_file():
        return
    if st.session_state.get(OPENED) != str(made):
        st.session_state[OPENED] = str(made)
        _state.remember_run(str(made))
    st.page_link(page, label=label)


def offer_study(kind: Command, key: str) -> None:
    """Show how studies of a kind do, and offer to show the one just made where another is shown.

    Parameters
    ----------
    kind
        Command that makes them.
    key
        Of the box in which the reader chooses a study; drawn before this.
    """
    made = panel([kind])
    if made is not None and st.session_state.get(key, made.name) != made.name:
        st.button("Show it here", on_click=_choose, args=(key, made.name))


def _choose(key: str, name: str) -> None:
    st.session_state[key] = name


def cancel(name: str) -> None:
    """Ask a job to stop, and kill it when it does not; nothing half-written is left."""
    from scenarios.worker import cancel as stop

    stop(_folder() / name)
    _reap()


def keep_the_best(name: str) -> None:
    """Ask a job to end with the best it has found so far."""
    from scenarios.worker import keep_the_best as end

    end(_folder() / name)


def again(name: str) -> None:
    """Ask for the same as a job that ended without a result."""
    from scenarios.worker import read_request

    asked = read_request(_folder() / name)
    forget(name)
    _start(asked.command, asked.title, asked.options)


def _show_live(job: Job) -> None:
    from scenarios.commands import KEEPS_THE_BEST

    _live(job.name, job.request.title, job.status.state)
    with st.container(horizontal=True):
        if not _may_end(job):
            return
        if job.request.command in KEEPS_THE_BEST and job.status.state == "running":
            st.button(
                "Stop and keep the best so far",
                key=f"keep {job.name}",
                on_click=keep_the_best,
                args=(job.name,),
            )
        st.button(
            "Cancel",
            key=f"cancel {job.name}",
            on_click=cancel,
            args=(job.name,),
        )


@st.fragment(run_every=1)
def _live(name: str, title: str, drawn: State) -> None:
    """Show how far a job is every second, until it ends or works where it was drawn waiting."""
    from scenarios.display import progress

    found = next((job for job in jobs() if job.name == name), None)
    if found is None or found.has_ended or (found.status.state == "running" != drawn):
        st.rerun()
    st.progress(progress.share(found.status))
    _show.say(f"{title}. {progress.words(found)}")


def _show_ended(job: Job) -> None:
    from scenarios.display import progress
    from scenarios.worker import log_tail

    status = job.status
    planner = _who.is_planner()
    told = planner and _show.handling() == "OFFICIAL-SENSITIVE"
    ending = progress.ending(status, circulate=not told)
    failed = status.state == "failed"
    where = f" {WHERE_TOLD}" if failed and planner and not told else ""
    _show.say(f"{job.request.title}. {ending}{where}", small=False)
    if failed and told and (tail := log_tail(job.folder, status.reference)):
        with st.expander("Last lines of the log"):
            _show.log(tail)
    with st.container(horizontal=True):
        may = _may_end(job) and _may_start(job.request.command, job.request.options)
        if status.state != "done" and may:
            st.button("Start it again", key=f"again {job.name}", on_click=again, args=(job.name,))
        st.button("Put away", key=f"forget {job.name}", on_click=forget, args=(job.name,))


def _may_end(job: Job) -> bool:
    """Whether the reader may stop a job or start it again: their own, or an administrator any."""
    return job.request.asked_by == _who.name() or _who.role() == "administrator"


def _watch_the_address(found: Sequence[Job]) -> None:
    """Watch the job that the address names; where it names none, let it name the last one watched.

    Work that was begun on another page is then found again after a reload too.
    """
    asked = st.query_params.get(ADDRESS)
    names = {job.name for job in found}
    if asked in names:
        _keep(str(asked))
    elif asked is None and (mine := [name for name in _watched() if name in names]):
        st.query_params[ADDRESS] = mine[-1]


def _keep(name: str) -> None:
    st.session_state[WATCHED] = list(dict.fromkeys([*_watched(), name]))


def _watched() -> list[str]:
    return list(st.session_state.get(WATCHED, []))


def _folder() -> Path:
    from scenarios.worker import JOBS

    return _state.runs_folder() / JOBS


@st.cache_resource
def _processes() -> dict[str, subprocess.Popen[bytes]]:
    """Return the processes this server started, by job, until they have been seen to end."""
    return {}


def _reap() -> None:
    """Let the system forget processes of ours that have ended."""
    for name, process in list(_processes().items()):
        if process.poll() is not None:
            _processes().pop(name, None)
