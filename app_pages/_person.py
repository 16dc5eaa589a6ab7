"""The parts of the page about one person: explain, decide otherwise, solve again.

A person's id stays in the session: it never stands in the address or in the title of a job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app_pages import _data, _effects, _export, _jobs, _show, _state, _study, _who
from scenarios.display import in_app, orders, persons, wording
from scenarios.display.move_list import move_list

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.planning.explain import Explained

PERSON = "person asked for"
ASKED = "prisoner id"
SAID = "said of a decision"
SAID_AGAIN = "said of deciding again"
NOTHING_KEPT = "Nothing was kept."
REVIEW_DAYS = 90
MOST_CHANGES = 100_000
KEEP, ELSEWHERE, AWAY = "Keep here", "Hold elsewhere", "Keep away from"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan that can be explained and decided again, and where its tables and locks are."""

    folder: Path
    stamp: int
    title: str
    data: Path | None
    locks: Path
    run: _state.Run

    @property
    def date(self) -> date:
        """The date it holds for."""
        account = _study.account(str(self.folder), self.stamp)
        return date.fromisoformat(account["holds_for"]["date"])


def chosen_plan(run: _state.Run) -> Plan:
    """Let the planner choose the run's plan or one decided again from it; find its tables."""
    from scenarios.planning.again import data_like, locks_beside, manifest_of

    again = _study.decided_again(run.name)
    by_name = {run.name: (Path(run.folder), run.stamp, run.title)} | {
        study.name: (study.folder, study.stamp, f"Decided again: {study.name}") for study in again
    }
    name = run.name
    if again:
        name = st.selectbox(
            "Plan",
            list(by_name),
            format_func=lambda name: by_name[name][2],
            key="plan of person",
            persist_state="session",
            width=640,
        )
    folder, stamp, title = by_name[name]
    inputs = manifest_of(folder)["inputs"]
    data = data_like(inputs, _data.folders())
    return Plan(
        folder=folder,
        stamp=stamp,
        title=title,
        data=data,
        locks=locks_beside(_state.runs_folder(), inputs, data),
        run=run,
    )


def asked_for() -> str:
    """Ask whom it is about."""
    st.session_state.setdefault(PERSON, "")
    st.text_input(
        "Prisoner id",
        help="The pseudonymous id in the population table, such as one from the list of moves.",
        max_chars=64,
        width=320,
        key=ASKED,
        persist_state="session",
        on_change=_ask,
    )
    st.button("Explain", type="primary", on_click=_ask)
    return str(st.session_state[PERSON])


def _ask() -> None:
    st.session_state[PERSON] = str(st.session_state[ASKED]).strip()


def explain(plan: Plan, prisoner_id: str) -> None:
    """Explain a person; a wrong id is told plainly."""
    from scenarios.errors import ScenarioError, UnknownPrisonerError

    _show.section("Why there")
    try:
        found = _explained(plan, prisoner_id)
    except UnknownPrisonerError:
        _show.say(
            f"There is no prisoner {prisoner_id} in this plan. Check the id: it is the one in "
            "the population table."
        )
        return
    except ScenarioError as error:
        _show.wrong(error.problems)
        return
    names = _effects.names(_state.opened(plan.run))
    _show.say(persons.answer(found, names), small=False)
    _show.numbers(persons.numbers(found))
    _show.table(persons.alternatives(found, names))
    _show.fold_tables("What the person's own cost is made of", persons.terms(found))
    _show.fold_tables(
        "Prisons that may not hold this person, and why", persons.excluded(found, names)
    )
    _decide(plan, found, names)


