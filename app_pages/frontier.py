"""Trade-offs: what moves, crowding or distance cost families, point by point, and what stays."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app_pages import _export, _jobs, _show, _state, _study, _trade, _who
from scenarios.display import frontiers

top = st.container()
_show.title("Trade-offs")
_show.say(
    "A trade-off study finds the best plan for each number of moves, of people far from home or of "
    "people above uncrowded capacity. Each point is a plan with its proof; a planner picks one and "
    "can have it made."
)
made = _jobs.panel(["frontier", "stability", "run"])
_jobs.offer_run(made, "app_pages/allocation.py", "Open the plan")

studies, steady = _study.found("frontier"), _study.found("stability")
study = _trade.chosen(studies, made) if studies else None
chosen = _trade.stability_shown(steady) if steady else None
told = [each for each in (study, chosen) if each is not None]
with top:
    _who.mark(*told, counts=True)
if study is not None:
    found = _study.frontier(study)
    number = _trade.picked(study, found)
    start = int(found.points["point"].iloc[0])
    _show.say(frontiers.answer(found, number, start), small=False)
    _show.numbers(frontiers.numbers(found, number, start))
    _trade.draw(study, found, number)
    _trade.make_plan(study, found, number)
    _show.table(frontiers.listing(found))
    equality = pd.read_parquet(study.folder / "equality.parquet")
    at = equality[equality["point"] == number].drop(columns="point")
    _show.section("What this point means for groups of people")
    _show.say(frontiers.widest_gap(at))
    _show.table(_trade.equality(at))
else:
    _show.say("No trade-off study is stored yet. Start one below: it takes a few minutes.")

_show.section("Would other assumptions change the moves?")
if chosen is not None:
    _trade.choose_stability(steady)
    stability = _study.stability(chosen)
    circulate = not _who.is_planner()
    _show.say(frontiers.stays(stability, circulate=circulate), small=False)
    if len(stability.variants):
        _show.figure(frontiers.variants_figure(stability))
        _show.table(frontiers.variants_listing(stability, circulate=circulate))
else:
    _show.say(
        "No study of stability is stored yet. It decides a plan again with each assumption at "
        "either end of its range, and says which moves stay."
    )

_export.download("Trade-offs", shown=told)

_show.section("Start a study")
if _jobs.may_begin():
    _trade.begin()
    st.page_link("app_pages/runs.py", label="All work in the background")
_state.keep_asked()
