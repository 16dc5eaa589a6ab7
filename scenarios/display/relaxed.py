"""What each rule relaxed alone would gain a plan: a stored study in words, a chart and a table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenarios.circulation.suppress import Counts
from scenarios.circulation.written import Written
from scenarios.display import cells, charts, wording
from scenarios.display.markup import DASH, MINUS, table
from scenarios.display.rule_rows import LEVELS
from scenarios.errors import ScenarioError

if TYPE_CHECKING:
    from scenarios.display.charts import Figure

MOST_DRAWN = 12
LEAST_GBP = 0.005
"""Pounds below which a rule is said to save nothing."""

MEANS = (
    "A rule that saves much is dear to families and to the estate, not wrong: why it is there "
    "stands in its source. What two rules relaxed together would save is not the sum of both."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxed:
    """A stored study of rules.

    Attributes
    ----------
    folder
        Where it is.
    account
        Content of ``rules.json``.
    manifest
        Where it comes from.
    rows
        One row per rule (``scenarios.studies.rules_report``).
    """

    folder: Path
    account: dict[str, Any]
    manifest: dict[str, Any]
    rows: pd.DataFrame


def open_relaxed(folder: Path) -> Relaxed:
    """Open a study of rules.

    Raises
    ------
    ScenarioError
        When the folder holds no complete one.
    """
    try:
        account, manifest = (
            json.loads((folder / name).read_text(encoding="utf-8"))
            for name in ("rules.json", "manifest.json")
        )
        rows = pd.read_csv(folder / "rules.csv", keep_default_na=False)
    except (OSError, ValueError) as error:
        raise ScenarioError(
            f"{folder}: not a complete study of rules ({type(error).__name__}). Start it again."
        ) from None
    numbers = ("price_gbp", "people_breaking", "relaxed_saves_gbp", "relaxed_miles")
    rows = rows.assign(
        **{name: pd.to_numeric(rows[name].replace("", None)) for name in numbers},
        name=rows["rule"].str.replace("_", " ").str.capitalize(),
    )
    return Relaxed(folder=folder, account=account, manifest=manifest, rows=rows)


def tried(found: Relaxed) -> pd.DataFrame:
    """Give the rules that were relaxed, those that save most first."""
    rows = found.rows[found.rows["relaxed_saves_gbp"].notna()]
    return rows.sort_values("relaxed_saves_gbp", ascending=False, kind="stable", ignore_index=True)


def answer(found: Relaxed) -> str:
    """Say in a sentence which rule costs the plan most."""
    rows = tried(found)
    if rows.empty:
        return "No rule that is in force could be switched off."
    first = rows.iloc[0]
    nothing = int((rows["relaxed_saves_gbp"] < LEAST_GBP).sum())
    if first["relaxed_saves_gbp"] < LEAST_GBP:
        return f"None of {len(rows)} rules costs the plan anything: relaxing one saves nothing."
    dearest = str(first["name"]).lower()
    return (
        f"Of {len(rows)} rules one costs the plan most: {dearest}. Relaxed alone "
        f"it would save {wording.pounds(float(first['relaxed_saves_gbp']))} of the weighted cost "
        f"and change the average distance by {_miles(-float(first['relaxed_miles']))} miles; "
        f"{nothing} of them would save nothing."
    )


def basis(found: Relaxed) -> str:
    """Say what the savings are told against, and how far they may be out."""
    account = found.account
    told = (
        f"Told against the best plan with every rule: {wording.pounds(account['objective_gbp'])} "
        f"of weighted cost, {account['mean_miles']:.1f} miles on average."
    )
    if account["ties_left_out"]:
        told += " In both nobody is kept apart or together, and no group is."
    if account["limits_priced"]:
        told += (
            " Limits stand at their prices in that plan: with the limits kept a rule saves at most "
            f"{wording.pounds(account['gap_gbp'])} more."
        )
    return f"{told} {MEANS}"


def source(found: Relaxed) -> str:
    """Say what stands behind the numbers."""
    date = wording.day(found.account["holds_for"]["date"])
    return f"Source: study {found.folder.name}, data of {date}; no chance is in it."


def figure(found: Relaxed) -> Figure | None:
    """Draw what the rules that cost most would save; nothing where none costs anything."""
    rows = tried(found)
    rows = rows[rows["relaxed_saves_gbp"] >= LEAST_GBP].head(MOST_DRAWN)
    if rows.empty:
        return None
    return charts.ranked_bars(
        rows,
        label="name",
        value="relaxed_saves_gbp",
        unit="Weighted pounds saved over the stay",
        title="What each rule relaxed alone would save, in weighted pounds",
        note=source(found),
        number_format=",.0f",
    )


def listing(found: Relaxed, *, circulate: bool = False) -> str:
    """List the rules that were relaxed."""
    rows = tried(found)
    return table(
        rows.assign(
            binds=rows["level"].map({str(level): words for level, words in LEVELS.items()}),
            source=[wording.cited(source) for source in rows["source"]],
            miles=cells.column(
                Written(
                    words=_miles(-miles), value=-miles if miles == miles else None, unit="miles"
                )
                for miles in rows["relaxed_miles"].tolist()
            ),
        ),
        "Each rule relaxed alone: weighted pounds saved over the stay, and the change in average "
        "miles from home",
        labels={
            "name": "Rule",
            "says": "What it says",
            "binds": "How it binds",
            "relaxed_saves_gbp": "Saves",
            "miles": "Change in miles",
            "people_breaking": "People who break it today",
            "confidence": "How well known",
            "source": "Source",
        },
        right=("miles",),
        note=f"{source(found)} {basis(found)}",
        scroll=True,
        counts=Counts(columns=("people_breaking",), by=("rule",)),
        circulate=circulate,
    )


def _miles(value: float) -> str:
    if value != value:
        return DASH
    text = f"{abs(value):.2f}"
    sign = "" if text == "0.00" else "+" if value > 0 else MINUS
    return f"{sign}{text}"
