"""What a scenario changes, and what differs between two, in plain words.

No line of a file and no name of a setting stands in them: a setting is told by what it means, its
value by its unit; an edit by where it holds and what it does there. What is not known here is
told by its own name, so that nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from data.load import read_table
from scenarios.display import wording
from scenarios.display.markup import table
from scenarios.plain_yaml import parse, text
from scenarios.settings import settings

if TYPE_CHECKING:
    from scenarios.comparing.compare import Comparison
    from scenarios.schema import Scenario

NONE = "none"
SECTIONS = ("rules", "move_parts")
MOST_NAMES = 6
"""Prisons that are named in a line before the rest is counted."""

HEADS = {
    "units": "Places and the use of units",
    "workers": "Family workers",
    "limits": "Limits of a plan",
    "regime.added_sessions": "Visit sessions added each week",
    "regime.session_tables": "Tables in the visit sessions there are",
    "regime.session_times": "Times of the visit sessions there are",
    "regime.shuttles": "Buses between station and prison",
    "video.stations": "Video stations",
    "video.added_hours": "Hours in which video stations are open besides today's",
    "line.joins": "Prisons whose families ring the national line",
    "line.online": "Requests by telephone that move online",
    "line.shifts": "Agents of the national line",
}
"""Settings that are lists of edits, by what they are about."""

DAYS = {
    "mon": "Mondays",
    "tue": "Tuesdays",
    "wed": "Wednesdays",
    "thu": "Thursdays",
    "fri": "Fridays",
    "sat": "Saturdays",
    "sun": "Sundays",
}

LIMITS = {
    "moves": "People who end in another prison",
    "moves_in": "People who are moved in",
    "moves_out": "People who are moved out",
    "escorts": "People whom vehicles fetch",
    "far": "Held over 50 miles from home",
    "very_far": "Held over 100 miles from home",
    "further": "Moved further from home for no reason other than family",
    "programme": "Held in these units",
    "changed": "In another prison than in the earlier plan",
}


class Changed(Protocol):
    """A setting with its values in two scenarios."""

    @property
    def setting(self) -> str:
        """Its name."""

    @property
    def before(self) -> Any:
        """Its value in the first."""

    @property
    def after(self) -> Any:
        """Its value in the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A setting that differs between two runs."""

    setting: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """One thing that a scenario changes: what it is, and how it stands in the baseline and here."""

    what: str
    before: str
    after: str


def listing(scenario: Scenario, names: Mapping[str, str]) -> str:
    """List what a scenario changes of the baseline.

    Parameters
    ----------
    names
        Names of prisons by code.
    """
    return _table(
        [row for change in scenario.changes for row in of_change(change, names)],
        "What this scenario changes of the baseline; everything else is as in the baseline",
        ("Baseline", "Here"),
    )


def between(comparison: Comparison, names: Mapping[str, str]) -> str:
    """List the settings that differ between two runs.

    Parameters
    ----------
    names
        Names of prisons by code.
    """
    lines = [
        Line(setting=name, before=parse(before), after=parse(after))
        for name, before, after in comparison.lines.astype(str).to_numpy().tolist()
    ]
    # where a run changes no rule at all, its section of rules is empty and the other's is not there
    found = [
        row
        for line in lines
        if not (line.setting in SECTIONS and not line.before and not line.after)
        for row in of_change(line, names)
    ]
    return _table(found, "Settings that differ", (comparison.before, comparison.after))


def _table(found: Sequence[Plain], caption: str, heads: tuple[str, str]) -> str:
    return table(
        pd.DataFrame(
            [(row.what, row.before, row.after) for row in found],
            columns=["setting", "before", "after"],
        ),
        caption,
        labels={"setting": "What", "before": heads[0], "after": heads[1]},
    )


def of_change(change: Changed, names: Mapping[str, str]) -> list[Plain]:
    """Tell a change: one row for a value, and one for each edit of a list."""
    if change.setting in HEADS:
        head = HEADS[change.setting]
        before = "; ".join(_edit(edit, names) for edit in change.before or ()) or NONE
        after = [_edit(edit, names) for edit in change.after or ()] or [NONE]
        return [Plain(what=head, before=before, after=each) for each in after]
    section, _, name = change.setting.partition(".")
    if section in SECTIONS and name:
        row, _, part = name.partition(".")
        both = [{part: each} if part else each for each in (change.before, change.after)]
        return [Plain(what=_row_words(section, row), before=_rule(both[0]), after=_rule(both[1]))]
    known = settings().get(change.setting)
    unit = "" if known is None else known.measure_unit
    what = wording.words(change.setting) if known is None else in_words(known.meaning)
    return [Plain(what=what, before=value(change.before, unit), after=value(change.after, unit))]


def in_words(meaning: str) -> str:
    """Write the meaning of a setting without the spelling of its file.

    Examples
    --------
    >>> in_words("holidays or school_days; null: none")
    'holidays or school days; not set: none'
    """
    return re.sub(r"\bnull\b", wording.NOT_SET, meaning.replace("_", " "))


def value(found: Any, unit: str) -> str:
    """Write a value with its unit.

    Examples
    --------
    >>> value(0.62, "share"), value(22.8, "GBP per hour"), value(26, "weeks"), value(1, "weeks")
    ('62%', '£22.80 per hour', '26 weeks', '1 week')
    >>> value(None, "people"), value(True, "true or false"), value("school_days", "words")
    ('not set', 'yes', 'school days')
    """
    if found is None:
        return wording.NOT_SET
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, Sequence) and not isinstance(found, str):
        part = "share" if unit == "list of shares" else ""
        parts = [value(each, part) for each in found]
        are_days = bool(found) and all(each in DAYS for each in found)
        return (_days(found) if are_days else ", ".join(parts)) or NONE
    if isinstance(found, int | float):
        return _number(float(found), unit)
    return _word(found)


def _number(found: float, unit: str) -> str:
    if unit == "share":
        return f"{round(100 * found, 4):g}%"
    if unit.startswith("GBP"):
        digits = ",.0f" if found == int(found) else ",.2f" if round(found, 2) == found else ",g"
        return f"£{found:{digits}}{unit[3:]}".replace("GBP", "£1")
    number = f"{found:,.0f}" if found == int(found) else f"{found:,g}"
    if found == 1:
        unit = "person" if unit == "people" else unit.removesuffix("s")
    return f"{number} {unit}".rstrip()


def _word(found: Any) -> str:
    """Write a word, a date, or the first and the last of some days."""
    said = str(found)
    first, _, last = said.partition("/")
    try:
        days = [wording.day(each) for each in (first, last) if each]
    except ValueError:
        return said.replace("_", " ")
    return " to ".join(dict.fromkeys(days))


def _days(found: Any) -> str:
    return listed([DAYS.get(str(each), str(each)) for each in found])


def listed(found: Sequence[str]) -> str:
    """Write some words one after the other.

    Examples
    --------
    >>> listed(["Leeds", "Hull", "Wealstun"]), listed(["Leeds"])
    ('Leeds, Hull and Wealstun', 'Leeds')
    """
    *most, last = found
    return f"{', '.join(most)} and {last}" if most else last


def _several(found: Any) -> list[str]:
    return [found] if isinstance(found, str) else [str(each) for each in found]


def _named(codes: Sequence[str], names: Mapping[str, str]) -> str:
    told = [names.get(code, code) for code in codes]
    more = len(told) - MOST_NAMES
    return listed([*told[:MOST_NAMES], f"{more} more"] if more > 1 else told)


def _where(where: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Say where an edit holds.

    Examples
    --------
    >>> _where({}, {}), _where({"sex": "women", "country": "Wales"}, {})
    ('every prison', 'prisons for women in Wales')
    """
    given = {name: _several(each) for name, each in where.items() if each is not None}
    if set(given) == {"establishment"}:
        return _named(given["establishment"], names)
    parts = [
        f"{before} {listed([each.replace('_', ' ') for each in given[name]])}"
        for name, before in BEFORE_WHERE.items()
        if name in given
    ]
    if "establishment" in given:
        parts.append(f"among {_named(given['establishment'], names)}")
    if "day" in given:
        parts.append(f"on {_days(given['day'])}")
    return " ".join(["prisons", *parts]) if parts else "every prison"


