"""How much family work the people of a prison need, whoever is there to do it.

Referrals of today follow supply: where there is one worker, few are referred. The need is worked
out from who is held instead. Each driver has a weight in referrals a year, so that two prisons with
the same people get the same number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.words import ReferralSource, Sex
from simulation.bounds import below, named
from simulation.clock import Calendar
from simulation.contact import Presence
from simulation.transfers import STAYS

if TYPE_CHECKING:
    import pandas as pd

WEEKS_PER_YEAR = 52.0

DAYS_PER_YEAR = 364.0

SOURCES = tuple(ReferralSource)

RELEASE_WINDOW_DAYS = 84.0
"""People this near to their release stand for those released in the year."""

PEOPLE_COLUMNS = [
    "establishment", "prisoner_id", "function", "sex", "children_under_18", "care_experience",
    "straight_miles", "expected_weeks", "days_to_release", "has_visitors", "from_day", "until_day",
]  # fmt: skip

DRIVERS = (
    "people", "receptions", "parents", "parents_not_recorded", "women", "care_experienced",
    "far_from_home", "without_visitors", "releases",
)  # fmt: skip
"""What the need of a prison is told by, counted a year or on the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedSettings:
    """How many referrals a year each driver of the need stands for.

    Attributes
    ----------
    referrals_per_reception
        For each person newly received, from court or from another prison.
    self_referrals_per_parent, self_referrals_per_woman, self_referrals_per_care_experienced,
    self_referrals_per_far_person
        Added up for each person: recorded as a parent of children under 18, a woman, in care as a
        child, held further than ``far_miles`` from home.
    far_miles
        Straight-line miles beyond which somebody counts as far from home.
    referrals_per_person_without_visitors
        For each person whom nobody may visit or would.
    self_harm_reviews_per_man, self_harm_reviews_per_woman
        Case reviews after self-harm that ask for family work.
    family_day_referrals_per_parent, course_referrals_per_parent
        For each recorded parent: from family days and parenting courses.
    referrals_per_release
        For each release.
    missing_parent_share
        Share of people without a recorded child who have children under 18 all the same.
    """

    referrals_per_reception: float
    self_referrals_per_parent: float
    self_referrals_per_woman: float
    self_referrals_per_care_experienced: float
    self_referrals_per_far_person: float
    far_miles: float
    referrals_per_person_without_visitors: float
    self_harm_reviews_per_man: float
    self_harm_reviews_per_woman: float
    family_day_referrals_per_parent: float
    course_referrals_per_parent: float
    referrals_per_release: float
    missing_parent_share: float

    def __post_init__(self) -> None:
        """Refuse negative weights and a share above 1."""
        problems = below(0, self, named(self))
        if self.missing_parent_share > 1:
            problems.append(f"missing_parent_share is {self.missing_parent_share}, above 1")
        if problems:
            raise ValueError(f"NeedSettings: {'; '.join(problems)}.")

    @property
    def referrals_per_parent(self) -> float:
        """Referrals a year that being recorded as a parent adds."""
        return (
            self.self_referrals_per_parent
            + self.family_day_referrals_per_parent
            + self.course_referrals_per_parent
        )


def people_held(
    placements: pd.DataFrame, prisoners: pd.DataFrame, units: pd.DataFrame, parties: pd.DataFrame
) -> pd.DataFrame:
    """Gather what the need depends on of everybody who is held somewhere.

    Parameters
    ----------
    placements
        Who is held where: prisoner_id, establishment, unit and straight_miles are read. People
        without an establishment are left out. With ``from_day`` and ``until_day`` it has a row for
        each stay (``simulation.stays``), else everybody stays for good.
    prisoners
        The population table.
    units
        The function of each unit.
    parties
        Who would travel together (``data.families.parties``); prisoners without a row have nobody
        to visit them.

    Returns
    -------
    DataFrame
        ``PEOPLE_COLUMNS``, in order of establishment, id and day.
    """
    held = placements.loc[placements["establishment"].fillna("") != ""]
    days = ["from_day", "until_day"]
    held = held.assign(**{name: STAYS[name] for name in days if name not in held})
    people = held[["prisoner_id", "establishment", "unit", "straight_miles", *days]].merge(
        prisoners[
            [
                *("prisoner_id", "sex", "children_under_18", "care_experience"),
                *("expected_weeks", "days_to_release"),
            ]
        ],
        on="prisoner_id",
        validate="many_to_one",
    )
    function = units.drop_duplicates("unit").set_index("unit")["function"]
    people["function"] = people["unit"].map(function).fillna("")
    from data.families import is_among

    people["has_visitors"] = is_among(people["prisoner_id"], parties["prisoner_id"])
    order = ["establishment", "prisoner_id", "from_day"]
    return people.sort_values(order, ignore_index=True)[PEOPLE_COLUMNS]


def share_of_year(people: pd.DataFrame, calendar: Calendar) -> NDArray[np.float64]:
    """Give the share of the measured year that each row of ``people_held`` is about."""
    from_day, until_day = (people[name].to_numpy(np.int64) for name in ("from_day", "until_day"))
    return Presence(from_day=from_day, until_day=until_day).share_of_year(calendar)


