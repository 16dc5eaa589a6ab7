"""A plan that was written: its prices, and what a few of its people were decided from.

Nothing of the size of the whole population is made again: a person's own tables are read by row,
and what everybody else means to them is in the plan's residual graph.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from data.estate import Estate, apply_unit_edits, in_id_order
from data.families import parties
from data.geography import load_home_areas
from data.load import read_table, table_path
from data.locks import LOCKS
from data.population import Population
from data.records import RECORD_TABLES, Records, in_order
from data.travel import TravelTimes
from data.visit_cost import visit_cost
from optimiser.duals import Prices
from optimiser.explain import rows_of
from optimiser.problem import PENNIES_PER_POUND
from optimiser.residual import Residual
from optimiser.side import ROW_ARRAYS, SideRows
from scenarios.errors import ScenarioError, UnknownPrisonerError
from scenarios.inputs import Inputs, Known, input_digests, refuse_changed_tables
from scenarios.plain_yaml import read_mapping
from scenarios.provenance import model_digest
from scenarios.row_changes import changed_rows, changed_rules
from scenarios.schema import Scenario

FILES = (
    "manifest.json",
    "allocation.json",
    "scenario.yaml",
    "prices.npz",
    "placements.parquet",
    "population.parquet",
    "contacts.parquet",
    "travel.parquet",
)
"""What a folder must hold to be explained or steered from."""

OWN_RECORDS = ("locks", "exclusions", "activities")
"""Tables of records of which a person's own rows are read; what ties people is in the prices."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredPlan:
    """A run folder, or a folder written by ``estate allocate``.

    Attributes
    ----------
    folder
        Where it is.
    scenario
        What was asked.
    manifest, allocation
        Where it comes from, and its account.
    arrays
        Content of ``prices.npz``.
    """

    folder: Path
    scenario: Scenario
    manifest: dict[str, Any]
    allocation: dict[str, Any]
    arrays: Mapping[str, np.ndarray[Any, Any]]

    @property
    def objective_pennies(self) -> int:
        """Value of the plan."""
        return round(float(self.allocation["objective_gbp"]) * PENNIES_PER_POUND)

    def placements(self) -> pd.DataFrame:
        """Read who is held where: ``prisoner_id``, ``unit`` and ``establishment``."""
        columns = ["prisoner_id", "unit", "establishment"]
        return pd.read_parquet(self.folder / "placements.parquet", columns=columns)

    @property
    def prices(self) -> Prices:
        """Prices of units, estates, limits and side rows, to start another plan from.

        In whole pennies; people of the rows are numbered as in ``placements``.
        """
        arrays, rows = self.arrays, self._rows()
        pennies = np.rint(rows.price / self._scale).astype(np.int64)
        return Prices(
            unit=arrays["unit"],
            estate=arrays["estate"],
            limit=arrays["limit"],
            rows=rows.priced(pennies),
        )

    def prices_of(self, row: int) -> Prices:
        """Give the multipliers of the bound, and of its side rows those of one person."""
        return Prices(
            **{name: self.arrays[f"proof_{name}"] for name in ("unit", "estate", "limit")},
            rows=rows_of(self._rows(), row),
            scale=self._scale,
        )

    def _rows(self) -> SideRows:
        return SideRows(**{name: self.arrays[f"proof_row_{name}"] for name in ROW_ARRAYS})

    @property
    def _scale(self) -> int:
        return int(self.arrays["proof_parts_per_penny"])

    @property
    def is_bound(self) -> bool:
        """Whether limits or ties make prices to others bounds."""
        return bool(self.arrays["bounded"])

    @property
    def graph(self) -> Residual | None:
        """The residual graph, where paths on it have a meaning."""
        if "steps" not in self.arrays:
            return None
        return Residual(
            steps=self.arrays["steps"],
            last_place=self.arrays["last_place"],
            limit=self.arrays["steps_limit"],
        )


