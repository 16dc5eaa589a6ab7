"""What the rules table makes of the rules: levels, dates, prices, classes and reasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.load import read_table
from data.records import Records
from optimiser.build import Inputs, rule_book, why_excluded, with_exclusions
from optimiser.eligibility import LEVELS, ONCE, RULE_NAMES, recently_moved
from optimiser.fit import (
    RuleBook,
    allowed_of,
    as_rules_see,
    eligible,
    excluding_rules,
    fit,
    rule_faults,
    rules_in_force,
)
from optimiser.problem import PriceRangeError
from tests.optimiser.rule_world import NO_STAGES, WEST_OF_EAST, book, people, rule, table_of
from tests.optimiser.test_eligibility import CASES, MOVE_CASES, PLACE_CASES
from tests.optimiser.toy_world import AS_OF, person, toy_population, toy_tables

OPEN = {"function": "open", "categories": "D"}
COHORTS = read_table("cohort_rules").columns


def built_in(*where: dict[str, Any]) -> RuleBook:
    """Give the rules as shipped."""
    shipped = book(*where, places=WEST_OF_EAST, stages=read_table("stage_rules"))
    return replace(shipped, rules=rules_in_force(read_table("rules"), AS_OF))


def test_a_hard_rule_forbids_a_soft_one_prices_and_off_ignores() -> None:
    who, where = people({"category": "U"}), {"categories": "B"}

    def found(level: str) -> Any:
        return fit(who, book(where, remand={"level": level, "price_gbp": 12}))

    assert not found("hard").allowed[0, 0]
    assert found("soft").allowed[0, 0]
    assert found("soft").breaches["remand"][0, 0] == 1200
    assert found("off").allowed[0, 0]
    assert found("off").breaches == {}


def test_a_rule_about_establishments_forbids_or_prices_there() -> None:
    who = people({"home_area": "west"}, {"home_area": "east"})

    hard = fit(who, book(places=WEST_OF_EAST, region={"level": "hard"}))
    soft = fit(who, book(places=WEST_OF_EAST, region={"level": "soft", "price_gbp": 2}))

    everybody = np.arange(2)
    unit_place = np.arange(3)
    assert allowed_of(hard, everybody, unit_place).tolist() == [
        [True, True, False],
        [False, False, True],
    ]
    price = soft.place_breaches["region"]
    assert price.values[price.row_of].tolist() == [[0, 0, 200], [200, 200, 0]]


def test_degrees_of_a_breach_are_each_priced() -> None:
    """Two levels of security above, and the second place further down the court's list."""
    who = people({"category": "D"}, {"status": "remand", "court_area": "west"})
    prices = {"level": "soft", "price_gbp": 10}

    found = fit(who, book(places=WEST_OF_EAST, over_security=prices, court_alignment=prices))

    listed = found.place_breaches["court_alignment"]
    assert found.breaches["over_security"][found.class_of[0], 0] == 1000
    assert listed.values[listed.row_of[1]].tolist() == [1000, 0, 2000]


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "binds"),
    [
        ("", "", True),
        ("2026-07-27", "", True),
        ("2026-07-28", "", False),
        ("", "2026-07-27", True),
        ("", "2026-07-26", False),
    ],
)
@pytest.mark.parametrize("name", RULE_NAMES)
def test_a_rule_binds_between_its_dates(
    name: str, valid_from: str, valid_to: str, binds: bool
) -> None:
    table = rule(
        name, LEVELS[name][0], price_gbp=1, value=1, valid_from=valid_from, valid_to=valid_to
    )

    assert (name in rules_in_force(table, date(2026, 7, 27))) == binds


