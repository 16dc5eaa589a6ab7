"""Scenarios by question: at most three numbers to choose, and the settings that they make.

A preset is a beginning. What it makes is an ordinary change of the baseline that can be edited line
by line afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from data.words import DAYS
from scenarios.settings import settings

Chosen = Mapping[str, Any]
"""What was chosen, by the key of its control."""

WEEKDAYS = DAYS[:5]
WEEKEND = DAYS[5:]

EVERY_PRISON = "Every prison"

PRISONS: dict[str, dict[str, Any]] = {
    "Men's Category C prisons": {"sex": "men", "security": "C"},
    "Men's closed prisons": {"sex": "men", "security": ["A", "B", "C"]},
    "Women's prisons": {"sex": "women"},
    EVERY_PRISON: {},
}
"""Groups of prisons to choose from, each with its selector."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One thing to choose.

    Attributes
    ----------
    key, label
        Its name and its words.
    value
        What is chosen to begin with: a number, a word, or several words.
    options
        The words to choose from; empty for a number.
    low, high, step
        Range of a number.
    """

    key: str
    label: str
    value: float | str | tuple[str, ...]
    options: tuple[str, ...] = ()
    low: float = 0
    high: float = 0
    step: float = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A question, what may be chosen for it, and the change of the baseline that follows."""

    key: str
    title: str
    question: str
    controls: tuple[Control, ...]
    change: Callable[[Chosen], dict[str, Any]]

    def begun(self) -> dict[str, Any]:
        """Give what is chosen to begin with."""
        return {control.key: control.value for control in self.controls}

    def told(self, chosen: Chosen) -> str:
        """Say in a line what is chosen.

        Examples
        --------
        >>> evening = preset("evening")
        >>> evening.told(evening.begun())
        "At: Men's Category C prisons. On: Tue, Thu. Tables in each session: 15."
        """
        parts = [f"{each.label}: {_words(chosen[each.key])}." for each in self.controls]
        return " ".join(parts)


def _words(value: Any) -> str:
    return ", ".join(str(each).capitalize() for each in value) if _is_many(value) else str(value)


