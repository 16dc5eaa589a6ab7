"""What a plan gives families and what it costs whom, in pounds and hours a year.

The benefit is the change in consumer surplus by the rule of half, never total spent alone: people
who are closer visit more, and then spend more in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.visit_cost import VisitCost
from simulation.build import ride_shuttles
from simulation.demand import DemandSettings, keep_share

WEEKS_PER_PERIOD = 4
"""Wishes are stated per four weeks, as visit orders are granted."""

WISHES_TRIED = 40
"""Nodes at which the spread of wishes between families is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenefitSettings:
    """Prices of what a plan asks of prisons and escorts.

    ``weeks_per_year`` turns visits per four weeks into visits a year; the rest are pounds and
    hours as their names say, each with its source in ``settings.csv``.
    """

    weeks_per_year: float
    staff_hours_per_move: float
    staff_gbp_per_hour: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demand:
    """What each party wishes and pays under one set of placements.

    All arrays have one element per party, or per party and stay where people are moved in the year:
    visits wished a year, and how many of them are within the yearly cap of the refund scheme in the
    mean; for one visit of the whole party the money spent, the refund expected, the hours on the
    way of all travellers, the gross cost of time and money, and the cost felt, which is gross less
    the refund.
    """

    visits: NDArray[np.float64]
    refunded_visits: NDArray[np.float64]
    money_gbp: NDArray[np.float64]
    refund_gbp: NDArray[np.float64]
    hours: NDArray[np.float64]
    felt_gbp: NDArray[np.float64]
    gross_gbp: NDArray[np.float64]


