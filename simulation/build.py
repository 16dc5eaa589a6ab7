"""From the tables of a scenario to what a simulated year depends on."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.estate import Estate
from data.families import is_among
from data.visit_cost import VisitCost
from data.words import NationalityGroup, Status
from simulation.allowance import AllowanceSettings, granted_orders, received_day
from simulation.asking import AskingSettings, Notice
from simulation.attendance import AttendanceSettings
from simulation.calling import CallingSettings
from simulation.clock import Calendar
from simulation.coming import ComingSettings
from simulation.demand import DemandSettings
from simulation.early_days import EarlySettings
from simulation.line import LineSettings, lines_under
from simulation.mood_settings import MoodSettings
from simulation.need import days_per_holder
from simulation.open_days import open_days_under
from simulation.own_rules import (
    LIMITS,
    pupils_at,
    rules_by_prison,
    sizes_at,
    trips_of,
    windows_by_prison,
)
from simulation.place import Place
from simulation.regime import LAST_BUS, VisitsRegime, sessions_under, shuttles_under
from simulation.safety_line import SafetySettings
from simulation.simulate import SimulationInputs
from simulation.streams import person_keys
from simulation.timetable import Columns, columns_of
from simulation.transfers import STAYS, handovers_of
from simulation.video import VideoRegime, stations_under


def build_inputs(
    estate: Estate,
    prisoners: pd.DataFrame,
    contacts: pd.DataFrame,
    placements: pd.DataFrame,
    parties: pd.DataFrame,
    cost: VisitCost,
    *,
    as_of: date,
    calendar: Calendar,
    demand: DemandSettings,
    coming: ComingSettings,
    regime: VisitsRegime,
    allowance: AllowanceSettings,
    asking: AskingSettings,
    mood: MoodSettings,
    video: VideoRegime,
    calling: CallingSettings,
    attendance: AttendanceSettings,
    line: LineSettings,
    early: EarlySettings,
    safety: SafetySettings,
    refunded_visits_per_year: float,
    keep_aparts: pd.DataFrame | None = None,
) -> SimulationInputs:
    """Gather what the simulated year depends on.

    Parameters
    ----------
    estate
        Sessions and video stations before the scenario's edits, and how many orders its prisons
        grant.
    prisoners
        The population table: prisoner_id, sex, status, category, incentive_level,
        children_under_18, nationality_group, care_experience, days_to_release,
        days_since_sentence and expected_weeks are read.
    contacts
        Contacts of any status: prisoner_id is read, to tell people whose contacts may not visit
        from people without any.
    placements
        Who is held where: prisoner_id, establishment, unit, straight_miles are read. People without
        an establishment are not simulated. With the columns of ``STAYS`` it has a row for each
        stay (``simulation.stays``), else everybody stays for good.
    parties
        Who would travel together (``data.families.parties``); prisoners without a row have nobody
        to visit them and are counted.
    cost
        What each party's trip costs; ``cost.trip`` has one entry per row of ``parties``.
    as_of
        Date of the population table.
    calendar, demand, coming, regime, allowance, asking, mood, video, calling, attendance, line, \
