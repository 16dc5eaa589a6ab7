"""Where families live, and how far that is in a straight line.

A *home area* is one of the 399 places that together cover everybody in England and Wales once:
local authorities, with the large and the wide ones in parts. Distance in a straight line between
a home area and an establishment is the official measure of closeness to home.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from data.load import read_table

if TYPE_CHECKING:
    import geopandas as gpd

EARTH_RADIUS_MILES = 6371.0088 / 1.609344
"""Mean radius of the earth (International Union of Geodesy and Geophysics)."""


def great_circle_miles(
    latitude_1: ArrayLike,
    longitude_1: ArrayLike,
    latitude_2: ArrayLike,
    longitude_2: ArrayLike,
) -> NDArray[np.float64]:
    """Measure the straight line over the earth's surface between points, in miles.

    Parameters
    ----------
    latitude_1, longitude_1, latitude_2, longitude_2
        Degrees north and east; any shapes that broadcast against each other.

    Returns
    -------
    NDArray[np.float64]
        Miles, in the broadcast shape. Symmetric, never negative, zero between equal points.

    Notes
    -----
    Haversine formula on a sphere, which stays exact for short distances; the flattening of the
    earth is worth at most 0.5% and is left out.

    Examples
    --------
    Manchester prison to Cardiff prison:

    >>> float(great_circle_miles(53.4919, -2.2467, 51.4811, -3.1683).round(1))
    144.2
    """
    phi_1, lambda_1, phi_2, lambda_2 = (
        np.radians(np.asarray(degrees, dtype=np.float64))
        for degrees in (latitude_1, longitude_1, latitude_2, longitude_2)
    )
    half_chord_squared = (
        np.sin((phi_2 - phi_1) / 2) ** 2
        + np.cos(phi_1) * np.cos(phi_2) * np.sin((lambda_2 - lambda_1) / 2) ** 2
    )
    angle = 2 * np.arcsin(np.sqrt(np.clip(half_chord_squared, 0.0, 1.0)))
    return cast("NDArray[np.float64]", EARTH_RADIUS_MILES * angle)


def straight_miles(origins: pd.DataFrame, destinations: pd.DataFrame) -> NDArray[np.float64]:
    """Measure straight-line miles from every origin to every destination.

    Parameters
    ----------
    origins, destinations
        One row per place, with columns ``latitude`` and ``longitude`` in degrees.

    Returns
    -------
    NDArray[np.float64]
        Miles, shape (origins, destinations), in the order of the rows.
    """
    return great_circle_miles(
        origins["latitude"].to_numpy()[:, None],
        origins["longitude"].to_numpy()[:, None],
        destinations["latitude"].to_numpy()[None, :],
        destinations["longitude"].to_numpy()[None, :],
    )


def load_home_areas(folder: Path | None = None) -> pd.DataFrame:
    """Load the home areas with their lookups to regions.

    Parameters
    ----------
    folder
        A user's data folder; its table comes before the built-in one.

    Returns
    -------
    pd.DataFrame
        One row per home area, sorted by ``home_area``: position in degrees, ``residents``,
        government ``region``, ``probation_region``, ``origin_region`` (the regions in which the
        origin of prisoners was last published, 2014) and ``spread_miles`` (root mean square
        distance of residents from the position).

    Examples
    --------
    >>> areas = load_home_areas()
    >>> len(areas), int(areas["residents"].sum())
    (399, 59719727)

    Notes
    -----
    Positions are means of small-area centres and residents are mid-2020 estimates, both of the
    Office for National Statistics (``ons_lsoa_2011``, ``ons_population_2020``).
    """
    return read_table("home_areas", folder).sort_values("home_area", ignore_index=True)


def load_outline(folder: Path | None = None) -> gpd.GeoDataFrame:
    """Load the coast of England and Wales and their border for maps.

    Parameters
    ----------
    folder
        A user's data folder; its table comes before the built-in one.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per shape, WGS84: ``layer`` (``land``: polygons; ``wales_border``: a line), ``ring``
        and ``geometry``. Rings run clockwise, without which a chart fills the page around them.

    Notes
    -----
    Natural Earth 1:10m, thinned to 276 points (``natural_earth``). Scilly is not drawn.
    """
    import geopandas as gpd
    import shapely
    from shapely.geometry.polygon import orient

    points = read_table("outline", folder).sort_values(["layer", "ring", "point"])
    rows = []
    for (layer, ring), shape in points.groupby(["layer", "ring"], sort=True):
        line = shape[["longitude", "latitude"]].to_numpy()
        is_land = layer == "land"
        geometry = orient(shapely.Polygon(line), -1.0) if is_land else shapely.LineString(line)
        rows.append({"layer": layer, "ring": ring, "geometry": geometry})
    return gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4326")
