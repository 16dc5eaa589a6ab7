"""Which establishments a setting or a rule is about."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import pandas as pd

Words: TypeAlias = str | tuple[str, ...] | None


class Known(Protocol):
    """What an ``Estate`` tells of establishments and their units."""

    @property
    def establishments(self) -> pd.DataFrame:
        """One row per establishment."""

    @property
    def units(self) -> pd.DataFrame:
        """One row per unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A selection of establishments, or of rows that belong to them.

    A field left out selects everything; a field with several words selects any of them; several
    fields select what satisfies all of them. ``function`` selects units by their function, and
    establishments that have such a unit; ``day`` selects sessions and opening periods.

    Attributes
    ----------
    establishment, sex, security, region, probation_region, country, operator, booking_channel
        Words of the establishments table.
    unit, function
        Words of the units table.
    day
        Words of the session templates and video stations.

    Examples
    --------
    >>> from data.estate import load_estate
    >>> estate = load_estate()
    >>> where = Where(sex="men", security=("A", "C"), country="Wales")
    >>> list(estate.establishments.loc[where.matches(estate.establishments), "name"])
    ['Usk']
    """

    establishment: Words = None
    sex: Words = None
    security: Words = None
    region: Words = None
    probation_region: Words = None
    country: Words = None
    operator: Words = None
    booking_channel: Words = None
    unit: Words = None
    function: Words = None
    day: Words = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            words = getattr(self, name)
            if isinstance(words, str):
                object.__setattr__(self, name, (words,))
            elif words is not None:
                object.__setattr__(self, name, tuple(str(word) for word in words))

    def matches(self, table: pd.DataFrame) -> pd.Series[bool]:
        """Say for each row whether it is selected.

        Parameters
        ----------
        table
            Has a column for each field that is set, by the field's name.

        Returns
        -------
        Series of bool
            With the index of ``table``.

        Raises
        ------
        ValueError
            When the table lacks a column that the selection asks about.
        """
        import pandas as pd

        chosen = pd.Series(True, index=table.index)
        for each in fields(self):
            words = getattr(self, each.name)
            if words is None:
                continue
            if each.name not in table.columns:
                raise ValueError(
                    f"where: rows of this kind cannot be chosen by '{each.name}'; "
                    f"they have {', '.join(map(str, table.columns))}."
                )
            chosen &= table[each.name].isin(words)
        return chosen

    def matches_in(self, estate: Known, table: pd.DataFrame) -> pd.Series[bool]:
        """Say for each row of a table whether it belongs to what is selected.

        Parameters
        ----------
        estate
            Tells the sex, region and so on of the establishment a row belongs to.
        table
            Has a column ``establishment``: establishments, units, sessions, stations or workers.

        Returns
        -------
        Series of bool
            With the index of ``table``. Where the table has no column ``function`` or ``unit``, a
            row is selected when its establishment has such a unit.

        Raises
        ------
        ValueError
            When a field is set that rows of this kind do not have.
        """
        own = set(table.columns)
        of_units = {n: getattr(self, n) for n in ("unit", "function") if n not in own}
        with_units = estate.units.loc[Where(**of_units).matches(estate.units), "establishment"]
        here = replace(self, **dict.fromkeys(of_units))
        asked = (field.name for field in fields(here) if getattr(here, field.name) is not None)
        about = [name for name in asked if name in estate.establishments and name not in own]
        known = estate.establishments.set_index("establishment")[about]
        rows = table.join(known, on="establishment")
        return here.matches(rows) & table["establishment"].isin(with_units)
