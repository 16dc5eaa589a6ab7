"""How long it takes families to reach each establishment, and what it costs them.

By car the journey runs over a network of main roads, which networkx holds and checks and scipy's
Dijkstra searches. By public transport it is estimated from the journey by car. A user's own times
replace the model's cell by cell. ``docs/model-travel.md`` gives the formulas, their sources and how
far they are wrong.

This is the only module that knows kilometres: the road network was measured in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.check import Problem, TableError
from data.geography import great_circle_miles, straight_miles
from data.load import read_table
from data.travel_override import fill, fill_minutes, read_override

if TYPE_CHECKING:
    import networkx as nx
    import shapely

__all__ = [
    "Roads",
    "TravelSettings",
    "TravelTimes",
    "build_travel",
    "load_roads",
    "read_override",
    "road_graph",
    "travel_table",
]

KM_PER_MILE = 1.609344

SPEED_KM_PER_HOUR = {
    "motorway_km": 104.5,
    "a_rural_km": 95.4,
    "a_urban_km": 45.8,
    "link_rural_km": 68.9,
    "link_urban_km": 39.9,
    "trunk_rural_km": 71.2,
    "trunk_urban_km": 42.7,
}
"""Fitted together to drive times on empty roads; only the sum over a trip has a meaning."""

ROAD_KM_PER_TABLE_KM = {
    "motorway_km": 1.02,
    "a_rural_km": 1.02,
    "a_urban_km": 1.02,
    "link_rural_km": 1.25,
    "link_urban_km": 1.25,
    "trunk_rural_km": 1.26,
    "trunk_urban_km": 1.26,
}
"""Links and trunk roads are held as straight lines, main roads along their course."""

ACCESS_NODES = 10
ACCESS_KM_PER_HOUR = 52.0
ACCESS_ROAD_KM_PER_KM = 1.3
TRIP_MINUTES = 8.4
SHORT_TRIP_KM = 20.0
WATER_KM_ALLOWED = 1.0
LEAST_EDGE_MINUTES = 0.01
"""Two links of the network have no length; scipy takes a weight of zero for no link at all."""

WALES_MOUNTAINS = {"latitude": (51.85, 53.2), "longitude": (-5.0, -3.05)}
"""Mid and north-west Wales without the coast road, where the fitted speeds are too high."""

EDGE_VALUES = ("minutes", "road_km", "car_gbp", "foot_gbp")
"""What a stretch of road takes and costs, each way, in the order of the last axis of a search."""

SCILLY_CAR_PARTY = 2
"""No car crosses to Scilly; a family that drives to Penzance pays this many fares."""

_KM_PER_DEGREE = 111.195
_FLAT_LATITUDE = 53.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelSettings:
    """What a decision maker may vary about journeys.

    Attributes
    ----------
    traffic_factor
        Minutes on the road at visiting times per minute on empty roads.
    wales_mountain_factor
        The same for roads in mid and north-west Wales, on top of ``traffic_factor``.
    public_base_minutes, public_minutes_per_car_minute
        Door-to-door minutes by public transport: a constant, and a multiple of car minutes.
    car_gbp_per_mile
        What a mile in the family's car costs it.
    rail_gbp_per_mile
        Rail fare per mile travelled by rail.
    rail_route_factor
        Miles travelled by rail per straight-line mile.
    local_fare_gbp
        Single fare of the local bus between station and home or establishment.
    minimum_fare_gbp
        Least single fare of any journey by public transport.
    child_fare_share
        A child's fare as a share of an adult's.
    isle_of_wight_car_return_gbp, isle_of_wight_foot_return_gbp, scilly_return_gbp
        Return fares over the sea: a car with all in it, one adult on foot, one adult.
    dartford_toll_gbp, mersey_toll_gbp, humber_toll_gbp
        Tolls for a car, each way; zero leaves a toll out.
    value_of_time_gbp_per_hour
        What an hour of a traveller's time is worth, the same for everybody.
    distributional_weight_low_income
        Weight of a pound to a family on a low income; one where nobody is weighted.
    """

    traffic_factor: float
    wales_mountain_factor: float
    public_base_minutes: float
    public_minutes_per_car_minute: float
    car_gbp_per_mile: float
    rail_gbp_per_mile: float
    rail_route_factor: float
    local_fare_gbp: float
    minimum_fare_gbp: float
    child_fare_share: float
    isle_of_wight_car_return_gbp: float
    isle_of_wight_foot_return_gbp: float
    scilly_return_gbp: float
    dartford_toll_gbp: float
    mersey_toll_gbp: float
    humber_toll_gbp: float
    value_of_time_gbp_per_hour: float
    distributional_weight_low_income: float

    def __post_init__(self) -> None:
        """Refuse values with which no journey makes sense."""
        for name in self.__slots__:
            value = getattr(self, name)
            if not np.isfinite(value) or value < 0:
                raise ValueError(f"TravelSettings: {name} is {value}; it must be 0 or more.")
        if self.traffic_factor == 0 or self.wales_mountain_factor == 0:
            raise ValueError("TravelSettings: a traffic or mountain factor of 0 stops the clock.")
        if self.child_fare_share > 1:
            raise ValueError(
                f"TravelSettings: child_fare_share is {self.child_fare_share}; "
                "a share is between 0 and 1."
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TravelTimes:
    """The journey from every home area to every establishment, by car and by public transport.

    Attributes
    ----------
    home_areas, establishments
        Labels of rows and columns.
    straight_miles, road_miles
        One way; float64, shape (home areas, establishments).
    car_minutes, public_minutes
        One way, door to door; ``inf`` where there is no route.
    car_cost_gbp
        There and back, for the whole car, with ferries and tolls.
    crossing_gbp
        The ferries and tolls in it.
    public_fare_gbp
        There and back, for one adult, with ferries.
    source
        Where each cell's minutes by car come from: a ``TravelSource``.
    """

    home_areas: pd.Index[Any]
    establishments: pd.Index[Any]
    straight_miles: NDArray[np.float64]
    road_miles: NDArray[np.float64]
    car_minutes: NDArray[np.float64]
    public_minutes: NDArray[np.float64]
    car_cost_gbp: NDArray[np.float64]
    crossing_gbp: NDArray[np.float64]
    public_fare_gbp: NDArray[np.float64]
    source: NDArray[np.str_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Roads:
    """The road network with the land and the estuaries it lies between.

    Attributes
    ----------
    nodes
        One row per junction or town: node, latitude, longitude, name.
    edges
        One row per stretch between two nodes, passable both ways: kilometres by kind of road,
        ``fixed_minutes`` of ferries, and the ``crossing`` it is part of.
    outline, estuaries
        Coast as rings, and lines along tidal rivers, as points in order.
    """

    nodes: pd.DataFrame
    edges: pd.DataFrame
    outline: pd.DataFrame
    estuaries: pd.DataFrame

    @cached_property
    def land(self) -> shapely.Geometry:
        """The drawn land as one shape, in kilometres on a plane."""
        import shapely

        rings = self.outline[self.outline["layer"] == "land"].groupby("ring", sort=True)
        land = shapely.union_all([shapely.Polygon(_plane_km(ring)) for _, ring in rings])
        shapely.prepare(land)
        return land

    @cached_property
    def unbridged(self) -> shapely.Geometry:
        """The lines along tidal rivers, which only roads with a named crossing may cross."""
        import shapely

        lines = self.estuaries.groupby("estuary", sort=True)
        water = shapely.union_all([shapely.LineString(_plane_km(line)) for _, line in lines])
        shapely.prepare(water)
        return water


def load_roads(folder: Path | None = None) -> Roads:
    """Load the road network.

    Parameters
    ----------
    folder
        A user's data folder; its tables come before the built-in ones.

    Returns
    -------
    Roads
        Motorways and main roads, trunk roads, local links and ferries of England and Wales.

    Notes
    -----
    Sources: OS Open Roads reduced to main roads (``os_open_roads``), with local links, trunk roads
    and ferries added (``road_graph_local_links``, ``road_graph_trunk_links``,
    ``road_graph_isle_of_wight``). Local links that crossed a tidal river where there is neither
    bridge nor tunnel have been taken out.
    """
    return Roads(
        nodes=read_table("road_nodes", folder),
        edges=read_table("road_edges", folder),
        outline=read_table("outline", folder),
        estuaries=read_table("estuaries", folder),
    )


def road_graph(roads: Roads, settings: TravelSettings) -> nx.Graph[str]:
    """Build the road network as a graph with what each stretch takes and costs.

    Parameters
    ----------
    roads
        The network's tables.
    settings
        Traffic, tolls and ferry fares.

    Returns
    -------
    nx.Graph
        Undirected; one node per road node; each edge has ``minutes`` (above zero, at visiting
        times), ``road_km``, ``car_gbp`` and ``foot_gbp`` (tolls and fares each way, for a car and
        for one adult on foot).

    Raises
    ------
    TableError
        When an edge ends at no node, or the network falls into parts that no road joins.
    """
    import networkx as nx

    edges = _edge_values(roads, settings)
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(roads.nodes["node"])
    known = len(graph)
    for start, end, *values in edges.itertuples(index=False):
        graph.add_edge(start, end, **dict(zip(EDGE_VALUES, values, strict=True)))
    if len(graph) > known:
        strangers = ", ".join(list(graph)[known : known + 5])
        raise TableError(
            [
                Problem(
                    table="road_edges",
                    file="road_edges.csv",
                    value=f"{strangers} ({len(graph) - known} in all)",
                    expected="edges between nodes of road_nodes.csv",
                    action="Correct the edges or add the nodes.",
                )
            ]
        )
    parts = nx.number_connected_components(graph)
    if parts != 1:
        raise TableError(
            [
                Problem(
                    table="road_edges",
                    file="road_edges.csv",
                    value=f"a network in {parts} parts",
                    expected="one network",
                    action="Add edges that join the parts, or remove nodes that no road reaches.",
                )
            ]
        )
    return graph


def build_travel(
    home_areas: pd.DataFrame,
    establishments: pd.DataFrame,
    settings: TravelSettings,
    override: pd.DataFrame | None = None,
    *,
    roads: Roads | None = None,
) -> TravelTimes:
    """Work out the journey from every home area to every establishment.

    Parameters
    ----------
    home_areas
        One row per home area: ``home_area``, ``latitude``, ``longitude``.
    establishments
        One row per establishment: ``establishment``, ``latitude``, ``longitude``.
    settings
        Traffic, fares and costs.
    override
        A user's own times as from ``read_override``; its cells replace the model's.
    roads
        The road network; by default the built-in one.

    Returns
    -------
    TravelTimes
        Matrices of shape (home areas, establishments) in the order of the rows given.

    Raises
    ------
    TableError
        When the user's times are so far from the model's that their unit must be wrong.

    Notes
    -----
    Minutes by public transport follow from minutes by car, and money from miles, after the user's
    cells have replaced the model's; so a user who knows only drive times has them used throughout.
    """
    straight = straight_miles(home_areas, establishments)
    drive = _drives(home_areas, establishments, settings, roads or load_roads())
    rows = pd.Index(home_areas["home_area"])
    columns = pd.Index(establishments["establishment"])

    car_minutes, source = fill_minutes(drive.minutes, override, "car", rows, columns)
    road_miles = fill(drive.road_miles, override, "car", "road_miles", rows, columns)
    public_minutes, _ = fill_minutes(
        settings.public_base_minutes + settings.public_minutes_per_car_minute * car_minutes,
        override,
        "public_transport",
        rows,
        columns,
    )
    car_cost = 2 * (settings.car_gbp_per_mile * road_miles + drive.car_gbp)
    public_fare = 2 * (_single_fare_gbp(straight, settings) + drive.foot_gbp)
    return TravelTimes(
        home_areas=rows,
        establishments=columns,
        straight_miles=straight,
        road_miles=road_miles,
        car_minutes=car_minutes,
        public_minutes=public_minutes,
        car_cost_gbp=fill(car_cost, override, "car", "cost_gbp", rows, columns),
        crossing_gbp=2 * drive.car_gbp,
        public_fare_gbp=fill(public_fare, override, "public_transport", "cost_gbp", rows, columns),
        source=source,
    )


def travel_table(travel: TravelTimes) -> pd.DataFrame:
    """Write the journeys as a long table.

    Parameters
    ----------
    travel
        The matrices.

    Returns
    -------
    pd.DataFrame
        One row per home area and establishment, sorted as the matrices are: home_area,
        establishment, straight_miles, road_miles, car_minutes, public_minutes, car_cost_gbp,
        public_fare_gbp, source.
    """
    areas, sites = travel.straight_miles.shape
    return pd.DataFrame(
        {
            "home_area": travel.home_areas.repeat(sites),
            "establishment": np.tile(travel.establishments.to_numpy(), areas),
            "straight_miles": travel.straight_miles.ravel(),
            "road_miles": travel.road_miles.ravel(),
            "car_minutes": travel.car_minutes.ravel(),
            "public_minutes": travel.public_minutes.ravel(),
            "car_cost_gbp": travel.car_cost_gbp.ravel(),
            "public_fare_gbp": travel.public_fare_gbp.ravel(),
            "source": travel.source.ravel(),
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Drives:
    """Drives one way between points; every matrix has shape (origins, destinations)."""

    minutes: NDArray[np.float64]
    road_miles: NDArray[np.float64]
    car_gbp: NDArray[np.float64]
    foot_gbp: NDArray[np.float64]


def _single_fare_gbp(
    straight: NDArray[np.float64], settings: TravelSettings
) -> NDArray[np.float64]:
    """Price one adult's single by rail and a local bus, never less than a bus fare alone."""
    rail = settings.rail_gbp_per_mile * settings.rail_route_factor * straight
    return np.maximum(settings.minimum_fare_gbp, rail + settings.local_fare_gbp)


