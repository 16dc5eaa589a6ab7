"""The chosen run and its stored tables: what every page reads.

A run is known by the name of its folder, which carries a digest of its inputs. The choice stands in
the address as ``?run=``, so that a link opens the same run, and stays when the page changes.
Everything cached is keyed on the folder and the moment its manifest was written, never on a table.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app_pages import _show, _who

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.results import Results

RUNS_VARIABLE = "ESTATE_RUNS"
CHOSEN = "chosen run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stored run: its folder and the words that name it in a list.

    ``stamp`` tells one writing of the folder from another; ``data`` is the digest of the tables it
    was made on, and ``is_loaded`` says whether its people are records that somebody loaded.
    """

    folder: str
    stamp: int
    title: str
    placements: str
    scenario: str
    ceiling: bool = False
    data: str = ""
    is_loaded: bool = False

    @property
    def is_baseline(self) -> bool:
        """Whether this is a run of the baseline: today's estate, run as it is."""
        return self.scenario == "baseline"

    @property
    def name(self) -> str:
        """Name of the run folder."""
        return Path(self.folder).name


def runs_folder() -> Path:
    """Return the folder that holds the runs."""
    return Path(os.environ.get(RUNS_VARIABLE, "runs")).resolve()


def stored_runs() -> list[Run]:
    """List the runs that can be opened, the newest first; a broken one is listed by its folder.

    A run has a summary beside its manifest; plans and studies have none.
    """
    found = [
        (summary.with_name("manifest.json").stat().st_mtime_ns, str(summary.parent))
        for summary in runs_folder().glob("*/summary.json")
        if not summary.parent.name.startswith(".") and summary.with_name("manifest.json").is_file()
    ]
    return [_described(folder, stamp) for stamp, folder in sorted(found, reverse=True)]


def chosen_run() -> Run:
    """Let the reader choose a run, and return it; say what to do when there is none."""
    runs = stored_runs()
    if not runs:
        _show.title("No runs yet")
        _show.say(
            f"The app shows stored runs, and there are none in {runs_folder()}. "
            "Start one here, or run the demonstration on the command line: estate demo."
        )
        st.page_link("app_pages/runs.py", label="Start a run")
        st.stop()
    by_name = {run.name: run for run in runs}
    asked = st.query_params.get("run", st.session_state.get(CHOSEN))
    shown = asked if asked in by_name else first_to_show(runs).name
    words = labels(runs)
    st.session_state["run picker"] = shown
    st.selectbox(
        "Run shown",
        list(by_name),
        format_func=words.__getitem__,
        key="run picker",
        on_change=_choose,
        width=640,
    )
    if asked is not None and asked not in by_name:
        _show.say(f"There is no run called {asked}; this one is shown instead.")
    remember(shown)
    return by_name[shown]


def baseline_of(run: Run) -> Run | None:
    """Return the run of today's estate that played the same families as a run, if it is stored."""
    from scenarios.comparing.compare import is_paired
    from scenarios.errors import ScenarioError

    for other in stored_runs():
        if not other.is_baseline or other.name == run.name:
            continue
        try:
            if is_paired(opened(other), opened(run)):
                return other
        except (ScenarioError, KeyError):
            continue
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The runs that answer on the front page.

    Attributes
    ----------
    plan, baseline
        The plan and the run of today's estate, where they are stored.
    pinned
        The one of them that an administrator chose.
    told
        Why a run that was chosen does not answer; empty where nothing is wrong.
    """

    plan: Run | None
    baseline: Run | None
    pinned: Run | None = None
    told: str = ""


def front_runs(*, loaded: bool) -> Front:
    """Give the plan and the run of today's estate that answer on the front page.

    Both are made on the same tables, so that one can stand beside the other: those of the run that
    an administrator chose, else those of the newest run of today's estate, among runs of such
    people as the reader's runs are made on where there are any. No ceiling answers.

    Parameters
    ----------
    loaded
        Whether the reader's runs are made on records that were loaded.
    """
    known = [run for run in stored_runs() if not run.ceiling]
    known.sort(key=lambda run: run.is_loaded != loaded)
    pinned, told = _pinned(known, loaded=loaded)
    todays = [run for run in known if run.is_baseline]
    baseline = next((run for run in todays if pinned is None or run.data == pinned.data), None)
    if pinned is not None and pinned.is_baseline:
        baseline = pinned
    same = [run for run in known if baseline is None or run.data == baseline.data]
    plan = next((run for run in same if run.placements == "optimised"), None)
    if pinned is not None and not pinned.is_baseline:
        plan = pinned
    return Front(plan=plan, baseline=baseline, pinned=pinned, told=told)


def may_be_front(run: Run) -> bool:
    """Whether a run can answer on the front page: a plan, or a run of today's estate."""
    return not run.ceiling and (run.is_baseline or run.placements == "optimised")


GONE = (
    "An administrator chose the run {run} to answer here. It is no longer stored, so the newest "
    "runs answer."
)
OF_OTHER_TABLES = (
    "An administrator chose the run {run} to answer here. It was made on other tables than "
    "{whose}, so the newest runs answer."
)


