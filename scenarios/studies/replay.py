"""One simulated year of one prison played again by itself, with everything that happened in it.

The year is the one of the run: its measures are compared with those that were stored. What
happened is written as a table and drawn as a page that can be read without anything else::

    events.parquet, events.csv       one row at each turn of each request, in order of time
    sessions.parquet, sessions.csv   one row per dated session, closed tables apart: their number
                                     and what became of them
    parties.parquet, parties.csv     one row per party that came: when it arrived, was through the
                                     check, was in the hall and left
    timeline.html                    the hall and its calendar, drawn
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.progress import Progress, silent
from scenarios.circulation.safe_cells import safe_cells
from scenarios.display import charts, markup, timeline
from scenarios.display.timeline import AT_TABLE, TURNS
from scenarios.errors import ScenarioError, suggestion
from scenarios.inputs import Inputs, load_inputs, refuse_changed_tables
from scenarios.plain_yaml import read_mapping
from scenarios.planning.place import simulated_with
from scenarios.provenance import model_digest
from scenarios.report import Drawn, Section, head
from scenarios.results import Results, file_digest, load_results, new_folder, write_parquet
from scenarios.schema import Scenario
from scenarios.start_state import begin_from
from scenarios.studies.run_length import settling
from scenarios.studies.run_length import tell as tell_settling
from simulation.line import lines_under
from simulation.log import CODE, VisitLog, VisitOutcome
from simulation.measures import estate_totals, tally
from simulation.replicate import year_of
from simulation.simulate import SimulationInputs

if TYPE_CHECKING:
    from markupsafe import Markup

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
KEYS = ["replication", "establishment", "group_by", "group", "measure", "measure_unit"]

AT_THE_SESSION = {
    VisitOutcome.ATTENDED: "visit",
    VisitOutcome.NO_SHOW: "nobody came",
    VisitOutcome.REFUSED_ENTRY: "not let in or called off",
    VisitOutcome.CALLED_OFF: "not let in or called off",
}
"""What a table that was booked to the end became."""

BLOCK = 0.62
"""Share of a day's row that its blocks of tables take; the rest is for their labels."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replayed:
    """One year of one prison.

    Attributes
    ----------
    inputs
        What it was played on.
    log
        Everything that happened.
    events
        The log as a table, with calls to a booking line where one is played.
    sessions
        One row per dated slot: session, hall, kind, closed, session_start, session_end, tables,
        bookings, cancelled, then counts of what its tables became, and opens_late_minutes.
    parties
        One row per party that came: session, session_start, arrived, checked, entered, left
        (missing where it was not let in), visitors, outcome.
    measures
        Of this prison.
    """

    inputs: SimulationInputs
    log: VisitLog
    events: pd.DataFrame
    sessions: pd.DataFrame
    parties: pd.DataFrame
    measures: pd.DataFrame


def replay(
    run: Path,
    *,
    establishment: str,
    replication: int,
    week: date | None = None,
    out_dir: Path | None = None,
    data_dir: Path | None = None,
    start_state: Path | None = None,
    progress: Progress = silent,
) -> list[str]:
    """Play one year of one prison of a stored run again; write and draw what happened.

    Parameters
    ----------
    run
        Run folder.
    establishment, replication
        Which year.
    week
        A day of the week to draw; by default the measured week whose number of bookings is in the
        middle.
    out_dir
        New folder; by default one beside the run, made anew.
    data_dir, start_state
        The tables the run was made from, and the state it began from where there was one.
    progress
        Told of each stage.

    Returns
    -------
    list of str
        What was found, in lines; the first is the folder.

    Raises
    ------
    ScenarioError
        When the run has no such year, its tables or the model have changed since, or the folder is
        in use.
    """
    results = load_results(run)
    if out_dir is not None and out_dir.exists():
        raise ScenarioError(
            f"{out_dir}: is there already. Give --out a folder that does not exist."
        )
    _refuse_unknown(results, establishment, replication)
    _refuse_changed_tables(results, data_dir, start_state)
    played = play_again(
        results,
        establishment,
        replication,
        data_dir=data_dir,
        start_state=start_state,
        progress=progress,
    )
    _refuse_other_year(results, played, establishment, replication)
    monday = _monday(played, week)
    folder = out_dir or run.parent / f"replay-{run.resolve().name}-{establishment}-{replication}"
    if out_dir is None:
        shutil.rmtree(folder, ignore_errors=True)
    with new_folder(folder) as partial:
        for name in ("events", "sessions", "parties"):
            table = getattr(played, name)
            write_parquet(table, partial / f"{name}.parquet")
            _readable(table).to_csv(partial / f"{name}.csv", index=False, lineterminator="\n")
        page = _page(results, played, monday)
        (partial / "timeline.html").write_text(page, encoding="utf-8")
    return [str(folder), *_told(played)]


