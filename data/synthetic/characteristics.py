"""What the people of a synthetic population are like, told in the order in which it is dealt.

First the unit, for that is known: how many people every prison holds. Then what law and practice
tie to the unit (custody type, category, sentence, time left, needs), then home, then the rest.
Nobody is dealt what their unit may not hold.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.apportion import largest_remainder
from data.estate import Estate
from data.synthetic.balance import Floats, Integers, deal, round_to_margins
from data.synthetic.dealing import WORDS, Assumptions, People, deal_words, group_people, stream
from data.synthetic.settings import PopulationSettings
from data.words import Category, Need, Sex, UnitFunction

Truths = NDArray[np.bool_]

LONGEST_DAYS_LEFT_OPEN = 1090
"""Open conditions are filtered at three years left; a few days short of it."""


def held_by_unit(estate: Estate) -> Integers:
    """Spread every establishment's published population over its units.

    Returns
    -------
    Integers
        Shape (units,): people held, in proportion to places, at most the places of the unit except
        where the published population exceeds the establishment's capacity.

    Raises
    ------
    ValueError
        When nobody is held anywhere, or people are held where there is no unit or no place.
    """
    population = estate.establishments.set_index("establishment")["population"]
    places = estate.units.groupby("establishment")["places"].sum().reindex(population.index)
    homeless = population.index[(population > 0) & ~(places > 0)]
    if len(homeless) or not population.sum():
        raise ValueError(
            "establishments.csv: people are held where units.csv has no places "
            f"({', '.join(homeless[:3]) or 'nobody is held at all'}). Correct the population or "
            "add units."
        )
    held = np.zeros(len(estate.units), dtype=np.int64)
    of_units = estate.units["places"].to_numpy()
    where = estate.units["establishment"].to_numpy()
    for establishment, people in population.items():
        rows = np.flatnonzero(where == establishment)
        held[rows] = largest_remainder(of_units[rows], int(people), at_most=of_units[rows])
    return held


def unit_words(units: pd.DataFrame, column: str, word: str) -> Truths:
    """Say for each unit whether a list column holds a word."""
    return np.array([word in cell.split(";") for cell in units[column]], dtype=np.bool_)


def starting_people(units: pd.DataFrame, held: Integers) -> People:
    """Make one person for everyone a unit holds, with the unit's sex and function."""
    unit = np.repeat(np.arange(len(units), dtype=np.int64), held)
    return {
        "unit": unit,
        "sex": codes("sex", units["sex"])[unit],
        "function": codes("function", units["function"])[unit],
    }


def codes(attribute: str, words: pd.Series[str]) -> Integers:
    """Turn words into the codes of an attribute."""
    return np.array([WORDS[attribute].index(word) for word in words], dtype=np.int64)


def is_word(people: People, attribute: str, *words: str) -> Truths:
    """Say for each person whether an attribute is one of some words."""
    return np.isin(people[attribute], [WORDS[attribute].index(word) for word in words])


def deal_status(
    people: People, units: pd.DataFrame, assumptions: Assumptions, settings: PopulationSettings
) -> Integers:
    """Deal custody types: remand only in units that hold uncategorised people."""
    custody = assumptions.figure("status")
    remand = assumptions.figure("status_share")["remand"]
    convicted = sum(custody.values()) - custody["remand"]
    everybody = len(people["unit"])
    women = is_word(people, "sex", Sex.WOMEN)
    totals = {
        word: everybody * (remand if word == "remand" else (1 - remand) * number / convicted)
        for word, number in custody.items()
    }
    of_women = {
        "remand": settings.women_remand_share * women.sum(),
        "recall": settings.women_recall_share * women.sum(),
        "indeterminate": settings.women_indeterminate_share * women.sum(),
    }
    of_women["sentenced"] = women.sum() - sum(of_women.values())
    of_men = {word: max(0.0, number - of_women[word]) for word, number in totals.items()}
    possible = np.ones((len(units), len(WORDS["status"])), dtype=np.bool_)
    possible[:, 0] = unit_words(units, "categories", Category.UNCATEGORISED)
    status = np.zeros(everybody, dtype=np.int64)
    for part, who, wanted in (("men", ~women, of_men), ("women", women, of_women)):
        status[who] = deal_words(
            people,
            "status",
            ["function"],
            assumptions=assumptions,
            seed=settings.seed,
            who=who,
            totals=wanted,
            possible=possible,
            part=part,
        )
    return status


