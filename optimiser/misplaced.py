"""Who is held today where a hard rule would not let them be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.words import RuleLevel
from optimiser.build import Inputs, rule_book, with_records
from optimiser.fit import as_rules_see, codes_of, fit, place_breaks, unit_breaks


def misplaced(inputs: Inputs) -> pd.DataFrame:
    """Find people held today in units that a hard rule keeps them out of.

    Parameters
    ----------
    inputs
        As for ``allocate``.

    Returns
    -------
    DataFrame
        ``prisoner_id``, ``unit`` and ``rule``: the first rule that the person breaks there, in the
        order in which exclusions are explained; in the order of the population table.
    """
    book = rule_book(inputs)
    prisoners = with_records(inputs)
    unit = pd.Index(book.units["unit"]).get_indexer(pd.Index(prisoners["current_unit"]))
    found = fit(prisoners, book)
    here = book.unit_place[unit]
    allowed = found.allowed[found.class_of, unit]
    for barred in found.barred.values():
        allowed &= ~barred.values[barred.row_of, here]
    wrong = np.flatnonzero((unit >= 0) & ~allowed)
    people = as_rules_see(prisoners.iloc[wrong].reset_index(drop=True), book)
    first = np.full(len(people), "", dtype=object)
    rows, there = np.arange(len(people)), unit[wrong]
    for rule, broken in unit_breaks(people, book):
        if rule.level == RuleLevel.HARD:
            first[(first == "") & (np.asarray(broken)[rows, there] != 0)] = rule.name
    for rule, levels in place_breaks(people, codes_of(people, book), book):
        if rule.level == RuleLevel.HARD:
            breaks = levels.values[levels.row_of, here[wrong]] != 0
            first[(first == "") & breaks] = rule.name
    return pd.DataFrame(
        {
            "prisoner_id": people["prisoner_id"],
            "unit": people["current_unit"],
            "rule": pd.Series(first, dtype="str"),
        }
    )