def _refuse_unknown(results: Results, establishment: str, replication: int) -> None:
    problems = []
    known = sorted(set(results.measures["establishment"]) - {"ALL"})
    if establishment not in known:
        problems.append(
            f"--establishment {establishment}: not in this run. {suggestion(establishment, known)}"
        )
    if replication >= results.replications:
        problems.append(
            f"--replication {replication}: the run has {results.replications}, numbered from 0."
        )
    if problems:
        raise ScenarioError(problems)


def _refuse_changed_tables(
    results: Results, data_dir: Path | None, start_state: Path | None
) -> None:
    begun = None if start_state is None else file_digest(start_state)
    if results.provenance.get("start_state") != begun:
        raise ScenarioError(
            f"{results.folder}: did not begin from this start state. Give --start-state as the run "
            "had it."
        )
    refuse_changed_tables(results.folder, results.provenance["inputs"], data_dir, "")


def play_again(
    results: Results,
    establishment: str,
    replication: int,
    *,
    data_dir: Path | None = None,
    start_state: Path | None = None,
    progress: Progress = silent,
) -> Replayed:
    """Play one year of one prison of a stored run.

    Parameters
    ----------
    results
        The run; its own placements are used, so nothing is decided again.
    establishment, replication
        Which year.
    data_dir, start_state
        The tables the run was made from, and the state it began from where there was one.
    progress
        Told of people and journeys.
    """
    assert results.folder is not None
    scenario = Scenario.model_validate(read_mapping(results.folder / "scenario.yaml"))
    known = load_inputs(scenario, data_dir, progress)
    only = _on_its_line(scenario, known, establishment)
    inputs = simulated_with(scenario, known, results.placements, results.moves, only=only)
    if start_state is not None:
        inputs = begin_from(inputs, start_state)
    seed = int(results.provenance["seed"])
    log, events = year_of(inputs, establishment, seed=seed, replication=replication)
    measures = estate_totals(tally([log], inputs).table(), weeks=inputs.calendar.weeks)
    return Replayed(
        inputs=inputs,
        log=log,
        events=events,
        sessions=_sessions(log, inputs),
        parties=_parties(log, inputs),
        measures=measures[measures["establishment"] == establishment],
    )


def _on_its_line(scenario: Scenario, known: Inputs, establishment: str) -> frozenset[str]:
    """Name the prisons that share a booking line with one in the year; the prison is among them."""
    if not scenario.line.modelled:
        return frozenset({establishment})
    no_holidays = np.empty(0, dtype=np.int64)
    lines = lines_under(known.estate, scenario.line, scenario.calendar, no_holidays)
    national = lines.ever_national(scenario.calendar)
    return national if establishment in national else frozenset({establishment})


def _refuse_other_year(
    results: Results, played: Replayed, establishment: str, replication: int
) -> None:
    """See that the year is the one that was stored."""
    stored = results.measures
    stored = stored[
        (stored["establishment"] == establishment) & (stored["replication"] == replication)
    ]
    both = played.measures.merge(stored, on=KEYS, suffixes=("", "_stored"), validate="one_to_one")
    differs = ~(
        (both["value"] == both["value_stored"])
        | (both["value"].isna() & both["value_stored"].isna())
    )
    if not differs.any() and len(both) == len(played.measures):
        return
    if results.provenance["model_digest"] != model_digest():
        raise ScenarioError(
            f"{results.folder}: was made by another version of the model (model_digest differs), "
            f"which plays another year: {int(differs.sum())} of {len(both)} measures are not those "
            "stored. Check out the version in its manifest.json, or run the scenario again."
        )
    raise RuntimeError(f"{int(differs.sum())} measures of a replayed year are not those stored.")