def test_every_fault_of_the_table_is_reported_at_once() -> None:
    table = table_of(
        sexx={"level": "hard"},
        sex={"level": "off"},
        court_alignment={"level": "hard"},
        region={"level": "soft"},
        short_time_left={"level": "hard"},
        after_sentence={"level": "hard", "value": "soon"},
        hold_court={"level": "hard", "valid_from": "2026-02-01", "valid_to": "2026-01-01"},
        hold_other={"level": "off", "price_gbp": ""},
        over_security={"level": "soft", "price_gbp": 1e16},
        stay_preference={"level": "soft", "price_gbp": float("inf")},
        estate_margin_men={"level": "hard", "value": 1e30},
        estate_margin_women={"level": "hard", "value": float("inf")},
    )

    faults = {(fault.rule, fault.column) for fault in rule_faults(table)}
    with pytest.raises(ValueError, match=r"sexx: found rule.*; rules: sex: found level 'off'; "):
        rules_in_force(table, AS_OF)

    assert faults == {
        ("sexx", "rule"),
        ("sex", "level"),
        ("court_alignment", "level"),
        ("region", "price_gbp"),
        ("short_time_left", "value"),
        ("after_sentence", "value"),
        ("hold_court", "valid_to"),
        ("over_security", "price_gbp"),
        ("stay_preference", "price_gbp"),
        ("estate_margin_men", "value"),
        ("estate_margin_women", "value"),
    }


def test_a_price_of_many_levels_is_refused_before_it_overflows() -> None:
    """Each level is within bounds; two, or two rows of one rule, are more than 2**28 pennies."""
    dear = {"level": "soft", "price_gbp": 1e6}
    listed = people({"status": "remand", "court_area": "west"})
    ranks = {sex: table * 2 for sex, table in WEST_OF_EAST.ranks.items()}
    far_down = book(places=replace(WEST_OF_EAST, ranks=ranks), court_alignment=dear)
    row = ("training", "sentenced", "any", None, None, "soft", 1e6)
    stages = pd.DataFrame([row] * 3, columns=NO_STAGES.columns)

    with pytest.raises(PriceRangeError, match="court_alignment costs 400000000 pennies a week"):
        fit(listed, far_down)
    with pytest.raises(PriceRangeError, match="stage_fit costs 300000000 pennies a week"):
        fit(people({}), book({}, stages=stages, stage_fit={"level": "soft"}))


def test_the_built_in_rules_have_no_fault() -> None:
    assert rule_faults(read_table("rules")) == []


def test_a_rule_with_two_rows_on_one_day_is_refused() -> None:
    twice = pd.concat([rule("sex", "hard"), rule("sex", "hard")], ignore_index=True)

    with pytest.raises(ValueError, match="sex has more than one row on 2026-07-27"):
        rules_in_force(twice, AS_OF)


def test_stage_rules_price_and_forbid_by_function_status_band_and_days() -> None:
    stages = pd.DataFrame(
        [
            ("training", "sentenced", "12_to_48_months", None, 91, "soft", 8),
            ("training", "recall", "any", 1097, None, "hard", None),
            ("training", "sentenced", "any", None, None, "off", 99),
        ],
        columns=NO_STAGES.columns,
    )
    who = people(
        {"days_to_release": 91},
        {"days_to_release": 92},
        {"days_to_release": 91, "sentence_band": "4_to_10_years"},
        {"status": "recall", "days_to_release": 1097},
        {"status": "recall", "days_to_release": 1096},
        {"status": "recall", "days_to_release": None},
    )

    found = fit(who, book({}, stages=stages, stage_fit={"level": "soft"}))

    prices = found.breaches["stage_fit"][found.class_of, 0]
    assert prices.tolist() == [800, 0, 0, 0, 0, 0]
    assert found.allowed[found.class_of, 0].tolist() == [True, True, True, False, True, True]


def test_sixteen_months_are_told_by_band_and_by_days_from_sentence_to_release() -> None:
    stages = pd.DataFrame(
        [("training", "sentenced", "16_months_or_less", None, None, "soft", 5)],
        columns=NO_STAGES.columns,
    )
    who = people(
        {"sentence_band": "under_12_months"},
        {"days_since_sentence": 43, "days_to_release": 200},
        {"days_since_sentence": 44, "days_to_release": 200},
        {"days_to_release": 10},
        {"sentence_band": "4_to_10_years", "days_since_sentence": 1, "days_to_release": 1},
    )

    found = fit(
        who,
        book(
            {},
            stages=stages,
            stage_fit={"level": "soft"},
            sentence_16_months={"level": "hard", "value": 243},
        ),
    )

    assert found.breaches["stage_fit"][found.class_of, 0].tolist() == [500, 500, 0, 0, 0]


def cohort(name: str, **columns: Any) -> dict[str, Any]:
    """Give a row of a user's own rules."""
    return dict.fromkeys(COHORTS, "") | {"rule": name, "level": "soft", "price_gbp": 3} | columns


