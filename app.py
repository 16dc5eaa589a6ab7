"""Name the pages and start the app; nothing else.

Start it with ``estate app``, or with ``streamlit run app.py``. The folder of runs is the
environment variable ``ESTATE_RUNS``, else ``runs`` in the working folder.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app_pages import _data, _show, _warm, _who

FOLDER = Path(__file__).parent / "app_pages"
PAGES = {
    "start": "Start",
    "overview": "Overview",
    "allocation": "Who is held where",
    "person": "One person",
    "frontier": "Trade-offs",
    "visits": "Visits and video",
    "hall": "One hall, day by day",
    "family_workers": "Family workers",
    "booking_line": "Booking line and early days",
    "compare": "Compare",
    "scenario": "Scenario",
    "runs": "Runs",
    "data": "Data",
    "sources": "Sources",
    "help": "Help",
}

st.set_page_config(page_title="Closer to home", page_icon=_show.ICON, layout="wide")
_show.style()
_who.let_in()
page = st.navigation(
    [
        st.Page(FOLDER / f"{name}.py", title=title, default=name == "start")
        for name, title in PAGES.items()
    ],
    position="sidebar",
    expanded=True,
)
_who.show()
_data.show()
with _warm.waiting():
    _show.run(page)
_warm.begin()
