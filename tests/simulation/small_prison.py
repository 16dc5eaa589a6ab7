"""Small prisons made for tests, and settings that leave out whatever a test is not about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.estate import Estate
from data.visit_cost import TRIP_COLUMNS, VisitCost
from data.words import DAYS, Status
from simulation.allowance import AllowanceSettings
from simulation.asking import CHANNELS, AskingSettings
from simulation.attendance import AttendanceSettings
from simulation.build import build_inputs
from simulation.calling import CallingSettings
from simulation.clock import Calendar
from simulation.coming import ComingSettings
from simulation.demand import DemandSettings
from simulation.early_days import EarlySettings
from simulation.line import LineSettings, Service
from simulation.mood_settings import MoodSettings
from simulation.place import BEYOND
from simulation.regime import VisitsRegime
from simulation.safety_line import SafetySettings
from simulation.simulate import SimulationInputs
from simulation.stays import TRANSFER_COLUMNS, TransferSettings, stays
from simulation.video import VideoRegime

CALENDAR = Calendar(
    start_date=date(2026, 8, 3),
    weeks=8,
    warm_up_weeks=0,
    school_from="09:00",
    school_until="15:15",
    school_holidays=("2026-07-22/2026-09-01",),
    school_holidays_wales=("2026-07-21/2026-08-31",),
)

DEMAND = DemandSettings(
    wish_per_four_weeks=2.0,
    wish_spread=0.0,
    decay_curve="none",
    decay_scale_gbp=60.0,
    decay_exponent=0.775,
    steep_exponent=1.55,
    attempts_max=1,
    ask_again_share=0.0,
    ask_again_days_max=7,
    ask_from="08:00",
    ask_until="20:00",
    cancel_share=0.0,
    no_show_share=0.0,
    refused_to_video_share=0.0,
    video_user_share=0.0,
    video_wish_per_four_weeks=0.0,
    video_wish_spread=0.0,
    video_no_show_share=0.0,
)
"""Families that ask once, come if they can, and never call."""

COMING = ComingSettings(
    holiday_free_share=0.0,
    public_transport_share=0.0,
    leave_home_from="06:00",
    last_departure="20:00",
    home_until="23:00",
    overnight_from_minutes=300.0,
    adults_max=3,
    children_max=None,
    visitors_max=None,
    adult_age=18,
)
"""Families that no timetable of trains and schools holds back."""

REGIME = VisitsRegime(
    notice_days_min=2,
    notice_days_max=28,
    orders_per_14_days=1,
    privileged_orders_basic=0,
    privileged_orders_standard=1,
    privileged_orders_enhanced=2,
    orders_cap=26,
    opening_orders=1,
    remand_visits_per_week=3,
    evening_from="16:30",
    bank_holiday_held_share=1.0,
    closed_dates=(),
    family_days_per_year=0,
    family_days_in="weekends",
    family_day_from="10:00",
    family_day_hours=4.0,
    family_day_tables_share=1.0,
    non_association_blocks_day=False,
)

ALLOWANCE = AllowanceSettings(
    negative_orders_max=0,
    extra_orders_share=0.0,
    extra_orders_per_28_days=1,
    swap_share=0.0,
    reception_visits=0,
)
"""Nothing beside the orders that the regime grants."""

ASKING = AskingSettings(
    kiosk_share=0.0,
    online_share=1.0,
    online_confirmed_share=0.0,
    online_delay_hours=24.0,
    phone_from="00:00",
    phone_until="24:00",
    phone_days=DAYS,
    phone_through_share=1.0,
    phone_retry_minutes=30.0,
    phone_wait_minutes=0.0,
    kiosk_from="00:00",
    kiosk_until="24:00",
    kiosk_wing_minutes=0.0,
    kiosk_spread_minutes=60.0,
    online_notice_days_min=None,
    online_notice_days_max=None,
    phone_notice_days_min=None,
    phone_notice_days_max=None,
    kiosk_notice_days_min=None,
    kiosk_notice_days_max=None,
    double_share=0.0,
    double_gap_minutes=30.0,
    one_kind_share=0.0,
    second_choice_share=0.5,
    waiting_list_share=0.0,
)
"""Families that get through at once and take any session."""

MOOD = MoodSettings(
    late_start_fall=0.0,
    long_wait_fall=0.0,
    refusal_fall=0.0,
    late_minutes=15.0,
    long_wait_days=14,
    recovery_share=0.25,
)
"""Families that nothing puts off."""

NO_ALLOWANCE = replace(
    REGIME, orders_per_14_days=999, orders_cap=9999, opening_orders=9999, remand_visits_per_week=99
)

VIDEO = VideoRegime(
    credit_minutes_per_month=30,
    full_credit_minutes_per_month=60,
    full_credit_share=0.5,
    call_minutes=30,
    changeover_minutes=10,
    notice_days_min=1,
    notice_days_max=14,
    walk_in=False,
    provider_from="00:00",
    provider_until="24:00",
    stations_per_officer=4,
    officers=10,
)

CALLING = CallingSettings(
    awareness_share=1.0,
    without_visits_share=0.0,
    abroad_share=0.0,
    abroad_hours_ahead=(1.0,),
    abroad_from="08:00",
    abroad_until="22:00",
    usable_picture_share=1.0,
    usable_privacy_share=1.0,
    instead_of_visit_share=0.0,
    long_call_share=0.0,
    failure_share=0.0,
    drop_out_share=0.0,
)
"""Families at home, who call from stations where nothing goes wrong."""

ATTENDANCE = AttendanceSettings(
    arrive_first_minutes=60,
    arrive_last_minutes=15,
    check_minutes_per_visitor=0.0,
    tables_per_checker=8,
    checkers_shared=False,
    escort_minutes=0.0,
    late_start_share=0.0,
    late_start_minutes=20,
    refused_entry_share=0.0,
    early_finish_share=0.0,
    staff_shortage_share=0.0,
    tables_per_officer=6,
    around_session_minutes=60,
)
"""Sessions that begin on time, and visitors who walk straight in."""

LINE = LineSettings(
    modelled=False,
    open_from="09:00",
    open_until="17:00",
    open_days=("mon", "tue", "wed", "thu", "fri"),
    local_from="09:00",
    local_until="13:00",
    morning_share=0.6,
    morning_part=0.25,
    booking_minutes=5.0,
    information_minutes=4.0,
    find_minutes=5.0,
    help_minutes=6.0,
    helpline_minutes=10.0,
    information_share=0.0,
    help_share=0.0,
    helpline_share=0.0,
    find_share=0.0,
    information_days=7.0,
    find_days=14.0,
    answered_here=(Service.BOOKING, Service.INFORMATION),
    patience_minutes=20.0,
    redial_share=0.5,
    redial_minutes=60.0,
    tries_max=3,
    shifts=(),
    vacancy_share=0.0,
    vacancy_weeks=12,
    absence_share=0.0,
    local_people_per_agent=600.0,
    agent_gbp_per_hour=22.8,
    seats=50,
    joins=(),
    online=(),
)
"""A line of the prison's own, with one agent in the morning."""