def _edge_values(roads: Roads, settings: TravelSettings) -> pd.DataFrame:
    """List the stretches of road with minutes, road kilometres and money each way."""
    edges = roads.edges
    km = edges[list(SPEED_KM_PER_HOUR)].to_numpy(dtype=np.float64)
    minutes_per_km = 60 / np.array(list(SPEED_KM_PER_HOUR.values()))
    moving = km @ minutes_per_km * settings.traffic_factor
    moving *= np.where(_in_wales_mountains(roads), settings.wales_mountain_factor, 1.0)
    # A ferry's clock knows no traffic.
    minutes = np.maximum(moving + edges["fixed_minutes"].to_numpy(), LEAST_EDGE_MINUTES)
    car_gbp = {
        "isle_of_wight": settings.isle_of_wight_car_return_gbp / 2,
        "scilly": settings.scilly_return_gbp / 2 * SCILLY_CAR_PARTY,
        "dartford": settings.dartford_toll_gbp,
        "mersey": settings.mersey_toll_gbp,
        "humber": settings.humber_toll_gbp,
    }
    foot_gbp = {
        "isle_of_wight": settings.isle_of_wight_foot_return_gbp / 2,
        "scilly": settings.scilly_return_gbp / 2,
    }
    return pd.DataFrame(
        {
            "from_node": edges["from_node"],
            "to_node": edges["to_node"],
            "minutes": minutes,
            "road_km": km @ np.array(list(ROAD_KM_PER_TABLE_KM.values())),
            "car_gbp": edges["crossing"].map(car_gbp).fillna(0.0).astype(float),
            "foot_gbp": edges["crossing"].map(foot_gbp).fillna(0.0).astype(float),
        }
    )


