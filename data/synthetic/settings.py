"""What the synthetic population assumes beside its tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationSettings:
    """What the synthetic population assumes beside its tables; one row of ``settings.csv`` each.

    Attributes
    ----------
    seed
        Seed of every draw.
    mean_straight_miles
        Mean straight-line miles from home area to establishment, for men and for women.
    deterrence_power
        Power of distance in the gravity model; less than 1 gives a long tail.
    urban_tilt
        Power of residents per square mile by which densely settled areas send more people.
    women_remand_share, women_recall_share, women_indeterminate_share
        Custody types of women; men make up the published totals.
    remand_sexual_share
        Share of men on remand who are charged with a sexual offence.
    remand_days
        Mean days that a remand still lasts.
    uncategorised_days
        Most days since sentence of people not yet categorised.
    fixed_term_recall_share, fixed_term_recall_days
        Share of recalled people in reception who serve a fixed term, and its length.
    indeterminate_days
        Mean days to the earliest release of people with an indeterminate sentence.
    resettlement_days
        Days before release at which people leave training for resettlement.
    home_office_interest_share
        Share of sentenced foreign nationals with 3 to 36 months left, outside the prisons for
        them, in whom the Home Office has an interest.
    disability_share, accessible_share, care_experience_share
        Shares of everybody.
    pregnant_share, mother_of_baby_share
        Shares of women.
    open_waiting_share
        Share of people categorised for open conditions but held elsewhere who are suitable now.
    court_away_share
        Share of people on remand whose court is by their prison rather than by their home.
    release_elsewhere_share
        Share of people released to another area than home; half of them in the same region.
    relatives_share
        Share of people with a relative in custody.
    parent_share, children_per_parent
        Share of people with children under 18, and how many these have on average.
    no_contact_share
        Share of people with no contact at all.
    adults_per_prisoner
        Mean adult contacts of those who have any.
    contact_at_home_share, contact_in_region_share
        Share of adult contacts beyond the first in the home area; of the rest, in its region.
    child_elsewhere_share
        Share of parents whose children live in another area with a carer.
    without_car_odds
        Odds of having no car for families of prisoners, over those of households in their area.
    low_income_share
        Share of contacts' households under the income limit for help with visit costs.
    claim_share
        Share of those who know of the help and claim it.
    """

    seed: int
    mean_straight_miles: float
    deterrence_power: float
    urban_tilt: float
    women_remand_share: float
    women_recall_share: float
    women_indeterminate_share: float
    remand_sexual_share: float
    remand_days: float
    uncategorised_days: int
    fixed_term_recall_share: float
    fixed_term_recall_days: int
    indeterminate_days: float
    resettlement_days: int
    home_office_interest_share: float
    disability_share: float
    accessible_share: float
    care_experience_share: float
    pregnant_share: float
    mother_of_baby_share: float
    open_waiting_share: float
    court_away_share: float
    release_elsewhere_share: float
    relatives_share: float
    parent_share: float
    children_per_parent: float
    no_contact_share: float
    adults_per_prisoner: float
    contact_at_home_share: float
    contact_in_region_share: float
    child_elsewhere_share: float
    without_car_odds: float
    low_income_share: float
    claim_share: float

    def __post_init__(self) -> None:
        shares = {name: getattr(self, name) for name in self.__slots__ if name.endswith("_share")}
        wrong = [f"{name} {share}" for name, share in shares.items() if not 0 <= share <= 1]
        positive = ("mean_straight_miles", "deterrence_power", "remand_days", "indeterminate_days")
        wrong += [f"{name} {getattr(self, name)}" for name in positive if getattr(self, name) <= 0]
        if self.children_per_parent < 1:
            wrong.append(f"children_per_parent {self.children_per_parent}")
        if self.adults_per_prisoner < 1:
            wrong.append(f"adults_per_prisoner {self.adults_per_prisoner}")
        if wrong:
            raise ValueError(
                "PopulationSettings: a share lies between 0 and 1, days and miles are positive, "
                f"counts per person at least 1; found {', '.join(wrong)}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsSettings:
    """What is recorded about the people of the synthetic population; rows of ``settings.csv``.

    Attributes
    ----------
    seed
        Seed of every draw; those of the population are not touched.
    keep_apart_pairs
        Pairs of people who must be kept apart.
    keep_apart_same_prison_share
        Share of the pairs held in one establishment today.
    keep_apart_same_region_share
        Share held in different establishments of one region; the others have one home area.
    keep_apart_establishment_share
        Share that may not be in one establishment; for the others parts of a prison are enough.
    groups, group_members, group_at_most
        Groups, their mean number of members, and most members in one establishment.
    keep_together_share, keep_together_gbp
        Share of pairs of relatives in one establishment who should stay together, and the price
        of parting them.
    exclusion_share, exclusion_miles
        Share of people kept away from their home area by public protection, and how far.
    sentence_plan_share
        Share of people on a course whose sentence plan holds it.
    """

    seed: int
    keep_apart_pairs: int
    keep_apart_same_prison_share: float
    keep_apart_same_region_share: float
    keep_apart_establishment_share: float
    groups: int
    group_members: int
    group_at_most: int
    keep_together_share: float
    keep_together_gbp: float
    exclusion_share: float
    exclusion_miles: float
    sentence_plan_share: float

    def __post_init__(self) -> None:
        shares = {name: getattr(self, name) for name in self.__slots__ if name.endswith("_share")}
        wrong = [f"{name} {share}" for name, share in shares.items() if not 0 <= share <= 1]
        if self.keep_apart_same_prison_share + self.keep_apart_same_region_share > 1:
            wrong.append("shares of pairs that add up to more than 1")
        least = {
            "keep_apart_pairs": 0,
            "groups": 0,
            "group_members": 2,
            "group_at_most": 1,
            "keep_together_gbp": 0,
            "exclusion_miles": 0,
        }
        wrong += [
            f"{name} {getattr(self, name)}"
            for name, bound in least.items()
            if getattr(self, name) < bound
        ]
        if wrong:
            raise ValueError(
                "RecordsSettings: a share lies between 0 and 1, a group has at least two members "
                "and room for one, counts, prices and miles are not negative; found "
                f"{', '.join(wrong)}."
            )
