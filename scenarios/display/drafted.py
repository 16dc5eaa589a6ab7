"""A scenario that is being written, in words and tables: what it changes, what is wrong with it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenarios.display import wording
from scenarios.display.markup import DASH, MINUS, Number, table
from scenarios.drafting.presets import BY_PRISON
from scenarios.errors import ScenarioError
from scenarios.plain_yaml import text
from scenarios.settings import Setting, settings

if TYPE_CHECKING:
    from scenarios.schema import Scenario

LARGEST = 200_000
"""Bytes of a file of prisons above which it is not read."""

RANGES: dict[str, tuple[float, float]] = {
    "evening_tables": (1, 200),
    "weekend_percent": (0, 500),
    "video_stations": (-50, 50),
    "worker_fte": (-20, 20),
}
"""Least and most of each column of the table of prisons."""

SAME_STAFF = "The staff of visits, video calls and booking lines stays as in the baseline."

WHOLE = ("evening_tables", "video_stations")
"""Columns that hold whole numbers."""


def lines(scenario: Scenario) -> str:
    """List what a scenario changes of the baseline, each line with its meaning."""
    rows = [
        {
            "setting": change.setting,
            "before": _short(change.before),
            "after": _short(change.after),
            "meaning": meaning(change.setting),
        }
        for change in scenario.changes
    ]
    return table(
        pd.DataFrame(rows, columns=["setting", "before", "after", "meaning"]),
        "The lines of its file, each with what it means",
        labels={
            "setting": "Setting",
            "before": "Baseline",
            "after": "Here",
            "meaning": "Meaning",
        },
    )


def _short(value: Any, most: int = 400) -> str:
    if value is None:
        return "not set"
    written = text(value) if value not in ([], (), {}) else "none"
    return written if len(written) <= most else f"{written[:most]} ..."


def meaning(name: str) -> str:
    """Say what a setting, or a row of a table that is changed by name, means."""
    known = settings().get(name)
    if known is not None:
        return known.meaning
    part = settings().get(name.partition(".")[0])
    return part.meaning if part is not None else ""


def about(setting: Setting) -> Mapping[str, str]:
    """Give what is known about a setting: meaning, unit, range, source."""
    ends = (
        f"{text(setting.low)} to {text(setting.high)}"
        if setting.low is not None and setting.high is not None
        else "no range"
    )
    return {
        "Meaning": setting.meaning,
        "Unit": setting.measure_unit or "none",
        "In the baseline": setting.text,
        "Plausible range": ends,
        "Source": f"{wording.cited(setting.source)} ({setting.confidence})",
    }


def staff_card(added: tuple[float, float]) -> Number:
    """Give the staff that a scenario asks for beyond the baseline.

    Examples
    --------
    >>> staff_card((63_700.0, 1_452_360.0)).value
    '+£1,452,000'
    """
    return _card(
        "Staff of visits and video calls, beside the baseline",
        added,
        "From the timetable and the assumed staff of a session, before any run; about right "
        "to three figures. Closures and sessions called off are not taken off.",
    )


def staff_cards(visits: tuple[float, float], lines: tuple[float, float] | None) -> list[Number]:
    """Give the staff of visits and that of booking lines, where a scenario changes them.

    Parameters
    ----------
    visits, lines
        Hours and pounds a year beyond the baseline; no lines where they are not known.

    Examples
    --------
    >>> staff_cards((0.0, 0.0), None), len(staff_cards((-38.0, -866.4), (0.0, 0.0)))
    ([], 1)
    """
    return [
        *([staff_card(visits)] if _changes(visits) else []),
        *([agents_card(lines)] if lines is not None and _changes(lines) else []),
    ]


def _changes(added: tuple[float, float]) -> bool:
    """Whether hours or pounds of staff are added or spared; sums in floats may leave a trace."""
    return any(abs(each) >= 0.5 for each in added)


def agents_card(added: tuple[float, float]) -> Number:
    """Give the agents of booking lines that a scenario pays for beyond the baseline."""
    return _card(
        "Agents of booking lines, beside the baseline",
        added,
        "Paid hours of their shifts, before any run; vacant posts and absences are not taken off. "
        f"An hour is taken to cost {_price('line.agent_gbp_per_hour')}.",
    )


def lever_card(label: str, added: tuple[float, float] | None) -> Number:
    """Give the staff that one change of visits asks for beyond today's.

    Parameters
    ----------
    label
        What is changed, in words.
    added
        Hours and pounds a year; none where they are not known.
    """
    if added is None:
        return Number(label=label, value=DASH, note="Its staff cannot be worked out here.")
    return _card(label, added, "")


def together(added: tuple[float, float]) -> str:
    """Say what changes of visits ask for together, and what an hour is taken to cost.

    Examples
    --------
    >>> together((63_700.0, 1_452_360.0)).split(" An hour")[0]
    'Together they take about 63,700 more hours of staff a year, £1,452,000 a year.'
    """
    hours, gbp = added
    return (
        f"Together they take about {_about(hours):,.0f} more hours of staff a year, "
        f"£{_about(gbp):,.0f} a year. An hour is taken to cost "
        f"{_price('benefit.staff_gbp_per_hour')}."
    )


def _price(name: str) -> str:
    """Write the price of an hour with its range."""
    row = settings()[name]
    return f"£{row.value:.2f} (£{row.low:.0f} to £{row.high:.0f}, {row.confidence})"


def _card(label: str, added: tuple[float, float], note: str) -> Number:
    hours, gbp = added
    sign = MINUS if gbp < 0 else "+" if gbp > 0 else ""
    return Number(
        label=label,
        value=f"{sign}£{_about(abs(gbp)):,.0f}",
        unit="a year",
        change=f"{_about(hours):+,.0f} hours a year".replace("-", MINUS),
        note=note,
    )


def _about(value: float) -> float:
    """Round to a thousand where there are many, to a hundred below."""
    return round(value, -3 if abs(value) >= 100_000 else -2 if abs(value) >= 10_000 else 0)


def prison_rows(
    establishments: pd.DataFrame, cells: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    """Give the table of prisons to edit: one row per open prison, by name.

    Parameters
    ----------
    establishments
        The establishments table.
    cells
        What is changed already, by prison and column of ``BY_PRISON``.
    """
    held = establishments[establishments["operational_capacity"] > 0]
    rows = held[["establishment", "name", "sex", "security"]].sort_values("name")
    rows = rows.astype("str").reset_index(drop=True)
    for column in BY_PRISON:
        values = [cells.get(code, {}).get(column) for code in rows["establishment"]]
        rows[column] = pd.Series(values, dtype="float64")
    return rows


def cells_of(rows: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Read the filled cells of the table of prisons.

    Examples
    --------
    >>> rows = pd.DataFrame({"establishment": ["LEI", "LPI"], "video_stations": [2.0, None]})
    >>> cells_of(rows)
    {'LEI': {'video_stations': 2.0}}
    """
    found: dict[str, dict[str, float]] = {}
    for column in BY_PRISON:
        if column in rows.columns:
            for code, value in zip(rows["establishment"], rows[column], strict=True):
                if pd.notna(value):
                    found.setdefault(str(code), {})[column] = float(value)
    return found