def _in_wales_mountains(roads: Roads) -> NDArray[np.bool_]:
    """Find the stretches whose middle lies in mid or north-west Wales."""
    nodes = roads.nodes.set_index("node")
    inside = np.ones(len(roads.edges), dtype=bool)
    for axis, (low, high) in WALES_MOUNTAINS.items():
        ends = [
            nodes[axis].reindex(roads.edges[end]).to_numpy() for end in ("from_node", "to_node")
        ]
        middle = np.mean(ends, axis=0)
        inside &= (middle >= low) & (middle <= high)
    return inside


def _drives(
    home_areas: pd.DataFrame, establishments: pd.DataFrame, settings: TravelSettings, roads: Roads
) -> _Drives:
    """Find the quickest drive from every home area to every establishment.

    The search starts at the establishments, which are fewer, once for each distinct point; every
    matrix below has shape (sites, homes) until the last step turns it.
    """
    homes = home_areas[["latitude", "longitude"]].to_numpy(dtype=np.float64)
    points = establishments[["latitude", "longitude"]].to_numpy(dtype=np.float64)
    sites, site_of = np.unique(points, axis=0, return_inverse=True)
    minutes_per_km = 60 / ACCESS_KM_PER_HOUR * settings.traffic_factor

    home_nodes, home_km = _access(homes, roads)
    site_nodes, site_km = _access(sites, roads)
    to_nodes = _search(road_graph(roads, settings), site_nodes, site_km, minutes_per_km)

    # Of the nodes near a home, take the one over which the whole drive is quickest.
    over_each = to_nodes[:, home_nodes, 0] + home_km * minutes_per_km
    best = over_each.argmin(axis=2)[..., None]
    node = np.take_along_axis(np.broadcast_to(home_nodes, over_each.shape), best, axis=2)[..., 0]
    last_km = np.take_along_axis(np.broadcast_to(home_km, over_each.shape), best, axis=2)[..., 0]
    drive = to_nodes[np.arange(len(sites))[:, None], node]
    drive[..., 0] += last_km * minutes_per_km
    drive[..., 1] += last_km * ACCESS_ROAD_KM_PER_KM

    direct_km = _short_direct_km(sites, homes, roads)
    direct = direct_km * minutes_per_km < drive[..., 0]
    drive[direct] = 0.0
    drive[direct, 0] = direct_km[direct] * minutes_per_km
    drive[direct, 1] = direct_km[direct] * ACCESS_ROAD_KM_PER_KM

    drive[..., 0] += TRIP_MINUTES * settings.traffic_factor
    drive[..., 1] /= KM_PER_MILE
    by_home = drive[site_of].transpose(2, 1, 0).copy()
    return _Drives(
        minutes=by_home[0], road_miles=by_home[1], car_gbp=by_home[2], foot_gbp=by_home[3]
    )


