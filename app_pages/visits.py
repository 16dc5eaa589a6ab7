"""Visits: how long families wait, who is refused, and how full halls and video stations are."""

from __future__ import annotations

import streamlit as st

from app_pages import _show, _state
from scenarios.display import figures, listings, views, wording

run, results = _state.page("Visits and video calls")
estimates = _state.estimates(run.folder, run.stamp)
estate = views.estate_measures(estimates)

_show.say(wording.replications(results), small=False)
_show.numbers(wording.visit_numbers(estate))

_show.section("How long families wait")
waits = views.waits_by_kind(estimates)
if len(waits):
    _show.figure(figures.waits(results, waits), listings.waits(waits))
else:
    _show.say("No visit was booked in this run, so there is no wait to show.")

_show.section("What becomes of a request")
outcomes = views.outcomes(estimates)
_show.figure(figures.outcomes(results, outcomes), listings.outcomes(outcomes))

_show.section("Who has contact, and who has none")
_show.table(listings.by_group(estimates, "sex", "Contact of men and women"))
_show.table(listings.by_group(estimates, "distance_band", "Contact by miles from home"))
_show.table(listings.by_group(estimates, "children_under_18", "Contact of people with children"))
if after_a_move := listings.since_move(estimates):
    _show.table(after_a_move)

_show.section("Halls and video stations, prison by prison")
by_prison = views.visits_by_prison(estimates, _state.prisons(run.folder, run.stamp))
kinds = {"Visit halls": figures.hall_use, "Video stations": figures.video_use}
kind = st.segmented_control("Show", list(kinds), default="Visit halls", required=True, key="use")
_show.figure(kinds[str(kind)](results, by_prison), listings.visits_by_prison(by_prison))

_show.section("Every measure")
_show.table(listings.measures(estate))

_show.download("Visits and video calls", shown=results)
