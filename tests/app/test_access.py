"""Who may read, as it is set up: own machine, sign-in or a trusted proxy; roles by groups."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_pages._access import Access, AccessError, check_address, identity, is_loopback, read

PROXY = {
    "ESTATE_PROXY_HEADER": "X-Forwarded-User",
    "ESTATE_PROXY_ADDRESSES": "10.0.0.5, 10.1.0.0/16",
}
SIGN_IN = {"auth": {"client_id": "estate"}}


def test_nothing_set_up_means_the_readers_own_machine_where_everybody_plans() -> None:
    access = read({}, {})
    assert access.mode == "own machine"
    assert access.role_of("", ()) == "planner"


def test_section_of_streamlit_means_sign_in() -> None:
    assert read({}, SIGN_IN).mode == "sign-in"


def test_header_and_addresses_mean_a_proxy_and_only_it_is_believed() -> None:
    access = read(PROXY, {})
    assert (access.mode, access.header) == ("proxy", "x-forwarded-user")
    believed = ["10.0.0.5", "10.1.200.3", "::ffff:10.0.0.5"]
    assert [access.is_proxy(each) for each in believed] == [True, True, True]
    strangers = ["10.0.0.6", "127.0.0.1", "", None, "no address", "::1"]
    assert not any(access.is_proxy(each) for each in strangers)


def test_environment_wins_over_secrets() -> None:
    secrets = {"access": {"planners": ["a"], "proxy_header": "x", "proxy_addresses": ["10.0.0.1"]}}
    access = read({"ESTATE_PLANNERS": "b;c"}, secrets)
    assert access.planners == {"b", "c"}
    assert access.header == "x"


def test_analysts_are_named_as_planners_are_and_rank_below_them() -> None:
    access = read(PROXY | {"ESTATE_ANALYSTS": "policy", "ESTATE_ANALYST_NAMES": "ann"}, {})
    access = replace(access, planners=frozenset({"planning"}))
    assert access.role_of("ann", ()) == "analyst"
    assert access.role_of("bob", ("policy",)) == "analyst"
    assert access.role_of("ann", ("planning",)) == "planner"
    assert access.role_of("policy", ()) == "viewer"


@pytest.mark.parametrize(
    ("environment", "secrets", "fault"),
    [
        ({"ESTATE_PROXY_HEADER": "X-User"}, {}, "anybody could send this header"),
        ({"ESTATE_PROXY_ADDRESSES": "10.0.0.1"}, {}, "which header names the reader"),
        (PROXY | {"ESTATE_PROXY_ADDRESSES": "proxy.local"}, {}, "'proxy.local' is no address"),
        (PROXY | {"ESTATE_PROXY_ADDRESSES": "10.0.0.5/8"}, {}, "is no address and no network"),
        (PROXY | {"ESTATE_PROXY_HEADER": "X User"}, {}, "is no name of a header"),
        (PROXY, SIGN_IN, "Keep one of them"),
        ({}, {"access": {"planner": ["a"]}}, "no setting 'planner'"),
        ({"ESTATE_CLAIM": "preferred_username"}, SIGN_IN, "does not list groups"),
    ],
)
def test_settings_that_leave_a_door_open_are_refused(
    environment: dict[str, str], secrets: dict[str, Any], fault: str
) -> None:
    with pytest.raises(AccessError, match=fault):
        read(environment, secrets)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(AccessError) as refused:
        read({"ESTATE_PROXY_HEADER": "X User"}, SIGN_IN)
    assert len(refused.value.faults) == 3


def test_role_comes_from_name_or_group_and_the_highest_counts() -> None:
    access = Access(
        mode="sign-in",
        planners=frozenset({"plan"}),
        administrators=frozenset({"admin"}),
        planner_names=frozenset({"ada"}),
        administrator_names=frozenset({"grace"}),
    )
    assert access.role_of("grace", ("plan",)) == "administrator"
    assert access.role_of("ada", ()) == "planner"
    assert access.role_of("bob", ("plan",)) == "planner"
    assert access.role_of("bob", ("plan", "admin")) == "administrator"
    assert access.role_of("bob", ("Plan", "plans")) == "viewer"
    assert access.role_of("", ()) == "viewer"


def test_name_is_not_taken_for_a_group_nor_a_group_for_a_name() -> None:
    told = {"planners": "planning", "administrators": "running-it"}
    names = {"planner_names": "ada", "administrator_names": "grace"}
    access = read({}, SIGN_IN | {"access": told | names})
    assert access.role_of("planning", ()) == "viewer"
    assert access.role_of("running-it", ()) == "viewer"
    assert access.role_of("bob", ("ada", "grace")) == "viewer"
    assert access.role_of("ada", ()) == "planner"
    assert access.role_of("grace", ()) == "administrator"


@pytest.mark.parametrize("checked", [{}, {"email_verified": False}, {"email_verified": "false"}])
def test_address_that_nobody_checked_is_no_identity(checked: dict[str, Any]) -> None:
    claims = {"sub": "7", "email": "ada@example.org", "preferred_username": "ada"}
    assert identity(claims | checked) == "7"
    assert identity(claims | {"email_verified": True}) == "ada@example.org"


def test_names_that_readers_choose_are_no_identity() -> None:
    assert identity({"preferred_username": "ada", "name": "Ada", "nickname": "a"}) == ""
    assert identity({"sub": " ", "email": "ada@example.org"}) == ""


@given(name=st.text(), groups=st.lists(st.text()))
def test_nobody_is_more_than_a_viewer_where_no_group_was_given_a_role(
    name: str, groups: list[str]
) -> None:
    for mode in ("sign-in", "proxy"):
        assert Access(mode=mode).role_of(name, groups) == "viewer"  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.1", "estate.example", "", None])
def test_address_that_others_can_reach_needs_sign_in_or_a_proxy(address: str | None) -> None:
    assert not is_loopback(address)
    with pytest.raises(AccessError, match="Set up sign-in"):
        check_address(Access(), address)
    check_address(Access(mode="proxy"), address)
    check_address(Access(mode="sign-in"), address)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"])
def test_address_of_this_machine_needs_neither(address: str) -> None:
    check_address(Access(), address)