early, safety
        Settings of the scenario.
    refunded_visits_per_year
        The yearly cap of the scheme that helps with the cost of visits.
    keep_aparts
        Pairs of people who are kept apart: a and b are read; ``None`` where nobody is known to be.

    Returns
    -------
    SimulationInputs
        Sorted, so that the order of the given tables does not matter.

    Raises
    ------
    ValueError
        When a placed prisoner is not in the population, or is placed at an establishment to which
        no trip is known.
    """
    held = placements.loc[placements["establishment"].fillna("") != ""]
    held = held.assign(**{name: day for name, day in STAYS.items() if name not in held})
    people = held[["prisoner_id", "establishment", "unit", "straight_miles", *STAYS]].merge(
        prisoners[_OF_PEOPLE],
        on="prisoner_id",
        how="left",
        validate="many_to_one",
    )
    _refuse_unknown(people["prisoner_id"][people["sex"].isna()], "prisoners are not in population")
    order = ["establishment", "prisoner_id", "from_day"]
    people = people.sort_values(order, ignore_index=True)
    people["key"] = person_keys(people["prisoner_id"])
    people["convicted"] = people["status"] != Status.REMAND
    people["foreign_national"] = people["nationality_group"] == NationalityGroup.FOREIGN_NATIONAL
    people["contact_refused"] = is_among(
        people["prisoner_id"], contacts["prisoner_id"]
    ) & ~is_among(people["prisoner_id"], parties["prisoner_id"])
    people[["visit_orders", "privileged_orders"]] = granted_orders(
        people, estate.visit_orders, regime
    )
    people["received_day"] = received_day(people, calendar.day_of(as_of))
    function = estate.units.drop_duplicates("unit").set_index("unit")["function"]
    people["function"] = people["unit"].map(function).fillna("")
    people["days_per_holder"] = days_per_holder(people)
    column = cost.establishments.get_indexer(pd.Index(people["establishment"]))
    _refuse_unknown(
        people["establishment"][column < 0].drop_duplicates(), "establishments have no travel cost"
    )
    person, found = _with_parties(people["prisoner_id"], parties)
    chosen = parties.iloc[found]
    rules = rules_by_prison(estate, coming, asking)
    limits = rules[list(LIMITS)].reindex(people["establishment"]).to_numpy(np.float64)[person]
    keys = people["key"].to_numpy(np.uint64)[person]
    adults, children = sizes_at(chosen, keys, limits)
    trip = cost.trip[found]
    smaller = np.flatnonzero((adults != chosen["adults"]) | (children != chosen["children"]))
    if len(smaller):
        come = chosen.assign(adults=adults, children=children).iloc[smaller]
        trip[smaller] = trips_of(cost, come)
    trips = (trip, column[person])
    table = pd.DataFrame(
        {
            "person": person,
            "adults": adults,
            "children": children,
            "pupils": pupils_at(chosen, keys, limits),
            "availability": chosen["availability"].to_numpy(object),
            "conditions": chosen["conditions"].to_numpy(np.bool_),
            "has_car": chosen["has_car"].to_numpy(np.bool_),
            "low_income": chosen["low_income"].to_numpy(np.bool_),
            "ladder": person + _cumulated(person, chosen["share"].to_numpy(np.float64)),
            "net_cost_gbp": cost.gross_gbp[trips] - cost.refund_gbp[trips],
            "money_gbp": cost.money_gbp[trips],
            "refund_gbp": cost.refund_gbp[trips],
            "return_minutes": cost.return_minutes[trips],
        }
    )
    shuttles = shuttles_under(estate, regime.shuttles)
    if regime.shuttles:
        ride_shuttles(table, people["establishment"].to_numpy()[person], shuttles)
    sessions = sessions_under(estate, regime)
    codes = sorted({*people["establishment"], *sessions["establishment"]})
    windows = windows_by_prison(estate, asking, (regime.notice_days_min, regime.notice_days_max))
    furthest = max((most for own in windows.values() for _, most in own), default=0)
    open_days = open_days_under(estate, sessions, regime, calendar, notice_days_max=furthest)
    bank_holidays = np.unique(
        np.concatenate([[], *(each.bank_holidays for each in open_days.values())])
    )
    return SimulationInputs(
        calendar=calendar,
        demand=demand,
        coming=coming,
        regime=regime,
        allowance=allowance,
        asking=asking,
        mood=mood,
        video=video,
        calling=calling,
        attendance=attendance,
        refunded_visits_per_year=refunded_visits_per_year,
        sessions=_by_establishment(sessions, codes),
        open_days=open_days,
        stations=_by_establishment(stations_under(estate, video), codes),
        early=early,
        safety=safety,
        lines=lines_under(estate, line, calendar, bank_holidays.astype(np.int64)),
        handovers=handovers_of(people),
        places=_places(
            codes,
            people,
            table,
            estate,
            rules,
            windows,
            dict(zip(shuttles.index.astype("str"), shuttles[LAST_BUS], strict=True)),
            _pairs_in_one_place(people, keep_aparts)
            if regime.non_association_blocks_day and keep_aparts is not None
            else np.empty((0, 2), dtype=np.int64),
        ),
    )


def _with_parties(
    people: pd.Series[Any], parties: pd.DataFrame
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the rows of people and of parties that belong together, by person and then by party.

    A person with several stays has the same parties in each.
    """
    ids = pd.Index(people)
    whose = ids.unique()
    stays = np.argsort(whose.get_indexer(ids), kind="stable")
    number = np.bincount(whose.get_indexer(ids), minlength=len(whose))
    first = np.cumsum(number) - number
    of_party = whose.get_indexer(pd.Index(parties["prisoner_id"]))
    found = np.flatnonzero(of_party >= 0)
    times = number[of_party[found]]
    found = np.repeat(found, times)
    nth = np.arange(len(found)) - np.repeat(np.cumsum(times) - times, times)
    person = stays[first[of_party[found]] + nth]
    order = np.lexsort((parties["party"].to_numpy()[found], person))
    return person[order], found[order]


_OF_PEOPLE = [
    "prisoner_id", "sex", "status", "category", "incentive_level", "children_under_18",
    "nationality_group", "care_experience", "days_to_release", "days_since_sentence",
    "expected_weeks",
]  # fmt: skip
"""Columns of the population table that a simulated year depends on."""