def _is_many(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _where(chosen: Chosen) -> dict[str, Any]:
    return dict(PRISONS[str(chosen.get("prisons", EVERY_PRISON))])


def _prisons(value: str = "Men's Category C prisons") -> Control:
    return Control(key="prisons", label="At", value=value, options=tuple(PRISONS))


def _evening(chosen: Chosen) -> dict[str, Any]:
    if not chosen["days"]:
        return {}
    return {
        "regime.added_sessions": [
            {
                "where": _where(chosen),
                "days": list(chosen["days"]),
                "start": EVENING[0],
                "end": EVENING[1],
                "open_tables": int(chosen["tables"]),
            }
        ]
    }


def _weekend(chosen: Chosen) -> dict[str, Any]:
    # in a scenario no day stands for every day
    if not chosen["days"]:
        return {}
    return {
        "regime.session_tables": [
            {
                "where": _where(chosen),
                "days": list(chosen["days"]),
                "multiply": round(1 + float(chosen["percent"]) / 100, 4),
            }
        ]
    }


def _video(chosen: Chosen) -> dict[str, Any]:
    change: dict[str, Any] = {}
    if int(chosen["officers"]) != 1:
        change["video.officers"] = int(chosen["officers"])
    if int(chosen["stations"]):
        change["video.stations"] = [{"where": _where(chosen), "add": int(chosen["stations"])}]
    if chosen["until"] != CLOSED:
        change["video.added_hours"] = [
            {
                "where": _where(chosen),
                "days": list(WEEKDAYS),
                "start": "17:00",
                "end": str(chosen["until"]),
            }
        ]
    return change


def _family_days(chosen: Chosen) -> dict[str, Any]:
    return {
        "regime.family_days_per_year": int(chosen["days"]),
        "regime.family_day_hours": float(chosen["hours"]),
        "regime.family_days_in": WHEN[str(chosen["when"])],
        "regime.family_day_from": "10:00",
    }


def _window(chosen: Chosen) -> dict[str, Any]:
    return {
        "regime.notice_days_min": int(chosen["least"]),
        "regime.notice_days_max": int(chosen["most"]),
    }


def _help(chosen: Chosen) -> dict[str, Any]:
    return {
        "help.awareness_share": float(chosen["aware"]) / 100,
        "help.car_gbp_per_mile": round(float(chosen["mile"]) / 100, 4),
        "help.income_limit_gbp_per_month": int(chosen["limit"]),
    }


def _closer(chosen: Chosen) -> dict[str, Any]:
    return {
        "placements": "optimised",
        "allocation.move_budget": int(chosen["moves"]),
    }


def _workers(chosen: Chosen) -> dict[str, Any]:
    return {
        "workers": [
            {
                "where": _where(chosen),
                "line": LINES[str(chosen["line"])],
                "multiply": round(float(chosen["percent"]) / 100, 4),
            }
        ]
    }


def _line(chosen: Chosen) -> dict[str, Any]:
    change: dict[str, Any] = {}
    by_day, later = (int(chosen[name]) for name in ("agents", "evening"))
    change["line.shifts"] = [_shift(*LINE_DAY, by_day)]
    if later:
        change["line.open_until"] = LINE_EVENING
        change["line.shifts"] += [_shift(LINE_DAY[1], LINE_EVENING, later)]
    if int(chosen["online"]):
        share = round(float(chosen["online"]) / 100, 4)
        change["line.online"] = [{"where": {}, "first_date": _first_day(), "share": share}]
    return change


def _shift(start: str, end: str, agents: int) -> dict[str, Any]:
    return {"days": list(WEEKDAYS), "start": start, "end": end, "agents": agents}


def _first_day() -> date:
    """Give the first day that is played of the baseline, weeks before the first measured one."""
    known = settings()
    weeks = int(known["calendar.warm_up_weeks"].value)
    first: date = known["calendar.start_date"].value
    return first - timedelta(weeks=weeks)


LINE_DAY = ("09:00", "17:00")
"""When agents of the national line begin and end by day, as in the baseline."""
LINE_EVENING = "20:00"
"""Until when they answer where there are agents in the evening."""

EVENING = ("18:00", "19:30")
"""When an added evening session begins and ends."""

CLOSED = "as today"
WHEN = {
    "at weekends": "weekends",
    "in school holidays": "holidays",
    "in school hours": "school_days",
}
LINES = {"casework": "casework", "early days": "early_days", "family days": "family_days"}

PRESETS: tuple[Preset, ...] = (
    Preset(
        key="evening",
        title="Evening sessions",
        question="Do evening sessions shorten waits for families who are at work or school by day?",
        controls=(
            _prisons(),
            Control(key="days", label="On", value=("tue", "thu"), options=WEEKDAYS),
            Control(
                key="tables", label="Tables in each session", value=15, low=1, high=60
            ),
        ),
        change=_evening,
    ),
    Preset(
        key="weekend",
        title="More tables at weekends",
        question="What would more tables at weekends do to waits and to requests refused?",
        controls=(
            _prisons(EVERY_PRISON),
            Control(key="days", label="On", value=("sat", "sun"), options=WEEKEND),
            Control(
                key="percent", label="More tables, per cent", value=25, low=5, high=100, step=5
            ),
        ),
        change=_weekend,
    ),
    Preset(
        key="video",
        title="More video calls",
        question="If more stations were open for longer, how many more families would keep in "
        "touch?",
        controls=(
            Control(
                key="until",
                label="Open on weekday evenings until",
                value="20:00",
                options=(CLOSED, "18:00", "19:00", "20:00"),
            ),
            Control(key="officers", label="Officers who watch at a time", value=1, low=1, high=4),
            Control(key="stations", label="Stations more at each prison", value=0, low=0, high=8),
        ),
        change=_video,
    ),
    Preset(
        key="family_days",
        title="Family days",
        question="What do more and longer family days bring to families with children, and what do "
        "they take from others?",
        controls=(
            Control(key="days", label="Family days a year", value=12, low=3, high=12),
            Control(key="hours", label="Hours each", value=4, low=1, high=6),
            Control(key="when", label="Held", value="at weekends", options=tuple(WHEN)),
        ),
        change=_family_days,
    ),
    Preset(
        key="window",
        title="When visits can be booked",
        question="What if visits could be booked later, or further ahead?",
        controls=(
            Control(key="least", label="Least days ahead", value=2, low=1, high=7),
            Control(key="most", label="Most days ahead", value=56, low=14, high=84, step=7),
        ),
        change=_window,
    ),
    Preset(
        key="help",
        title="Help with the cost of visits",
        question="If more families knew of the help and could claim it, how many more visits would "
        "there be, and what would the scheme pay?",
        controls=(
            Control(
                key="aware", label="Entitled families who know, per cent", value=90, low=40,
                high=100, step=5,
            ),
            Control(key="mile", label="Pence for a mile", value=30, low=13, high=45),
            Control(
                key="limit", label="Income limit, pounds a month", value=1600, low=1000, high=2000,
                step=50,
            ),
        ),
        change=_help,
    ),
    Preset(
        key="closer",
        title="Hold people closer to home",
        question="Who should be held where, within the moves that can be made?",
        controls=(
            Control(
                key="moves", label="Most people who move", value=13000, low=0, high=60000, step=500
            ),
        ),
        change=_closer,
    ),
    Preset(
        key="workers",
        title="Family workers",
        question="If there were more or fewer family workers, how many people would they reach?",
        controls=(
            _prisons(EVERY_PRISON),
            Control(key="line", label="Workers for", value="casework", options=tuple(LINES)),
            Control(
                key="percent", label="Per cent of today's", value=125, low=0, high=300, step=5
            ),
        ),
        change=_workers,
    ),
    Preset(
        key="line",
        title="Booking line",
        question="With more agents, a line that is open in the evening or more booking online, how "
        "long would callers wait?",
        controls=(
            Control(
                key="agents", label="Agents of the national line by day", value=8, low=1, high=60
            ),
            Control(
                key="evening", label="Agents on weekday evenings, 17:00 to 20:00", value=0, low=0,
                high=60,
            ),
            Control(
                key="online", label="Telephone requests moved online, per cent", value=0,
                low=0, high=100, step=5,
            ),
        ),
        change=_line,
    ),
)  # fmt: skip
"""The questions, those about visits first."""


def preset(key: str) -> Preset:
    """Give the preset of a name.

    Examples
    --------
    >>> evening = preset("evening")
    >>> evening.change(evening.begun() | {"tables": 20})["regime.added_sessions"][0]["open_tables"]
    20
    """
    return next(each for each in PRESETS if each.key == key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One thing that the page on visits lets a reader move, and the question it belongs to.

    Attributes
    ----------
    preset
        Key of the question.
    control
        What is moved.
    chosen
        What its value means for the controls of the question; nothing where all stays as today.
    told
        Says the value in a few words.
    """

    preset: str
    control: Control
    chosen: Callable[[Any], dict[str, Any]]
    told: Callable[[Any], str]


OFTEN = ("tue", "thu", "wed", "mon", "fri")
"""Days that get an added evening session, in this order."""


def _evenings(number: Any) -> dict[str, Any]:
    days = OFTEN[: int(number)]
    return {"days": tuple(day for day in WEEKDAYS if day in days)} if days else {}


LEVERS = (
    Lever(
        preset="evening",
        control=Control(key="evenings", label="Evening sessions a week", value=0, low=0, high=5),
        chosen=_evenings,
        told=lambda number: f"{number} evening session{'s' * (int(number) > 1)} a week",
    ),
    Lever(
        preset="weekend",
        control=Control(
            key="percent", label="More tables at weekends, per cent", value=0, low=0, high=100,
            step=5,
        ),
        chosen=lambda percent: {"percent": percent} if percent else {},
        told=lambda percent: f"{percent}% more tables at weekends",
    ),
    Lever(
        preset="video",
        control=Control(
            key="until", label="Video stations open on weekdays until", value=CLOSED,
            options=(CLOSED, "18:00", "19:00", "20:00"),
        ),
        chosen=lambda until: {} if until == CLOSED else {"until": until},
        told=lambda until: f"video calls until {until}",
    ),
)  # fmt: skip
"""Evenings, weekends and video, each moved by one control, which begins where today stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A question as its lever stands: what is chosen for it, its words and the change it makes."""

    preset: str
    chosen: Mapping[str, Any]
    told: str
    change: Mapping[str, Any]


def moved(lever: Lever, value: Any, prisons: str) -> Moved | None:
    """Give what a lever asks for at some prisons; nothing where it leaves all as it is today.

    Examples
    --------
    >>> moved(LEVERS[0], 0, EVERY_PRISON) is None
    True
    >>> found = moved(LEVERS[1], 50, "Women's prisons")
    >>> found.told, found.change["regime.session_tables"][0]["multiply"]
    ('50% more tables at weekends', 1.5)
    """
    own = lever.chosen(value)
    if not own:
        return None
    of_question = preset(lever.preset)
    chosen = of_question.begun() | own | {"prisons": prisons}
    return Moved(
        preset=lever.preset,
        chosen=chosen,
        told=lever.told(value),
        change=of_question.change(chosen),
    )


BY_PRISON = {
    "evening_tables": "Tables in added evening sessions",
    "weekend_percent": "Weekend tables, per cent of today's",
    "video_stations": "Video stations more or fewer",
    "worker_fte": "Caseworkers more or fewer, full-time",
}
"""What can be changed prison by prison in a table, each column with its words."""

Cells = Mapping[str, Mapping[str, float]]
"""Values by prison, each by column."""


def change_by_prison(cells: Cells, days: Sequence[str] = ("tue", "thu")) -> dict[str, Any]:
    """Turn a table of prisons into the edits of a scenario; prisons with one value share an edit.

    Parameters
    ----------
    cells
        By establishment and column of ``BY_PRISON``; what is left out stays.
    days
        Days of the added evening sessions.

    Examples
    --------
    >>> change_by_prison({"LEI": {"video_stations": 2}, "LPI": {"video_stations": 2}})
    {'video.stations': [{'where': {'establishment': ['LEI', 'LPI']}, 'add': 2}]}
    """
    makers: dict[str, tuple[str, Callable[[float], dict[str, Any]]]] = {
        "evening_tables": (
            "regime.added_sessions",
            lambda tables: {
                "days": list(days),
                "start": EVENING[0],
                "end": EVENING[1],
                "open_tables": int(tables),
            },
        ),
        "weekend_percent": (
            "regime.session_tables",
            lambda percent: {"days": list(WEEKEND), "multiply": round(percent / 100, 4)},
        ),
        "video_stations": ("video.stations", lambda number: {"add": int(number)}),
        "worker_fte": ("workers", lambda fte: {"line": "casework", "add_fte": float(fte)}),
    }
    change: dict[str, Any] = {}
    for column, (setting, made) in makers.items():
        by_value: dict[float, list[str]] = {}
        for code in sorted(cells):
            value = cells[code].get(column)
            if value is not None:
                by_value.setdefault(float(value), []).append(code)
        edits = [
            {"where": {"establishment": codes}, **made(value)}
            for value, codes in sorted(by_value.items())
        ]
        if edits:
            change[setting] = edits
    return change


def split_by_prison(
    change: Mapping[str, Any],
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Take a change apart into the table of prisons and the rest.

    Returns
    -------
    tuple
        The cells as ``change_by_prison`` takes them, and what cannot be said in the table: a
        setting goes into the table only where the table gives back its edits, all and in order.

    Examples
    --------
    >>> cells = {"LEI": {"evening_tables": 12.0}, "LPI": {"weekend_percent": 150.0}}
    >>> split_by_prison(change_by_prison(cells)) == (cells, {})
    True
    """
    cells: dict[str, dict[str, float]] = {}
    rest: dict[str, Any] = {}
    for setting, value in change.items():
        edits = value if isinstance(value, list) else []
        of_setting: dict[str, dict[str, float]] = {}
        for code, column, number in (each for edit in edits for each in _cells_of(setting, edit)):
            of_setting.setdefault(code, {})[column] = number
        # Edits apply in order and may meet at one prison: a table holds neither.
        if change_by_prison(of_setting) != {setting: value}:
            rest[setting] = value
            continue
        for code, row in of_setting.items():
            cells.setdefault(code, {}).update(row)
    return cells, rest


def _cells_of(setting: str, edit: Any) -> list[tuple[str, str, float]]:
    """Give prison, column and value of an edit that the table can say; nothing of any other."""
    where = edit.get("where") if isinstance(edit, dict) else None
    codes = where.get("establishment") if isinstance(where, dict) else None
    if not isinstance(codes, list) or set(where or ()) != {"establishment"}:
        return []
    for column, key, scale in (
        ("evening_tables", "open_tables", 1.0),
        ("weekend_percent", "multiply", 100.0),
        ("video_stations", "add", 1.0),
        ("worker_fte", "add_fte", 1.0),
    ):
        number = edit.get(key)
        if not isinstance(number, int | float) or isinstance(number, bool):
            continue
        value = round(float(number) * scale, 6)
        told = change_by_prison({str(code): {column: value} for code in codes})
        if told.get(setting) == [edit]:
            return [(str(code), column, value) for code in codes]
    return []


def joined(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Put two changes together: edits of one setting follow each other, else the second counts.

    Examples
    --------
    >>> joined({"a": [1], "b": 2}, {"a": [3], "b": 4})
    {'a': [1, 3], 'b': 4}
    """
    found = dict(one)
    for setting, value in other.items():
        known = found.get(setting)
        both = isinstance(known, list) and isinstance(value, list)
        found[setting] = [*known, *value] if both and known is not None else value
    return found