def _search(
    graph: nx.Graph[str],
    site_nodes: NDArray[np.int64],
    site_km: NDArray[np.float64],
    minutes_per_km: float,
) -> NDArray[np.float64]:
    """Search the network from every site to every node.

    Each site is a vertex of its own that only leads away, so that no path runs through one.

    Returns
    -------
    NDArray[np.float64]
        Minutes, road kilometres, and pounds for a car and on foot, each way along the quickest
        path; shape (sites, nodes, 4).
    """
    import networkx as nx
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    nodes, sites = len(graph), len(site_nodes)
    position = pd.Series(np.arange(nodes), index=pd.Index(list(graph)))
    edges = nx.to_pandas_edgelist(graph)
    ends = edges[["source", "target"]].apply(lambda end: end.map(position)).to_numpy()
    site, leg = np.nonzero(np.isfinite(site_km))
    leg_km = site_km[site, leg]
    tails = np.concatenate([ends[:, 0], ends[:, 1], nodes + site])
    heads = np.concatenate([ends[:, 1], ends[:, 0], site_nodes[site, leg]])
    on_road = edges[list(EDGE_VALUES)].to_numpy(dtype=np.float64)
    on_leg = np.zeros((len(leg_km), len(EDGE_VALUES)))
    on_leg[:, 0] = np.maximum(leg_km * minutes_per_km, LEAST_EDGE_MINUTES)
    on_leg[:, 1] = leg_km * ACCESS_ROAD_KM_PER_KM
    values = np.concatenate([on_road, on_road, on_leg])

    size = nodes + sites
    network = csr_array((values[:, 0], (tails, heads)), shape=(size, size))
    _, before = dijkstra(network, indices=np.arange(nodes, size), return_predecessors=True)
    return _along_paths(before.astype(np.int64), tails * size + heads, values)[:, :nodes]


