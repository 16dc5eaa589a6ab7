"""Data errors that no single cell shows: fields of one person that contradict each other.

Each check is one row of ``CHECKS``: what it looks for, and what to do. None stops a plan; a table
of them is shown before one is made, with how many people each finds and a few of their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.words import (
    LIST_SEPARATOR,
    ON_PROGRAMME,
    ActivityKind,
    Category,
    NationalityGroup,
    Need,
    SentenceBand,
    Sex,
    Status,
    UnitFunction,
)

__all__ = ["CHECKS", "Check", "Checked", "Finding", "data_errors", "errors_table", "number"]

Truths: TypeAlias = NDArray[np.bool_]

SHOWN_IDS = 5
ADULT = 18
YOUNGEST_SENTENCED = 10
"""Age of criminal responsibility: nobody was sentenced before."""
LONGEST_UNCATEGORISED_DAYS = 90
WEEKS_OF_GRACE = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checked:
    """What the checks look at.

    Attributes
    ----------
    people
        The population table, with ``function`` of the unit that holds each person.
    contacts, activities
        Tables of the same name; may be empty.
    as_of
        The date on which the tables stand.
    hold_reasons
        Codes of holds that some rule knows.
    """

    people: pd.DataFrame
    contacts: pd.DataFrame
    activities: pd.DataFrame
    as_of: date
    hold_reasons: Collection[str]


Finds: TypeAlias = Callable[[Checked], Truths]
"""From the tables to the people concerned, shape (people,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One kind of contradiction: its name, what it says, what to do, and who shows it."""

    name: str
    says: str
    action: str
    finds: Finds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finding:
    """What a check found: its name, what it says of the people, what to do, and their ids."""

    check: str
    says: str
    action: str
    ids: pd.Series[str]


def data_errors(checked: Checked) -> pd.DataFrame:
    """Run every check.

    Parameters
    ----------
    checked
        Tables that have passed ``data.validate``.

    Returns
    -------
    DataFrame
        One row per check that finds somebody, in the order of ``CHECKS``; see ``errors_table``.
    """
    ids = checked.people["prisoner_id"]
    return errors_table(
        Finding(
            check=check.name, says=check.says, action=check.action, ids=ids[check.finds(checked)]
        )
        for check in CHECKS
    )


def errors_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """Put findings into a table.

    Parameters
    ----------
    findings
        In the order of the table.

    Returns
    -------
    DataFrame
        ``check``, ``says``, ``people`` (how many), ``examples`` (the first few ids in their order,
        ``;`` between them) and ``action``; nothing for findings that concern nobody.
    """
    rows = [
        {
            "check": found.check,
            "says": found.says,
            "people": len(found.ids),
            "examples": LIST_SEPARATOR.join(sorted(found.ids)[:SHOWN_IDS]),
            "action": found.action,
        }
        for found in findings
        if len(found.ids)
    ]
    table = pd.DataFrame(rows, columns=["check", "says", "people", "examples", "action"])
    return table.astype({"people": "int64"})


def number(people: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Read a column of numbers; NaN where a cell is empty."""
    cells = pd.to_numeric(people[column].replace("", None))
    return np.asarray(cells.to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64)


def _is(checked: Checked, column: str, *words: str) -> Truths:
    return checked.people[column].isin(words).to_numpy(dtype=np.bool_)


def _needs(checked: Checked, need: str) -> Truths:
    lists = checked.people["needs"].str.split(LIST_SEPARATOR)
    return np.array([need in words for words in lists], dtype=np.bool_)


def _of(checked: Checked, rows: pd.Series[str]) -> Truths:
    """Say whose id stands among some."""
    return checked.people["prisoner_id"].isin(rows).to_numpy(dtype=np.bool_)


def _remand_with_a_sentence(c: Checked) -> Truths:
    sentenced = ~np.isnan(number(c.people, "days_since_sentence"))
    return _is(c, "status", Status.REMAND) & (
        sentenced | ~_is(c, "sentence_band", SentenceBand.NONE)
    )


def _remand_with_a_release_date(c: Checked) -> Truths:
    return _is(c, "status", Status.REMAND) & ~np.isnan(number(c.people, "days_to_release"))


def _remand_without_a_court(c: Checked) -> Truths:
    return _is(c, "status", Status.REMAND) & _is(c, "court_area", "")


def _sentenced_without_a_band(c: Checked) -> Truths:
    return ~_is(c, "status", Status.REMAND) & _is(c, "sentence_band", SentenceBand.NONE)


def _sentenced_without_a_release_date(c: Checked) -> Truths:
    ends = _is(c, "status", Status.SENTENCED, Status.RECALL)
    ends = ends & ~_is(c, "sentence_band", SentenceBand.INDETERMINATE)
    return ends & np.isnan(number(c.people, "days_to_release"))


def _indeterminate_by_halves(c: Checked) -> Truths:
    status = _is(c, "status", Status.INDETERMINATE)
    band = _is(c, "sentence_band", SentenceBand.INDETERMINATE)
    return (status & ~band) | (band & _is(c, "status", Status.SENTENCED))


def _due_out(c: Checked) -> Truths:
    return (number(c.people, "days_to_release") <= 0) & ~_is(c, "status", Status.INDETERMINATE)


def _staying_beyond_release(c: Checked) -> Truths:
    days = number(c.people, "days_to_release")
    weeks = number(c.people, "expected_weeks") - WEEKS_OF_GRACE
    return (7 * weeks > days) & _is(c, "status", Status.SENTENCED, Status.RECALL)


def _under_age(c: Checked) -> Truths:
    return number(c.people, "age") < ADULT


def _sentenced_as_a_child(c: Checked) -> Truths:
    years = number(c.people, "age") - YOUNGEST_SENTENCED
    return number(c.people, "days_since_sentence") > 365.25 * (years + 1)


def _pregnant_man(c: Checked) -> Truths:
    return _is(c, "sex", Sex.MEN) & ~_is(c, "pregnancy", "none")


def _place_for_a_mother_without_a_child(c: Checked) -> Truths:
    return _needs(c, Need.MOTHER_AND_BABY) & _is(c, "pregnancy", "none")


def _category_of_the_other_sex(c: Checked) -> Truths:
    womens = _is(c, "category", Category.OPEN, Category.CLOSED)
    mens = _is(c, "category", Category.A, Category.B, Category.C, Category.D)
    men = _is(c, "sex", Sex.MEN)
    return (men & womens) | (~men & mens)


def _too_secure_for_open(c: Checked) -> Truths:
    secure = _is(c, "category", Category.A, Category.B)
    return secure & _is(c, "function", UnitFunction.OPEN, UnitFunction.WOMENS_OPEN)


def _suitable_for_open_but_secure(c: Checked) -> Truths:
    suitable = c.people["open_suitable"].to_numpy(dtype=np.bool_)
    return suitable & _is(c, "category", Category.A, Category.B)


def _uncategorised_for_long(c: Checked) -> Truths:
    waiting = _is(c, "category", Category.UNCATEGORISED) & _is(c, "status", Status.SENTENCED)
    return waiting & (number(c.people, "days_since_sentence") > LONGEST_UNCATEGORISED_DAYS)


def _categorised_on_remand(c: Checked) -> Truths:
    lower = _is(c, "category", Category.B, Category.C, Category.D)
    return _is(c, "status", Status.REMAND) & lower


def _british_of_interest_to_the_home_office(c: Checked) -> Truths:
    british = _is(c, "nationality_group", NationalityGroup.BRITISH)
    return _needs(c, Need.FOREIGN_NATIONAL_INTEREST) & british


def _hold_that_has_lapsed(c: Checked) -> Truths:
    until = c.people["hold_until"].to_numpy(dtype=object)
    ended = (until != "") & (until <= c.as_of.isoformat())
    return np.asarray(ended, dtype=np.bool_) & ~_is(c, "hold_reason", "")


def _hold_without_a_reason(c: Checked) -> Truths:
    return _is(c, "hold_reason", "") & ~_is(c, "hold_until", "")


def _unknown_hold(c: Checked) -> Truths:
    return ~_is(c, "hold_reason", "", *c.hold_reasons)


def _programme_without_a_course(c: Checked) -> Truths:
    if c.activities.empty:
        return np.zeros(len(c.people), dtype=np.bool_)
    programmes = c.activities["kind"].isin([ActivityKind.COURSE, ActivityKind.TREATMENT])
    taking_part = _of(c, c.activities.loc[programmes, "prisoner_id"])
    return _is(c, "hold_reason", ON_PROGRAMME) & ~taking_part


def _course_that_ends_after_release(c: Checked) -> Truths:
    courses = c.activities[c.activities["kind"] == ActivityKind.COURSE]
    left = courses.groupby("prisoner_id")["weeks_left"].max()
    weeks = c.people["prisoner_id"].map(left).to_numpy(dtype=np.float64) - WEEKS_OF_GRACE
    ends = _is(c, "status", Status.SENTENCED, Status.RECALL)
    return ends & (7 * weeks > number(c.people, "days_to_release"))


def _relative_of_oneself(c: Checked) -> Truths:
    pairs = zip(c.people["prisoner_id"], c.people["relatives_in_custody"], strict=True)
    return np.array([own in listed.split(LIST_SEPARATOR) for own, listed in pairs], dtype=np.bool_)


def _relative_who_names_nobody(c: Checked) -> Truths:
    listed = c.people.set_index("prisoner_id")["relatives_in_custody"]
    one = listed[listed != ""].str.split(LIST_SEPARATOR).explode()
    said = set(zip(one.index, one, strict=True))
    unsaid = [own for own, other in said if (other, own) not in said]
    return _of(c, pd.Series(unsaid, dtype="str"))


def _child_as_partner(c: Checked) -> Truths:
    young = c.contacts["is_child"].to_numpy(dtype=np.bool_)
    rows = young & (c.contacts["relation"] == "partner").to_numpy(dtype=np.bool_)
    return _of(c, c.contacts.loc[rows, "prisoner_id"])


CHECKS: tuple[Check, ...] = (
    Check(
        name="remand_with_a_sentence",
        says="on remand, yet with days since sentence or a sentence band",
        action="Correct the status, or clear days_since_sentence and set the band to none.",
        finds=_remand_with_a_sentence,
    ),
    Check(
        name="remand_with_a_release_date",
        says="on remand, yet with days to release",
        action="Correct the status, or clear days_to_release.",
        finds=_remand_with_a_release_date,
    ),
    Check(
        name="remand_without_a_court",
        says="on remand without the area of a court",
        action="Fill in court_area: nothing else draws people on remand to their court.",
        finds=_remand_without_a_court,
    ),
    Check(
        name="sentenced_without_a_band",
        says="sentenced without a sentence band",
        action="Fill in sentence_band, or correct the status.",
        finds=_sentenced_without_a_band,
    ),
    Check(
        name="sentenced_without_a_release_date",
        says="with a sentence that ends, yet without days to release",
        action="Fill in days_to_release: rules of time left pass these people over.",
        finds=_sentenced_without_a_release_date,
    ),
    Check(
        name="indeterminate_by_halves",
        says="indeterminate by status or by band alone",
        action="Make status and sentence_band agree.",
        finds=_indeterminate_by_halves,
    ),
    Check(
        name="due_out",
        says="with a release date that has come or is past",
        action="Correct days_to_release, or remove people who have left.",
        finds=_due_out,
    ),
    Check(
        name="staying_beyond_release",
        says="expected to stay beyond their release",
        action="Correct expected_weeks or days_to_release.",
        finds=_staying_beyond_release,
    ),
    Check(
        name="under_age",
        says="under 18",
        action="Correct the age: the model holds adults.",
        finds=_under_age,
    ),
    Check(
        name="sentenced_as_a_child",
        says="sentenced before the age of ten, by age and days since sentence",
        action="Correct the age or days_since_sentence.",
        finds=_sentenced_as_a_child,
    ),
    Check(
        name="pregnant_man",
        says="men with a pregnancy or a baby of under 18 months",
        action="Correct sex or pregnancy.",
        finds=_pregnant_man,
    ),
    Check(
        name="place_for_a_mother_without_a_child",
        says="in need of a mother and baby unit without a pregnancy or a baby",
        action="Correct needs or pregnancy.",
        finds=_place_for_a_mother_without_a_child,
    ),
    Check(
        name="category_of_the_other_sex",
        says="with a category of the other sex",
        action="Give men a letter and women closed or open.",
        finds=_category_of_the_other_sex,
    ),
    Check(
        name="too_secure_for_open",
        says="of category A or B in open conditions",
        action="Correct the category or current_unit.",
        finds=_too_secure_for_open,
    ),
    Check(
        name="suitable_for_open_but_secure",
        says="suitable for open conditions, yet of category A or B",
        action="Correct open_suitable or the category.",
        finds=_suitable_for_open_but_secure,
    ),
    Check(
        name="uncategorised_for_long",
        says="without a category more than 90 days after sentence",
        action="Fill in the category: uncategorised people are kept in reception.",
        finds=_uncategorised_for_long,
    ),
    Check(
        name="categorised_on_remand",
        says="on remand, yet of category B, C or D",
        action="Set the category to U, or correct the status.",
        finds=_categorised_on_remand,
    ),
    Check(
        name="british_of_interest_to_the_home_office",
        says="British, yet of interest to the Home Office",
        action="Correct nationality_group or needs.",
        finds=_british_of_interest_to_the_home_office,
    ),
    Check(
        name="hold_that_has_lapsed",
        says="on a hold that has ended",
        action="Clear the hold, or give it a new date; it binds nobody as it stands.",
        finds=_hold_that_has_lapsed,
    ),
    Check(
        name="hold_without_a_reason",
        says="with the end of a hold and no reason for it",
        action="Fill in hold_reason or clear hold_until.",
        finds=_hold_without_a_reason,
    ),
    Check(
        name="unknown_hold",
        says="on a hold for a reason that no rule knows",
        action="Correct hold_reason; as it stands it counts under hold_other.",
        finds=_unknown_hold,
    ),
    Check(
        name="programme_without_a_course",
        says="on hold for a programme without a course or treatment among their activities",
        action="Add it to activities or clear the hold.",
        finds=_programme_without_a_course,
    ),
    Check(
        name="course_that_ends_after_release",
        says="on a course that ends after their release",
        action="Correct weeks_left or days_to_release.",
        finds=_course_that_ends_after_release,
    ),
    Check(
        name="relative_of_oneself",
        says="among their own relatives in custody",
        action="Remove the id from relatives_in_custody.",
        finds=_relative_of_oneself,
    ),
    Check(
        name="relative_who_names_nobody",
        says="with a relative in custody who does not name them",
        action="Make relatives_in_custody agree, or add the relative's row.",
        finds=_relative_who_names_nobody,
    ),
    Check(
        name="child_as_partner",
        says="with a contact who is a child and their partner",
        action="Correct is_child or relation.",
        finds=_child_as_partner,
    ),
)
"""Every check, in the order of the report."""
