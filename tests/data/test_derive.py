"""The derived tables are what the published ones and the stated assumptions give."""

from __future__ import annotations

import pandas as pd
import pytest

from data.derive import assumed, derive_all, derive_units
from data.load import read_table
from data.schema import columns
from data.words import (
    Availability,
    BookingChannel,
    Category,
    Confidence,
    ContactStatus,
    ConvictionStatus,
    Funder,
    NationalityGroup,
    Need,
    Preference,
    RuleLevel,
    Security,
    SentenceBand,
    Sex,
    Status,
    UnitFunction,
    WorkerFunder,
    WorkerLine,
)


@pytest.fixture(scope="module")
def all_derived() -> dict[str, pd.DataFrame]:
    return derive_all()


@pytest.mark.parametrize(
    "name", ["units", "session_templates", "video_stations", "family_workers", "court_alignment"]
)
def test_shipped_table_equals_what_is_derived(
    name: str, all_derived: dict[str, pd.DataFrame]
) -> None:
    pd.testing.assert_frame_equal(read_table(name), all_derived[name], check_dtype=False)


def test_a_prison_is_cut_by_its_shares_and_large_parts_into_blocks() -> None:
    """1,300 places by 0.2 and 0.8 are 260 and 1,040; 1,040 is more than 600, so two blocks."""
    prison = pd.DataFrame(
        {
            "establishment": ["ZZI"],
            "sex": ["men"],
            "security": ["C"],
            "in_use_cna": [1_000],
            "operational_capacity": [1_300],
            "population": [1_290],
        }
    )
    register = pd.DataFrame({"establishment": ["ZZI"], "functions": ["resettlement;training;yoi"]})
    parts = pd.DataFrame(
        {
            "applies_to": ["C:resettlement+training"] * 2,
            "part": [1, 2],
            "function": ["training", "resettlement"],
            "categories": ["C", "C"],
            "needs_served": ["sexual_offences", ""],
            "share": [0.2, 0.8],
            "source": ["assumption"] * 2,
            "confidence": ["assumed"] * 2,
        }
    )

    units = derive_units(prison, register, parts)

    assert units["unit"].to_list() == ["ZZI-1", "ZZI-2", "ZZI-3"]
    assert units["places"].to_list() == [260, 520, 520]
    assert units["in_use_cna"].to_list() == [200, 400, 400]
    assert units["needs_served"].to_list() == ["sexual_offences", "", "accessible"]
    assert units["young_offenders"].all()
    assert (units["headroom"] == 0).all()


def test_headroom_by_hand() -> None:
    """Durham: 965 places x 0.0162 arrivals x 2 days = 31; half of the 46 spare places is 23."""
    units = read_table("units").query("establishment == 'DMI'")

    assert int(units["headroom"].sum()) == 23
    assert set(units.query("headroom > 0")["function"]) == {"reception"}


def test_shares_of_every_prison_and_kind_add_up_to_one() -> None:
    shares = read_table("unit_assumptions").groupby("applies_to")["share"].sum()

    assert shares.to_list() == pytest.approx([1.0] * len(shares))


def test_every_row_of_the_unit_assumptions_is_used() -> None:
    codes = read_table("establishments").merge(
        read_table("establishment_register"), on="establishment"
    )
    units = read_table("units")
    used = read_table("unit_assumptions")
    own = used[~used["applies_to"].str.contains(":")]

    assert set(own["applies_to"]) <= set(codes["establishment"])
    assert units.groupby("establishment").size().min() >= 1


def test_the_timetables_of_98_prisons_are_known_less_dartmoor_and_a_stale_one() -> None:
    """98 have a timetable; Dartmoor is shut and Cookham Wood's is from its youth days."""
    sessions = read_table("session_templates")

    measured = sessions[sessions["confidence"] == Confidence.MEASURED]
    assert measured["establishment"].nunique() == 96
    assumed_only = set(sessions["establishment"]) - set(measured["establishment"])
    assert len(assumed_only) == 122 - 96 - 1
    assert "CKI" in assumed_only


@pytest.mark.parametrize(
    ("code", "tables"), [("WWI", 672), ("CFI", 335), ("BNI", 300), ("LNI", 48), ("ESI", 24)]
)
def test_known_weekly_tables_are_kept_exactly(code: str, tables: int) -> None:
    sessions = read_table("session_templates").query("establishment == @code")

    assert int(sessions["open_tables"].sum()) == tables


