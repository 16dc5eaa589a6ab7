"""A user's own travel times: read, checked, and laid over the model's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.check import TableError
from data.geography import load_home_areas
from data.load import read_table
from data.travel import Roads, TravelTimes, build_travel, load_roads, read_override
from scenarios.schema import Scenario

HOMES = ["Leicester", "Derby", "Coventry", "Worcester"]
SITES = ["GTI", "OWI", "LLI"]


@pytest.fixture(scope="module")
def homes() -> pd.DataFrame:
    areas = load_home_areas()
    chosen = areas[areas["local_authority"].isin(HOMES)].drop_duplicates("local_authority")
    return chosen.reset_index(drop=True)


@pytest.fixture(scope="module")
def sites() -> pd.DataFrame:
    prisons = read_table("establishments")
    return prisons[prisons["establishment"].isin(SITES)].reset_index(drop=True)


@pytest.fixture(scope="module")
def roads() -> Roads:
    return load_roads()


@pytest.fixture(scope="module")
def modelled(
    homes: pd.DataFrame, sites: pd.DataFrame, baseline: Scenario, roads: Roads
) -> TravelTimes:
    return build_travel(homes, sites, baseline.travel, roads=roads)


def write(folder: Path, frame: pd.DataFrame, name: str = "travel.csv") -> Path:
    path = folder / name
    frame.to_csv(path, index=False)
    return path


def long_table(modelled: TravelTimes, times: float = 1.0) -> pd.DataFrame:
    """All modelled minutes, as an engine would write them."""
    rows, columns = modelled.car_minutes.shape
    return pd.DataFrame(
        {
            "origin_id": modelled.home_areas.repeat(columns),
            "destination_id": np.tile(modelled.establishments, rows),
            "minutes": modelled.car_minutes.ravel() * times,
        }
    )


def test_a_users_cells_replace_the_models_and_the_others_follow_their_ratio(
    tmp_path: Path,
    modelled: TravelTimes,
    homes: pd.DataFrame,
    sites: pd.DataFrame,
    baseline: Scenario,
    roads: Roads,
) -> None:
    """Eleven of twelve cells at 1.2 times the model: the twelfth is taken to be so too."""
    path = write(tmp_path, long_table(modelled, times=1.2).iloc[:-1])
    override = read_override(path, homes, sites)
    built = build_travel(homes, sites, baseline.travel, override, roads=roads)
    assert np.allclose(built.car_minutes, 1.2 * modelled.car_minutes)
    assert (built.source.ravel()[:-1] == "user").all()
    assert built.source.ravel()[-1] == "scaled"
    assert np.array_equal(built.road_miles, modelled.road_miles)


def test_public_transport_follows_a_users_drive_times(
    tmp_path: Path,
    modelled: TravelTimes,
    homes: pd.DataFrame,
    sites: pd.DataFrame,
    baseline: Scenario,
    roads: Roads,
) -> None:
    override = read_override(write(tmp_path, long_table(modelled, times=1.5)), homes, sites)
    built = build_travel(homes, sites, baseline.travel, override, roads=roads)
    assert np.allclose(built.public_minutes, 30 + 1.7 * 1.5 * modelled.car_minutes)


def test_a_single_correction_leaves_all_other_cells_as_they_were(
    tmp_path: Path,
    modelled: TravelTimes,
    homes: pd.DataFrame,
    sites: pd.DataFrame,
    baseline: Scenario,
    roads: Roads,
) -> None:
    """One cell of twelve, three times as long: it says nothing about the rest."""
    path = write(tmp_path, long_table(modelled, times=3.0).iloc[[4]])
    built = build_travel(
        homes, sites, baseline.travel, read_override(path, homes, sites), roads=roads
    )
    expected = modelled.car_minutes.copy().ravel()
    expected[4] *= 3.0
    assert np.allclose(built.car_minutes.ravel(), expected)
    assert (built.source.ravel() == "user").sum() == 1
    assert (built.source.ravel() == "model").sum() == 11


def test_a_user_may_give_miles_money_and_public_transport(
    tmp_path: Path,
    modelled: TravelTimes,
    homes: pd.DataFrame,
    sites: pd.DataFrame,
    baseline: Scenario,
    roads: Roads,
) -> None:
    table = pd.DataFrame(
        [
            [homes["home_area"][0], "GTI", 40.0, 25.0, 17.0, "car", "survey"],
            [homes["home_area"][0], "GTI", 99.0, "", 21.5, "public_transport", "survey"],
        ],
        columns=[
            "origin_id",
            "destination_id",
            "minutes",
            "road_miles",
            "cost_gbp",
            "mode",
            "source",
        ],
    )
    override = read_override(write(tmp_path, table), homes, sites)
    built = build_travel(homes, sites, baseline.travel, override, roads=roads)
    there = 0, int(built.establishments.get_loc("GTI"))
    assert built.car_minutes[there] == 40
    assert built.road_miles[there] == 25
    assert built.car_cost_gbp[there] == 17
    assert built.public_minutes[there] == 99
    assert built.public_fare_gbp[there] == 21.5


@pytest.mark.parametrize(
    ("columns", "minutes", "miles"),
    [
        ({"origin_id": "from_id", "destination_id": "to_id", "minutes": "travel_time"}, 1.0, None),
        ({"minutes": "travel_time_p50"}, 1.0, None),
        ({"minutes": "duration_s"}, 60.0, None),
        ({"minutes": "durations", "road_miles": "distance_m"}, 60.0, 1609.344),
        ({"road_miles": "km"}, 1.0, 1.609344),
    ],
)
def test_columns_of_other_tools_are_understood(
    tmp_path: Path,
    modelled: TravelTimes,
    homes: pd.DataFrame,
    sites: pd.DataFrame,
    columns: dict[str, str],
    minutes: float,
    miles: float | None,
) -> None:
    ours = long_table(modelled)
    theirs = ours.assign(minutes=ours["minutes"] * minutes)
    if miles:
        theirs["road_miles"] = 10.0 * miles
    override = read_override(write(tmp_path, theirs.rename(columns=columns)), homes, sites)
    assert np.allclose(override["minutes"], ours["minutes"])
    if miles:
        assert np.allclose(override["road_miles"], 10.0)
    assert (override["mode"] == "car").all()
    assert (override["source"] == "travel.csv").all()


def test_a_wide_table_is_understood(
    tmp_path: Path, modelled: TravelTimes, homes: pd.DataFrame, sites: pd.DataFrame
) -> None:
    wide = pd.DataFrame(
        modelled.car_minutes, index=modelled.home_areas, columns=modelled.establishments
    ).reset_index()
    override = read_override(write(tmp_path, wide), homes, sites)
    back = override.pivot_table(index="origin_id", columns="destination_id", values="minutes")
    assert np.allclose(back.to_numpy(), modelled.car_minutes)


def test_a_parquet_file_is_read_like_a_csv_file(
    tmp_path: Path, modelled: TravelTimes, homes: pd.DataFrame, sites: pd.DataFrame
) -> None:
    table = long_table(modelled)
    table.to_parquet(tmp_path / "travel.parquet")
    override = read_override(tmp_path / "travel.parquet", homes, sites)
    assert np.allclose(override["minutes"], table["minutes"])


def test_a_pair_without_a_route_is_left_to_the_model(
    tmp_path: Path, modelled: TravelTimes, homes: pd.DataFrame, sites: pd.DataFrame
) -> None:
    table = long_table(modelled)
    table.loc[3, "minutes"] = np.nan
    override = read_override(write(tmp_path, table), homes, sites)
    assert len(override) == len(table) - 1


def test_all_faults_are_reported_together(
    tmp_path: Path, homes: pd.DataFrame, sites: pd.DataFrame
) -> None:
    home = homes["home_area"][0]
    table = pd.DataFrame(
        [
            ["E99999999", "GTI", 30.0],
            [home, "QQQ", 30.0],
            [home, "OWI", 1440.0],
            [home, "GTI", -5.0],
            [home, "LLI", "an hour"],
        ],
        columns=["origin_id", "destination_id", "minutes"],
    )
    with pytest.raises(TableError) as error:
        read_override(write(tmp_path, table), homes, sites)
    message = str(error.value)
    for value in ("E99999999", "QQQ", "1440", "-5", "an hour"):
        assert value in message
    assert "travel.csv" in message


def test_a_repeated_pair_is_a_fault(
    tmp_path: Path, modelled: TravelTimes, homes: pd.DataFrame, sites: pd.DataFrame
) -> None:
    table = long_table(modelled)
    with pytest.raises(TableError, match="each id once"):
        read_override(write(tmp_path, pd.concat([table, table.iloc[:1]])), homes, sites)


def test_two_columns_for_one_thing_are_a_fault(
    tmp_path: Path, modelled: TravelTimes, homes: pd.DataFrame, sites: pd.DataFrame
) -> None:
    table = long_table(modelled)
    table["travel_time"] = table["minutes"]
    with pytest.raises(TableError, match="one column of minutes"):
        read_override(write(tmp_path, table), homes, sites)


@pytest.mark.parametrize("times", [1 / 60, 2.0, 0.5])
def test_minutes_in_the_wrong_unit_are_found_out(
    tmp_path: Path,
    modelled: TravelTimes,
    homes: pd.DataFrame,
    sites: pd.DataFrame,
    baseline: Scenario,
    roads: Roads,
    times: float,
) -> None:
    """Hours, there and back, or half a trip: the median ratio to the model leaves 0.7 to 1.6."""
    path = write(tmp_path, long_table(modelled, times=times))
    override = read_override(path, homes, sites)
    with pytest.raises(TableError, match="times the modelled minutes"):
        build_travel(homes, sites, baseline.travel, override, roads=roads)


def test_seconds_called_minutes_are_found_out(
    tmp_path: Path, modelled: TravelTimes, homes: pd.DataFrame, sites: pd.DataFrame
) -> None:
    with pytest.raises(TableError, match="duration_s"):
        read_override(write(tmp_path, long_table(modelled, times=60.0)), homes, sites)


def test_a_file_that_is_not_there_is_named(
    tmp_path: Path, homes: pd.DataFrame, sites: pd.DataFrame
) -> None:
    with pytest.raises(TableError, match=r"travel\.csv"):
        read_override(tmp_path / "travel.csv", homes, sites)