TRANSFERRING = TransferSettings(
    visitors_approved_days=0,
    numbers_cleared_days=0,
    moves_per_week=None,
    accumulated_people=0,
    accumulated_days=28,
)
"""Transfers after which visitors and numbers are known at once."""


def transfer(prisoner: int, day: int, establishment: str = "BBB", **columns: Any) -> dict[str, Any]:
    """Give one row of transfers, for good."""
    return {
        "prisoner_id": f"P{prisoner:05d}",
        "day": day,
        "until_day": BEYOND,
        "establishment": establishment,
        "unit": f"{establishment}-1",
        "straight_miles": 5.0,
        "is_prepared": False,
    } | columns


EARLY = EarlySettings(
    modelled=False,
    saturday_share=0.05,
    arrive_from="11:00",
    arrive_until="21:00",
    reception_until="19:00",
    receptions_per_day=15,
    first_call_hours=2.0,
    knows_number_share=0.7,
    clear_working_days=3.0,
    clear_transfer_factor=1.5,
    clear_category_a_factor=3.0,
    call_at="17:00",
    told_share=0.2,
    find_share=0.3,
    find_after_days=3.0,
    find_days=39.0,
    ask_days=5.0,
    reception_visit_prisons_share=0.0,
    reception_visit_share=0.5,
)
"""First days as they are assumed to be, at prisons without reception visits."""

SAFETY = SafetySettings(
    modelled=False,
    calls_per_1000_people_per_week=5.0,
    staffed_from="09:00",
    staffed_until="17:00",
    staffed_days=DAYS,
    call_minutes=8.0,
    message_share=0.8,
    call_back_minutes=60.0,
)
"""A safety line that is answered by day."""


def session(establishment: str = "AAA", number: int = 0, **columns: Any) -> dict[str, Any]:
    """Give one row of ``session_templates``."""
    return {
        "template": f"{establishment}-{number}",
        "establishment": establishment,
        "hall": "main",
        "day": "sat",
        "start": "14:00",
        "end": "16:00",
        "valid_from": "",
        "valid_to": "",
        "every_n_weeks": 1,
        "open_tables": 2,
        "closed_tables": 0,
        "kind": "social",
        "conviction_status": "",
        "categories": "",
        "incentive_levels": "",
        "wings": "",
        "units": "",
        "order_rule": "",
        "source": "test",
        "confidence": "assumed",
    } | columns