@pytest.mark.parametrize(
    ("columns", "meant"),
    [
        ({}, [True, True, True, True]),
        ({"sex": "women"}, [False, False, False, True]),
        ({"category": "B;C"}, [True, True, True, False]),
        ({"status": "recall"}, [False, True, False, False]),
        ({"band": "4_to_10_years"}, [False, False, True, False]),
        ({"age_min": 25}, [True, False, True, True]),
        ({"age_min": 18, "age_max": 24}, [False, True, False, False]),
        ({"needs": "accessible"}, [False, False, True, False]),
        ({"days_min": 500}, [True, False, False, True]),
        ({"days_max": 499}, [False, True, False, False]),
        ({"unit": "AAA-9"}, [False, False, False, False]),
        ({"establishment": "AAA"}, [True, True, True, True]),
        ({"function": "training;open"}, [True, True, True, True]),
        ({"level": "off"}, [False, False, False, False]),
    ],
)
def test_a_row_of_a_users_own_rules_means_whom_it_says(
    columns: dict[str, Any], meant: list[bool]
) -> None:
    who = people(
        {},
        {"status": "recall", "age": 24, "days_to_release": 10},
        {"sentence_band": "4_to_10_years", "needs": "accessible", "days_to_release": None},
        {"sex": "women", "category": "closed"},
    )
    cohorts = pd.DataFrame([cohort("own", **columns)])

    soft = fit(who, book({}, cohorts=cohorts, cohort_rules={"level": "soft"}))
    if columns.get("level") != "off":
        cohorts = cohorts.assign(level="hard")
    hard = fit(who, book({}, cohorts=cohorts, cohort_rules={"level": "soft"}))
    off = fit(who, book({}, cohorts=cohorts, cohort_rules={"level": "off"}))

    price = soft.breaches.get("own", np.zeros((len(soft.allowed), 1), dtype=np.int32))
    assert (price[soft.class_of, 0] == np.array(meant) * 300).all()
    assert (~hard.allowed[hard.class_of, 0]).tolist() == meant
    assert off.allowed.all()


def test_rows_of_one_own_rule_add_their_prices() -> None:
    cohorts = pd.DataFrame([cohort("own"), cohort("own", price_gbp=4), cohort("other")])

    found = fit(people({}), book({}, cohorts=cohorts, cohort_rules={"level": "soft"}))

    assert {name: int(price[0, 0]) for name, price in found.breaches.items()} == {
        "own": 700,
        "other": 300,
    }


def test_soft_rules_about_moves_price_each_week_and_a_vehicle_once() -> None:
    who = people({"preference": "stay"}, {"hold_reason": "medical"}, {"needs": "accessible"})

    found = fit(
        who,
        book(
            hold_medical={"level": "soft", "price_gbp": 7},
            stay_preference={"level": "soft", "price_gbp": 10},
            special_vehicle={"level": "soft", "price_gbp": 300},
        ),
    )

    assert not found.frozen.any()
    assert found.move_breaches["stay_preference"].tolist() == [1000, 0, 0]
    assert found.move_breaches["hold_medical"].tolist() == [0, 700, 0]
    assert {name: price.tolist() for name, price in found.move_once.items()} == {
        name: [0, 0, 30_000] for name in ONCE
    }


EVERYBODY = [
    *(who for _, who, *_ in CASES),
    *(who for _, who, _ in PLACE_CASES),
    *(who for _, who, _ in MOVE_CASES),
    *({"age": 18 + n} for n in range(4)),
]
ELSEWHERE = [
    {"establishment": code, "region": region} for code, region in (("BBB", "West"), ("CCC", "East"))
]
EVERYWHERE = [
    {"unit": f"AAA-{number}"} | where
    for number, where in enumerate([*(where for _, _, where, _ in CASES), *ELSEWHERE])
]


def test_classes_give_each_person_the_answer_of_their_own() -> None:
    """Everybody at once equals everybody alone."""
    rules = built_in(*EVERYWHERE)

    together = eligible(people(*EVERYBODY), rules)

    for row, who in enumerate(EVERYBODY):
        assert np.array_equal(eligible(people(who), rules)[0], together[row])