def _pinned(known: Sequence[Run], *, loaded: bool) -> tuple[Run | None, str]:
    """Give the run that an administrator chose, or say why it does not answer."""
    from scenarios.circulation.pinned import pinned

    try:
        chosen = pinned(runs_folder())
    except ValueError as error:
        return None, str(error)
    if chosen is None:
        return None, ""
    run = next((run for run in known if run.name == chosen.run and may_be_front(run)), None)
    if run is None:
        return None, GONE.format(run=chosen.run)
    if loaded and not run.is_loaded:
        return None, OF_OTHER_TABLES.format(run=run.title, whose="the ones that you brought")
    todays = [each for each in known if each.is_baseline]
    if todays and all(each.data != run.data for each in todays):
        whose = "every run of today's estate that is stored"
        return None, OF_OTHER_TABLES.format(run=run.title, whose=whose)
    return run, ""


def last_chosen() -> Run | None:
    """Return the run that other pages show, without asking."""
    runs = stored_runs()
    asked = st.query_params.get("run", st.session_state.get(CHOSEN))
    return next((run for run in runs if run.name == asked), first_to_show(runs) if runs else None)


def keep_asked() -> None:
    """Keep the run that the address asks for, on a page that shows none, for the other pages."""
    asked = st.query_params.get("run")
    if asked and any(run.name == asked for run in stored_runs()):
        st.session_state[CHOSEN] = asked


def remember(name: str) -> None:
    """Keep the choice for the other pages, and in the address."""
    st.session_state[CHOSEN] = name
    st.query_params["run"] = name


def opened(run: Run) -> Results:
    """Open a run; each of its tables is read when it is first used.

    Raises
    ------
    ScenarioError
        When the folder is no complete run; :func:`app_pages._show.run` tells the reader.
    """
    return opened_at(run.folder, run.stamp)


def page(title: str, *, counts: bool = False, people: bool = False) -> tuple[Run, Results]:
    """Begin a page about one run: its mark, the choice, the title and the notice about the data.

    ``counts`` and ``people`` are those of :func:`app_pages._who.mark`.
    """
    top = st.container()
    run = chosen_run()
    results = opened(run)
    with top:
        _who.mark(results, counts=counts, people=people)
    with _show.joined():
        _show.title(title)
        _show.notice(results)
    return run, results


@st.cache_resource(max_entries=4, show_spinner=False)
def people(folder: str, stamp: int) -> pd.DataFrame:
    """Return each prisoner's distance today and in the run, kept for the next page."""
    from scenarios.display import views

    return views.people(read_once(folder, stamp))


@st.cache_resource(max_entries=4, show_spinner=False)
def prisons(folder: str, stamp: int) -> pd.DataFrame:
    """Return one row per prison: people held and their distance, today and in the run."""
    from scenarios.display import views

    return views.prisons(people(folder, stamp), read_once(folder, stamp).establishments)


@st.cache_resource(max_entries=8, show_spinner=False)
def measured(folder: str, stamp: int, names: tuple[str, ...]) -> pd.DataFrame:
    """Return what :func:`scenarios.reading.queries.some_measures` reads of every replication."""
    from scenarios.reading.queries import some_measures

    del stamp
    return some_measures(Path(folder), names)


@st.cache_resource(max_entries=8, show_spinner=False)
def estimated(folder: str, stamp: int, names: tuple[str, ...]) -> pd.DataFrame:
    """Return the mean and the 95% interval of a few measures of a run."""
    from simulation.replicate import intervals

    return intervals(measured(folder, stamp, names))


@st.cache_resource(show_spinner=False)
def outline() -> dict[str, Any]:
    """Return the outline of England and Wales as GeoJSON."""
    from scenarios.display.views import outline_geojson

    return outline_geojson()


@st.cache_resource(max_entries=4, show_spinner=False)
def opened_at(folder: str, stamp: int) -> Results:
    """Open a run by its folder, as :func:`opened`; a table of it that is read is kept in memory."""
    from scenarios.results import load_results

    del stamp
    return load_results(folder)


def read_once(folder: str, stamp: int) -> Results:
    """Open a run whose large tables are needed this once, so that they are not kept in memory."""
    from scenarios.results import StoredTables

    return replace(opened_at(folder, stamp), tables=StoredTables(Path(folder)))


@st.cache_data(max_entries=200, show_spinner=False)
def _described(folder: str, stamp: int) -> Run:
    import json

    try:
        summary, manifest = (
            json.loads((Path(folder) / name).read_text(encoding="utf-8"))
            for name in ("summary.json", "manifest.json")
        )
        return Run(
            folder=folder,
            stamp=stamp,
            title=str(summary["title"]),
            placements=str(summary["placements"]),
            scenario=str(summary["scenario"]),
            ceiling=bool(summary["ceiling"]),
            data=str(manifest["data_digest"]),
            is_loaded="population" in manifest["inputs"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        name = Path(folder).name
        return Run(folder=folder, stamp=stamp, title=name, placements="", scenario="")


def first_to_show(runs: list[Run]) -> Run:
    """Prefer the newest plan, which holds today's estate beside it; never a ceiling."""
    plans = [run for run in runs if run.placements == "optimised" and not run.ceiling]
    return next(iter(plans), next((run for run in runs if not run.ceiling), runs[0]))


def labels(runs: list[Run]) -> dict[str, str]:
    """Name runs by title, and by their digest where two have the same title."""
    titles = [run.title for run in runs]
    return {
        run.name: run.title
        if titles.count(run.title) == 1
        else f"{run.title} ({run.name.rpartition('-')[2]})"
        for run in runs
    }


def _choose() -> None:
    remember(st.session_state["run picker"])


def remember_run(folder: str) -> None:
    """Keep a finished run as the one that the other pages show."""
    st.session_state[CHOSEN] = Path(folder).name


def table_names() -> tuple[str, ...]:
    """Return the names of the input tables."""
    from data.load import table_names as names

    return tuple(names())
