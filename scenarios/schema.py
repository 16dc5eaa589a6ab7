"""Scenario, and the shape of its file: pydantic stands at this edge and nowhere further in.

The sections *are* the settings dataclasses of the packages, so a setting is defined once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from data.estate import UnitEdit, WorkerEdit
from data.population import PopulationSettings
from data.records import RecordsSettings
from data.travel import TravelSettings
from data.visit_cost import HelpWithVisits
from data.where import Where
from optimiser.limits import LimitEdit
from optimiser.objective import Objective
from optimiser.policy import AllocationPolicy
from optimiser.rosters import WorkRules
from scenarios.benefit import BenefitSettings
from simulation.allowance import AllowanceSettings
from simulation.asking import AskingSettings
from simulation.attendance import AttendanceSettings
from simulation.calling import CallingSettings
from simulation.clock import Calendar
from simulation.coming import ComingSettings
from simulation.demand import DemandSettings
from simulation.early_days import EarlySettings
from simulation.family_workers import FamilyWorkSettings
from simulation.line import LineSettings
from simulation.mood_settings import MoodSettings
from simulation.need import NeedSettings
from simulation.regime import VisitsRegime
from simulation.safety_line import SafetySettings
from simulation.stays import TransferSettings
from simulation.video import VideoRegime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a scenario: the setting, its value in the baseline and its value here."""

    setting: str
    before: Any
    after: Any


HIGHEST_PRICE = 1e6
"""Pounds, or amounts, above which a price of a rule or of a part of a move is a slip of the pen."""


class RuleChange(BaseModel):
    """A rule of ``rules.csv`` switched, priced or dated by a scenario; what is left out stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["hard", "soft", "off"] | None = None
    price_gbp: float | None = Field(default=None, ge=0, le=HIGHEST_PRICE)
    value: float | None = Field(default=None, ge=0)
    valid_from: date | None = Field(default=None, alias="from")
    valid_to: date | None = Field(default=None, alias="to")


class MovePartChange(BaseModel):
    """A part of ``move_parts.csv`` priced anew by a scenario; what is left out stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    price_gbp: float | None = Field(default=None, ge=0, le=HIGHEST_PRICE)
    amount: float | None = Field(default=None, ge=0, le=HIGHEST_PRICE)


class ScenarioFile(BaseModel):
    """What a scenario file may hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1)
    question: str = Field(min_length=1)
    parent: Literal["baseline"] = "baseline"
    change: dict[str, Any] = Field(min_length=1)


SELECTING = (
    "units", "workers", "limits", "regime.added_sessions", "regime.session_tables",
    "regime.session_times", "regime.shuttles", "video.stations", "video.added_hours", "line.joins",
    "line.online",
)  # fmt: skip
"""Settings that are lists of edits, each with a selector."""


class Scenario(BaseModel):
    """Everything a run depends on apart from the data folder, the seed and the replications."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    question: str
    parent: str | None = None
    changes: tuple[Change, ...] = ()

    as_of: date
    placements: Literal["today", "optimised"]
    calendar: Calendar
    population: PopulationSettings
    records: RecordsSettings
    travel: TravelSettings
    help: HelpWithVisits
    allocation: AllocationPolicy
    objective: Objective
    demand: DemandSettings
    coming: ComingSettings
    regime: VisitsRegime
    allowance: AllowanceSettings
    asking: AskingSettings
    mood: MoodSettings
    video: VideoRegime
    calling: CallingSettings
    attendance: AttendanceSettings
    transfers: TransferSettings
    line: LineSettings
    roster: WorkRules
    early: EarlySettings
    safety: SafetySettings
    need: NeedSettings
    family_work: FamilyWorkSettings
    benefit: BenefitSettings
    units: tuple[UnitEdit, ...]
    workers: tuple[WorkerEdit, ...]
    limits: tuple[LimitEdit, ...]
    rules: dict[str, RuleChange]
    move_parts: dict[str, MovePartChange]

    def resolved(self) -> dict[str, Any]:
        """Give every setting in plain words and numbers, as ``scenario.yaml`` stores it."""
        told: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude={"changes"})
        return {name: _without_blanks(value) for name, value in told.items()}

    @property
    def is_ceiling(self) -> bool:
        """Whether its placements are the optimum without a limit on moves, never a plan."""
        return self.placements == "optimised" and self.allocation.move_budget is None

    def selections(self) -> Iterator[tuple[str, Where]]:
        """Give every selector of the scenario's edits, with its place in the file."""
        for setting in SELECTING:
            rows: Any = reduce(getattr, setting.split("."), self)
            for number, edit in enumerate(rows, start=1):
                yield f"{setting} row {number}", edit.where

    def digest(self) -> str:
        """Give the SHA-256 of the settings; the title and the question do not count."""
        settings = self.model_dump(
            mode="json", by_alias=True, exclude={"changes", "title", "question", "parent", "name"}
        )
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def _without_blanks(value: Any, in_edit: bool = False) -> Any:
    """Leave out what an edit does not say; settings that are null stay."""
    if isinstance(value, dict):
        return {
            name: _without_blanks(item, in_edit)
            for name, item in value.items()
            if not (in_edit and item is None)
        }
    if isinstance(value, list):
        return [_without_blanks(item, in_edit=True) for item in value]
    return value


SECTIONS = tuple(
    name
    for name in Scenario.model_fields
    if name not in ("name", "title", "question", "parent", "changes")
)
"""The keys of ``baseline.yaml`` that hold settings, in the order of the file."""