def _sessions(log: VisitLog, inputs: SimulationInputs) -> pd.DataFrame:
    """Give every dated slot with its tables and what became of them."""
    slots, calendar = log.year.sessions, inputs.calendar
    templates = inputs.sessions[log.establishment]
    names = pd.Series(log.year.templates[slots.template], dtype="str")
    halls = dict(zip(templates["template"], templates["hall"], strict=True))

    def count(outcome: VisitOutcome) -> NDArray[np.int64]:
        rows = log.outcome == CODE[outcome]
        second = log.second_session[log.request[rows]]
        held = np.concatenate([log.slot[rows], second[second >= 0]])
        return np.bincount(held, minlength=len(slots)).astype(np.int64)

    return pd.DataFrame(
        {
            "session": names,
            "hall": names.map(halls).fillna("").astype("str"),
            "closed": slots.weekly.closed[slots.position],
            "session_start": calendar.timestamps(slots.start),
            "session_end": calendar.timestamps(slots.end),
            "is_measured": (slots.day >= calendar.warm_up_days) & (slots.day < calendar.days),
            "is_held": ~log.year.day.called_off,
            "tables": slots.tables,
            "bookings": count(VisitOutcome.BOOKED),
            "cancelled": count(VisitOutcome.CANCELLED),
            **{str(outcome): count(outcome) for outcome in AT_THE_SESSION},
            "opens_late_minutes": log.year.day.late_minutes,
        }
    )


