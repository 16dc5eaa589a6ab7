"""One hall, day by day: its tables, the queue at the check and video calls, minute by minute."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from app_pages import _data, _effects, _export, _jobs, _show, _state
from scenarios.display import hall, wording
from scenarios.reading.hall_day import (
    REPLICATION,
    STEP_MINUTES,
    HallDay,
    busiest,
    days_of,
    hall_day,
)

if TYPE_CHECKING:
    import pandas as pd

TIME, PLAYING, DAY = "hall time", "hall plays", "hall day"
ADDRESS = "day"
SECONDS_A_STEP = 0.7


@st.cache_resource(max_entries=4, show_spinner=False)
def log(folder: str, stamp: int, establishment: str) -> pd.DataFrame:
    """Return the turns at the sessions and stations of one prison."""
    from scenarios.reading.hall_day import log_of
    from scenarios.results import load_results

    del stamp
    return log_of(load_results(folder), establishment)


def replay_of(run: str, establishment: str) -> Path | None:
    """Return the folder in which the prison's year was replayed, if it is stored."""
    folder = _state.runs_folder() / f"replay-{run}-{establishment}-{REPLICATION}"
    return folder if (folder / "parties.parquet").is_file() else None


def as_time(minutes: int) -> datetime.time:
    """Return minutes after midnight as a time of day."""
    return datetime.time(minutes // 60, minutes % 60)


def as_minutes(time: datetime.time) -> int:
    """Return a time of day as minutes after midnight."""
    return time.hour * 60 + time.minute


def choose_day(days: list[pd.Timestamp], first: pd.Timestamp) -> pd.Timestamp:
    """Let the reader choose a day, or step from one day with visits to the next."""
    known = [day.date() for day in days]
    if st.session_state.get(DAY) not in known:
        asked = st.query_params.get(ADDRESS)
        named = (day for day in known if day.isoformat() == asked)
        st.session_state[DAY] = next(named, first.date())

    def step(by: int) -> None:
        place = known.index(st.session_state[DAY]) + by
        st.session_state[DAY] = known[min(max(place, 0), len(known) - 1)]

    left, middle, right = st.columns([1, 2, 1], vertical_alignment="bottom")
    left.button("Day before", on_click=step, args=(-1,), width="stretch")
    right.button("Day after", on_click=step, args=(1,), width="stretch")
    chosen = middle.selectbox(
        "Day",
        known,
        format_func=lambda day: f"{day:%A} {wording.day(day.isoformat())}",
        key=DAY,
        persist_state="session",
    )
    st.query_params[ADDRESS] = chosen.isoformat()
    return next(day for day in days if day.date() == chosen)


def offer_replay(establishment: str) -> None:
    """Say what a replay would add, and let planners start one."""
    _show.say(
        "The stored visits know when each party was let in, not when it arrived or how many tables "
        "stood free. To see the queue at the check, play this prison's year again; it is the same "
        "year."
    )
    _jobs.panel(["replay"])
    if replay_of(run.name, establishment) is not None:
        st.rerun()
    if _jobs.may_begin() and st.button("Play this year again"):
        begin_replay(establishment)


def begin_replay(establishment: str) -> None:
    """Play the year of a prison again on the tables that the run was made on."""
    from scenarios.errors import ScenarioError
    from scenarios.planning.again import data_like

    try:
        data = data_like(results.provenance["inputs"], _data.folders())
    except ScenarioError as error:
        _show.refusal(str(error))
        return
    _jobs.begin(
        "replay",
        title=f"{names.get(establishment, establishment)}, one year again",
        run=run.folder,
        establishment=establishment,
        replication=REPLICATION,
        data=None if data is None else str(data),
    )
    st.rerun()


def through_the_day(day: HallDay, name: str, note: str) -> None:
    """Show the hall at one moment; the time can be moved by hand or plays by itself."""
    playing = bool(st.session_state.get(PLAYING))

    @st.fragment(run_every=SECONDS_A_STEP if playing else None)
    def drawn() -> None:
        first, last = day.opens, day.closes
        now = st.session_state.get(TIME)
        minute = as_minutes(now) if isinstance(now, datetime.time) else day.amid
        if playing and st.session_state.get(PLAYING):
            minute += STEP_MINUTES
            if minute >= last:
                st.session_state[PLAYING] = False
        minute = min(max(minute, first), last)
        st.session_state[TIME] = as_time(minute)
        chosen = st.slider(
            "Time of day",
            as_time(first),
            as_time(last),
            step=datetime.timedelta(minutes=STEP_MINUTES),
            format="HH:mm",
            key=TIME,
        )
        minute = as_minutes(chosen)
        _show.say(hall.moment(day, minute), small=False)
        when = wording.day(day.day.date().isoformat())
        _show.figure(
            hall.at_a_moment(
                day,
                minute,
                title=f"The tables of {name} on {when} at {hall.clock(minute)}, one mark each",
                note=note,
            )
        )
        _show.figure(
            hall.line_of_day(
                day, minute, title=f"Number of parties through the day, {name}, {when}", note=note
            ),
            hall.line_table(day),
        )
        if playing and not st.session_state.get(PLAYING):
            st.rerun()

    def play() -> None:
        st.session_state[PLAYING] = not playing

    st.button("Stop" if playing else "Play the day", on_click=play, type="primary")
    drawn()


run, results = _state.page("One hall, day by day")
_show.say(
    "One simulated day of one prison: who is at the tables, who waits at the check, which session "
    "begins late, who calls on video. Move the time with the slider or its arrow keys."
)
names = _effects.names(results)
held = _state.prisons(run.folder, run.stamp)
codes = [str(code) for code in held.loc[held["people_plan"] > 0, "establishment"]]
establishment = st.selectbox(
    "Prison",
    codes,
    format_func=lambda code: names.get(code, code),
    key="hall prison",
    bind="query-params",
    width=420,
)
turns = log(run.folder, run.stamp, establishment)
if turns.empty:
    _show.say("Nobody was booked for a visit or a call there in the year that is kept.")
    st.stop()

replayed = replay_of(run.name, establishment)
chosen_day = choose_day(days_of(turns), busiest(turns))
day = hall_day(turns, establishment, chosen_day, replayed)
note = (
    f"Source: run {run.name}, replication {REPLICATION}, one simulated year of "
    f"{results.replications}: a single day is an example and has no interval."
)
through_the_day(day, names.get(establishment, establishment), note)

_show.section("The sessions of the day")
_show.table(hall.sessions_table(day))
if replayed is None:
    _show.section("The queue at the check")
    offer_replay(establishment)
_export.download("One hall on one day", shown=results)