def _decide(plan: Plan, found: Explained, names: Mapping[str, str]) -> None:
    """Let the planner lock, forbid, override and unlock."""
    _show.section("Decide otherwise")
    said = st.session_state.pop(SAID, [])
    if said[:1] == [NOTHING_KEPT]:
        _show.refusal(" ".join(said))
    else:
        for line in said:
            _show.say(line)
    prisoner_id = found.one.prisoner_id
    mine = _locks(plan)
    mine = mine[mine["prisoner_id"] == prisoner_id]
    if len(mine):
        _show.table(persons.decided(mine, names))
        for row in wording.records(mine):
            st.button(
                f"Take away: {_show.label(persons.decision(row, names))}",
                key=f"unlock {row['action']} {row['unit_or_establishment']}",
                on_click=_unlock,
                args=(plan, prisoner_id, str(row["unit_or_establishment"])),
            )
    action = st.segmented_control(
        "Decision",
        [KEEP, ELSEWHERE, AWAY],
        default=KEEP,
        required=True,
        key="decision",
        persist_state="session",
    )
    places = persons.choices(found, names)
    chosen = str(found.one.alternatives["unit"].iloc[0])
    here = [code for code in (chosen, chosen.partition("-")[0]) if code in places]
    offered = here if action == KEEP else [code for code in places if code not in here[:1]]
    if action == AWAY:
        offered = list(places)
    if not offered:
        _show.say("There is no place to name for this decision.")
        return
    _say_why(plan, prisoner_id, str(action), offered, places)


def _say_why(
    plan: Plan, prisoner_id: str, action: str, offered: Sequence[str], places: Mapping[str, str]
) -> None:
    """Let the planner name the place, say why, and keep the decision."""
    today = datetime.now(UTC).date()
    place = st.selectbox(
        "Place", offered, format_func=places.__getitem__, key="place", persist_state="session"
    )
    # what was said of one person is never offered for the next
    why = st.selectbox(
        "Reason",
        [str(code) for code in persons.REASONS],
        index=None,
        placeholder="Choose a reason",
        format_func=persons.reason,
        key=f"reason {prisoner_id}",
        persist_state="session",
    )
    note = st.text_input(
        "Note for planners", max_chars=200, key=f"note {prisoner_id}", persist_state="session"
    )
    signed_in = _who.name() if _who.is_known() else ""
    owner = st.text_input(
        "Who decides", value=signed_in, max_chars=80, key="owner", persist_state="session"
    )
    review = st.date_input(
        "To be reviewed on",
        value=max(plan.date, today) + timedelta(days=REVIEW_DAYS),
        format="DD/MM/YYYY",
        key="review",
        persist_state="session",
    )
    if st.button("Keep this decision", type="primary"):
        faults = persons.unsaid(why, note, owner)
        faults += persons.too_soon(review, max(plan.date, today))
        if faults:
            st.session_state[SAID] = [NOTHING_KEPT, *faults]
        else:
            _lock(plan, prisoner_id, action, str(place), str(why), note, owner, review)
        st.rerun()


def _lock(
    plan: Plan,
    prisoner_id: str,
    action: str,
    place: str,
    why: str,
    note: str,
    owner: str,
    review: Any,
) -> None:
    from data.check import TableError
    from data.words import LockAction
    from scenarios.errors import ScenarioError
    from scenarios.planning import again

    cells = {
        "prisoner_id": prisoner_id,
        "action": LockAction.FORBID if action == AWAY else LockAction.LOCK,
        "unit_or_establishment": place,
        "reason_code": why,
        "note": note.strip(),
        "owner": owner.strip(),
        "review_date": review,
    }
    try:
        again.lock(plan.folder, cells, plan.locks)
    except (ScenarioError, TableError) as error:
        st.session_state[SAID] = [NOTHING_KEPT, *in_app.of_decision(error, prisoner_id)]
    else:
        does = persons.ACTIONS[str(cells["action"])]
        st.session_state[SAID] = [
            f"Kept: {prisoner_id} is to be {does} {place}, to be reviewed on "
            f"{wording.day(review.isoformat())}. Decide again below to see what it costs."
        ]


def _unlock(plan: Plan, prisoner_id: str, place: str) -> None:
    from data.check import TableError
    from scenarios.errors import ScenarioError
    from scenarios.planning import again

    try:
        again.unlock(plan.locks, prisoner_id, place)
    except (ScenarioError, TableError) as error:
        st.session_state[SAID] = in_app.of_decision(error, prisoner_id)
    else:
        st.session_state[SAID] = [f"Taken away: the decision on {prisoner_id} about {place}."]