def _parties(log: VisitLog, inputs: SimulationInputs) -> pd.DataFrame:
    """Give every party that came, with the moments of its day."""
    year, calendar = log.year, inputs.calendar
    came = (VisitOutcome.ATTENDED, VisitOutcome.REFUSED_ENTRY)
    rows = np.flatnonzero(np.isin(log.outcome, [CODE[outcome] for outcome in came]))
    request, slot = log.request[rows], log.slot[rows]
    arrived, checked = year.day.at_the_check(year.place, year.visits, year.sessions, request, slot)
    start = year.sessions.start[slot]
    entered = start + log.late_minutes[rows]
    is_in = log.of(VisitOutcome.ATTENDED)[rows]
    party = year.visits.party[request]

    def moments(minutes: NDArray[np.float64], known: NDArray[np.bool_]) -> pd.Series[pd.Timestamp]:
        return pd.Series(calendar.timestamps(minutes)).where(known)

    everybody = np.ones(len(rows), dtype=np.bool_)
    return pd.DataFrame(
        {
            "session": pd.Series(year.templates[year.sessions.template[slot]], dtype="str"),
            "session_start": calendar.timestamps(start),
            "arrived": moments(arrived, everybody),
            "checked": moments(checked, everybody),
            "entered": moments(entered, is_in),
            "left": moments(entered + log.minutes_had[rows], is_in),
            "visitors": year.place.adults[party] + year.place.children[party],
            "outcome": np.where(is_in, *map(str, came)),
        }
    ).sort_values(["arrived", "session"], ignore_index=True, kind="stable")


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Give a table as text that a spreadsheet cannot take for a formula."""
    words = {name: table[name].astype("str") for name in table.columns[table.dtypes == "category"]}
    return safe_cells(table.assign(**words))


def _monday(played: Replayed, week: date | None) -> pd.Timestamp:
    """Give the Monday of the week to draw."""
    measured = played.sessions[played.sessions["is_measured"]]
    if measured.empty:
        raise ScenarioError("this prison holds no visit sessions, so there is nothing to draw.")
    mondays = _mondays(measured["session_start"])
    if week is not None:
        monday = pd.Timestamp(week - timedelta(days=week.weekday()))
        if not (mondays == monday).any():
            raise ScenarioError(
                f"--week {week}: no session in that week of the measured year "
                f"({mondays.min():%Y-%m-%d} to {mondays.max():%Y-%m-%d})."
            )
        return monday
    by_week = measured.groupby(mondays)["bookings"].sum().sort_values(kind="stable")
    found: pd.Timestamp = by_week.index[len(by_week) // 2]
    return found


def _mondays(starts: pd.Series[pd.Timestamp]) -> pd.Series[pd.Timestamp]:
    days = starts.dt.normalize()
    mondays: pd.Series[pd.Timestamp] = days - pd.to_timedelta(days.dt.day_of_week, unit="D")
    return mondays.astype("datetime64[s]")


def _page(results: Results, played: Replayed, monday: pd.Timestamp) -> str:
    code = played.log.establishment
    names = results.establishments.set_index("establishment")["name"]
    name = str(names.get(code, code))
    note = (
        f"One simulated year of {results.title}: replication {played.log.replication}, seed "
        f"{results.provenance['seed']}. A single year is one of many; read intervals in the report."
    )
    week = f"the week of {monday.day} {monday:%B %Y}"
    sessions = _drawable(played.sessions)
    of_week = sessions[sessions["monday"] == monday]
    year, hall, booked = (
        timeline.year_of_hall(
            sessions[sessions["is_measured"]],
            title=f"Share of tables used in every session of the year, {name}",
            note=note,
        ),
        timeline.week_of_hall(
            tables_of(of_week),
            _blocks(of_week),
            title=f"What became of each table in {week}, {name}",
            note=f"{note} Each line is a table, closed ones included; label: visits of tables.",
        ),
        timeline.filling(
            _turns(played.events, of_week),
            of_week[["row", "session_start"]],
            title=f"When the sessions of {week} were booked, {name}",
            note=f"{note} Black bar: the session begins. Last rows: all who asked in vain then.",
        ),
    )
    counted = played.sessions.query("is_measured and is_held")
    dates = counted[["session", "session_start"]].drop_duplicates()
    cards = [
        markup.Number(label="Visits held", value=f"{int(counted['attended'].sum()):,}"),
        markup.Number(label="Tables offered", value=f"{int(counted['tables'].sum()):,}"),
        markup.Number(label="Sessions held", value=f"{len(dates):,}"),
    ]
    settled = " ".join(tell_settling(_settled(played))[:1])
    sections = [
        _section("The year in the hall", year, "year", words=[settled]),
        _section("A week at the tables", hall, "week"),
        _section("How that week filled", booked, "booked"),
    ]
    return (
        markup.environment()
        .get_template("report.html")
        .render(
            **head(results),
            title=f"{name}: one simulated year",
            question=f"What happened in the visits hall and its calendar? {results.title}.",
            style=_safe(markup.style()),
            notices="",
            numbers=_safe(markup.numbers(cards)),
            sections=sections,
        )
    )


def _section(
    title: str, figure: charts.Figure, name: str, words: list[str] | None = None
) -> Section:
    drawn = Drawn(title=figure.title, note=figure.note, svg=_safe(charts.svg(figure, name)))
    return Section(title=title, words=words or [], figures=[drawn])


def _safe(html: str) -> Markup:
    """Mark text as HTML that is ours: made by a template that escapes, or by the chart renderer."""
    from markupsafe import Markup

    return Markup(html)  # noqa: S704


def _settled(played: Replayed) -> pd.DataFrame:
    return settling(played.events, warm_up_days=played.inputs.calendar.warm_up_days)


def _drawable(sessions: pd.DataFrame) -> pd.DataFrame:
    """Put open and closed tables of a session together, and add where it is drawn."""
    keys = ["session", "hall", "session_start", "session_end", "is_measured", "is_held"]
    sessions = sessions.groupby(keys, as_index=False, sort=False).sum(numeric_only=True)
    start, end = sessions["session_start"], sessions["session_end"]
    weekday = start.dt.day_of_week
    minutes = start.dt.hour * 60 + start.dt.minute
    when = weekday.map(dict(enumerate(DAYS))) + " " + start.dt.strftime("%H:%M")
    halls = sessions["hall"].nunique()
    hall = (" " + sessions["hall"]) if halls > 1 else ""
    lasts = (end - start).dt.total_seconds() / 60
    return sessions.assign(
        monday=_mondays(start),
        when=when,
        row=when + hall,
        place=weekday * 1440 + minutes,
        weekday=weekday,
        start_minutes=minutes,
        end_minutes=minutes + lasts,
        used=sessions["attended"],
    )


def tables_of(sessions: pd.DataFrame) -> pd.DataFrame:
    """Give one row per table of some sessions: where it is drawn and what became of it.

    Parameters
    ----------
    sessions
        Slots of one week, as ``_drawable`` gives them.

    Returns
    -------
    DataFrame
        start_minutes, end_minutes, top, bottom, became; as many rows as there are tables.
    """
    rows = []
    for session in _tracked(sessions).to_dict("records"):
        became: list[str] = []
        for outcome, word in AT_THE_SESSION.items():
            became += [word] * int(session[str(outcome)])
        became += [AT_TABLE[-1]] * (int(session["tables"]) - len(became))
        step = (session["bottom"] - session["top"]) / len(became)
        for number, word in enumerate(became):
            top = session["top"] + number * step
            rows.append((session["start_minutes"], session["end_minutes"], top, top + step, word))
    columns = ["start_minutes", "end_minutes", "top", "bottom", "became"]
    return pd.DataFrame(rows, columns=columns)


def _blocks(sessions: pd.DataFrame) -> pd.DataFrame:
    tracked = _tracked(sessions)
    label = tracked["attended"].astype("str") + "/" + tracked["tables"].astype("str")
    if len(set(tracked["hall"])) > 1:
        label = label + " " + tracked["hall"]
    return tracked.assign(label=label)[["start_minutes", "end_minutes", "top", "label"]]


def _tracked(sessions: pd.DataFrame) -> pd.DataFrame:
    """Give sessions that overlap a part of the day's row each."""
    parts = []
    for weekday, of_day in sessions.sort_values(["session_start", "session"]).groupby("weekday"):
        ends: list[float] = []
        track = []
        for start, end in zip(of_day["start_minutes"], of_day["end_minutes"], strict=True):
            free = next((i for i, busy in enumerate(ends) if busy <= start), len(ends))
            ends[free : free + 1] = [end]
            track.append(free)
        room = 1.0 / len(ends)
        top = float(str(weekday)) + np.array(track) * room + (1 - BLOCK) * 0.8 * room
        parts.append(of_day.assign(top=top, bottom=top + BLOCK * room))
    return pd.concat(parts, ignore_index=True)


