"""The closed sets of words that tables hold, one spelling each.

Tables carry plain strings; these enumerations are ``str`` too, so that
``frame["sex"] == Sex.WOMEN`` reads as it should and the type checker sees a slip of the pen.
``data/dictionary.csv`` lists the same words for each column, and a test keeps the two in step.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

LIST_SEPARATOR = ";"
"""Between the words of a cell that holds several."""

LEFT_OUT = "!"
"""Before a word that a filter leaves out: ``B;C`` lets in B and C, ``!B`` everybody but B."""

ESTATE = "ALL"
"""The establishment of a measure that covers the whole estate."""


class Sex(StrEnum):
    """The estate an establishment belongs to and a person is held in; the law divides the two."""

    MEN = "men"
    WOMEN = "women"


class Security(StrEnum):
    """The highest security of an establishment: a letter for men, closed or open for women."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    CLOSED = "closed"
    OPEN = "open"


class Category(StrEnum):
    """A person's security category; ``U`` is uncategorised: remand and newly sentenced people."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    CLOSED = "closed"
    OPEN = "open"
    UNCATEGORISED = "U"


class Status(StrEnum):
    """Why a person is held."""

    REMAND = "remand"
    SENTENCED = "sentenced"
    RECALL = "recall"
    INDETERMINATE = "indeterminate"


class SentenceBand(StrEnum):
    """Length of the sentence as passed."""

    NONE = "none"
    UNDER_12_MONTHS = "under_12_months"
    MONTHS_12_TO_48 = "12_to_48_months"
    YEARS_4_TO_10 = "4_to_10_years"
    YEARS_10_AND_OVER = "10_years_and_over"
    INDETERMINATE = "indeterminate"


class UnitFunction(StrEnum):
    """What a unit is for.

    A women's reception unit is ``womens_closed`` with ``U`` among its categories.
    """

    RECEPTION = "reception"
    TRAINING = "training"
    RESETTLEMENT = "resettlement"
    HIGH_SECURITY = "high_security"
    OPEN = "open"
    THERAPEUTIC = "therapeutic"
    FOREIGN_NATIONAL = "foreign_national"
    WOMENS_CLOSED = "womens_closed"
    WOMENS_OPEN = "womens_open"


class Need(StrEnum):
    """What a person needs a unit to serve."""

    SEXUAL_OFFENCES = "sexual_offences"
    THERAPEUTIC = "therapeutic"
    FOREIGN_NATIONAL_INTEREST = "foreign_national_interest"
    MOTHER_AND_BABY = "mother_and_baby"
    ACCESSIBLE = "accessible"
    GROUND_FLOOR = "ground_floor"
    MEDICAL = "medical"
    CONSTANT_SUPERVISION = "constant_supervision"
    SAFER_CELL = "safer_cell"
    ESCAPE_LIST = "escape_list"


EXCLUSIVE_NEEDS = (Need.SEXUAL_OFFENCES, Need.THERAPEUTIC, Need.FOREIGN_NATIONAL_INTEREST)
"""A unit that serves one of these holds only people who have that need."""


class Flag(StrEnum):
    """What else a rule must know of a person: bars to open conditions, and how they travel."""

    EARLIER_LONG_SENTENCE = "earlier_long_sentence"
    DEPORTATION_FINAL = "deportation_final"
    AWAITS_PAROLE_BOARD = "awaits_parole_board"
    SPECIAL_VEHICLE = "special_vehicle"


class NationalityGroup(StrEnum):
    """Nationality as far as a report needs it."""

    BRITISH = "british"
    IRISH = "irish"
    FOREIGN_NATIONAL = "foreign_national"


class ContactStatus(StrEnum):
    """What a link between a prisoner and a contact allows."""

    PERMITTED = "permitted"
    WITH_CONDITIONS = "with_conditions"
    UNDER_ASSESSMENT = "under_assessment"
    BARRED = "barred"


class ApartLevel(StrEnum):
    """How far apart two people must be kept; the first three are inside one prison."""

    CELL = "cell"
    LANDING = "landing"
    WING = "wing"
    ESTABLISHMENT = "establishment"


class ActivityKind(StrEnum):
    """What a person takes part in, or has a date for, that a move destroys."""

    COURSE = "course"
    WORK = "work"
    TREATMENT = "treatment"
    EDUCATION = "education"
    FAMILY_UNIT = "family_unit"
    FAMILY_DAY = "family_day"
    APPOINTMENT = "appointment"
    BOOKED_VISIT = "booked_visit"


ON_PROGRAMME = "on_programme"
RECENT_TRANSFER = "recent_transfer"
"""Reasons of a hold that say something of their own; a hold may have any other reason too."""


class LockAction(StrEnum):
    """What a planner's lock does: keep a person in a place, or away from it."""

    LOCK = "lock"
    FORBID = "forbid"


class LockReason(StrEnum):
    """Why a planner locks a person to a place or away from it.

    Reasons of a hold, of a transfer (Book a secure move, HMPPS) and of public protection.
    ``course_override`` takes a person away from a course of the sentence plan before its end.
    """

    PAROLE = "parole"
    MEDICAL = "medical"
    ON_PROGRAMME = "on_programme"
    COURSE_OVERRIDE = "course_override"
    CARE_PLAN = "care_plan"
    COURT = "court"
    FAMILY = "family"
    RESETTLEMENT = "resettlement"
    RECENT_TRANSFER = "recent_transfer"
    OWN_WISH = "own_wish"
    OPERATIONAL = "operational"
    SECURITY = "security"
    PUBLIC_PROTECTION = "public_protection"
    KEEP_APART = "keep_apart"
    RESTRICTED_CONTACT = "restricted_contact"


