"""Family workers: need against funded hours, what each number of workers buys, and a fair share."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import streamlit as st

from app_pages import _export, _jobs, _show, _state
from scenarios.display import sizing, views, workers
from scenarios.stored_studies import Kind, Study, studies

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.display.sizing import Sizing

KIND: Kind = "size-family-workers"
SHARERS = {"public": "paid by the national contract", "all": "every prison"}


@st.cache_resource(max_entries=2, show_spinner=False)
def stored(folder: str, stamp: int) -> Sizing:
    """Return a sizing, read once for each writing of its folder."""
    from pathlib import Path

    del stamp
    return sizing.load_sizing(Path(folder))


@st.cache_resource(max_entries=4, show_spinner=False)
def sex_of_prisons(folder: str, stamp: int) -> dict[str, str]:
    """Return whether each prison of a run holds men, women or both."""
    from pathlib import Path

    del stamp
    return workers.sex_of_prisons(Path(folder))


def chosen_study() -> Study | None:
    """Let the reader choose a sizing where there are several."""
    found = {study.name: study for study in studies(_state.runs_folder(), KIND)}
    if len(found) < 2:
        return next(iter(found.values()), None)
    name = st.selectbox(
        "Sizing shown",
        list(found),
        format_func=lambda each: f"{found[each].title} ({each})",
        key="sizing",
        bind="query-params",
        width=640,
    )
    return found[str(name)]


run, results = _state.page("Family workers")
measures = _state.measured(run.folder, run.stamp, workers.MEASURES)
estimates = _state.estimated(run.folder, run.stamp, workers.MEASURES)
whole = workers.estate(estimates)
posts = workers.posts(results)
prisons = workers.by_prison(
    estimates, posts, results.establishments, leave_cover_fte=workers.leave_cover(results)
)
sexes = sex_of_prisons(run.folder, run.stamp)
prisons = prisons.assign(sex=prisons["establishment"].map(sexes).fillna(workers.NOT_KNOWN))
calendar = results.scenario["calendar"]
first = date.fromisoformat(str(calendar["start_date"]))
until = (first + timedelta(weeks=int(calendar["weeks"]), days=-1)).isoformat()
own = sizing.of_run(studies(_state.runs_folder(), KIND), results)
own_sizing = stored(str(own.folder), own.stamp) if own else None

today = _state.prisons(run.folder, run.stamp) if views.is_plan(results) else None
drawn = workers.for_circulation(prisons, today)

apart = workers.apart(measures, prisons, estimates)
extra = sizing.extra_person(own_sizing)
_show.say(workers.sentence(whole), small=False)
_show.numbers(workers.numbers(whole, prisons, posts, until, extra, apart))
_show.say(workers.known(prisons))
turns = (
    sizing.NONE_OF_RUN
    if own_sizing is None
    else sizing.reversal(own_sizing, whole["worker_hours"].mean)
)
_show.say(f"{workers.enough(whole)} {turns}")
if short := apart.short():
    _show.say(short)
by_prison = workers.prison_rows(prisons)
_show.figure(workers.need_map(results, drawn, _state.outline()), by_prison)

_show.section("By men and women, lot, provider and region")
by = str(
    st.segmented_control(
        "Add up by",
        ["sex", "lot", "provider", "region"],
        default="region",
        required=True,
        format_func=lambda name: workers.SUMMED_BY[name],
        key="by",
        bind="query-params",
    )
)
sums = workers.summed_rows(workers.summed(measures, prisons, by), by)
_show.table(sums)
_show.figure(workers.need_against_funded(results, drawn))
funders = [workers.grant_rows(workers.grants(posts, until))] if len(posts) else []
for each in funders:
    _show.table(each)
groups = workers.group_rows(estimates)
_show.fold_tables("Who is helped, and who is not", groups)
_export.download("Family workers by prison", [by_prison, sums, *funders, groups], results)


def show_sizing(study: Study) -> None:
    """Show what a sizing found: curves with a target, the fair share, costs and the need index."""
    sized = stored(str(study.folder), study.stamp)
    _show.section("How many workers for a target?")
    days, share = chosen_target(sized)
    fewest = sizing.fewest(sized, days, share)
    _show.say(sizing.fewest_sentence(fewest, days, share), small=False)
    _show.say(sizing.basis(sized, days, share))
    prison = chosen_prison(sized.workers)
    _show.figure(sizing.curve(sized, prison, days, share), sizing.curve_rows(sized, prison, days))
    needed = sizing.fewest_rows(fewest, days, share)
    _show.table(needed)

    _show.section("A fair share of today's total")
    _show.say(sizing.fair_sentence(sized), small=False)
    fair = sizing.fair_rows(sized)
    _show.figure(sizing.fair(sized), fair)
    _show.fold_tables(
        "By men and women, provider, lot and region",
        *(sizing.sums_rows(sized, name) for name in sized.sums),
    )

    _show.section("What more or fewer workers would cost and save")
    _show.say(sizing.knee_sentence(sized))
    costs = sizing.cost_rows(sized)
    _show.figure(sizing.costs(sized), costs)

    _show.section("Where the need comes from")
    need = sizing.need_rows(sized)
    of_prison = sizing.need_of(sized, prison)
    if of_prison is None:
        _show.say(sizing.HOURS_HIDDEN)
        _show.table(need)
    else:
        _show.figure(of_prison, need)
    ends = sizing.assumption_rows(sized)
    _show.table(ends)
    _export.download("Family workers sized", [needed, fair, costs, need, ends], study)


def chosen_target(sized: Sizing) -> tuple[int, float]:
    """Let the reader move the target."""
    left, right = st.columns(2, gap="large")
    with left:
        days = st.select_slider(
            "Reached within so many days",
            sized.days,
            value=int(sized.asked["target_days"]),
            key="days",
            bind="query-params",
        )
    with right:
        percent = st.slider(
            "Share of referrals, in per cent",
            min_value=50,
            max_value=100,
            value=round(100 * float(sized.asked["target_share"]) / 5) * 5,
            step=5,
            key="share",
            bind="query-params",
        )
    return int(days), int(percent) / 100


def chosen_prison(rows: pd.DataFrame) -> str:
    """Let the reader choose whose curve is drawn."""
    names = dict(zip(rows["establishment"].astype(str), rows["name"].astype(str), strict=True))
    return str(
        st.selectbox(
            "Prison",
            list(names),
            format_func=names.__getitem__,
            key="prison",
            bind="query-params",
            width=420,
        )
    )


def start() -> None:
    """Let a planner start a sizing in the background; what is filled in stays until then."""
    if not _jobs.may_begin():
        return
    scenario = _jobs.scenario_box(
        "Scenario to size for", "baseline", key="scenario sized", persist_state="session"
    )
    # row by row, so that the target is asked for whole before what is shared out
    reached, referrals = st.columns(2, gap="large")
    with reached:
        days = st.number_input(
            "Reach within days", min_value=0, max_value=28, value=5, key="days sized",
            persist_state="session",
        )  # fmt: skip
    with referrals:
        percent = st.number_input(
            "Per cent of referrals", 1, 100, value=90, key="referrals sized",
            persist_state="session",
        )  # fmt: skip
    shared, sharers = st.columns(2, gap="large")
    with shared:
        budget = st.number_input(
            "Caseworkers to share out", min_value=0.0, value=None, step=1.0,
            placeholder="as many as today", key="workers shared out", persist_state="session",
        )  # fmt: skip
    with sharers:
        perimeter = st.selectbox(
            "Prisons that share them",
            list(SHARERS),
            format_func=SHARERS.__getitem__,
            key="sharers",
            persist_state="session",
        )
    if st.button("Start the sizing", type="primary"):
        asked = {} if budget is None else {"budget_fte": float(budget)}
        _jobs.begin(
            KIND,
            title=f"Family workers for {_jobs.scenarios()[scenario].title}",
            scenario=scenario,
            target_days=int(days),
            share=int(percent) / 100,
            perimeter=perimeter,
            **asked,
        )
        st.rerun()


study = chosen_study()
_jobs.offer_study(KIND, "sizing")
if study:
    show_sizing(study)
    with st.expander("Start another sizing", key="start another"):
        start()
else:
    _show.section("How many workers for a target?")
    _show.say(
        "No sizing is stored yet. One plays every prison at many numbers of workers, in minutes; "
        "it then tells what each number buys and how a total is best shared."
    )
    start()