def _turns(events: pd.DataFrame, of_week: pd.DataFrame) -> pd.DataFrame:
    """Give the turns that filled some sessions, and who was turned away meanwhile."""
    words = dict(zip(("booked", "cancelled", "no_table", "no_order"), TURNS, strict=True))
    chosen = events[events["outcome"].isin(list(words))]
    chosen = chosen.astype({"session": "str", "outcome": "str"})
    rows = of_week[["session", "session_start", "row"]]
    filled = chosen.merge(rows, on=["session", "session_start"])
    first, last = filled["at"].min(), of_week["session_start"].max()
    in_vain = dict(zip(("no_table", "no_order"), timeline.AWAY, strict=True))
    away = chosen[chosen["outcome"].isin(list(in_vain)) & chosen["at"].between(first, last)]
    both = pd.concat([filled, away.assign(row=away["outcome"].map(in_vain))], ignore_index=True)
    both = both.assign(turn=both["outcome"].map(words), day=both["at"].dt.normalize())
    return (
        both.groupby(["row", "day", "turn"], as_index=False)
        .size()
        .rename(columns={"size": "number"})
    )


def _told(played: Replayed) -> list[str]:
    counts = played.log.counts()
    said = ", ".join(f"{str(word).replace('_', ' ')} {number:,}" for word, number in counts.items())
    which = f"{played.log.establishment}, replication {played.log.replication}"
    return [
        f"{which}, warm-up included: {said}.",
        "The measures are those stored with the run.",
        *tell_settling(_settled(played))[:1],
    ]