def open_plan(folder: Path) -> StoredPlan:
    """Open a plan.

    Raises
    ------
    ScenarioError
        When the folder holds no plan that was decided.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise ScenarioError(
            f"{folder}: not a plan; missing {', '.join(missing)}. Give a folder made by "
            "'estate allocate' or 'estate run'."
        )
    with np.load(folder / "prices.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    if "unit" not in arrays:
        raise ScenarioError(
            f"{folder}: holds people where they are today, so nothing was decided. Give a plan "
            "whose placements were optimised."
        )
    try:
        scenario = Scenario.model_validate(read_mapping(folder / "scenario.yaml"))
    except ValidationError:
        raise ScenarioError(
            f"{folder}: was made by another version of the model, whose settings are not those of "
            "this one. Make the plan again."
        ) from None
    return StoredPlan(
        folder=folder,
        scenario=scenario,
        manifest=_read_json(folder / "manifest.json"),
        allocation=_read_json(folder / "allocation.json"),
        arrays=arrays,
    )


def _read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def check_data(plan: StoredPlan, data_dir: Path | None) -> None:
    """See that the tables are still those the plan was made from; locks may have changed.

    Raises
    ------
    ScenarioError
        Naming the tables that differ.
    """
    refuse_changed_tables(
        plan.folder, plan.manifest["inputs"], data_dir, ", or make the plan again"
    )


def read_rows(plan: StoredPlan, table: str, column: str, values: Collection[str]) -> pd.DataFrame:
    """Read the rows of one of the plan's tables in which a column holds one of some values."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    path = plan.folder / f"{table}.parquet"
    kind = pq.read_schema(path).field(column).type
    wanted = pc.field(column).isin(pa.array(sorted(values), kind))
    frame: pd.DataFrame = pq.read_table(path, filters=wanted).to_pandas()
    return frame


