"""How many decimals a measure is told with: as many as mean something."""

from __future__ import annotations

POUNDS, SHARE = "_gbp", "_share"

IN_WHOLE_UNITS = ("_median", "_p90")
"""Ends of the names of quantiles, which are told in whole days or minutes."""


def decimals(name: str) -> int:
    """Give the decimals of a measure by its name; those of a share are of its percentage.

    Examples
    --------
    >>> decimals("visits"), decimals("wait_days_p90"), decimals("calls_per_person")
    (0, 1, 2)
    >>> decimals("visit_cost_gbp"), decimals("hall_use_share")
    (0, 1)
    """
    if name.endswith(POUNDS):
        return 0
    if name.endswith(SHARE):
        return 1
    if "_per_" in name:
        return 2
    return int(name.endswith(("_minutes", "fte")) or "_miles" in name or "_days" in name)