def deal_category(
    people: People, units: pd.DataFrame, assumptions: Assumptions, settings: PopulationSettings
) -> Integers:
    """Deal categories that the unit holds, and a few people waiting there for open conditions."""
    own = np.stack([unit_words(units, "categories", word) for word in WORDS["category"]], axis=1)
    place = {word: position for position, word in enumerate(WORDS["category"])}
    closed_men = units["function"].isin(
        [UnitFunction.RECEPTION, UnitFunction.TRAINING, UnitFunction.RESETTLEMENT]
    )
    possible = own.copy()
    possible[:, place["D"]] |= own[:, place["C"]] & closed_men.to_numpy()
    possible[:, place["open"]] |= (
        own[:, place["closed"]] & (units["function"] == UnitFunction.WOMENS_CLOSED).to_numpy()
    )
    women = is_word(people, "sex", Sex.WOMEN)
    category = np.zeros(len(women), dtype=np.int64)
    for part, who, totals in (
        ("men", ~women, _categories_of_men(people, ~women, assumptions)),
        ("women", women, None),
    ):
        category[who] = deal_words(
            people,
            "category",
            ["function", "status"],
            assumptions=assumptions,
            seed=settings.seed,
            who=who,
            totals=totals,
            possible=possible,
            part=part,
        )
    return category


def _categories_of_men(people: People, men: Truths, assumptions: Assumptions) -> dict[str, float]:
    published = assumptions.figure("category_men")
    scale = men.sum() / assumptions.figure("people")["men"]
    totals = {word: published[word] * scale for word in ("A", "B", "U")}
    in_open = (men & is_word(people, "function", UnitFunction.OPEN)).sum()
    totals["D"] = in_open / assumptions.figure("category_d_in_open")["share"]
    totals["C"] = max(0.0, men.sum() - sum(totals.values()))
    return totals


def deal_sentence_band(
    people: People, assumptions: Assumptions, settings: PopulationSettings
) -> Integers:
    """Deal lengths of sentence; only those of men now serving one have a published shape."""
    given = ["status", "sex", "function", "category"]
    shape = assumptions.figure("sentence_band")
    sentenced_men = is_word(people, "status", "sentenced") & is_word(people, "sex", Sex.MEN)
    band = np.zeros(len(people["unit"]), dtype=np.int64)
    for part, who, totals in (
        ("sentenced men", sentenced_men, shape),
        ("others", ~sentenced_men, None),
    ):
        band[who] = deal_words(
            people,
            "sentence_band",
            given,
            assumptions=assumptions,
            seed=settings.seed,
            who=who,
            totals=totals,
            part=part,
        )
    return band


def deal_offence_group(
    people: People, units: pd.DataFrame, assumptions: Assumptions, settings: PopulationSettings
) -> Integers:
    """Deal main offences; everybody in a unit for sexual offences has one."""
    men = is_word(people, "sex", Sex.MEN)
    remand = is_word(people, "status", "remand")
    sexual = np.zeros(len(men), dtype=np.bool_)
    possible = np.ones((len(units), 2), dtype=np.bool_)
    possible[:, 0] = ~unit_words(units, "needs_served", Need.SEXUAL_OFFENCES)
    wanted = assumptions.figure("sexual_offences")["sentenced"]
    wanted *= men.sum() / assumptions.figure("people")["men"]
    for part, who, number in (
        ("sentenced men", men & ~remand, wanted),
        ("men on remand", men & remand, settings.remand_sexual_share * (men & remand).sum()),
    ):
        dealt = deal_words(
            people,
            "sexual_offence",
            ["function"],
            assumptions=assumptions,
            seed=settings.seed,
            who=who,
            totals={"yes": min(number, who.sum()), "no": max(0.0, who.sum() - number)},
            possible=possible,
            part=part,
        )
        sexual[who] = dealt == 1
    offence = np.full(len(men), WORDS["offence_group"].index("sexual"), dtype=np.int64)
    for part, who, totals in (
        ("men", men & ~sexual, assumptions.figure("offence_men")),
        ("women", ~men, assumptions.figure("offence_women")),
    ):
        offence[who] = deal_words(
            people,
            "offence_group",
            ["status", "sentence_band"],
            assumptions=assumptions,
            seed=settings.seed,
            who=who,
            totals=totals,
            part=part,
        )
    return offence


