"""What if we assumed otherwise: a stored study of assumptions in words, as a chart and a table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenarios.comparing.assumptions import (
    OWN,
    STANDS,
    WORDS,
    can_be_tried,
    said,
    where,
    words_of,
)
from scenarios.comparing.decimals import SHARE, decimals
from scenarios.comparing.drivers import TOLD
from scenarios.comparing.verdict import DEPENDS, SAME, way
from scenarios.display import cells, charts, wording
from scenarios.display.markup import DASH, table
from scenarios.errors import ScenarioError
from scenarios.settings import settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from scenarios.display.charts import Figure

AS_IT_IS = "As it is"
ONE_AT_A_TIME = (
    "One setting at a time is put at an end of its stated range in both runs; two together could "
    "do more."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assumptions:
    """A stored study of assumptions.

    Attributes
    ----------
    folder
        Where it is.
    account
        Content of ``assumptions.json``.
    rows
        The table of ``scenarios.comparing.assumptions.assumption_rows``.
    """

    folder: Path
    account: dict[str, Any]
    rows: pd.DataFrame


def open_assumptions(folder: Path) -> Assumptions:
    """Open a study of assumptions.

    Raises
    ------
    ScenarioError
        When the folder holds no complete one.
    """
    try:
        account = json.loads((folder / "assumptions.json").read_text(encoding="utf-8"))
        rows = pd.read_parquet(folder / "assumptions.parquet")
        complete = {"compared", "conclusions", "assumptions"} <= set(account)
    except (OSError, ValueError, TypeError):
        complete = False
    if not complete:
        raise ScenarioError(f"{folder}: not a complete study of assumptions. Start it again.")
    return Assumptions(folder=folder, account=account, rows=rows)


def measures(found: Assumptions) -> dict[str, str]:
    """Give the measures of which a study tells, the words of each and its name.

    Those that change in some year come first: a page begins with the first of them.
    """
    rows = found.rows[found.rows["assumption"].eq(OWN) & found.rows["group_by"].eq("all")]
    same = set(rows.loc[rows["verdict"].eq(SAME), "measure"])
    told = sorted(found.account["conclusions"], key=same.__contains__)
    return {TOLD[name]: name for name in told}


def choices() -> list[str]:
    """Name the settings that can be tried."""
    return [name for name in settings() if can_be_tried(name)]


def choice(setting: str) -> str:
    """Name a setting that can be tried by what it is.

    Examples
    --------
    >>> choice("demand.ask_again_share"), choice("demand.ask_again_days_max")
    ('Families that ask again when turned away', \
'They wait 1 to so many days, each equally likely (demand.ask_again_days_max)')
    """
    if setting in WORDS:
        return _capital(words_of(setting))
    return settings()[setting].named


def sentence(told: Mapping[str, str], shown: Collection[str]) -> str:
    """Say of some measures whether an assumption would turn their verdicts.

    Parameters
    ----------
    told
        What studies conclude, by measure (``scenarios.comparing.effects.conclusions``).
    shown
        The measures that a page shows.

    Examples
    --------
    >>> sentence({"visits": "stands under 12 other assumptions"}, ["visits"])
    'The verdict on this measure stands under 12 other assumptions.'
    """
    known = {name: _standing(told[name]) for name in TOLD if name in told and name in shown}
    if not known:
        return "Whether another assumption would turn these verdicts has not been tried."
    depends = {name: words for name, words in known.items() if words.startswith(DEPENDS)}
    if depends:
        each = "; ".join(f"{TOLD[name]}: {words}" for name, words in depends.items())
        stand = len(known) - len(depends)
        return f"{each}. The verdicts on {stand} other measures stand." if stand else f"{each}."
    least = min(known.values(), key=_number_in).partition(":")[0]
    each = "on this measure" if len(known) == 1 else f"on each of {len(known)} measures"
    return f"The verdict {each} {least}."


def _standing(words: str) -> str:
    """Give a conclusion; that of an experiment is the verdict itself where it stands."""
    is_told = words.startswith((DEPENDS, STANDS))
    return words if is_told else "stands under every curve of how visits fall with their cost"


def _number_in(words: str) -> int:
    return next((int(word) for word in words.split() if word.isdecimal()), 0)


def answer(found: Assumptions, measure: str) -> str:
    """Say in a sentence whether the verdict on a measure stands, and how far it moves."""
    rows = _rows(found, measure)
    own = rows[rows["assumption"] == OWN].iloc[0]
    others = rows[rows["assumption"] != OWN]
    told = cells.change({str(name): value for name, value in own.items()}, measure)
    said_of = f"{TOLD[measure]}: {told} as it is; {found.account['conclusions'][measure]}."
    if others.empty:
        return said_of
    ends = [wording.difference(float(end), measure) for end in _ends(others["difference"])]
    between = f"always {ends[0]}" if ends[0] == ends[1] else f"from {ends[0]} to {ends[1]}"
    return f"{said_of} Under the others the change is {between}."


def _ends(values: pd.Series[float]) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def figure(found: Assumptions, measure: str) -> Figure:
    """Draw the change of a measure with its interval under each assumption."""
    rows = _rows(found, measure)
    scale = 100.0 if measure.endswith(SHARE) else 1.0
    drawn = pd.DataFrame(
        {
            "label": [_label(str(each)) for each in rows["assumption"]],
            "value": scale * rows["difference"],
            "low": scale * rows["low"],
            "high": scale * rows["high"],
        }
    )
    unit = "percentage points" if scale > 1 else TOLD[measure].lower()
    return charts.intervals(
        drawn,
        label="label",
        unit=f"Change, {unit}",
        title=f"{TOLD[measure]}: the change under each assumption",
        note=f"{source(found)} {ONE_AT_A_TIME} Lines are 95% intervals.",
        zero_line=True,
        number_format=f",.{decimals(measure)}f",
    )


def listing(found: Assumptions, measure: str) -> str:
    """List the change of a measure under each assumption, and what becomes of its verdict."""
    rows = wording.records(_rows(found, measure))
    known = {each["name"]: each for each in found.account["assumptions"]}
    shown = pd.DataFrame(
        {
            "assumption": [_label(str(row["assumption"])) for row in rows],
            "what": [known.get(row["assumption"], {}).get("meaning", DASH) for row in rows],
            "now": [_now(known.get(str(row["assumption"]))) for row in rows],
            "change": cells.column(cells.change(row, measure) for row in rows),
            "verdict": [way(str(row["verdict"]), measure) for row in rows],
            "standing": [
                DASH if row["assumption"] == OWN else str(row["standing"]).capitalize()
                for row in rows
            ],
        }
    )
    left = " ".join(found.account["left_out"])
    return table(
        shown.rename(columns={"now": "setting"}),
        f"{TOLD[measure]}: the change under each assumption",
        labels={
            "assumption": "Assumption",
            "what": "What it is",
            "setting": "It stands at",
            "change": "Change",
            "verdict": "Verdict",
            "standing": "Does it stand?",
        },
        right=("change",),
        note=f"In brackets 95% intervals of paired differences. {ONE_AT_A_TIME} {source(found)}"
        + (f" Left out: {left}" if left else ""),
    )


def summary(found: Assumptions) -> str:
    """List every measure with what the study concludes of it."""
    own = found.rows[(found.rows["assumption"] == OWN) & (found.rows["group_by"] == "all")]
    conclusions = found.account["conclusions"]
    rows = [row for row in wording.records(own) if row["measure"] in conclusions]
    return table(
        pd.DataFrame(
            {
                "measure": [TOLD[row["measure"]] for row in rows],
                "change": cells.column(cells.change(row, row["measure"]) for row in rows),
                "verdict": [way(str(row["verdict"]), row["measure"]) for row in rows],
                "conclusion": [conclusions[row["measure"]].capitalize() for row in rows],
            }
        ),
        "Whether an assumption would turn the verdict on each measure",
        labels={
            "measure": "Measure",
            "change": "Change, as it is",
            "verdict": "Verdict",
            "conclusion": "Under other assumptions",
        },
        right=("change",),
        note=f"{ONE_AT_A_TIME} {source(found)}",
    )


def source(found: Assumptions) -> str:
    """Say what stands behind the numbers."""
    account = found.account
    return (
        f"Source: study {found.folder.name}, {len(account['assumptions'])} assumptions, "
        f"{account['scenarios_played']} scenarios of "
        f"{wording.count(account['replications'], 'simulated year')} each."
    )


def _rows(found: Assumptions, measure: str) -> pd.DataFrame:
    rows = found.rows
    return rows[(rows["measure"] == measure) & (rows["group_by"] == "all")]


def _now(told: Mapping[str, Any] | None) -> str:
    """Say where the setting of an assumption stands."""
    return DASH if told is None else _capital(where(str(told["setting"]), str(told["now"])))


def _label(assumption: str) -> str:
    return _capital(said(assumption)) if assumption else AS_IT_IS


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