def daily(tables: int, start: str = "14:00", end: str = "16:00") -> list[dict[str, Any]]:
    """Give one session a day."""
    return [
        session(number=number, day=day, start=start, end=end, open_tables=tables)
        for number, day in enumerate(DAYS)
    ]


def stations(establishment: str = "AAA", **columns: Any) -> dict[str, Any]:
    """Give one row of ``video_stations``."""
    return {
        "establishment": establishment,
        "stations": 2,
        "day": "mon",
        "start": "09:00",
        "end": "12:00",
        "slot_minutes": 30,
        "source": "test",
        "confidence": "assumed",
    } | columns


RULES = (
    "establishment", "adults_max", "children_max", "visitors_max", "adult_age", "kiosk_share",
    "online_share",
    *(f"{channel}_notice_days_{end}" for channel in CHANNELS for end in ("min", "max")),
)  # fmt: skip
"""Columns of ``visiting_rules`` that are read."""


def all_trips(party: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Give the trips of every party, in full and with members left at home, and that in full."""
    rows = [
        (whose, adults, children)
        for whose, most in enumerate(zip(party["adults"], party["children"], strict=True))
        for adults in range(most[0], 0, -1)
        for children in range(most[1], -1, -1)
    ]
    trips = pd.DataFrame(rows, columns=["whose", "adults", "children"], dtype="int64")
    known = ["home_area", "has_car", "low_income", "claims_visit_costs"]
    trips[known] = party[known].iloc[trips["whose"]].to_numpy()
    in_full = np.flatnonzero(~trips["whose"].duplicated())
    return trips.astype({"has_car": "bool", "low_income": "bool"}), in_full


def prison(
    *,
    people: int = 20,
    sessions: Sequence[dict[str, Any]] = (),
    video_stations: Sequence[dict[str, Any]] = (),
    calendar: Calendar = CALENDAR,
    demand: DemandSettings = DEMAND,
    coming: ComingSettings = COMING,
    regime: VisitsRegime = NO_ALLOWANCE,
    allowance: AllowanceSettings = ALLOWANCE,
    asking: AskingSettings = ASKING,
    mood: MoodSettings = MOOD,
    visit_orders: Sequence[dict[str, Any]] = (),
    visiting_rules: Sequence[dict[str, Any]] = (),
    video: VideoRegime = VIDEO,
    calling: CallingSettings = CALLING,
    attendance: AttendanceSettings = ATTENDANCE,
    line: LineSettings = LINE,
    early: EarlySettings = EARLY,
    safety: SafetySettings = SAFETY,
    national_line: bool = False,
    establishments: Sequence[str] = ("AAA",),
    seed: int | None = None,
    cost_gbp: float = 50.0,
    has_car: bool = True,
    country: str = "England",
    expected_weeks: Sequence[float] = (),
    as_of: date | None = None,
    excluded_dates: Sequence[tuple[str, str, str, str]] = (),
    bank_holidays: Sequence[str] = (),
    transfers: Sequence[dict[str, Any]] = (),
    transferring: TransferSettings = TRANSFERRING,
    apart: Sequence[tuple[int, int]] = (),
) -> SimulationInputs:
    """Give inputs of small prisons with ``people`` each.

    Without a seed everybody is convicted, lives 30 miles away and has one visitor who can come at
    any time. With a seed all of that is drawn. ``apart`` are pairs of numbers of people.
    """
    count = people * len(establishments)
    ids = [f"P{number:05d}" for number in range(count)]
    draw = np.random.default_rng(seed)
    plain = seed is None
    parties_of = np.ones(count, int) if plain else draw.integers(0, 3, count)
    owner = np.repeat(np.arange(count), parties_of)
    parties = len(owner)
    prisoners = pd.DataFrame(
        {
            "prisoner_id": ids,
            "sex": "men" if plain else draw.choice(["men", "women"], count),
            "status": "sentenced" if plain else draw.choice(["sentenced", "remand"], count),
            "category": "C" if plain else draw.choice(["B", "C"], count),
            "incentive_level": "standard"
            if plain
            else draw.choice(["basic", "standard", "enhanced"], count),
            "children_under_18": 0 if plain else draw.integers(0, 3, count),
            "nationality_group": "british"
            if plain
            else np.where(np.arange(count) % 3, "british", "foreign_national"),
            "care_experience": np.arange(count) % 4 == 1,
            "days_to_release": np.where(np.arange(count) % 7 == 6, np.nan, np.arange(count) * 9.0),
            "days_since_sentence": np.where(np.arange(count) % 5 == 4, np.nan, np.arange(count)),
        }
    )
    later = np.random.default_rng(None if plain else [seed, 1])
    prisoners["days_since_sentence"] = 500.0 if plain else later.integers(0, 28, count) * 1.0
    prisoners.loc[prisoners["status"] == Status.REMAND, "days_since_sentence"] = np.nan
    prisoners["expected_weeks"] = 150.0 if plain else later.exponential(4.0, count)
    if len(expected_weeks):
        prisoners["expected_weeks"] = expected_weeks
    placements = pd.DataFrame(
        {
            "prisoner_id": ids,
            "establishment": np.repeat(list(establishments), people),
            "unit": [
                f"{code}-{1 + number % 2}" for code in establishments for number in range(people)
            ],
            "straight_miles": 30.0 if plain else draw.exponential(45.0, count),
        }
    )
    if transfers:
        moves = pd.DataFrame(transfers, columns=TRANSFER_COLUMNS)
        placements = stays(placements, moves, transferring, calendar, bank_holidays)
    party = pd.DataFrame(
        {
            "prisoner_id": np.array(ids, dtype=object)[owner],
            "party": np.arange(parties) - np.searchsorted(owner, owner),
            "adults": 1 if plain else draw.integers(1, 4, parties),
            "children": 0 if plain else draw.integers(0, 3, parties),
            "availability": "any"
            if plain
            else draw.choice(["weekday", "after_school_or_work", "weekend", "any"], parties),
            "conditions": False if plain else draw.random(parties) < 0.2,
            "has_car": has_car if plain else np.arange(parties) % 3 > 0,
            "low_income": np.arange(parties) % 4 == 1,
            "share": 1.0 / parties_of[owner],
        }
    )
    cost = np.full(parties, cost_gbp) if plain else draw.exponential(cost_gbp, parties)
    party["home_area"] = [f"H{number}" for number in range(parties)]
    party["claims_visit_costs"] = False
    trips, trip = all_trips(party)
    per_head = (cost / (party["adults"] + party["children"])).to_numpy()[trips["whose"]]
    shared = per_head * (trips["adults"] + trips["children"]).to_numpy()
    everywhere = np.repeat(shared[:, np.newaxis], len(establishments), axis=1)
    codes = pd.DataFrame(
        {
            "establishment": list(establishments),
            "operational_capacity": people,
            "region": [("London", "Wales")[number % 2] for number in range(len(establishments))],
        }
    )
    return build_inputs(
        Estate(
            establishments=codes.assign(
                sex="men",
                security="C",
                country=country,
                booking_channel="online",
                national_line=national_line,
            ),
            units=pd.DataFrame(
                [
                    (f"{code}-{number}", code, function)
                    for code in establishments
                    for number, function in enumerate(("reception", "training"), start=1)
                ],
                columns=["unit", "establishment", "function"],
            ),
            session_templates=pd.DataFrame(sessions, columns=list(session())),
            video_stations=pd.DataFrame(video_stations, columns=list(stations())),
            family_workers=pd.DataFrame({"establishment": establishments}),
            excluded_dates=pd.DataFrame(
                excluded_dates, columns=["establishment", "template", "first", "last"]
            ),
            bank_holidays=pd.DataFrame({"date": list(bank_holidays)}, dtype="str"),
            visit_orders=pd.DataFrame(
                visit_orders,
                columns=["establishment", "incentive_level", "visit_orders", "privileged_orders"],
            ),
            visiting_rules=pd.DataFrame(visiting_rules, columns=list(RULES)),
        ),
        prisoners,
        pd.DataFrame({"prisoner_id": [*np.array(ids, dtype=object)[owner], *ids[::6]]}),
        placements,
        party,
        VisitCost(
            trips=trips[list(TRIP_COLUMNS)],
            trip=trip,
            establishments=pd.Index(list(establishments)),
            return_minutes=everywhere * 2.0,
            money_gbp=everywhere * 0.5,
            refund_gbp=everywhere * 0.25,
            gross_gbp=everywhere,
            weight=np.ones(len(trips)),
        ),
        as_of=calendar.first_date if as_of is None else as_of,
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
        line=line,
        early=early,
        safety=safety,
        refunded_visits_per_year=26,
        keep_aparts=pd.DataFrame(
            [(ids[one], ids[other]) for one, other in apart], columns=["a", "b"], dtype="str"
        ),
    )
