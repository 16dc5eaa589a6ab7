"""Boxes that more than one page has, each remembered from page to page."""

from __future__ import annotations

import streamlit as st

WHENS = {"In this run": "plan", "Today": "today", "Change": "change"}


def when_on_the_map() -> str:
    """Let the reader of a plan choose what a map shows: ``plan``, ``today`` or ``change``."""
    chosen = st.segmented_control(
        "Show on the map",
        list(WHENS),
        default="In this run",
        required=True,
        key="map",
        bind="query-params",
    )
    return WHENS[str(chosen)]


def measure_of_contact() -> str:
    """Let the reader choose the measure by which groups gain or lose."""
    from scenarios.display import compared

    words = st.selectbox(
        "Measure of contact",
        list(compared.MEASURES),
        key="gains by",
        bind="query-params",
        width=420,
    )
    return compared.MEASURES[words]