def rule_of_half(
    visits_before: NDArray[np.float64],
    visits_after: NDArray[np.float64],
    cost_before: NDArray[np.float64],
    cost_after: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Give the change in consumer surplus, in the unit of the costs.

    A visit made before and after gains the whole fall in cost; a new visit gains half of it on
    average, since its worth lies somewhere between the two costs.

    Examples
    --------
    Ten visits at 40 pounds become fourteen at 30: ten gain 10 each, four gain 5 each.

    >>> one = lambda x: np.array([float(x)])
    >>> float(rule_of_half(one(10), one(14), one(40), one(30))[0])
    120.0
    """
    return 0.5 * (visits_before + visits_after) * (cost_before - cost_after)


def consumer_surplus_gbp(before: Demand, after: Demand) -> NDArray[np.float64]:
    """Give each party's change in consumer surplus in pounds a year."""
    return rule_of_half(before.visits, after.visits, before.felt_gbp, after.felt_gbp)


def family_account(before: Demand, after: Demand) -> dict[str, Any]:
    """Give what families gain, beside the figures that alone would mislead.

    Returns
    -------
    dict
        ``consumer_surplus_gbp_per_year`` and, each ``today`` and ``plan``, cost per visit, visits
        wished, pounds and hours spent a year.
    """
    return {
        "consumer_surplus_gbp_per_year": float(consumer_surplus_gbp(before, after).sum()),
        "cost_per_visit_gbp": _both(before, after, _cost_per_visit),
        "visits_wished_per_year": _both(before, after, lambda d: d.visits.sum()),
        "spent_gbp_per_year": _both(before, after, lambda d: (d.visits * d.gross_gbp).sum()),
        "money_gbp_per_year": _both(before, after, lambda d: (d.visits * d.money_gbp).sum()),
        "hours_per_year": _both(before, after, lambda d: (d.visits * d.hours).sum()),
        "refund_gbp_per_year": _both(
            before, after, lambda d: (d.refunded_visits * d.refund_gbp).sum()
        ),
    }


def at_value_of_time(demand: Demand, more_gbp_per_hour: float, settings: DemandSettings) -> Demand:
    """Give what families wish and pay were an hour of their time worth so much more, or less.

    Parameters
    ----------
    demand
        What they wish and pay at the value that the costs are made of.
    more_gbp_per_hour
        Pounds added to it for every traveller's hour on the way; below 0 it is worth less.
    settings
        How visits fall with the cost felt.

    Returns
    -------
    Demand
        With other visits and costs; money, refunds and hours of a visit, and how many visits are
        refunded, are as they were.
    """
    gross = demand.gross_gbp + more_gbp_per_hour * demand.hours
    felt = np.maximum(gross - demand.refund_gbp, 0.0)
    share = keep_share(demand.felt_gbp, settings)
    changed = np.divide(
        keep_share(felt, settings), share, out=np.zeros_like(share), where=share > 0
    )
    return replace(demand, visits=demand.visits * changed, felt_gbp=felt, gross_gbp=gross)


def surplus_by_value_of_time(
    before: Demand,
    after: Demand,
    values: Sequence[float],
    *,
    now: float,
    settings: DemandSettings,
) -> list[dict[str, float]]:
    """Give the change in consumer surplus at other values of an hour, with all else as it is.

    Parameters
    ----------
    before, after
        At the value of ``now``, pounds for a traveller's hour.
    values
        Pounds for a traveller's hour.
    settings
        How visits fall with the cost felt.

    Returns
    -------
    list of dict
        For each value ``gbp_per_hour`` and ``consumer_surplus_gbp_per_year``.
    """
    told = []
    for value in values:
        both = [at_value_of_time(each, value - now, settings) for each in (before, after)]
        surplus = float(consumer_surplus_gbp(*both).sum())
        told.append({"gbp_per_hour": value, "consumer_surplus_gbp_per_year": surplus})
    return told


def _both(before: Demand, after: Demand, of: Any) -> dict[str, float]:
    return {"today": float(of(before)), "plan": float(of(after))}


def _cost_per_visit(demand: Demand) -> float:
    visits = demand.visits.sum()
    return float((demand.visits * demand.gross_gbp).sum() / visits) if visits else 0.0


def demand_at(
    establishment: NDArray[np.int64],
    visit_cost: VisitCost,
    *,
    parties: pd.DataFrame,
    settings: DemandSettings,
    weeks_per_year: float,
    refunded_visits_per_year: float,
    shuttles: pd.DataFrame,
) -> Demand:
    """Give what every party wishes and pays when its prisoner is held in an establishment.

    Parameters
    ----------
    establishment
        Column of the cost matrices for each party.
    visit_cost
        Costs of every kind of trip to every establishment.
    parties
        One row per party: share of the prisoner's visits, adults, children and has_car are read.
    settings
        The wish at no cost, its mean and spread, and how it falls with the cost felt.
    weeks_per_year
        Weeks over which visits are counted.
    refunded_visits_per_year
        The yearly cap of the refund scheme.
    shuttles
        Buses of the scenario (``simulation.regime.shuttles_under``).
    """
    where = (visit_cost.trip, establishment)
    trips = parties[["adults", "children", "has_car"]].assign(
        money_gbp=visit_cost.money_gbp[where],
        refund_gbp=visit_cost.refund_gbp[where],
        net_cost_gbp=visit_cost.gross_gbp[where] - visit_cost.refund_gbp[where],
        return_minutes=visit_cost.return_minutes[where],
    )
    if shuttles.to_numpy().any():
        ride_shuttles(trips, visit_cost.establishments.to_numpy()[establishment], shuttles)
    net, refund, money, minutes = (
        trips[name].to_numpy(np.float64)
        for name in ("net_cost_gbp", "refund_gbp", "money_gbp", "return_minutes")
    )
    felt = np.maximum(net, 0.0)
    share = parties["share"].to_numpy(np.float64)
    travellers = (parties["adults"] + parties["children"]).to_numpy(np.float64)
    wish = settings.wish_per_four_weeks * share * weeks_per_year / WEEKS_PER_PERIOD
    visits = wish * keep_share(felt, settings)
    return Demand(
        visits=visits,
        refunded_visits=at_most(visits, refunded_visits_per_year, settings.wish_spread),
        money_gbp=money,
        refund_gbp=refund,
        hours=minutes / 60 * travellers,
        felt_gbp=felt,
        gross_gbp=net + refund,
    )


def at_most(mean: NDArray[np.float64], most: float, spread: float) -> NDArray[np.float64]:
    """Give the mean number of visits within a cap, where visits are Poisson about a wish.

    Parameters
    ----------
    mean
        Mean visits of each party, over families.
    most
        Visits that count in a year.
    spread
        Standard deviation of the wish between families as a share of its mean, lognormal, as
        ``DemandSettings.wish_spread``.

    Returns
    -------
    ndarray of float64
        The same shape; never above ``mean`` nor above ``most``.

    Notes
    -----
    For a Poisson count *N* of mean *m*, E[min(N, c)] = m P(N < c) + c P(N > c) at a whole *c*. The
    mean over wishes is taken at the nodes of a Gauss-Hermite rule.

    Examples
    --------
    Families who wish for 26 visits in the mean make fewer than 26 that count.

    >>> at_most(np.array([1.0, 26.0]), 26, 1.0).round(1).tolist()
    [1.0, 17.4]
    """
    from scipy.special import pdtr

    nodes, weights = np.polynomial.hermite_e.hermegauss(WISHES_TRIED)
    variance = np.log1p(spread**2)
    whole = np.floor(most)
    found = np.zeros_like(mean)
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        of_family = mean * np.exp(np.sqrt(variance) * node - variance / 2.0)
        above = 1.0 - pdtr(whole, of_family)
        below = pdtr(whole - 1.0, of_family) if whole >= 1.0 else np.zeros_like(mean)
        found += weight * (of_family * below + most * above)
    return np.asarray(np.minimum(found, mean), dtype=np.float64)