def test_the_reasons_against_a_unit_are_there_where_it_is_excluded_and_nowhere_else() -> None:
    rules = built_in(*EVERYWHERE)

    for who in EVERYBODY:
        person = people({"current_unit": "AAA-3"} | who)
        reasons = excluding_rules(person, rules)
        assert [not against for against in reasons] == eligible(person, rules)[0].tolist()


def test_the_reasons_against_a_unit_come_in_the_order_of_the_rules() -> None:
    rules = built_in(
        {"unit": "CCC-1", "establishment": "CCC", "sex": "women", "categories": "open"},
        {"unit": "AAA-1"},
    )
    person = people({"excluded": "CCC", "hold_reason": "medical", "days_to_release": 5})

    assert excluding_rules(person, rules) == [
        ("sex", "category", "public_protection", "short_time_left", "hold_medical"),
        (),
    ]


def test_a_frozen_person_may_only_stay() -> None:
    rules = built_in({"unit": "AAA-0"}, {"unit": "AAA-1", "categories": "A;B"})

    allowed = eligible(people({"category": "A", "current_unit": "AAA-0"}), rules)

    assert allowed.tolist() == [[True, False]]


def test_a_hold_is_read_on_the_date() -> None:
    who = people({"hold_reason": "court", "hold_until": "2026-07-28"})

    assert as_rules_see(who, book())["hold"].tolist() == ["court"]
    later = replace(book(), as_of=date(2026, 7, 28))
    assert as_rules_see(who, later)["hold"].tolist() == [""]


def test_the_day_of_the_last_transfer_says_who_was_moved_recently_and_else_the_hold() -> None:
    """Six weeks before 27 July is 15 June: whoever came on that day has been there for 42 days."""
    who = people(
        {"last_transfer_date": "2026-06-16"},
        {"last_transfer_date": "2026-06-15"},
        {"last_transfer_date": "2026-06-15", "hold_reason": "recent_transfer"},
        {"last_transfer_date": "2026-07-20", "hold_reason": "medical"},
        {"last_transfer_date": "", "hold_reason": "recent_transfer"},
        {"last_transfer_date": "2026-08-20"},
    )
    rules = book(hold_recent_transfer={"level": "hard", "value": 42})

    seen = as_rules_see(who, rules)["hold"].tolist()

    assert seen == ["recent_transfer", "", "", "medical", "recent_transfer", ""]
    lately = [True, False, False, True, True, False]
    assert recently_moved(who, 42, rules.as_of).tolist() == lately
    by_hold = [False, False, True, False, True, False]
    assert recently_moved(who, float("nan"), rules.as_of).tolist() == by_hold
    assert (
        recently_moved(who.drop(columns="last_transfer_date"), 42, rules.as_of).tolist() == by_hold
    )


def test_built_in_stage_rules_are_words_of_the_population() -> None:
    stages = read_table("stage_rules")
    keys = stages[["function", "status", "band", "days_min", "days_max"]].astype(str)

    assert not keys.duplicated().any()
    assert set(stages["band"]) <= {
        "any",
        "16_months_or_less",
        "over_16_months",
        "under_12_months",
        "12_to_48_months",
        "4_to_10_years",
        "10_years_and_over",
        "indeterminate",
    }


def test_exclusions_by_name_and_by_miles_from_an_area(baseline: Any) -> None:
    """Within 50 miles of the middle lie all three; P2 may not be near the west."""
    rows = pd.DataFrame(
        [
            ("P1", "BBB", "", np.nan),
            ("P1", "CCC", "", np.nan),
            ("P2", "", "west", 50.0),
            ("P2", "BBB", "", np.nan),
        ],
        columns=["prisoner_id", "establishment", "home_area", "within_miles"],
    )
    population = toy_population(*(person(n, "west", "CCC-1") for n in range(3)))
    records = replace(Records.empty(), exclusions=rows)
    inputs = Inputs(**toy_tables(baseline, population, records=records), policy=baseline.allocation)

    seen = with_exclusions(inputs)
    against = why_excluded(inputs, rule_book(inputs), "P2")

    assert seen["excluded"].tolist() == ["", "BBB;CCC", "AAA;BBB"]
    assert against == [
        ("public_protection",),
        ("public_protection",),
        (),
        ("category", "open_suitable"),
        ("sexual_offence_unit",),
    ]
    with pytest.raises(KeyError, match="P9"):
        why_excluded(inputs, rule_book(inputs), "P9")
