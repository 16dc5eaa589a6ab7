"""Who may be held where, and who may be moved: one small function per rule.

A rule about places says which pairs of a person and a unit, or a person and an establishment,
*break* it; a rule about moves says whom it keeps where they are. What that means, the rules table
says: see
``optimiser.fit``. Rules about how many fit in a unit are in ``optimiser.capacity``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.words import (
    LIST_SEPARATOR,
    RECENT_TRANSFER,
    Category,
    Flag,
    Need,
    Preference,
    RuleLevel,
    Sex,
    Status,
)
from data.words import UnitFunction as Function
from optimiser.problem import Integers

Breaks: TypeAlias = Any
"""Array of shape (people, places): truth, or levels of breach where a rule has them."""

UnitRule: TypeAlias = Callable[[pd.DataFrame, pd.DataFrame, float], Breaks]
"""From people, units and the rule's value, to the pairs that break it."""

EstablishmentRule: TypeAlias = Callable[[pd.DataFrame, "Places", float], Breaks]
"""From people, establishments and the rule's value, to the pairs that break it."""

MoveRule: TypeAlias = Callable[[pd.DataFrame, float], NDArray[np.bool_]]
"""From people and the rule's value to those whom it keeps where they are."""

STAGE_FIT, COHORT_RULES = "stage_fit", "cohort_rules"
"""Rules that stand for all rows of the tables of these subjects."""

SIXTEEN_MONTHS = "sentence_16_months"
"""Rule whose value tells sentences of up to 16 months from longer ones."""

PRESUMPTIVE_OPEN = "presumptive_open"
"""Rule that counts people of category C as suitable for open conditions."""

BARRED_CONTACT = "barred_contact"
"""Rule that the need for visits keeps (``optimiser.cost.need``)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """The establishments as the rules about them see them.

    Attributes
    ----------
    establishments, regions
        Code and region of each; shape (establishments,).
    miles
        Straight miles from each home area; shape (home areas, establishments).
    ranks
        By sex: rank of each establishment on the list of a court's area, 0 for the first; shape
        (home areas, establishments).
    """

    establishments: NDArray[np.object_]
    regions: NDArray[np.object_]
    miles: NDArray[np.float64]
    ranks: dict[str, Integers]


SECURITY_ORDER = {
    Category.OPEN: 1,
    Category.D: 1,
    Category.C: 2,
    Category.CLOSED: 3,
    Category.B: 3,
    Category.A: 4,
}
"""How secure, from open to high; closed women's prisons are above open ones."""