BEFORE_WHERE = {
    "sex": "for",
    "security": "of Category",
    "function": "with units for",
    "unit": "with the units",
    "region": "in",
    "probation_region": "in the probation region",
    "country": "in",
    "operator": "run by",
    "booking_channel": "that book by",
}


def _more(number: float, noun: str) -> str:
    """Write how many more or fewer."""
    size = abs(number)
    plural = noun if size == 1 else f"{noun}s"
    return f"{size:g} {'fewer' if number < 0 else 'more'} {plural}"


def _each_prison(found: Mapping[str, float], names: Mapping[str, str]) -> str:
    told = [f"{names.get(code, code)} {number:g}" for code, number in found.items()]
    return f"full-time workers at each prison: {', '.join(told)}"


def _of_workers(kind: str, code: Any) -> str:
    """Write what family workers are there for, or who pays them, as the page about them does."""
    from scenarios.display import workers

    told: Mapping[str, str] = getattr(workers, kind)
    return told.get(str(code), str(code)).lower()


PARTS: dict[str, Callable[[Any], str]] = {
    "line": lambda each: _of_workers("LINES", each),
    "funder": lambda each: f"funder {_of_workers('FUNDERS', each)}",
    "days": _days,
    "open_tables": lambda each: value(each, "tables"),
    "closed_tables": lambda each: f"{value(each, 'tables')} for closed visits",
    "add_open_tables": lambda each: _more(each, "table"),
    "add_closed_tables": lambda each: f"{_more(each, 'table')} for closed visits",
    "shift_minutes": lambda each: f"{abs(each)} minutes {'earlier' if each < 0 else 'later'}",
    "minutes_saved": lambda each: f"saves {each:g} minutes each way",
    "fare_gbp": lambda each: f"{value(each, 'GBP')} there and back over today's fares",
    "cost_gbp_per_day": lambda each: f"costs {value(each, 'GBP')} a day with visits",
    "last_departure": lambda each: f"last bus at {each}",
    "multiply": lambda each: f"{each:g} times as many as today",
    "add": lambda each: _more(each, "station"),
    "add_places": lambda each: f"{_more(each, 'place')} in each unit",
    "set_places": lambda each: f"{value(each, 'places')} in each unit",
    "function": lambda each: f"used for {str(each).replace('_', ' ')}",
    "categories": lambda each: f"for Category {listed(str(each).split(';'))}",
    "needs_served": lambda each: f"serves {listed(str(each).replace('_', ' ').split(';'))}",
    "add_fte": lambda each: f"{_more(each, 'full-time worker')} at each prison",
    "set_fte": lambda each: f"{each:g} full-time workers at each prison",
    "ends": lambda each: f"until {_word(each)}",
    "each": lambda each: f"for each {str(each).replace('_', ' ')}",
    "at_most": lambda each: f"at most {value(each, 'people')}",
    "at_least": lambda each: f"at least {value(each, 'people')}",
    "tolerance_miles": lambda each: f"up to {value(each, 'miles')} not counted",
    "most_miles": lambda each: f"nobody by more than {value(each, 'miles')}",
    "first_date": lambda each: f"from {_word(each)}",
    "share": lambda each: value(each, "share"),
    "weeks": lambda each: f"reached over {value(each, 'weeks')}",
    "agents": lambda each: value(each, "agents"),
    "break_from": lambda each: f"breaks from {each}",
    "break_minutes": lambda each: f"of {value(each, 'minutes')}",
    "break_turns": lambda each: f"{each} at a time in turn",
}
"""How each part of an edit is told, in the order in which the parts are told."""


