"""Sources: every setting, table and publication behind a number, and how well each is known."""

from __future__ import annotations

import streamlit as st

from app_pages import _export, _show, _state, _who
from scenarios.display import listings, wording

run = _state.last_chosen()
results = _state.opened(run) if run else None
shown = [results] if results else []
_who.mark(*shown)
_show.title("Where every number comes from")
_show.notice(*shown)
_show.say(
    "A measured value was published or counted, an estimated one was worked out from published "
    "figures, and an assumed one is our own choice until somebody knows better."
)

_show.section("Settings and assumptions")
kinds = ["all", "measured", "estimated", "assumed"]
kind = st.segmented_control(
    "How well known", kinds, default="all", required=True, key="known", bind="query-params"
)
_show.table(listings.settings(None if kind == "all" else str(kind)))
_show.table(listings.export_settings())

_show.section("Publications")
_show.table(listings.publications())

_show.section("Tables and columns")
table = st.selectbox("Table", _state.table_names(), key="table", bind="query-params", width=420)
_show.table(listings.columns(table))

_show.section("The run that is open")
if results is None:
    _show.say("No run is stored yet.")
else:
    _show.facts(wording.provenance(results))
    _show.table(listings.inputs(results))

_show.section("Licences")
_show.say(wording.ATTRIBUTION)

_export.download("Sources and settings", shown=results)