def sex_differs(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Separate the men's and the women's estate.

    Source: Prison Rules 1999 rule 12; prison register (Gender).
    """
    return _column(people, "sex") != _row(units, "sex")


def remand_is_not_held(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people on remand, and people not yet categorised, where such people are held.

    Source: court committal directions; PECS contract user guide, court to prison alignments.
    """
    held = holds_word(units, "categories", Category.UNCATEGORISED)
    uncategorised = _column(people, "category") == Category.UNCATEGORISED
    return ((_column(people, "status") == Status.REMAND) | uncategorised) & ~held


def category_goes_down(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold nobody in less security than their category.

    Source: written answers (Stewart 10 September 2018; Dakin 24 February 2025).
    """
    needed = _needed_security(people)
    return np.nan_to_num(needed, nan=0.0)[:, None] > _unit_security(units).max(axis=1, initial=0)


def security_is_higher(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Count the levels of security above a person's category, up to the nearest the unit holds.

    Source: lowest security consistent with risk, restated in the same written answers.
    """
    needed = _needed_security(people)[:, None]
    levels = np.zeros((len(people), len(units)))
    found = np.isnan(needed) | np.zeros((1, len(units)), dtype=np.bool_)
    for security in range(1, max(SECURITY_ORDER.values()) + 1):
        holds = (_unit_security(units) == security).any(axis=1)
        first = holds & (security >= np.nan_to_num(needed, nan=0.0)) & ~found
        levels = np.where(first, security - np.nan_to_num(needed, nan=0.0), levels)
        found = found | first
    return levels


def young_adult_is_not_held(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people up to an age (20) only where young offenders may be held.

    Source: prison register (YOI designation); detention in a young offender institution.
    """
    young = people["age"].to_numpy() <= value
    return young[:, None] & ~units["young_offenders"].to_numpy(dtype=np.bool_)


def foreign_national_unit(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Keep foreign-national units for people of interest to the Home Office.

    Source: written answer (Hinds) October 2023.
    """
    return _only_for(people, units, Need.FOREIGN_NATIONAL_INTEREST)


def foreign_national_too_short(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Keep people with fewer than so many days left (three months) from foreign-national prisons.

    Source: written answer (Hinds) October 2023.
    """
    return (days_of(people, "days_to_release") < value)[:, None] & _function(
        units, Function.FOREIGN_NATIONAL
    )


def foreign_national_too_long(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Keep people with more than so many days left (36 months) from foreign-national prisons.

    Source: written answer (Hinds) October 2023.
    """
    return (days_of(people, "days_to_release") > value)[:, None] & _function(
        units, Function.FOREIGN_NATIONAL
    )


def foreign_national_need_unmet(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people of interest to the Home Office in a prison for foreign nationals.

    Off as shipped: the written answer says whom such prisons hold, not that they hold all of them.
    Source: written answer (Hinds) October 2023; assumption.
    """
    return _unmet(people, units, Need.FOREIGN_NATIONAL_INTEREST)


def sexual_offence_unit(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Keep units for sexual offences for people convicted of them.

    Source: HM Inspectorate of Prisons, June 2020.
    """
    return _only_for(people, units, Need.SEXUAL_OFFENCES)


def sexual_offence_safety(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold men convicted of sexual offences away from ordinary training and resettlement wings.

    They may be in a unit for sexual offences, in reception, in high security, in open or in
    therapeutic units. Source: every prison is to hold vulnerable people short term; HM
    Inspectorate of Prisons, June 2020; NOMS FOI 86708 (2013).
    """
    ordinary = _row(units, "function").ravel()
    closed = np.isin(
        ordinary,
        [Function.TRAINING, Function.RESETTLEMENT, Function.FOREIGN_NATIONAL],
    )
    mixed = closed & ~holds_word(units, "needs_served", Need.SEXUAL_OFFENCES)
    return holds_word(people, "needs", Need.SEXUAL_OFFENCES)[:, None] & mixed


def therapeutic_unit(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Keep therapeutic communities for people assessed for them.

    Source: PSO 2400.
    """
    return _only_for(people, units, Need.THERAPEUTIC)


def therapeutic_need_unmet(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people assessed for a therapeutic community in one.

    Source: PSO 2400.
    """
    return _unmet(people, units, Need.THERAPEUTIC)


def mother_and_baby_unmet(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold mothers with a baby in an establishment with a mother and baby unit.

    Source: written answer (Bellamy): child up to 18 months.
    """
    return _unmet(people, units, Need.MOTHER_AND_BABY)


def accessible_unmet(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people who need an accessible cell in an establishment that has some.

    Source: specialist cell types, locations-inside-prison service (HMPPS).
    """
    return _unmet(people, units, Need.ACCESSIBLE)


def ground_floor_unmet(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people who need to be located on the flat where that can be done.

    Source: specialist cell types, locations-inside-prison service (HMPPS).
    """
    return _unmet(people, units, Need.GROUND_FLOOR)


def medical_unmet(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people who need a medical cell where there are some.

    Source: specialist cell types, locations-inside-prison service (HMPPS).
    """
    return _unmet(people, units, Need.MEDICAL)


def constant_supervision_unmet(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people under constant supervision where there are cells for it.

    Source: specialist cell types, locations-inside-prison service (HMPPS).
    """
    return _unmet(people, units, Need.CONSTANT_SUPERVISION)


def safer_cell_unmet(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people who need a safer cell where there are some.

    Source: specialist cell types, locations-inside-prison service (HMPPS).
    """
    return _unmet(people, units, Need.SAFER_CELL)


def escape_list_unmet(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people on the escape list where there are cells for it.

    Source: specialist cell types, locations-inside-prison service (HMPPS).
    """
    return _unmet(people, units, Need.ESCAPE_LIST)


def open_is_not_suitable(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold in open conditions only people assessed as suitable for them.

    Source: offender-categorisation service (HMPPS), home filter and further steps.
    """
    return ~people["open_suitable"].to_numpy(dtype=np.bool_)[:, None] & _open(units)


def open_is_too_early(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold in open conditions only people with less than so many days left (five years).

    Indeterminate sentences have no date and reach open conditions by decision of the Parole Board.
    Source: offender-categorisation service (HMPPS), changed from 3 to 5 years on 1 April 2025.
    """
    return (days_of(people, "days_to_release") >= value)[:, None] & _open(units)


def open_for_too_short(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Prefer for open conditions people with at least so many days left (12 weeks).

    Source: offender-categorisation service (HMPPS), home filter; a filter, not a law.
    """
    return (days_of(people, "days_to_release") < value)[:, None] & _open(units)


def open_for_too_long(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Prefer for open conditions people with at most so many days left (three years).

    Source: offender-categorisation service (HMPPS), home filter; a filter, not a law.
    """
    return (days_of(people, "days_to_release") > value)[:, None] & _open(units)


def open_after_long_sentence(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Keep people released in the last five years from seven years or more out of open conditions.

    Source: offender-categorisation service (HMPPS), initial categorisation.
    """
    return holds_word(people, "flags", Flag.EARLIER_LONG_SENTENCE)[:, None] & _open(units)


def open_before_deportation(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Keep people who are to be deported, with appeals exhausted, out of open conditions.

    Source: offender-categorisation service (HMPPS).
    """
    return holds_word(people, "flags", Flag.DEPORTATION_FINAL)[:, None] & _open(units)


def open_before_parole_board(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Keep people out of open conditions until the Parole Board and a minister have agreed.

    Source: reason 'ISP to open', book-secure-move service (HMPPS); general knowledge.
    """
    return holds_word(people, "flags", Flag.AWAITS_PAROLE_BOARD)[:, None] & _open(units)


def region_differs(people: pd.DataFrame, places: Places, value: float) -> Breaks:
    """Hold people in the region their family lives in.

    Source: Prison Rules 4 and 35; written answer (Selous) 10 February 2015 on regional shortfalls.
    """
    home = _column(people, "home_region")
    return (home != "") & (home != places.regions)


def release_region_differs(people: pd.DataFrame, places: Places, value: float) -> Breaks:
    """Hold people, in their last so many days (three months), in the region of their release.

    Source: Ministry of Justice, target operating model for resettlement prisons, 2013.
    """
    soon = days_of(people, "days_to_release") <= value
    sentenced = (people["status"] != Status.REMAND).to_numpy()
    release = _column(people, "release_region")
    return (soon & sentenced)[:, None] & (release != "") & (release != places.regions)


def court_is_not_aligned(people: pd.DataFrame, places: Places, value: float) -> Breaks:
    """Count how far down the list of their court's prisons people on remand are held.

    A prison that is not listed comes after the last; with no list every prison is as good.
    Source: PECS contract user guide, court to prison alignments, for the rule; the list itself is
    assumed (table ``court_alignment``).
    """
    remand = (people["status"] == Status.REMAND).to_numpy()
    men = (people["sex"] == Sex.MEN).to_numpy()
    court = people["court_row"].to_numpy(dtype=np.int64)
    ranks = np.where(men[:, None], places.ranks[Sex.MEN][court], places.ranks[Sex.WOMEN][court])
    return ranks * (remand & (court >= 0))[:, None]


def no_nearer_than_today(people: pd.DataFrame, places: Places, value: float) -> Breaks:
    """Hold people who asked to be nearer closer to home than today, by straight line.

    ``nearer_home`` and ``nearer_today`` are the numbers of their home area and establishment; -1
    for people who asked for nothing, or of whom one is not known. Source: the person's own wish;
    assumption.
    """
    home = people["nearer_home"].to_numpy(dtype=np.int64)
    today = people["nearer_today"].to_numpy(dtype=np.int64)
    miles = places.miles[home]
    no_nearer: NDArray[np.bool_] = miles >= miles[np.arange(len(people)), today][:, None]
    return ((home >= 0) & (today >= 0))[:, None] & no_nearer


def public_protection(people: pd.DataFrame, places: Places, value: float) -> Breaks:
    """Keep people away from establishments that public protection excludes for them.

    ``excluded`` holds establishment codes with ``;`` between them; the reason is never in the data.
    Source: MAPPA guidance; victims' requests and exclusion areas.
    """
    excluded = np.zeros((len(people), len(places.establishments)), dtype=np.bool_)
    for row, cell in enumerate(people["excluded"]):
        excluded[row] = np.isin(places.establishments, str(cell).split(LIST_SEPARATOR))
    return excluded


def planned_course_is_not_offered(people: pd.DataFrame, places: Places, value: float) -> Breaks:
    """Hold people on a course of their sentence plan where it is offered, until it ends.

    ``planned_sites`` holds codes of the establishments that offer it, with ``;`` between them;
    empty for people on no such course. Source: the sentence plan (PSI 19/2014); assumption that a
    course broken off is not taken up again in time.
    """
    broken = np.zeros((len(people), len(places.establishments)), dtype=np.bool_)
    cells = people["planned_sites"].to_numpy(dtype=object)
    for row in np.flatnonzero(cells != ""):
        broken[row] = ~np.isin(places.establishments, str(cells[row]).split(LIST_SEPARATOR))
    return broken


def category_a_frozen(people: pd.DataFrame, value: float) -> NDArray[np.bool_]:
    """Leave Category A to the central team that manages it.

    Source: PECS contract user guide (Category A out of scope).
    """
    return (people["category"] == Category.A).to_numpy(dtype=np.bool_)


def short_time_left_frozen(people: pd.DataFrame, value: float) -> NDArray[np.bool_]:
    """Leave people with less than so many days to release (28) where they are.

    Source: assumption; fixed-term recalls of 28 days skip recategorisation.
    """
    short: NDArray[np.bool_] = days_of(people, "days_to_release") < value
    return short


def sentence_is_new(people: pd.DataFrame, value: float) -> NDArray[np.bool_]:
    """Leave people where they are for so many days after sentence (14: ten working days).

    Source: offender-categorisation service (HMPPS): a category is due within ten working days.
    """
    sentenced = (people["status"] == Status.SENTENCED).to_numpy(dtype=np.bool_)
    new: NDArray[np.bool_] = sentenced & (days_of(people, "days_since_sentence") < value)
    return new


def asked_to_stay(people: pd.DataFrame, value: float) -> NDArray[np.bool_]:
    """Leave people who asked to stay where they are.

    Source: the person's own wish; assumption.
    """
    return (people["preference"] == Preference.STAY).to_numpy(dtype=np.bool_)


def needs_special_vehicle(people: pd.DataFrame, value: float) -> NDArray[np.bool_]:
    """Count who travels separately: in a special vehicle, from an accessible cell or with a baby.

    Source: PECS contract user guide; block allocations leave these people out.
    """
    needs: NDArray[np.bool_] = (
        holds_word(people, "flags", Flag.SPECIAL_VEHICLE)
        | holds_word(people, "needs", Need.ACCESSIBLE)
        | holds_word(people, "needs", Need.MOTHER_AND_BABY)
    )
    return needs


HOLD = "hold_"
RECENTLY_MOVED = f"{HOLD}{RECENT_TRANSFER}"
OTHER_HOLD = f"{HOLD}other"
HOLD_REASONS = (
    "parole_window",
    "medical",
    "on_programme",
    "care_plan",
    "court",
    "segregation",
    "family",
    "security",
    "recent_transfer",
    "approval",
)
"""Reasons with a rule of their own, ``hold_<reason>``; any other reason is ``hold_other``."""


def held_for(reason: str) -> MoveRule:
    """Give the rule that leaves people where they are while a hold for one reason lasts.

    ``hold`` is the reason of a hold that lasts on the date, else empty. Source: reasons offered by
    the transfer service (HMPPS) and NZ Corrections manual M.04.03.
    """

    def held(people: pd.DataFrame, value: float) -> NDArray[np.bool_]:
        return (people["hold"] == reason).to_numpy(dtype=np.bool_)

    return held


def recently_moved(people: pd.DataFrame, days: float, as_of: date) -> NDArray[np.bool_]:
    """Say who was transferred so few days ago that another move would come soon after.

    Parameters
    ----------
    people
        With ``hold_reason`` and, where it is recorded, ``last_transfer_date``.
    days
        Days after a transfer within which another is soon; NaN where no rule says.
    as_of
        The day on which to look.

    Returns
    -------
    ndarray of bool
        By the day of the last transfer; for people of whom none is recorded, by the reason of their
        hold.
    """
    held: NDArray[np.bool_] = (people["hold_reason"] == RECENT_TRANSFER).to_numpy(dtype=np.bool_)
    if "last_transfer_date" not in people.columns or np.isnan(days):
        return held
    last = pd.to_datetime(people["last_transfer_date"].replace("", None))
    since = (pd.Timestamp(as_of) - last).dt.days.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(since), held, (since >= 0) & (since < days))


def held_otherwise(people: pd.DataFrame, value: float) -> NDArray[np.bool_]:
    """Leave people where they are while a hold for a reason without a rule of its own lasts.

    Source: reasons offered by the transfer service (HMPPS).
    """
    other = (people["hold"] != "") & ~people["hold"].isin(HOLD_REASONS)
    return other.to_numpy(dtype=np.bool_)


def presumed_open(people: pd.DataFrame, value: float) -> NDArray[np.bool_]:
    """Count who would be category D by presumption: men of category C with so many days left.

    Sexual and violent offences are left out; the sentence has a date. Source: temporary presumptive
    recategorisation in the offender-categorisation service (March 2023); press, June 2025.
    """
    eligible: NDArray[np.bool_] = (
        (people["category"] == Category.C).to_numpy(dtype=np.bool_)
        & (people["status"] == Status.SENTENCED).to_numpy(dtype=np.bool_)
        & ~people["offence_group"].isin(NEVER_PRESUMED).to_numpy(dtype=np.bool_)
        & (days_of(people, "days_to_release") <= value)
    )
    return eligible


NEVER_PRESUMED = ("sexual", "violence")
"""Offence groups left out of presumptive open conditions."""

UNIT_RULES: dict[str, UnitRule] = {
    "sex": sex_differs,
    "remand": remand_is_not_held,
    "category": category_goes_down,
    "over_security": security_is_higher,
    "young_adult": young_adult_is_not_held,
    "foreign_national_unit": foreign_national_unit,
    "foreign_national_least": foreign_national_too_short,
    "foreign_national_most": foreign_national_too_long,
    "foreign_national_need": foreign_national_need_unmet,
    "sexual_offence_unit": sexual_offence_unit,
    "sexual_offence_safety": sexual_offence_safety,
    "therapeutic_unit": therapeutic_unit,
    "therapeutic_need": therapeutic_need_unmet,
    "mother_and_baby": mother_and_baby_unmet,
    "accessible": accessible_unmet,
    "ground_floor": ground_floor_unmet,
    "medical": medical_unmet,
    "constant_supervision": constant_supervision_unmet,
    "safer_cell": safer_cell_unmet,
    "escape_list": escape_list_unmet,
    "open_suitable": open_is_not_suitable,
    "open_time_left": open_is_too_early,
    "open_filter_least": open_for_too_short,
    "open_filter_most": open_for_too_long,
    "open_earlier_sentence": open_after_long_sentence,
    "open_deportation": open_before_deportation,
    "open_parole_board": open_before_parole_board,
}
"""Rules about a person and a unit, in the order in which an exclusion is explained."""

ESTABLISHMENT_RULES: dict[str, EstablishmentRule] = {
    "region": region_differs,
    "release_region": release_region_differs,
    "court_alignment": court_is_not_aligned,
    "nearer_preference": no_nearer_than_today,
    "public_protection": public_protection,
    "sentence_plan_course": planned_course_is_not_offered,
}
"""Rules about a person and an establishment; they are explained after those about units."""

UNIT_RULES_READ = (
    "sex",
    "category",
    "status",
    "sentence_band",
    "needs",
    "flags",
    "open_suitable",
    "short_sentence",
    "age",
    "days_to_release",
)
"""Columns of people that rules about units, and the tables of stages and cohorts, look at."""

ESTABLISHMENT_RULES_READ: dict[str, tuple[str, ...]] = {
    "region": ("home_region",),
    "release_region": ("status", "days_to_release", "release_region"),
    "court_alignment": ("status", "sex", "court_row"),
    "nearer_preference": ("nearer_home", "nearer_today"),
    "public_protection": ("excluded",),
    "sentence_plan_course": ("planned_sites",),
}
"""Columns of people that each rule about establishments looks at."""

MOVE_RULES: dict[str, MoveRule] = {
    "category_a_frozen": category_a_frozen,
    "short_time_left": short_time_left_frozen,
    "after_sentence": sentence_is_new,
    **{f"{HOLD}{reason}": held_for(reason) for reason in HOLD_REASONS},
    OTHER_HOLD: held_otherwise,
    "stay_preference": asked_to_stay,
    "special_vehicle": needs_special_vehicle,
}
"""Rules that leave a person where they are; soft, they price a move."""

ONCE = ("special_vehicle",)
"""Rules about moves whose price is of the move, not of each week after it."""

PERSON_RULES = (PRESUMPTIVE_OPEN, SIXTEEN_MONTHS, BARRED_CONTACT)
"""Rules that say how a person is counted by the others."""

CAPACITY_RULES = (
    "operational_capacity",
    "places_out_of_use",
    "reception_headroom",
    "return_bed",
    "crowding",
    "estate_margin_men",
    "estate_margin_women",
)
"""Rules about how many fit in a unit or an estate; see ``optimiser.capacity``."""

RULE_NAMES = (
    *UNIT_RULES,
    STAGE_FIT,
    COHORT_RULES,
    *ESTABLISHMENT_RULES,
    *MOVE_RULES,
    *PERSON_RULES,
    *CAPACITY_RULES,
)
"""Every rule the table may name."""

_HARD, _SOFT, _OFF = RuleLevel.HARD, RuleLevel.SOFT, RuleLevel.OFF
LEVELS: dict[str, tuple[RuleLevel, ...]] = dict.fromkeys(RULE_NAMES, (_HARD, _SOFT, _OFF)) | {
    "sex": (_HARD,),
    BARRED_CONTACT: (_HARD,),
    "operational_capacity": (_HARD,),
    "places_out_of_use": (_HARD, _OFF),
    "estate_margin_men": (_HARD, _OFF),
    "estate_margin_women": (_HARD, _OFF),
    PRESUMPTIVE_OPEN: (_HARD, _OFF),
    SIXTEEN_MONTHS: (_HARD, _OFF),
    "over_security": (_SOFT, _OFF),
    "court_alignment": (_SOFT, _OFF),
    STAGE_FIT: (_SOFT, _OFF),
    COHORT_RULES: (_SOFT, _OFF),
}
"""Levels each rule can have. The law divides the estate by sex; what has degrees is only priced."""

NEED_VALUE = (
    "young_adult",
    "foreign_national_least",
    "foreign_national_most",
    "open_time_left",
    "open_filter_least",
    "open_filter_most",
    "release_region",
    "short_time_left",
    "after_sentence",
    PRESUMPTIVE_OPEN,
    SIXTEEN_MONTHS,
    "reception_headroom",
    "estate_margin_men",
    "estate_margin_women",
)
"""Rules that say nothing without a value."""

PRICED_ELSEWHERE = (STAGE_FIT, COHORT_RULES, "crowding")
"""Rules whose prices stand in a table of their own or among the settings."""

DAY_RULES = (
    "foreign_national_least",
    "open_time_left",
    "open_filter_least",
    "release_region",
)
"""Rules about a unit or an establishment that change on the day whose number is their value."""

AFTER_DAY_RULES = ("foreign_national_most", "open_filter_most")
"""The same, but that they change on the day after."""


def _column(people: pd.DataFrame, name: str) -> NDArray[Any]:
    return people[name].to_numpy(dtype=object)[:, None]


def _row(units: pd.DataFrame, name: str) -> NDArray[Any]:
    return units[name].to_numpy(dtype=object)[None, :]


def holds_word(table: pd.DataFrame, name: str, word: str) -> NDArray[np.bool_]:
    """Say which rows' lists hold a word."""
    codes, cells = pd.factorize(table[name])
    holds = [word in str(cell).split(LIST_SEPARATOR) for cell in cells]
    return np.array(holds, dtype=np.bool_)[codes]


def _only_for(people: pd.DataFrame, units: pd.DataFrame, need: str) -> Breaks:
    has = holds_word(people, "needs", need)
    return ~has[:, None] & holds_word(units, "needs_served", need)


def _unmet(people: pd.DataFrame, units: pd.DataFrame, need: str) -> Breaks:
    serving = units.loc[holds_word(units, "needs_served", need), "establishment"]
    served = units["establishment"].isin(serving).to_numpy()
    return holds_word(people, "needs", need)[:, None] & ~served


def _open(units: pd.DataFrame) -> NDArray[np.bool_]:
    return _function(units, Function.OPEN, Function.WOMENS_OPEN)


def _function(units: pd.DataFrame, *functions: str) -> NDArray[np.bool_]:
    return units["function"].isin(functions).to_numpy(dtype=np.bool_)


def days_of(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Read a column of days as numbers; NaN where it is empty."""
    numbers = pd.to_numeric(table[name].replace("", None))
    return np.asarray(numbers.to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64)


def _needed_security(people: pd.DataFrame) -> NDArray[np.float64]:
    """Give the security a person's category asks for; NaN when uncategorised."""
    security = people["category"].map(SECURITY_ORDER).to_numpy(dtype="float64", na_value=np.nan)
    return np.asarray(security, dtype=np.float64)


def _unit_security(units: pd.DataFrame) -> Integers:
    """Give the security of each category a unit holds, 0 in unused columns; shape (units, most)."""
    held = [
        [SECURITY_ORDER.get(Category(word), 0) for word in str(cell).split(LIST_SEPARATOR) if word]
        for cell in units["categories"]
    ]
    width = max((len(row) for row in held), default=0)
    return np.array([row + [0] * (width - len(row)) for row in held], dtype=np.int64).reshape(
        len(held), width
    )
