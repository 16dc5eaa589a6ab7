"""Small stand-ins for stored runs, for the tests of the app and of the report.

Every file of a run folder is there, with values worked out from a few hundred people held in the
real prisons; no model is run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from data.geography import great_circle_miles, load_home_areas

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "data" / "tables"
PEOPLE = 600
REPLICATIONS = 4
VISITS_EACH = "visits per prisoner per four weeks"
GROUPS = {
    "all": ("all",),
    "sex": ("men", "women"),
    "session_kind": ("weekday", "weekend"),
    "outcome": ("attended", "no_show", "cancelled", "refused", "gave_up", "turned_to_video"),
    "children_under_18": ("no", "yes"),
    "distance_band": ("under_25_miles", "25_to_50_miles"),
}
HOSTILE = '<img src="https://evil.example/x.png"> ![x](https://evil.example/y.png) =1+1'
"""Text that must be shown as text: markup, a Markdown image and a spreadsheet formula."""


def make_run(runs: Path, scenario: str, *, title: str, optimised: bool) -> Path:
    """Write one stand-in run folder with every file a run has; return it."""
    folder = runs / f"{scenario.replace('_', '-')}-{0xA11CE + optimised:08x}"
    folder.mkdir(parents=True)
    tables = _tables(scenario, optimised=optimised)
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    settings = {
        "name": scenario,
        "title": title,
        "question": "What would families gain if people were held closer to home?",
        "parent": "baseline" if optimised else None,
        "as_of": "2026-07-27",
        "placements": "optimised" if optimised else "today",
        "population": {"seed": 1},
        "allocation": {"move_budget": 13_000 if optimised else None},
        "calendar": {"start_date": "2026-08-03", "weeks": 52},
    }
    (folder / "scenario.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    _write(folder / "allocation.json", _allocation(tables, optimised=optimised))
    _write(folder / "summary.json", _summary(tables, settings, optimised=optimised))
    _write(folder / "manifest.json", _manifest(scenario))
    (folder / "report.html").write_text("<!doctype html><title>Report</title>", encoding="utf-8")
    np.savez(folder / "prices.npz", scale=np.array([100]))
    return folder


def _tables(scenario: str, *, optimised: bool) -> dict[str, pd.DataFrame]:
    draw = np.random.default_rng(7)
    estate = pd.read_csv(TABLES / "establishments.csv", keep_default_na=False)
    estate = estate[estate["operational_capacity"] > 0].reset_index(drop=True)
    areas = load_home_areas()
    sex = np.where(draw.random(PEOPLE) < 0.1, "women", "men")
    home = draw.choice(len(areas), PEOPLE, p=areas["residents"] / areas["residents"].sum())
    miles = great_circle_miles(
        areas["latitude"].to_numpy()[:, None],
        areas["longitude"].to_numpy()[:, None],
        estate["latitude"].to_numpy()[None, :],
        estate["longitude"].to_numpy()[None, :],
    )
    fits = estate["sex"].to_numpy()[None, :] == sex[:, None]
    reach = np.where(fits, miles[home], np.inf) * draw.uniform(0.3, 3, (PEOPLE, len(estate)))
    held = reach.argmin(axis=1)
    after = held.copy()
    if optimised:
        movers = draw.choice(PEOPLE, 90, replace=False)
        after[movers] = np.where(fits, miles[home], np.inf)[movers].argmin(axis=1)
        worse = movers[:12]
        after[worse] = np.where(fits, miles[home], -np.inf)[worse].argmax(axis=1)
    ids = np.array([f"P{number:05d}" for number in range(PEOPLE)])
    codes = estate["establishment"].to_numpy()
    moved = held != after
    reason = np.where(moved, "closer_to_family", "stays")
    if optimised:
        reason[worse] = "makes_room"
    population = pd.DataFrame(
        {"prisoner_id": ids, "sex": sex, "home_area": areas["home_area"].to_numpy()[home]}
    )
    placements = pd.DataFrame(
        {
            "prisoner_id": ids,
            "from_unit": [f"{code}-1" for code in codes[held]],
            "unit": [f"{code}-1" for code in codes[after]],
            "from_establishment": codes[held],
            "establishment": codes[after],
            "moved": moved,
            "unit_changed": moved,
            "reason": reason,
            "straight_miles": miles[home, after],
            "road_miles": miles[home, after] * 1.3,
            "minutes": miles[home, after] * 1.9 + 15,
            "visit_cost_gbp": miles[home, after] * 0.9 + 12,
        }
    )
    travel = pd.DataFrame(
        {
            "home_area": np.repeat(areas["home_area"].to_numpy(), len(estate)),
            "establishment": np.tile(codes, len(areas)),
            "straight_miles": miles.ravel(),
        }
    )
    moves = placements[placements["moved"]][
        ["prisoner_id", "from_establishment", "establishment", "from_unit", "unit", "reason"]
    ].assign(family_gain_gbp=lambda rows: np.linspace(900, -200, len(rows)))
    counts = placements["establishment"].value_counts().reindex(codes, fill_value=0).to_numpy()
    worth = np.round(np.linspace(2000, 0, len(codes)), 2) if optimised else np.nan
    units = pd.DataFrame(
        {
            "unit": [f"{code}-1" for code in codes],
            "establishment": codes,
            "places": estate["operational_capacity"],
            "in_use_cna": estate["in_use_cna"],
            "held": counts,
            "value_of_one_more_gbp": worth,
            "cost_of_one_fewer_gbp": worth,
        }
    )
    changes = pd.DataFrame(
        [("placements", "today", "optimised"), ("allocation.move_budget", "null", "13000")]
        if optimised
        else [],
        columns=["setting", "before", "after"],
    )
    return {
        "population": population,
        "contacts": pd.DataFrame({"contact_id": [], "prisoner_id": []}),
        "travel": travel,
        "placements": placements,
        "moves": moves,
        "units": units,
        "changes": changes.astype(str),
        "measures": _measures(scenario, codes, counts, optimised=optimised),
        "visits": pd.DataFrame({"establishment": [], "outcome": []}),
    }


def _measures(
    scenario: str, codes: np.ndarray, counts: np.ndarray, *, optimised: bool
) -> pd.DataFrame:
    """Work out measures for every prison and the estate, for everybody and for each group."""
    draw = np.random.default_rng(11)
    better = 0.9 if optimised else 1.0
    hall = draw.uniform(0.3, 0.95, len(codes))
    video = draw.uniform(0.1, 0.9, len(codes))
    rows = []
    for replication in range(REPLICATIONS):
        noise = draw.normal(1, 0.02, len(codes))
        totals = {
            ("people", "people"): counts,
            ("requests", "requests"): counts * 30 * noise,
            ("visits", "visits"): counts * 20 * noise / better,
            ("video_calls", "calls"): counts * 6 * noise,
            ("people_with_video_calls", "people in four weeks"): counts * 0.4 * noise,
        }
        means = {
            ("visits_per_prisoner_per_four_weeks", VISITS_EACH): 1.5 * noise / better,
            ("wait_days_median", "days"): np.round(4 + 18 * hall**3 * better * noise),
            ("wait_days_p90", "days"): np.round(9 + 30 * hall**3 * better * noise),
            ("requests_unmet_share", "share"): 0.2 * hall * better * noise,
            ("hall_use_share", "share"): hall * noise,
            ("video_use_share", "share"): video * noise,
            ("regular_contact_share", "share of people in four weeks"): 0.4 * noise,
            ("no_contact_share", "share of people in four weeks"): 0.3 * noise,
        }
        for group_by, groups in GROUPS.items():
            for place, group in enumerate(groups):
                for (measure, unit), values in (totals | means).items():
                    scaled = values * (1 + 0.2 * place)
                    whole = scaled.sum() if (measure, unit) in totals else scaled.mean()
                    for code, value in [*zip(codes, scaled, strict=True), ("ALL", whole)]:
                        key = (scenario, replication, code, group_by, group)
                        rows.append((*key, measure, unit, float(value)))
    columns = ["scenario", "replication", "establishment", "group_by", "group"]
    return pd.DataFrame(rows, columns=[*columns, "measure", "measure_unit", "value"])


def _allocation(tables: dict[str, pd.DataFrame], *, optimised: bool) -> dict[str, Any]:
    return {
        "status": "optimal" if optimised else "today",
        "objective_gbp": 812_345.67 if optimised else None,
        "terms": {"family_gbp": 790_000.0, "moves_gbp": 22_345.67} if optimised else {},
        "lower_bound_gbp": 812_345.67 if optimised else None,
        "gap": 0.0 if optimised else None,
        "unplaced": [],
        "moves": int(tables["placements"]["moved"].sum()),
        "seconds": {"build": 0.1, "core": 0.2, "budgets": 0.0, "side": 0.0, "certify": 0.1},
        "holds_for": {"date": "2026-07-27", "data_digest": "0f" * 32},
    }


def _summary(
    tables: dict[str, pd.DataFrame], settings: dict[str, Any], *, optimised: bool
) -> dict[str, Any]:
    placed = tables["placements"].merge(tables["population"], on="prisoner_id")
    miles = tables["travel"].set_index(["home_area", "establishment"])["straight_miles"]
    where = pd.MultiIndex.from_frame(placed[["home_area", "from_establishment"]])
    placed["today"] = miles.reindex(where).to_numpy()
    placed["change"] = placed["straight_miles"] - placed["today"]
    groups = [("all", placed), *placed.groupby("sex")]
    measures = tables["measures"]
    wait = measures[
        (measures["establishment"] == "ALL")
        & (measures["group_by"] == "all")
        & (measures["measure"] == "wait_days_median")
    ]["value"]
    cost = {"today": 61.0, "plan": 55.5 if optimised else 61.0}
    both = {"today": 1_000_000.0, "plan": 1_100_000.0 if optimised else 1_000_000.0}
    return {
        "scenario": settings["name"],
        "title": settings["title"],
        "question": settings["question"],
        "placements": settings["placements"],
        "ceiling": False,
        "as_of": settings["as_of"],
        "seed": 1,
        "replications": REPLICATIONS,
        "weeks": 52,
        "allocation": {
            "status": "optimal" if optimised else "today",
            "gap": 0.0 if optimised else None,
        },
        "headline": [
            {
                "measure": "wait_days_median",
                "label": "Median wait for a visit",
                "measure_unit": "days",
                "mean": float(wait.mean()),
                "low": float(wait.mean() - 0.4),
                "high": float(wait.mean() + 0.4),
                "replications": REPLICATIONS,
            }
        ],
        "distance": [
            {
                "sex": sex,
                "people": len(rows),
                "straight_miles_today": float(rows["today"].mean()),
                "straight_miles": float(rows["straight_miles"].mean()),
                "visit_cost_gbp_today": 61.0,
                "visit_cost_gbp": cost["plan"],
            }
            for sex, rows in groups
        ],
        "further": [
            {
                "sex": sex,
                "people": len(rows),
                "moved": int(rows["moved"].sum()),
                "nearer": int((rows["change"] < -1e-6).sum()),
                "further": int((rows["change"] > 1e-6).sum()),
                "mean_miles_nearer": float(-rows["change"].clip(upper=0).sum() / len(rows)),
                "mean_miles_further": float(rows["change"].clip(lower=0).sum() / len(rows)),
                "most_miles_further": float(rows["change"].max()),
            }
            for sex, rows in groups
        ],
        "families": {
            "consumer_surplus_gbp_per_year": 3_456_789.0 if optimised else 0.0,
            "cost_per_visit_gbp": cost,
            "visits_wished_per_year": both,
            "spent_gbp_per_year": both,
            "money_gbp_per_year": both,
            "hours_per_year": both,
            "refund_gbp_per_year": both,
        },
        "payers": [
            {
                "payer": "families",
                "item": "money for visits",
                "measure_unit": "gbp",
                "today": 1_000_000.0,
                "plan": 1_100_000.0,
                "change": 100_000.0,
                "confidence": "estimated",
            }
        ],
        "floor": {
            "least_mean_miles": 12.3,
            "random_mean_miles": 98.7,
            "today_mean_miles": float(placed["today"].mean()),
            "plan_mean_miles": float(placed["straight_miles"].mean()),
        },
    }


def _manifest(scenario: str) -> dict[str, Any]:
    return {
        "format_version": 1,
        "command": f"estate run {scenario}",
        "versions": {"python": "3.11", "closer-to-home": "0.1.0"},
        "commit": "c0ffee",
        "clean_tree": True,
        "seed": 1,
        "replications": REPLICATIONS,
        "data_digest": "0f" * 32,
        "inputs": {"establishments": "ab" * 32},
        "seconds": {"total": 1.0},
        "machine": {"system": "Linux"},
        "finished": "2026-11-21T22:00:00Z",
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
