"""How long it takes to work out every journey from every home area to every prison."""

from __future__ import annotations

import time

import networkx as nx
import numpy as np

from data.geography import load_home_areas, straight_miles
from data.load import read_table
from data.travel import build_travel, load_roads, road_graph
from scenarios.load import load_scenario

YARDSTICK_EVERY = 10
ROUNDS = 3


def travel_matrix() -> dict[str, float | str]:
    """Time all journeys, roads read, against networkx over a tenth of the prisons; best of three.

    A first, tiny build leaves the loading of libraries out of both.
    """
    settings = load_scenario("baseline").travel
    home_areas, prisons = load_home_areas(), read_table("establishments")
    build_travel(home_areas.iloc[:1], prisons.iloc[:1], settings)

    value = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        journeys = build_travel(home_areas, prisons, settings, roads=load_roads())
        value = min(value, time.perf_counter() - begun)

    assert journeys.car_minutes.shape == (len(home_areas), len(prisons)) == (399, 122)
    assert np.isfinite(journeys.car_minutes).all()
    ratio = journeys.road_miles.sum() / straight_miles(home_areas, prisons).sum()
    assert 1.2 < ratio < 1.4, "roads are about 1.3 times as long as straight lines"

    roads = load_roads()
    graph = road_graph(roads, settings)
    nearest = straight_miles(roads.nodes, prisons.iloc[::YARDSTICK_EVERY]).argmin(axis=0)
    yardstick = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for node in roads.nodes["node"].iloc[nearest]:
            nx.single_source_dijkstra_path_length(graph, node, weight="minutes")
        yardstick = min(yardstick, time.perf_counter() - begun)
    return {
        "value": round(value, 3),
        "unit": "s, 399 home areas x 122 prisons",
        "yardstick": f"networkx Dijkstra from {len(nearest)} prisons over the same roads",
        "yardstick_value": round(yardstick, 3),
        "ratio": round(value / yardstick, 2),
    }


BENCHMARKS = {"travel_matrix_seconds": travel_matrix}