def prisons_file(rows: pd.DataFrame) -> bytes:
    """Write the table of prisons as CSV, to be filled in and handed back."""
    columns = ["establishment", "name", *BY_PRISON]
    return rows[columns].to_csv(index=False, lineterminator="\n").encode()


def read_prisons(name: str, content: bytes, codes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Read a filled table of prisons.

    Parameters
    ----------
    name, content
        The file, CSV in UTF-8: establishment and any columns of ``BY_PRISON``.
    codes
        Prisons that there are.

    Raises
    ------
    ScenarioError
        With everything that is wrong with it, in one report.
    """
    rows = _read_rows(name, content)
    problems = [
        f"{name}: no column '{_shown(column)}' is known. Columns: {', '.join(BY_PRISON)}."
        for column in rows.columns
        if column not in ("establishment", "name", *BY_PRISON)
    ]
    told = rows["establishment"].str.strip()
    problems += [
        f"{name} row {number + 2}: no prison '{_shown(code)}'. Correct the code."
        for number, code in enumerate(told)
        if code not in set(codes)
    ]
    problems += [
        f"{name}: {code} is there twice. Keep one row."
        for code in sorted(set(told[told.duplicated()]))
    ]
    found: dict[str, dict[str, float]] = {}
    for column in [column for column in BY_PRISON if column in rows.columns]:
        for number, (code, cell) in enumerate(zip(told, rows[column].str.strip(), strict=True)):
            if not cell:
                continue
            value = _number(cell)
            wrong = _fault(value, column)
            if wrong:
                place = f"{name} row {number + 2}, {column}"
                problems.append(f"{place}: found '{_shown(cell)}'; {wrong}.")
            elif value is not None:
                found.setdefault(code, {})[column] = value
    if problems:
        raise ScenarioError(problems)
    return found


def _read_rows(name: str, content: bytes) -> pd.DataFrame:
    """Read a file of prisons as text."""
    if len(content) > LARGEST:
        raise ScenarioError(f"{name}: {len(content):,} bytes; at most {LARGEST:,} are read.")
    try:
        rows = pd.read_csv(
            io.BytesIO(content), dtype="str", keep_default_na=False, encoding="utf-8-sig"
        )
    except (UnicodeDecodeError, ValueError) as error:
        said = str(error).splitlines()[0] if str(error) else "no rows"
        raise ScenarioError(
            f"{name}: cannot be read as CSV in UTF-8 ({said}). Save it as CSV UTF-8."
        ) from None
    if "establishment" not in rows.columns:
        raise ScenarioError(
            f"{name}: no column 'establishment'. Begin from the file that can be downloaded here."
        )
    return rows


def _shown(words: object) -> str:
    said = str(words)
    return said if len(said) <= 40 else f"{said[:40]}..."


def _number(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None


def _fault(value: float | None, column: str) -> str | None:
    low, high = RANGES[column]
    if value is None or not low <= value <= high:
        return f"give a number from {low:g} to {high:g}"
    if column in WHOLE and value != int(value):
        return "give a whole number"
    return None