def receptions_per_place(people: pd.DataFrame) -> NDArray[np.float64]:
    """Give for each place how many people are newly received into it in a year.

    Places that serve one function in a prison change hands once in the mean time that their holders
    are still expected to stay: of a stay under way, the time gone and the time left are alike.

    Parameters
    ----------
    people
        establishment, function and expected_weeks are read.

    Returns
    -------
    ndarray of float64
        Shape (people,).

    Examples
    --------
    >>> import pandas as pd
    >>> held = pd.DataFrame({"establishment": ["LEI"] * 2, "function": ["reception"] * 2})
    >>> receptions_per_place(held.assign(expected_weeks=[10.0, 16.0])).tolist()
    [4.0, 4.0]
    """
    stay = people.groupby(["establishment", "function"])["expected_weeks"].transform("mean")
    return WEEKS_PER_YEAR / stay.to_numpy(np.float64)


def days_per_holder(people: pd.DataFrame) -> NDArray[np.float64]:
    """Give for each place the mean days from one person newly received into it to the next.

    Parameters
    ----------
    people
        As for ``receptions_per_place``.

    Returns
    -------
    ndarray of float64
        Shape (people,).
    """
    return DAYS_PER_YEAR / receptions_per_place(people)


def drivers_of_each(people: pd.DataFrame, settings: NeedSettings) -> pd.DataFrame:
    """Give what each person adds to every driver of the need.

    Parameters
    ----------
    people
        Rows of ``people_held``.
    settings
        ``far_miles`` and ``missing_parent_share`` are read.

    Returns
    -------
    DataFrame
        One column for each of ``DRIVERS``, with the index of ``people``: people, 0 or 1; receptions
        and releases, a year; ``parents_not_recorded``, expected.
    """
    import pandas as pd

    left = people["days_to_release"].to_numpy(np.float64, na_value=np.nan)
    parent = people["children_under_18"].to_numpy(np.int64) > 0
    columns = {
        "people": np.ones(len(people)),
        "receptions": receptions_per_place(people),
        "parents": parent,
        "parents_not_recorded": ~parent * settings.missing_parent_share,
        "women": people["sex"].to_numpy(object) == Sex.WOMEN,
        "care_experienced": people["care_experience"].to_numpy(np.bool_),
        "far_from_home": people["straight_miles"].to_numpy(np.float64) > settings.far_miles,
        "without_visitors": ~people["has_visitors"].to_numpy(np.bool_),
        "releases": (left < RELEASE_WINDOW_DAYS) * DAYS_PER_YEAR / RELEASE_WINDOW_DAYS,
    }
    return pd.DataFrame(columns, index=people.index, dtype=np.float64)[list(DRIVERS)]


def referrals_per_year(drivers: pd.DataFrame, settings: NeedSettings) -> pd.DataFrame:
    """Give the referrals expected in a year from each source; linear in the drivers.

    Parameters
    ----------
    drivers
        A row for each person, or for each prison: sums of such rows.
    settings
        The weights.

    Returns
    -------
    DataFrame
        One column for each of ``SOURCES``, with the index of ``drivers``.

    Examples
    --------
    >>> from dataclasses import fields
    >>> import pandas as pd
    >>> weights = NeedSettings(**{each.name: 0.5 for each in fields(NeedSettings)})
    >>> prison = pd.DataFrame({name: [0.0] for name in DRIVERS}).assign(people=9, women=4)
    >>> referrals_per_year(prison, weights)["self_harm_review"].tolist()
    [4.5]
    """
    import pandas as pd

    self_referrals = (
        drivers["parents"] * settings.self_referrals_per_parent
        + drivers["women"] * settings.self_referrals_per_woman
        + drivers["care_experienced"] * settings.self_referrals_per_care_experienced
        + drivers["far_from_home"] * settings.self_referrals_per_far_person
    )
    reviews = (drivers["people"] - drivers["women"]) * settings.self_harm_reviews_per_man
    reviews += drivers["women"] * settings.self_harm_reviews_per_woman
    columns = {
        ReferralSource.RECEPTION: drivers["receptions"] * settings.referrals_per_reception,
        ReferralSource.SELF_REFERRAL: self_referrals,
        ReferralSource.NO_VISITS: drivers["without_visitors"]
        * settings.referrals_per_person_without_visitors,
        ReferralSource.SELF_HARM_REVIEW: reviews,
        ReferralSource.FAMILY_DAY: drivers["parents"] * settings.family_day_referrals_per_parent,
        ReferralSource.PARENTING_COURSE: drivers["parents"] * settings.course_referrals_per_parent,
        ReferralSource.PRE_RELEASE: drivers["releases"] * settings.referrals_per_release,
    }
    return pd.DataFrame({str(name): column for name, column in columns.items()})


def need_table(
    people: pd.DataFrame,
    settings: NeedSettings,
    *,
    hours_per_referral: float,
    share: NDArray[np.float64] | float = 1.0,
) -> pd.DataFrame:
    """Give the need of every prison: its drivers, the referrals and the hours expected of them.

    Parameters
    ----------
    people
        Rows of ``people_held``.
    settings
        The weight of each driver.
    hours_per_referral
        Mean hours of work on one referral, from triage to closure.
    share
        Of the year that each person is there, as ``share_of_year`` gives it; everybody is there all
        year by default.

    Returns
    -------
    DataFrame
        One row for each establishment that holds somebody, in order of code: establishment,
        ``DRIVERS``, referrals, need_hours (a year), and latent_hours: those of parents of whom no
        record tells, which are not among need_hours.
    """
    of_each = drivers_of_each(people, settings).mul(share, axis=0)
    drivers = of_each.groupby(people["establishment"]).sum()
    referrals = referrals_per_year(drivers, settings).sum(axis=1)
    hidden = drivers["parents_not_recorded"] * settings.referrals_per_parent
    return drivers.assign(
        referrals=referrals,
        need_hours=referrals * hours_per_referral,
        latent_hours=hidden * hours_per_referral,
    ).reset_index()
