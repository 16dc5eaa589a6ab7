"""Name the pages and start the app; nothing else.

Start it with ``estate app``, or with ``streamlit run app.py``. The folder of runs is the
environment variable ``ESTATE_RUNS``, else ``runs`` in the working folder.
"""

from __future__ import annotations

import streamlit as st

from app_pages import _show

st.set_page_config(page_title="Closer to home", page_icon=_show.ICON, layout="wide")
_show.style()
page = st.navigation(
    [
        st.Page("app_pages/overview.py", title="Overview", default=True),
        st.Page("app_pages/allocation.py", title="Allocation"),
        st.Page("app_pages/visits.py", title="Visits"),
        st.Page("app_pages/compare.py", title="Compare"),
        st.Page("app_pages/sources.py", title="Sources"),
        st.Page("app_pages/start.py", title="Start a run"),
    ],
    position="top",
)
_show.run(page)
