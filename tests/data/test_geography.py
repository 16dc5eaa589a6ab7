"""Home areas, straight lines and the outline."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from data.geography import (
    EARTH_RADIUS_MILES,
    great_circle_miles,
    load_home_areas,
    load_outline,
    straight_miles,
)
from data.load import read_table

places = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def miles(start: tuple[float, float], end: tuple[float, float]) -> float:
    return float(great_circle_miles(*start, *end))


def test_a_degree_of_latitude_is_69_miles() -> None:
    """The mean circumference of the earth is 24,874 miles; a 360th part is 69.09."""
    assert miles((52.0, -1.0), (53.0, -1.0)) == pytest.approx(69.09, abs=0.01)


@pytest.mark.parametrize(
    ("start", "end", "published"),
    [
        ((51.4700, -0.4543), (55.9500, -3.3725), 331.0),  # Heathrow to Edinburgh airport, 532 km
        ((53.3537, -2.2750), (51.4700, -0.4543), 150.8),  # Manchester airport to Heathrow, 243 km
        ((51.3967, -3.3433), (54.6575, -6.2158), 254.5),  # Cardiff airport to Belfast, 410 km
    ],
)
def test_distances_between_airports_are_the_published_ones(
    start: tuple[float, float], end: tuple[float, float], published: float
) -> None:
    assert miles(start, end) == pytest.approx(published, rel=0.01)


def test_haversine_agrees_with_the_law_of_cosines() -> None:
    """Away from very short distances the two formulas are the same."""
    areas = load_home_areas()
    phi, longitude = np.radians(areas["latitude"]), np.radians(areas["longitude"])
    north, east = np.asarray(phi), np.asarray(longitude)
    cosine = np.sin(north[:, None]) * np.sin(north) + np.cos(north[:, None]) * np.cos(
        north
    ) * np.cos(east[:, None] - east)
    expected = EARTH_RADIUS_MILES * np.arccos(np.clip(cosine, -1, 1))
    assert np.abs(straight_miles(areas, areas) - expected).max() < 1e-3


@given(places, places)
def test_distance_is_the_same_both_ways(
    start: tuple[float, float], end: tuple[float, float]
) -> None:
    assert miles(start, end) == miles(end, start)


@given(places)
def test_distance_to_itself_is_zero(place: tuple[float, float]) -> None:
    assert miles(place, place) == 0


@given(places, places, places)
def test_a_detour_is_never_shorter(
    start: tuple[float, float], middle: tuple[float, float], end: tuple[float, float]
) -> None:
    assert miles(start, end) <= miles(start, middle) + miles(middle, end) + 1e-6


@given(places, places)
def test_no_two_places_are_further_apart_than_half_the_globe(
    start: tuple[float, float], end: tuple[float, float]
) -> None:
    assert 0 <= miles(start, end) <= np.pi * EARTH_RADIUS_MILES + 1e-9


def test_straight_miles_has_a_row_for_each_origin_and_a_column_for_each_destination() -> None:
    origins = pd.DataFrame({"latitude": [52.0, 53.0, 54.0], "longitude": [-1.0, -1.0, -1.0]})
    destinations = pd.DataFrame({"latitude": [52.0, 54.0], "longitude": [-1.0, -1.0]})
    measured = straight_miles(origins, destinations)
    assert measured.shape == (3, 2)
    assert measured[0, 0] == 0
    assert measured[0, 1] == pytest.approx(2 * measured[1, 1])


def test_home_areas_cover_every_resident_of_england_and_wales_once() -> None:
    """Mid-2020 estimate: 59,719,724 people; parts are rounded to whole people."""
    areas = load_home_areas()
    assert len(areas) == 399
    assert areas["home_area"].is_unique
    assert areas["name"].is_unique
    assert areas["residents"].sum() == pytest.approx(59_719_724, rel=1e-4)
    assert areas["la_code"].nunique() == 318


def test_every_home_area_has_its_three_regions() -> None:
    areas = load_home_areas()
    assert areas["region"].nunique() == 10
    assert areas["probation_region"].nunique() == 12
    assert areas["origin_region"].nunique() == 11
    assert not (areas[["region", "probation_region", "origin_region"]] == "").any(axis=None)


@pytest.mark.parametrize(
    ("authority", "region", "probation_region", "origin_region"),
    [
        ("Manchester", "North West", "Greater Manchester", "North West"),
        ("Liverpool", "North West", "North West", "North West"),
        ("Portsmouth", "South East", "South Central", "South Central"),
        ("Brighton and Hove", "South East", "Kent, Surrey and Sussex", "Kent and Sussex"),
        ("West Northamptonshire", "East Midlands", "East of England", "East Midlands"),
        ("Camden", "London", "London", "Greater London"),
        ("Cardiff", "Wales", "Wales", "Wales"),
    ],
)
def test_regions_are_those_of_the_service(
    authority: str, region: str, probation_region: str, origin_region: str
) -> None:
    areas = load_home_areas()
    row = areas[areas["local_authority"] == authority].iloc[0]
    assert (row["region"], row["probation_region"], row["origin_region"]) == (
        region,
        probation_region,
        origin_region,
    )


def test_probation_regions_of_prisons_agree_with_those_of_the_home_areas_around_them() -> None:
    """The register gives each prison's probation region; the lookup for areas is our own."""
    areas = load_home_areas()
    prisons = read_table("establishments")
    prisons = prisons[prisons["probation_region"] != ""]
    nearest = straight_miles(areas, prisons).argmin(axis=0)
    around = areas["probation_region"].to_numpy()[nearest]
    assert (around == prisons["probation_region"]).mean() > 0.9


def test_rings_of_the_outline_run_clockwise() -> None:
    outline = load_outline()
    land = outline[outline["layer"] == "land"]
    assert len(land) == 6
    assert not any(shapely.is_ccw(shapely.get_exterior_ring(shape)) for shape in land.geometry)
    assert land.geometry.is_valid.all()


def test_the_outline_has_the_size_of_england_and_wales() -> None:
    """The Office for National Statistics gives 151,000 square kilometres of land."""
    land = load_outline().query("layer == 'land'").to_crs("EPSG:27700")
    assert land.area.sum() / 1e6 == pytest.approx(151_000, rel=0.02)


def test_every_home_area_but_scilly_lies_on_the_outline_or_just_off_shore() -> None:
    areas = load_home_areas()
    land = load_outline().query("layer == 'land'").to_crs("EPSG:27700").union_all()
    points = gpd.GeoSeries(
        gpd.points_from_xy(areas["longitude"], areas["latitude"]), crs="EPSG:4326"
    ).to_crs("EPSG:27700")
    off_shore = points.distance(land) > 3000
    assert areas.loc[off_shore, "name"].tolist() == ["Isles of Scilly"]
