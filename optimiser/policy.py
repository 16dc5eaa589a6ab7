"""AllocationPolicy: the weights and limits a decision maker sets."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationPolicy:
    """What an allocation should weigh, and the limits it keeps.

    Values stand in ``scenarios/settings.csv`` under ``allocation``, each with unit and source.

    Attributes
    ----------
    family_weight, court_weight, release_weight
        Weight of a pound of travel to see family, to and from court, and to prepare release.
    expected_weeks_cap
        Longest stay in the receiving place that counts, in weeks.
    need_with_contact
        Visits in four weeks to plan for, for people with a permitted contact.
    need_floor
        The same for people who have only a possible contact: under assessment, or not yet known.
    need_per_child, need_children_counted
        Added for each permitted contact under 18, and for how many at most.
    court_journeys_per_four_weeks, release_journeys_per_four_weeks
        Journeys between prison and court of a person on remand; journeys of release work between
        prison and release area inside the window.
    court_gbp_per_hour
        Cost of an hour on the road to court for the escort.
    release_window_days
        Days before release in which nearness to the release area counts.
    move_budget
        Most people who may end in another establishment than today; none for no limit.
    move_budget_gap
        Relative gap at which the search for the price of a move may stop.
    crowding_low_share, crowding_high_share
        Shares above in-use CNA at which the price of crowding rises.
    crowding_low_gbp_per_week, crowding_middle_gbp_per_week, crowding_high_gbp_per_week
        Price of a person above in-use CNA, up to the low share, up to the high share, beyond.
    unplaced_price_gbp
        Price of a person without a place.
    """

    family_weight: float
    court_weight: float
    release_weight: float
    expected_weeks_cap: int
    need_with_contact: float
    need_floor: float
    need_per_child: float
    need_children_counted: int
    court_journeys_per_four_weeks: float
    court_gbp_per_hour: float
    release_journeys_per_four_weeks: float
    release_window_days: int
    move_budget: int | None
    move_budget_gap: float
    crowding_low_share: float
    crowding_high_share: float
    crowding_low_gbp_per_week: float
    crowding_middle_gbp_per_week: float
    crowding_high_gbp_per_week: float
    unplaced_price_gbp: float

    def __post_init__(self) -> None:
        """Check that no weight is negative, and that steps rise."""
        faults = [
            f"{field.name} {value} is negative"
            for field in fields(self)
            if (value := getattr(self, field.name)) is not None and value < 0
        ]
        if self.need_floor <= 0:
            faults.append("need_floor must be above 0: people without visits are not swap material")
        if self.expected_weeks_cap < 1:
            faults.append(f"expected_weeks_cap must be at least 1, found {self.expected_weeks_cap}")
        rising = (
            self.crowding_low_gbp_per_week,
            self.crowding_middle_gbp_per_week,
            self.crowding_high_gbp_per_week,
        )
        if list(rising) != sorted(rising):
            faults.append(f"crowding prices must rise, found {rising}")
        if self.crowding_low_share > self.crowding_high_share:
            faults.append("crowding_low_share is greater than crowding_high_share")
        if faults:
            raise ValueError("AllocationPolicy: " + "; ".join(faults))