def _along_paths(
    before: NDArray[np.int64], arcs: NDArray[np.int64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Add up the values of the arcs along every path of every tree of shortest paths.

    ``before`` has the vertex before each vertex, shape (trees, vertices), negative at the root.
    Each round doubles the stretch that a vertex has added up, so that few rounds do.
    """
    trees, size = before.shape
    vertex = np.arange(size)
    is_root = before < 0
    pointer = np.where(is_root, vertex, before)
    ordered = np.argsort(arcs)
    last_arc = ordered[
        np.searchsorted(arcs, pointer * size + vertex, sorter=ordered).clip(max=len(arcs) - 1)
    ]
    totals = np.where(is_root[..., None], 0.0, values[last_arc])
    tree = np.arange(trees)[:, None]
    while not np.array_equal(pointer, further := pointer[tree, pointer]):
        totals += totals[tree, pointer]
        pointer = further
    return totals


def _access(
    points: NDArray[np.float64], roads: Roads
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Join points to the nearest nodes of the network that can be reached over land.

    Returns
    -------
    NDArray[np.int64]
        Positions of the nearest nodes, shape (points, ``ACCESS_NODES``).
    NDArray[np.float64]
        Straight kilometres to them, ``inf`` over water. At least one in each row is finite: where
        every leg is over water, the one over least.
    """
    from scipy.spatial import KDTree

    nodes = roads.nodes[["latitude", "longitude"]].to_numpy(dtype=np.float64)
    count = min(ACCESS_NODES, len(nodes))
    _, nearest = KDTree(_on_sphere(nodes)).query(_on_sphere(points), k=range(1, count + 1))
    ends = nodes[nearest]
    starts = np.broadcast_to(points[:, None, :], ends.shape)
    km = KM_PER_MILE * great_circle_miles(
        starts[..., 0], starts[..., 1], ends[..., 0], ends[..., 1]
    )
    water = _water_km(starts.reshape(-1, 2), ends.reshape(-1, 2), roads).reshape(km.shape)
    allowed = (water <= WATER_KM_ALLOWED) | (water <= water.min(axis=1, keepdims=True))
    return np.asarray(nearest, dtype=np.int64), np.where(allowed, km, np.inf)


def _short_direct_km(
    sites: NDArray[np.float64], homes: NDArray[np.float64], roads: Roads
) -> NDArray[np.float64]:
    """Measure straight kilometres between near pairs with land between, ``inf`` elsewhere."""
    km = KM_PER_MILE * great_circle_miles(
        sites[:, None, 0], sites[:, None, 1], homes[None, :, 0], homes[None, :, 1]
    )
    site, home = np.nonzero(km < SHORT_TRIP_KM)
    dry = _water_km(sites[site], homes[home], roads) <= WATER_KM_ALLOWED
    direct = np.full(km.shape, np.inf)
    direct[site[dry], home[dry]] = km[site[dry], home[dry]]
    return direct


def _water_km(
    starts: NDArray[np.float64], ends: NDArray[np.float64], roads: Roads
) -> NDArray[np.float64]:
    """Measure how far straight legs run outside the drawn land; ``inf`` across a tidal river."""
    import shapely

    legs = shapely.linestrings(np.stack([_flat(starts), _flat(ends)], axis=1))
    water = np.zeros(len(legs))
    outside = ~shapely.covers(roads.land, legs)
    shore = legs[outside]
    water[outside] = shapely.length(shore) - shapely.length(shapely.intersection(shore, roads.land))
    water[shapely.intersects(roads.unbridged, legs)] = np.inf
    return water


def _flat(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put latitudes and longitudes on a plane in kilometres, good enough to measure water."""
    east = degrees[..., 1] * np.cos(np.radians(_FLAT_LATITUDE))
    return _KM_PER_DEGREE * np.stack([east, degrees[..., 0]], axis=-1)


def _plane_km(points: pd.DataFrame) -> NDArray[np.float64]:
    """Put points in the order of their numbers on the same plane."""
    in_order = points.sort_values("point")
    return _flat(in_order[["latitude", "longitude"]].to_numpy(dtype=np.float64))


def _on_sphere(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put latitudes and longitudes on the unit sphere, where the nearest chord is the least arc."""
    latitude, longitude = np.radians(degrees).T
    return np.stack(
        [
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        ],
        axis=-1,
    )