def decide_again(plan: Plan) -> None:
    """Show all decisions, let the plan be decided again under them, and say what that cost."""
    names, locks = _effects.names(_state.opened(plan.run)), _locks(plan)
    _show.section("Decide the plan again")
    if len(locks):
        _show.fold_tables(f"All decisions so far: {len(locks):,}", persons.decided(locks, names))
    else:
        _show.say("No decision is kept for these tables yet.")
    made = _jobs.panel(["allocate"])
    _show.wrong(st.session_state.pop(SAID_AGAIN, []))
    if _jobs.may_begin():
        most = st.number_input(
            "Most people held in another prison than in this plan",
            min_value=0,
            max_value=MOST_CHANGES,
            value=None,
            placeholder="no limit",
            key="most changes",
            persist_state="session",
            help="People under a lock count too. Leave it empty for the best plan there is.",
            width=420,
        )
        st.button(
            "Decide again with these decisions",
            type="primary",
            on_click=_begin,
            args=(plan, None if most is None else int(most)),
        )
    told = _latest(plan, made)
    if told is not None:
        _show_cost(told, names, _state.opened(plan.run).establishments)


def _begin(plan: Plan, most_changes: int | None) -> None:
    from scenarios.errors import ScenarioError
    from scenarios.planning.again import scenario_like

    locks = _locks(plan)
    try:
        scenario = scenario_like(plan.folder, _state.runs_folder())
    except ScenarioError as error:
        st.session_state[SAID_AGAIN] = str(error).splitlines()
        return
    _jobs.begin(
        "allocate",
        title=f"Decide again under {wording.count(len(locks), 'decision')}",
        scenario=scenario,
        data=None if plan.data is None else str(plan.data),
        locks=str(plan.locks) if plan.locks.exists() else None,
        earlier=str(plan.folder),
        changes=most_changes,
        planner=True,
    )


def _latest(plan: Plan, made: Path | None) -> Path | None:
    """Give the plan just made from this run, else the one shown if it was decided again."""
    from scenarios.planning.again import read_steered

    of_run = [study.folder for study in _study.decided_again(plan.run.name)]
    if made is not None and made.resolve() in [folder.resolve() for folder in of_run]:
        return made
    if read_steered(plan.folder) is not None:
        return plan.folder
    return next((study.folder for study in _study.decided_again(plan.folder.name)), None)


def _show_cost(folder: Path, names: Mapping[str, str], establishments: pd.DataFrame) -> None:
    import pandas as pd

    from scenarios.planning.again import read_steered

    account = read_steered(folder)
    assert account is not None
    _show.section("What deciding again cost, and whom it moved")
    _show.say(f"Plan {folder.name}, told against {account['earlier']}.")
    _show.say(persons.cost_of_steering(account), small=False)
    _show.numbers(persons.steering_numbers(account))
    changed = pd.read_parquet(folder / "changed.parquet")
    if len(changed):
        _show.table(persons.changed(changed, names))
    study = next(each for each in _study.found("allocate") if each.name == folder.name)
    rows = _study.moves(str(folder), study.stamp).assign(date=orders.NO_DATE)
    _show.fold_tables("Moves of this plan", orders.listing(rows, establishments))
    by_order = orders.block_orders(rows, establishments)
    _export.download(
        "Moves of the plan decided again",
        lambda: [move_list(rows, establishments), orders.orders_sheet(by_order)],
        study,
        mark="OFFICIAL-SENSITIVE",
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _explained_once(folder: str, stamp: int, prisoner_id: str, data: str | None) -> Explained:
    from scenarios.planning.explain import explain_person

    del stamp
    return explain_person(
        Path(folder), prisoner_id, data_dir=None if data is None else Path(data), planner=True
    )


def _explained(plan: Plan, prisoner_id: str) -> Explained:
    data = None if plan.data is None else str(plan.data)
    return _explained_once(str(plan.folder), plan.stamp, prisoner_id, data)


def _locks(plan: Plan) -> pd.DataFrame:
    from data.locks import read_locks

    return read_locks(plan.locks)
