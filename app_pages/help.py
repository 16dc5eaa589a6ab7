"""Help: words, reading, method, limits, validation, data protection and accessibility."""

from __future__ import annotations

import streamlit as st

from app_pages import _show, _state, _who
from scenarios.display import handbook

_state.keep_asked()
_who.mark()
_show.title("Help")
_show.say(
    "The tool recommends; a named officer decides, after considering each person individually. "
    "Measures of contact are floors: temporary release, telephone calls and messages are not "
    "modelled.",
    small=False,
)
name = str(
    st.selectbox(
        "Read about",
        list(handbook.DOCUMENTS),
        format_func=handbook.DOCUMENTS.__getitem__,
        key="about",
        bind="query-params",
        width=420,
    )
)
_show.section(handbook.DOCUMENTS[name])
_show.document(name)
