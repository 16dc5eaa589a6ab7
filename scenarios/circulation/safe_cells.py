"""Text that a spreadsheet could read as a formula, kept from being one."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

RISKY = re.compile(r"[=+\-@\t\r\n\N{FULLWIDTH EQUALS SIGN}]")
"""How text begins that spreadsheets run, or that hides such a beginning."""

NUMBER = re.compile(r"[+-]?£?[0-9][0-9,]*(\.[0-9]+)?%?")
"""Text that reads as a number does no harm whatever its sign."""


def safe_text(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet could read as a formula.

    Examples
    --------
    >>> safe_text("=1+1"), safe_text("@x"), safe_text("+4.5%"), safe_text("men; women")
    ("'=1+1", "'@x", '+4.5%', 'men; women')
    """
    return f"'{text}" if RISKY.match(text) and not NUMBER.fullmatch(text) else text


def safe_cells(table: pd.DataFrame) -> pd.DataFrame:
    """Keep a spreadsheet from reading text that a user brought as a formula."""
    safe = table.copy()
    for column in safe.columns[(safe.dtypes == "str") | (safe.dtypes == "object")]:
        safe[column] = safe[column].map(_safe_cell)
    return safe


def _safe_cell(cell: Any) -> Any:
    return safe_text(cell) if isinstance(cell, str) else cell