def time_left(
    people: People, assumptions: Assumptions, settings: PopulationSettings
) -> tuple[Floats, Floats, Floats]:
    """Draw where everybody is in their sentence.

    Returns
    -------
    days_to_release, days_since_sentence
        Whole days, shape (people,); NaN on remand. Everybody's days left lie in the window of
        the unit's function. For indeterminate sentences the days run to the earliest release.
    expected_weeks
        Weeks to release or to the next stage: trial, allocation, resettlement.
    """
    draw = stream(settings.seed, "time")
    count = len(people["unit"])
    band = people["sentence_band"]
    passed_least = assumptions.by_level("sentence_days", "sentence_band", "least", 365.0)[band]
    passed_most = assumptions.by_level("sentence_days", "sentence_band", "most", 3650.0)[band]
    passed = passed_least * (passed_most / passed_least) ** draw.random(count)
    served = passed * assumptions.by_level("served_share", "sentence_band", "share", 0.5)[band]
    least = assumptions.by_level("days_left", "function", "least", 1.0)[people["function"]]
    most = assumptions.by_level("days_left", "function", "most", 9999.0)[people["function"]]

    def inside(days: Floats) -> Floats:
        return cast("Floats", np.clip(days, least, most))

    share = draw.random(count)
    left = inside(least + share * (np.minimum(most, served) - least))
    waiting = settings.uncategorised_days * draw.random(count)
    fresh = is_word(people, "category", "U") & is_word(people, "status", "sentenced")
    left = np.where(fresh, np.maximum(served - waiting, 1), left)
    recalled = is_word(people, "status", "recall")
    fixed = (
        recalled
        & is_word(people, "function", UnitFunction.RECEPTION, UnitFunction.WOMENS_CLOSED)
        & (
            is_word(people, "category", "U")
            | (draw.random(count) < settings.fixed_term_recall_share)
        )
    )
    left = np.where(recalled, inside(least + share * (np.minimum(most, passed / 2) - least)), left)
    left = np.where(fixed, 1 + share * (settings.fixed_term_recall_days - 1), left)
    for_good = is_word(people, "status", "indeterminate")
    review = inside(least + draw.exponential(settings.indeterminate_days, count))
    left = np.floor(np.where(for_good, review, left))

    since = np.maximum(served - left, 0.0)
    since = np.where(fresh, waiting, since)
    since = np.where(recalled, served + (passed - served) * draw.random(count), since)
    since = np.where(for_good, 365 + draw.exponential(2500.0, count), since)
    remand = is_word(people, "status", "remand")
    trial = 1 + draw.exponential(settings.remand_days, count)
    days_to_release = np.where(remand, np.nan, left)
    days_since_sentence = np.where(remand, np.nan, np.floor(since))
    weeks = _weeks_in_place(people, np.where(remand, trial, left), fresh, draw, settings)
    return days_to_release, days_since_sentence, weeks


def _weeks_in_place(
    people: People,
    days: Floats,
    fresh: Truths,
    draw: np.random.Generator,
    settings: PopulationSettings,
) -> Floats:
    trains = is_word(people, "function", UnitFunction.TRAINING) & (
        days > settings.resettlement_days + 180
    )
    days = np.where(trains, days - settings.resettlement_days, days)
    allocation = settings.uncategorised_days * (1 + draw.random(len(days)))
    days = np.where(fresh, np.minimum(days, allocation), days)
    return cast("Floats", np.maximum(1.0, np.round(days / 7, 1)))


