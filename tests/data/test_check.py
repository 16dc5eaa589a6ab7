"""Whether a table keeps what the dictionary asks is told without pandera as pandera tells it."""

from __future__ import annotations

import pandas as pd
import pandera.errors
from hypothesis import given, settings
from hypothesis import strategies as st

from data.check import _has_no_fault, _keys_in, _pandera_schema, convert
from data.load import read_table
from data.schema import columns

WORDS = st.sampled_from(
    ["", "lock", "forbid", "Lock", "P1", "P 1", "!lock", "family", "2026-08-03"]
)


def agrees_with_pandera(frame: pd.DataFrame, name: str) -> bool:
    """Give what both say of a table."""
    typed, _ = convert(frame, name, rules=False)
    keys, described = _keys_in(frame, columns(name)), columns(name)
    try:
        _pandera_schema(described, keys).validate(typed, lazy=True)
    except pandera.errors.SchemaErrors:
        sound = False
    else:
        sound = True
    assert _has_no_fault(typed, described, keys) == sound
    return sound


@settings(max_examples=60)
@given(st.lists(st.tuples(WORDS, WORDS, WORDS, WORDS), max_size=4))
def test_drawn_locks_are_sound_or_not_as_pandera_says(rows: list[tuple[str, ...]]) -> None:
    names = [column.name for column in columns("locks")]
    cells = [dict.fromkeys(names, "") | dict(zip(names, row, strict=False)) for row in rows]

    agrees_with_pandera(pd.DataFrame(cells, columns=names, dtype="str"), "locks")


@settings(max_examples=60)
@given(st.integers(-3, 200), st.sampled_from(["", "a;b", "accessible", "accessible;medical"]))
def test_numbers_and_lists_are_sound_or_not_as_pandera_says(places: int, needs: str) -> None:
    units = read_table("units").head(3).copy()
    units.loc[0, "places"] = places
    units.loc[1, "needs_served"] = needs

    agrees_with_pandera(units, "units")


def test_built_in_tables_are_sound() -> None:
    for name in ("units", "rules", "session_templates", "court_alignment"):
        assert agrees_with_pandera(read_table(name), name)