def test_tables_come_near_those_seen_in_the_sixteen_prisons() -> None:
    """Median 25 open places a session; 3 to 48 seen. Source: visit_scheduler_2024."""
    tables = read_table("session_templates")["open_tables"]

    assert 20 <= tables.median() <= 30
    assert tables.between(3, 48).all()


def test_two_lists_share_a_hall_and_parts_have_halls_of_their_own() -> None:
    sessions = read_table("session_templates")

    bullingdon = sessions.query("establishment == 'BNI'")
    assert set(bullingdon["hall"]) == {"main"}
    assert set(bullingdon["conviction_status"]) == set(ConvictionStatus)
    halls = sessions.groupby("establishment")["hall"].nunique()
    assert halls[halls > 1].to_dict() == {"NWI": 3, "HPI": 2, "HDI": 2}


def test_open_prisons_have_no_closed_visits() -> None:
    sessions = read_table("session_templates").merge(
        read_table("establishments")[["establishment", "security"]], on="establishment"
    )
    is_open = sessions["security"].isin([Security.D, Security.OPEN])

    assert (sessions.loc[is_open, "closed_tables"] == 0).all()
    assert sessions.loc[~is_open, "closed_tables"].between(1, 8).all()


def test_parc_has_three_evening_sessions() -> None:
    """Source: hmip_2026."""
    parc = read_table("session_templates").query("establishment == 'PRI'")

    assert int((parc["start"] >= "17:30").sum()) == 3


def test_the_family_workers_that_are_known_are_the_published_ones() -> None:
    """Source: hmip_2026."""
    workers = read_table("family_workers").set_index("establishment")

    known = workers[workers["confidence"] == Confidence.MEASURED]["fte"].to_dict()
    assert known == {"MRI": 1.0, "DMI": 2.0, "WEI": 3.0, "PRI": 6.0}


def test_assumed_workers_follow_one_rule() -> None:
    """Leeds: 1,076 people at one worker for 400 is 2.69, rounded to halves 2.5."""
    workers = read_table("family_workers").set_index("establishment")

    assert workers.loc["LEI", "fte"].sum() == 2.5
    assert workers.loc["AGI", "fte"] == 1.0


def test_half_of_an_assumed_number_is_for_early_days_where_people_come_from_court() -> None:
    """Leeds receives from court: 2 caseworkers and half a post paid by a grant, assumed.

    Durham does too, but its two workers are a published number.
    """
    workers = read_table("family_workers")
    early = workers[workers["line"] == WorkerLine.EARLY_DAYS].set_index("establishment")

    assert early.loc["LEI", ["funder", "fte"]].to_list() == ["grant", 0.5]
    assert set(early["confidence"]) == {Confidence.ASSUMED}
    assert "DMI" not in early.index
    assert workers["fte"].sum() == 226.0


def test_full_sutton_has_no_family_workers() -> None:
    workers = read_table("family_workers").set_index("establishment")

    assert workers.loc["FNI", "fte"] == 0.0


def test_stations_are_two_to_six_by_size() -> None:
    stations = read_table("video_stations").groupby("establishment")["stations"].first()

    assert stations.between(2, 6).all()
    assert stations["OWI"] == 6
    assert stations["AGI"] == 2


def test_assumptions_lie_inside_their_ranges() -> None:
    table = read_table("estate_assumptions")

    assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"])).all()
    assert assumed("headroom_days") == 2


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        ("establishments", "sex", Sex),
        ("establishments", "security", Security),
        ("establishments", "booking_channel", BookingChannel),
        ("establishments", "funder", Funder),
        ("family_workers", "funder", WorkerFunder),
        ("family_workers", "line", WorkerLine),
        ("units", "function", UnitFunction),
        ("units", "categories", Category),
        ("units", "needs_served", Need),
        ("units", "confidence", Confidence),
        ("session_templates", "conviction_status", ConvictionStatus),
        ("population", "category", Category),
        ("population", "status", Status),
        ("population", "sentence_band", SentenceBand),
        ("population", "nationality_group", NationalityGroup),
        ("population", "preference", Preference),
        ("contacts", "status", ContactStatus),
        ("contacts", "availability", Availability),
        ("rules", "level", RuleLevel),
    ],
)
def test_words_of_the_dictionary_are_those_of_the_code(
    table: str, column: str, words: type
) -> None:
    (described,) = [one for one in columns(table) if one.name == column]

    assert set(described.words) == {str(word) for word in words}  # type: ignore[attr-defined]