def deal_age(
    people: People, units: pd.DataFrame, assumptions: Assumptions, settings: PopulationSettings
) -> tuple[Integers, Integers]:
    """Deal age bands, then draw the year inside the band; under 21 only where designated.

    Returns
    -------
    tuple of Integers
        Codes of the band, and age in years.
    """
    women = is_word(people, "sex", Sex.WOMEN)
    totals = _age_totals(assumptions, len(women))
    young_women = assumptions.figure("age_women")["18_to_24"]
    older = {word: totals[word] for word in WORDS["age_band"][2:]}
    of_women = {word: n * (1 - young_women) / sum(older.values()) for word, n in older.items()}
    young = {word: totals[word] for word in WORDS["age_band"][:2]}
    of_women |= {word: n * young_women / sum(young.values()) for word, n in young.items()}
    of_women = {word: share * women.sum() for word, share in of_women.items()}
    of_men = {word: max(0.0, totals[word] - of_women[word]) for word in totals}
    possible = np.ones((len(units), len(WORDS["age_band"])), dtype=np.bool_)
    possible[:, 0] = units["young_offenders"].to_numpy()
    band = np.zeros(len(women), dtype=np.int64)
    for part, who, wanted in (("men", ~women, of_men), ("women", women, of_women)):
        band[who] = deal_words(
            people,
            "age_band",
            ["sentence_band", "offence_group", "function"],
            assumptions=assumptions,
            seed=settings.seed,
            who=who,
            totals=wanted,
            possible=possible,
            part=part,
        )
    draw = stream(settings.seed, "age in years")
    first = np.array([18, 21, 25, 30, 40, 50, 60])[band]
    width = np.array([3, 4, 5, 10, 10, 10, 1])[band]
    years = first + np.floor(width * draw.random(len(band))).astype(np.int64)
    beyond = np.minimum(np.floor(draw.exponential(7.0, len(band))), 35).astype(np.int64)
    return band, np.where(first == 60, 60 + beyond, years)


def _age_totals(assumptions: Assumptions, people: int) -> dict[str, float]:
    shares = dict(assumptions.figure("age"))
    twenties = shares.pop("21_to_29")
    early = assumptions.values("age_twenties")["21_to_24"]
    shares |= {"21_to_24": twenties * early, "25_to_29": twenties * (1 - early)}
    scale = people / sum(shares.values())
    return {word: shares[word] * scale for word in WORDS["age_band"]}


def deal_nationality(
    people: People, units: pd.DataFrame, assumptions: Assumptions, settings: PopulationSettings
) -> Integers:
    """Deal nationality groups; units of interest to the Home Office hold foreign nationals only."""
    possible = np.ones((len(units), len(WORDS["nationality_group"])), dtype=np.bool_)
    interest = unit_words(units, "needs_served", Need.FOREIGN_NATIONAL_INTEREST)
    possible[interest, :2] = False
    return deal_words(
        people,
        "nationality_group",
        ["function", "region", "status", "offence_group"],
        assumptions=assumptions,
        seed=settings.seed,
        totals=assumptions.figure("nationality"),
        possible=possible,
    )


def deal_ethnicity(
    people: People, assumptions: Assumptions, settings: PopulationSettings
) -> Integers:
    """Deal ethnicity, knowing region of home, nationality and whether on remand."""
    totals = dict(assumptions.figure("ethnicity"))
    rest = totals.pop("mixed_other_or_not_recorded")
    totals |= {word: rest * part for word, part in assumptions.values("ethnicity_rest").items()}
    return deal_words(
        people,
        "ethnicity",
        ["region", "nationality_group", "status"],
        assumptions=assumptions,
        seed=settings.seed,
        totals=totals,
    )


def deal_religion(
    people: People, assumptions: Assumptions, settings: PopulationSettings
) -> Integers:
    """Deal religion, knowing ethnicity."""
    return deal_words(
        people,
        "religion",
        ["ethnicity"],
        assumptions=assumptions,
        seed=settings.seed,
        totals=assumptions.figure("religion"),
    )


def deal_share(
    people: People,
    share: float,
    *,
    seed: int,
    purpose: str,
    among: Truths,
    by: str = "unit",
) -> Truths:
    """Pick a share of some people, spread evenly over the groups of an attribute.

    Returns
    -------
    Truths
        Shape (people,): true for exactly the share (to the person) of those in ``among``.
    """
    rows = np.flatnonzero(among)
    picked = np.zeros(len(among), dtype=np.bool_)
    if not rows.size:
        return picked
    group, codes = group_people(people, [by], rows)
    sizes = np.bincount(group, minlength=len(codes)).astype(np.float64)
    chosen = int(np.floor(share * len(rows) + 0.5))
    exact = sizes * (chosen / len(rows))
    draw = stream(seed, purpose)
    counts = round_to_margins(np.stack([sizes - exact, exact], axis=1), draw)
    picked[rows] = deal(group, counts, draw) == 1
    return picked