def _edit(edit: Any, names: Mapping[str, str]) -> str:
    """Tell an edit: where it holds, and what it does there."""
    if not isinstance(edit, Mapping):
        return text(edit)
    where = edit.get("where")
    given = {key: each for key, each in edit.items() if key != "where"}
    if "limit" in given:
        counted = LIMITS.get(str(given["limit"]), str(given["limit"]))
        head = f"{counted}, {_where(where, names)}" if where else counted
        most = [f"at most {value(given.pop('share'), 'share')}"] if "share" in given else []
        given.pop("limit", None)
        return f"{head}: {', '.join([*most, *_parts(given, names)])}"
    parts = ", ".join(_parts(given, names))
    if where is None:
        return parts
    said = _where(where, names)
    return f"{said[:1].upper()}{said[1:]}: {parts}"


def _parts(edit: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    given = {key: each for key, each in edit.items() if each is not None}
    hours = f"{given.pop('start', '')} to {given.pop('end', '')}"
    for key, tell in PARTS.items():
        if key in given:
            yield tell(given.pop(key))
        if key == "days" and hours != " to ":
            yield hours
    if "fte_each" in given:
        yield _each_prison(given.pop("fte_each"), names)
    for key, each in given.items():
        yield f"{key.replace('_', ' ')} {text(each)}"


@cache
def _row_words(section: str, name: str) -> str:
    """Say what a rule, or a part of the price of a move, says."""
    kind, key = {
        "rules": ("Rule", "rule"),
        "move_parts": ("Part of the price of a move", "part"),
    }[section]
    rows = read_table(section)
    said = rows.loc[rows[key].eq(name), "says"]
    return f"{kind}: {said.iloc[0] if len(said) else name.replace('_', ' ')}"


RULE_PARTS: dict[str, Callable[[Any], str]] = {
    "level": str,
    "price_gbp": lambda each: value(float(each), "GBP"),
    "value": lambda each: f"value {float(each):g}",
    "amount": lambda each: f"{float(each):g} times",
    "from": lambda each: f"from {_word(each)}",
    "to": lambda each: f"until {_word(each)}",
    "valid_from": lambda each: f"from {_word(each)}",
    "valid_to": lambda each: f"until {_word(each)}",
}


def _rule(found: Any) -> str:
    """Tell how a rule, or a part of the price of a move, stands."""
    if not isinstance(found, Mapping):
        return value(found, "")
    given = {key: each for key, each in found.items() if each not in (None, "")}
    told = [
        RULE_PARTS[key](each) if key in RULE_PARTS else f"{key.replace('_', ' ')} {text(each)}"
        for key, each in given.items()
    ]
    return ", ".join(told) or wording.NOT_SET