def whereabouts(folder: Path, prisoner_id: str) -> tuple[int, str] | None:
    """Give the row of a person in a plan, and the unit it holds them in, empty for none.

    Parameters
    ----------
    folder
        Holds ``placements.parquet``.
    prisoner_id
        Whom to look for.

    Returns
    -------
    tuple or None
        None when the plan knows no such person.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    placements = pq.read_table(folder / "placements.parquet", columns=["prisoner_id", "unit"])
    row = pc.index(placements["prisoner_id"], prisoner_id).as_py()
    return None if row < 0 else (row, str(placements["unit"][row].as_py()))


def unknown(plan: StoredPlan, prisoner_id: str) -> UnknownPrisonerError:
    """Say that a plan knows no such person."""
    return UnknownPrisonerError(
        f"{plan.folder}: no prisoner {prisoner_id!r}. Give an id of its placements.parquet."
    )


MADE_BY = ("as_of", "population", "records", "travel")
"""Settings that people, records and journeys are made by."""


def known_of(plan: StoredPlan, scenario: Scenario, data_dir: Path | None) -> Known | None:
    """Give people, records and journeys as a plan keeps them, where another would make the same.

    Parameters
    ----------
    plan
        An open plan.
    scenario, data_dir
        Of the other plan.

    Returns
    -------
    Known or None
        None where the tables, the settings they are made by or the model differ. Locks are those
        of the data folder today; other records are the plan's.
    """
    before, now = dict(plan.manifest["inputs"]), input_digests(data_dir)
    for digests in (before, now):
        digests.pop(LOCKS, None)
    same = all(getattr(plan.scenario, name) == getattr(scenario, name) for name in MADE_BY)
    if not same or before != now or plan.manifest["model_digest"] != model_digest():
        return None

    def read(name: str) -> pd.DataFrame:
        return pd.read_parquet(plan.folder / f"{name}.parquet")

    tables = [name for name in RECORD_TABLES if (plan.folder / f"{name}.parquet").is_file()]
    records = {name: read(name) for name in tables if name != LOCKS}
    if table_path(LOCKS, data_dir) is not None:
        records[LOCKS] = in_order(read_table(LOCKS, data_dir))
    rows = read("travel")
    return Known(
        population=Population(prisoners=read("population"), contacts=read("contacts")),
        records=replace(Records.empty(), **records),
        travel=_matrices(
            rows, *(pd.Index(rows[name].unique()) for name in ("home_area", "establishment"))
        ),
    )


def inputs_of(plan: StoredPlan, prisoner_id: str, data_dir: Path | None) -> Inputs:
    """Give what one person was decided from.

    Parameters
    ----------
    plan
        An open plan.
    prisoner_id
        Whom to read.
    data_dir
        Folder of a user's tables; the plan's data must not have changed (``check_data``).

    Raises
    ------
    ScenarioError
        When the plan knows no such person.
    """
    scenario = plan.scenario
    prisoners = read_rows(plan, "population", "prisoner_id", {prisoner_id})
    if prisoners.empty:
        raise unknown(plan, prisoner_id)
    records = _records(plan, {prisoner_id})
    contacts = read_rows(plan, "contacts", "prisoner_id", {prisoner_id})
    population = Population(prisoners=prisoners, contacts=contacts)
    families = parties(population)
    areas = {
        *(area for name in ("home_area", "court_area", "release_area") for area in prisoners[name]),
        *families["home_area"],
        *records.exclusions["home_area"],
    }
    as_found = _places(data_dir)
    estate = apply_unit_edits(as_found, scenario.units)
    travel = _travel(plan, areas - {""}, estate.establishments["establishment"])
    return Inputs(
        estate=estate,
        estate_today=as_found,
        population=population,
        records=records,
        parties=families,
        home_areas=load_home_areas(data_dir),
        travel=travel,
        visit_cost=visit_cost(families, travel, scenario.travel, scenario.help),
        rules=changed_rules(read_table("rules", data_dir), scenario.rules),
        move_parts=changed_rows(read_table("move_parts", data_dir), scenario.move_parts),
        **{name: read_table(name, data_dir) for name in OTHER_RULES},
    )


OTHER_RULES = ("stage_rules", "cohort_rules", "court_alignment", "places_out_of_use")
"""Tables that say some of the rules row by row."""


def _places(data_dir: Path | None) -> Estate:
    """Read the establishments and their units, and nothing of visits."""
    keys = {"establishments": ["establishment"], "units": ["establishment", "unit"]}
    return Estate(
        **{name: in_id_order(read_table(name, data_dir), by) for name, by in keys.items()},
        **{name: pd.DataFrame() for name in ("session_templates", "video_stations")},
        family_workers=pd.DataFrame(),
    )


def _records(plan: StoredPlan, ids: Collection[str]) -> Records:
    """Read what is recorded about some people, and what is offered where."""
    stored = {path.stem for path in plan.folder.glob("*.parquet")}
    found = {
        name: read_rows(plan, name, "prisoner_id", ids) for name in OWN_RECORDS if name in stored
    }
    if "activity_sites" in stored:
        found["activity_sites"] = pd.read_parquet(plan.folder / "activity_sites.parquet")
    return replace(Records.empty(), **found)


def _travel(
    plan: StoredPlan, areas: Collection[str], establishments: pd.Series[str]
) -> TravelTimes:
    """Read the journeys from some areas."""
    rows = read_rows(plan, "travel", "home_area", areas)
    columns = pd.Index(sorted(establishments), dtype="str")
    names = pd.Index(sorted(set(rows["home_area"])), dtype="str")
    return _matrices(rows.sort_values(["home_area", "establishment"]), names, columns)


def _matrices(rows: pd.DataFrame, names: pd.Index[str], columns: pd.Index[str]) -> TravelTimes:
    """Fold journeys up, area by area; refunds, which enter no plan, are left out."""

    def matrix(name: str) -> Any:
        return rows[name].to_numpy().reshape(len(names), len(columns))

    given = {field.name for field in fields(TravelTimes)} & set(rows.columns)
    return TravelTimes(
        home_areas=names,
        establishments=columns,
        crossing_gbp=np.zeros((len(names), len(columns))),
        **{name: matrix(name) for name in sorted(given)},
    )
