"""Who travels together: shares, children, and nobody who is barred."""

from __future__ import annotations

import pandas as pd
import pytest

from data.families import has_possible_contact, parties
from data.population import Population
from scenarios.inputs import Inputs

ADULT = {
    "is_child": False,
    "home_area": "HOME",
    "status": "permitted",
    "availability": "weekend",
    "has_car": False,
    "low_income": False,
    "claims_visit_costs": False,
}
CHILD = {**ADULT, "is_child": True, "availability": "after_school_or_work"}


def population(**contacts: list[dict[str, object]]) -> Population:
    """One prisoner from HOME for each keyword, with these contacts."""
    rows = [
        {"contact_id": f"{name}{n}", "prisoner_id": name, **contact}
        for name, links in contacts.items()
        for n, contact in enumerate(links)
    ]
    frame = pd.DataFrame(rows, columns=["contact_id", "prisoner_id", *ADULT])
    prisoners = pd.DataFrame({"prisoner_id": sorted(contacts), "home_area": "HOME"})
    return Population(prisoners=prisoners, contacts=frame)


def test_one_household_is_one_party_with_its_car_and_its_children() -> None:
    found = parties(population(P1=[{**ADULT, "availability": "weekday", "has_car": True}, CHILD]))
    assert found.to_dict("records") == [
        {
            "prisoner_id": "P1",
            "party": 0,
            "home_area": "HOME",
            "adults": 1,
            "children": 1,
            "has_car": True,
            "low_income": False,
            "claims_visit_costs": False,
            "availability": "after_school_or_work",
            "conditions": False,
            "share": 1.0,
        }
    ]


def test_visits_are_shared_by_travellers_and_home_comes_first() -> None:
    """Two adults at home and one elsewhere: two thirds and one third."""
    found = parties(population(P1=[{**ADULT, "home_area": "AWAY"}, ADULT, ADULT]))
    assert found["home_area"].tolist() == ["HOME", "AWAY"]
    assert found["share"].tolist() == pytest.approx([2 / 3, 1 / 3])


def test_barred_and_unassessed_contacts_never_travel() -> None:
    barred = {**ADULT, "status": "barred", "has_car": True}
    waiting = {**ADULT, "status": "under_assessment", "home_area": "AWAY"}
    found = parties(population(P1=[ADULT, barred, waiting], P2=[barred], P3=[waiting]))
    assert found[["prisoner_id", "home_area", "adults", "has_car"]].to_numpy().tolist() == [
        ["P1", "HOME", 1, False]
    ]


def test_children_without_an_adult_who_may_come_stay_away() -> None:
    found = parties(population(P1=[{**ADULT, "status": "barred"}, CHILD]))
    assert found.empty


def test_a_table_seats_three_adults() -> None:
    assert parties(population(P1=[ADULT] * 5))["adults"].tolist() == [3]


def test_one_contact_with_conditions_puts_the_party_under_them() -> None:
    found = parties(population(P1=[ADULT, {**CHILD, "status": "with_conditions"}]))
    assert found["conditions"].tolist() == [True]


def test_a_contact_under_assessment_is_a_possible_one() -> None:
    known = population(
        P1=[], P2=[{**ADULT, "status": "under_assessment"}], P3=[{**ADULT, "status": "barred"}]
    )
    assert has_possible_contact(known).tolist() == [False, True, False]


def test_no_contacts_make_no_parties() -> None:
    assert parties(population(P1=[])).empty


def test_shares_add_up_to_one_for_everybody_with_a_party(real: Inputs) -> None:
    found = parties(real.population)
    totals = found.groupby("prisoner_id")["share"].sum()
    assert totals.to_numpy() == pytest.approx(1.0)
    assert 0.7 < len(totals) / len(real.population.prisoners) < 0.95
    assert (found["adults"] >= 1).all()
    assert found.groupby("prisoner_id")["party"].min().eq(0).all()


def test_parties_come_only_from_areas_of_permitted_contacts(real: Inputs) -> None:
    contacts = real.population.contacts
    may_visit = contacts["status"].isin(["permitted", "with_conditions"])
    allowed = contacts.loc[may_visit, ["prisoner_id", "home_area"]].drop_duplicates()
    found = parties(real.population)
    assert len(found.merge(allowed, on=["prisoner_id", "home_area"])) == len(found)