RESTRICTED_REASONS = frozenset(
    {
        LockReason.MEDICAL,
        LockReason.CARE_PLAN,
        LockReason.SECURITY,
        LockReason.PUBLIC_PROTECTION,
        LockReason.KEEP_APART,
        LockReason.RESTRICTED_CONTACT,
    }
)
"""Reasons that only a planner may read; to others they are a restricted reason, without a note."""


class Preference(StrEnum):
    """Where a person has asked to be held."""

    STAY = "stay"
    NEARER = "nearer"
    FURTHER = "further"
    NONE = "none"


class Availability(StrEnum):
    """When in the week a contact can come."""

    WEEKDAY = "weekday"
    AFTER_SCHOOL_OR_WORK = "after_school_or_work"
    WEEKEND = "weekend"
    ANY = "any"


class BookingChannel(StrEnum):
    """How families book: the public online service, the prison's telephone, the operator's way."""

    ONLINE = "online"
    PHONE = "phone"
    OPERATOR = "operator"


class Funder(StrEnum):
    """Who pays for the family services of an establishment."""

    HMPPS = "HMPPS"
    OPERATOR = "operator"


class WorkerFunder(StrEnum):
    """Who pays for family workers."""

    NATIONAL_CONTRACT = "national_contract"
    OPERATOR_CONTRACT = "operator_contract"
    SERVICE = "service"
    GRANT = "grant"
    VOLUNTEERS = "volunteers"


class WorkerLine(StrEnum):
    """What family workers are there for."""

    CASEWORK = "casework"
    VISITORS_CENTRE = "visitors_centre"
    PLAY = "play"
    FAMILY_DAYS = "family_days"
    EARLY_DAYS = "early_days"


class ReferralSource(StrEnum):
    """What brings somebody to the family workers."""

    RECEPTION = "reception"
    SELF_REFERRAL = "self_referral"
    NO_VISITS = "no_visits"
    SELF_HARM_REVIEW = "self_harm_review"
    FAMILY_DAY = "family_day"
    PARENTING_COURSE = "parenting_course"
    PRE_RELEASE = "pre_release"


class ConvictionStatus(StrEnum):
    """Whom a visit session is for where a hall keeps two lists; an empty cell means everyone."""

    CONVICTED = "convicted"
    REMAND = "remand"


class OrderRule(StrEnum):
    """Which order a visit session asks of convicted people; an empty cell means either.

    Source: the session templates of HMPPS's visit scheduler (``visit_scheduler_2026``).
    """

    VISIT_ORDER = "visit_order"
    PRIVILEGED_ORDER = "privileged_order"
    NO_ORDER = "none"


class TemplateKind(StrEnum):
    """What a visit session is: an ordinary one, or a family day."""

    SOCIAL = "social"
    FAMILY_DAY = "family_day"


class Confidence(StrEnum):
    """How sure a value is."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    ASSUMED = "assumed"


class RuleLevel(StrEnum):
    """How a rule binds."""

    HARD = "hard"
    SOFT = "soft"
    OFF = "off"


class Country(StrEnum):
    """The nation an establishment or home area lies in."""

    ENGLAND = "England"
    WALES = "Wales"


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Days of the week in order, as tables spell them."""

REGIONS = (
    "East Midlands",
    "East of England",
    "London",
    "North East",
    "North West",
    "South East",
    "South West",
    "Wales",
    "West Midlands",
    "Yorkshire and the Humber",
)
"""The nine government regions of England, and Wales."""

PROBATION_REGIONS = (
    "East Midlands",
    "East of England",
    "Greater Manchester",
    "Kent, Surrey and Sussex",
    "London",
    "North East",
    "North West",
    "South Central",
    "South West",
    "Wales",
    "West Midlands",
    "Yorkshire and the Humber",
)
"""The twelve regions of the probation service."""


def split_words(cell: str) -> tuple[str, ...]:
    """Take apart a cell that holds several words.

    Parameters
    ----------
    cell
        Words with a semicolon between them; ``""`` holds none.

    Returns
    -------
    tuple of str
        The words in the order of the cell.

    Examples
    --------
    >>> split_words("B;C;U")
    ('B', 'C', 'U')
    >>> split_words("")
    ()
    """
    return tuple(cell.split(LIST_SEPARATOR)) if cell else ()


def admits(cell: str, word: str) -> bool:
    """Say whether a filter lets a word through.

    Parameters
    ----------
    cell
        Words to let in, words to leave out with a ``!`` before each, or both; ``""`` lets in all.
    word
        What is to be let in or not.

    Examples
    --------
    >>> [admits(cell, "B") for cell in ("", "B;C", "C", "!B", "!C", "B;!B")]
    [True, True, False, False, True, False]
    """
    listed = split_words(cell)
    let_in = [each for each in listed if not each.startswith(LEFT_OUT)]
    return LEFT_OUT + word not in listed and (not let_in or word in let_in)


def join_words(words: Iterable[str]) -> str:
    """Write several words into one cell, sorted, each once.

    Parameters
    ----------
    words
        Any iterable of strings.

    Returns
    -------
    str
        ``""`` when there are none.

    Examples
    --------
    >>> join_words(["U", "B", "C", "B"])
    'B;C;U'
    """
    return LIST_SEPARATOR.join(sorted(set(words)))