def ride_shuttles(
    parties: pd.DataFrame, establishment: NDArray[Any], shuttles: pd.DataFrame
) -> None:
    """Shorten the journeys of parties without a car, and charge them the fare.

    The value of their time falls in step with the minutes; what is refunded stays as it was.

    Parameters
    ----------
    parties
        Changed in place: ``net_cost_gbp``, ``money_gbp`` and ``return_minutes``; ``has_car``,
        ``adults``, ``children`` and ``refund_gbp`` are read.
    establishment
        Where each party goes; shape (parties,).
    shuttles
        ``simulation.regime.shuttles_under``; elsewhere there is none.
    """
    here = shuttles.reindex(establishment).fillna(0.0)
    by_bus = ~parties["has_car"].to_numpy(np.bool_)
    minutes = parties["return_minutes"].to_numpy(np.float64)
    saved = np.where(by_bus, np.minimum(2 * here["minutes_saved"], minutes), 0.0)
    fare = np.where(by_bus, here["fare_gbp"], 0.0)
    fares = fare * (parties["adults"] + parties["children"]).to_numpy(np.float64)
    time_gbp = parties["net_cost_gbp"] + parties["refund_gbp"] - parties["money_gbp"]
    share = np.divide(saved, minutes, out=np.zeros_like(minutes), where=minutes > 0)
    parties["net_cost_gbp"] += fares - time_gbp * share
    parties["money_gbp"] += fares
    parties["return_minutes"] -= saved


def _pairs_in_one_place(people: pd.DataFrame, keep_aparts: pd.DataFrame) -> NDArray[np.int64]:
    """Give the rows of both people of every pair that is held at one establishment, in order."""
    stays = people[["prisoner_id", "establishment"]].reset_index(names="row")
    pairs = keep_aparts[["a", "b"]].merge(stays, left_on="a", right_on="prisoner_id")
    both = pairs.merge(
        stays, left_on=["b", "establishment"], right_on=["prisoner_id", "establishment"]
    )
    rows = np.sort(both[["row_x", "row_y"]].to_numpy(np.int64), axis=1)
    return np.unique(rows, axis=0)


def _places(
    codes: list[str],
    people: pd.DataFrame,
    parties: pd.DataFrame,
    estate: Estate,
    rules: pd.DataFrame,
    windows: dict[str, tuple[Notice, ...]],
    last_bus: dict[str, float],
    apart: NDArray[np.int64],
) -> dict[str, Place]:
    """Cut the sorted tables of people and parties, and the pairs, into establishments."""
    of_person = {name: people[name].to_numpy() for name in ("key", "convicted")}
    of_person |= {
        name: people[name].to_numpy(object)
        for name in ("prisoner_id", "category", "incentive_level", "unit", "sex")
    }
    of_person |= {
        name: people[name].to_numpy(np.float64, na_value=np.nan)
        for name in ("straight_miles", "days_to_release", "days_since_sentence", "days_per_holder")
    }
    of_person |= {
        name: people[name].to_numpy(np.bool_)
        for name in ("foreign_national", "care_experience", "contact_refused")
    }
    of_person |= {
        name: people[name].to_numpy(np.int64)
        for name in (
            "children_under_18", "visit_orders", "privileged_orders", "received_day", *STAYS,
        )
    }  # fmt: skip
    of_person["keys"] = of_person.pop("key")
    columns = {name: parties[name].to_numpy() for name in parties.columns}
    known = estate.establishments.set_index("establishment")
    regions = known["region"].to_dict()
    kiosk, online = rules["kiosk_share"].to_dict(), rules["online_share"].to_dict()
    held = people["establishment"].to_numpy(object)
    first = np.searchsorted(held, codes, side="left") if len(held) else np.zeros(len(codes), int)
    last = np.searchsorted(held, codes, side="right") if len(held) else np.zeros(len(codes), int)
    places = {}
    for code, start, stop in zip(codes, first.tolist(), last.tolist(), strict=True):
        begin, end = np.searchsorted(columns["person"], (start, stop))
        pairs = slice(*np.searchsorted(apart[:, 0], (start, stop)))
        here = {name: column[begin:end] for name, column in columns.items()}
        person, ladder = here.pop("person") - start, here.pop("ladder") - start
        places[code] = Place(
            establishment=code,
            region=regions.get(code, ""),
            kiosk_share=kiosk.get(code, 0.0),
            online_share=online.get(code, 0.0),
            windows=windows[code],
            last_bus_minutes=last_bus[code],
            apart=apart[pairs] - start,
            **{name: column[start:stop] for name, column in of_person.items()},
            party_person=person,
            party_ladder=ladder,
            **here,
        )
    return places


def _cumulated(person: NDArray[np.int64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add up shares within each person."""
    total = np.cumsum(share)
    first = np.searchsorted(person, person, side="left")
    return np.asarray(total - (total - share)[first], dtype=np.float64)


def _refuse_unknown(ids: pd.Series[Any], what: str) -> None:
    if len(ids):
        first = ", ".join(map(str, ids.head(5)))
        raise ValueError(f"placements: {len(ids)} {what}: {first}. Correct the ids.")


def _by_establishment(table: pd.DataFrame, codes: list[str]) -> dict[str, Columns]:
    found = {str(code): rows for code, rows in table.groupby("establishment", sort=False)}
    none = table.iloc[:0]
    return {code: columns_of(found.get(code, none)) for code in codes}
