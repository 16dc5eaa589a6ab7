"""A table as it is told to people: its title, its headings and which of its columns count people.

What a page shows and what an export holds are made from the same ``Sheet``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from scenarios.circulation.suppress import Counts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """One table with its words.

    Attributes
    ----------
    title
        What it shows, with its unit.
    table
        One row per row shown. The name of a column says how its numbers are written: ``_gbp`` as
        pounds, ``_share`` as a percentage, ``_miles`` and ``_days`` with one decimal.
    labels
        The columns told, in order, each with its heading. Others only say how counts add up.
    note
        What a reader must know about it.
    counts
        Which columns count people; ``None`` takes every column of whole numbers for one.
    sensitive
        Whether only planners may have it, though no row is about one person.
    whole
        Every row, of which ``table`` has some: small counts are hidden as they are among all.
    """

    title: str
    table: pd.DataFrame
    labels: Mapping[str, str]
    note: str = ""
    counts: Counts | None = None
    sensitive: bool = False
    whole: pd.DataFrame | None = None

    @property
    def is_for_planners(self) -> bool:
        """Whether planners alone may have it: its rows are people, or it was said so."""
        return self.sensitive or not SINGLE_PEOPLE.isdisjoint(self.labels)


SINGLE_PEOPLE = frozenset({"prisoner_id", "contact_id"})
"""Columns that name one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What tables rest on that no run and no study made.

    Attributes
    ----------
    tables
        Which tables they are about, in words.
    made_from
        The date of the data; none where it is not known.
    illustrative
        Whether the people are made up.
    """

    tables: str
    made_from: date | None
    illustrative: bool
