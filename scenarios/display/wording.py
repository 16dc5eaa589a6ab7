"""Numbers in plain words: the headline of a run, how sure it is, and what it stands on."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from scenarios.comparing.decimals import IN_WHOLE_UNITS, SHARE
from scenarios.comparing.verdict import SAME
from scenarios.display import views
from scenarios.display.markup import (
    DASH,
    HIDDEN,
    MINUS,
    SMALL_COUNT,
    Number,
    both_ends,
    cell,
    possible_ends,
    quantity,
    shows_more_than_zero,
)

if TYPE_CHECKING:
    import pandas as pd

    from scenarios.comparing.compare import Comparison
    from scenarios.results import Results

MILLION = 1_000_000

MOST_NAMED = 5
"""Prisons or areas named in a note before the rest is left to the table."""

REASONS = {
    "repatriation": "nearer to family (repatriation)",
    "resettlement": "nearer to where the person will live (resettlement)",
    "court_appearance": "nearer to court",
    "progressive": "a better fit of stage or security (progressive)",
    "security": "may no longer be held where they are (security)",
    "offending_behaviour_course": "a place on a course or in a therapeutic community",
    "medical": "a need for care or access is met (medical)",
    "other": "gives up a place that somebody else needs, or eases crowding",
}
"""Reason codes of moves in plain words; a code that is not here is shown as it is."""


def pounds(value: float) -> str:
    """Write pounds as one reads them out.

    Examples
    --------
    >>> pounds(12_345_678), pounds(950), pounds(43.5)
    ('£12.3 million', '£950', '£43.50')
    """
    sign, size = (MINUS, -value) if value < 0 else ("", value)
    if size >= MILLION:
        return f"{sign}£{size / MILLION:,.1f} million"
    return f"{sign}£{size:,.0f}" if size >= 100 else f"{sign}£{size:,.2f}"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _one_decimal(value: float) -> str:
    return f"{value:,.1f}"


def count(value: float, noun: str) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> count(1, "person"), count(12_345, "move")
    ('1 person', '12,345 moves')
    """
    plural = {"person": "people"}.get(noun, f"{noun}s")
    return f"{value:,.0f} {noun if round(value) == 1 else plural}"


def words(code: str) -> str:
    """Write a code as words.

    Examples
    --------
    >>> words("court_appearance"), words("family_gain")
    ('nearer to court', 'family gain')
    """
    return REASONS.get(code, code.replace("_", " "))


def estimate(row: Mapping[str, Any]) -> str:
    """Say between which values a measure lies, and what that rests on."""
    years = count(row["replications"], "simulated year")
    if not row["replications"]:
        return "Exact for these placements, with no chance in it."
    if row["low"] is None or row["low"] != row["low"]:
        return f"From {years}, so no interval."
    if row["low"] == row["high"]:
        return f"The same in each of {years}{_whole_days(str(row['measure']))}."
    return f"95% interval {interval(row)}, from {years}."


def _whole_days(name: str) -> str:
    """Say of a quantile that it is told in whole days or minutes, so that it hides small steps."""
    if not name.endswith(IN_WHOLE_UNITS):
        return ""
    return f", in whole {'minutes' if 'minutes' in name else 'days'}"


def four_numbers(results: Results, *, circulate: bool = False) -> list[Number]:
    """Give the answer of a run in four numbers; for circulation small counts are kept back."""
    return [_distance(results), _gain(results), _who(results, circulate), _visits(results)]


def people(number: float) -> str:
    """Write a count of people; a missing one is hidden, as in tables.

    Examples
    --------
    >>> people(1), people(1_641), people(float("nan"))
    ('1 person', '1,641 people', '[c] people')
    """
    return told(number, "person")


def told(number: float, noun: str) -> str:
    """Write a count with its noun; a missing one is hidden.

    Examples
    --------
    >>> told(1, "move"), told(float("nan"), "move")
    ('1 move', '[c] moves')
    """
    if number != number:
        return count(0, noun).replace("0", HIDDEN, 1)
    return count(number, noun)


def only(number: float) -> str:
    """Write a count of people without the word.

    Examples
    --------
    >>> only(1_641), only(float("nan"))
    ('1,641', '[c]')
    """
    return people(number).rpartition(" ")[0]


def kept_back(number: float, circulate: bool) -> float:
    """Give a count that stands alone; for circulation a small one is missing.

    Examples
    --------
    >>> kept_back(2, circulate=False), kept_back(2, circulate=True), kept_back(3, circulate=True)
    (2, nan, 3)
    """
    return float("nan") if circulate and 0 < number <= SMALL_COUNT else number


def not_on_map(rows: pd.DataFrame, held: str, noun: str) -> str:
    """Say which prisons or areas a map cannot show; empty where it shows all of them.

    Parameters
    ----------
    rows
        As of :func:`scenarios.display.views.with_places`.
    held
        Column with their people.
    noun
        What a row is called.
    """
    left = rows[(rows[held] > 0) & ~views.has_place(rows)]
    if left.empty:
        return ""
    named = ", ".join(left["name"].head(MOST_NAMED)) + (", ..." if len(left) > MOST_NAMED else "")
    held_there = people(kept_back(int(left[held].sum()), circulate=True))
    verb = "is" if len(left) == 1 else "are"
    return (
        f" {count(len(left), noun)} with {held_there} ({named}) {verb} not drawn, as no place is "
        "known; the table has all."
    )


def proof(results: Results) -> str:
    """Say how good the plan is, for which data, and how that is known."""
    plan = results.allocation
    date = day(plan["holds_for"]["date"])
    if not views.is_plan(results):
        return f"These are the people where they were held on {date}. Nothing was optimised."
    rests = f"for these data and prices on {date}"
    if results.summary["ceiling"]:
        rests += ", without any limit on moves (a ceiling, not a plan)"
    if plan["gap"] is None:
        return f"Status of the plan: {plan['status']}, {rests}."
    if plan["gap"] == 0:
        return (
            f"Optimal {rests}: no plan can have a lower weighted cost than "
            f"{pounds(plan['objective_gbp'])}. {_rests_on(plan)}"
        )
    return (
        f"Within {share(plan['gap'])} of the best possible {rests}: the weighted cost is "
        f"{pounds(plan['objective_gbp'])}, and no plan can be below "
        f"{pounds(plan['lower_bound_gbp'])}. The proof was checked without the solver."
    )


def _rests_on(plan: dict[str, Any]) -> str:
    """Say what the proof of an optimal plan takes on trust."""
    if plan.get("multiplier_gap"):
        return f"Proven by {plan['proof']}."
    return "The proof was checked without the solver."


def share(value: float) -> str:
    """Write a small share in per cent with the figures that matter.

    Examples
    --------
    >>> share(0), share(0.0000123), share(0.25)
    ('0%', '0.0012%', '25%')
    """
    return f"{100 * value:.2g}%"


def day(date: str) -> str:
    """Write a date in words.

    Examples
    --------
    >>> day("2026-07-27")
    '27 July 2026'
    """
    parsed = datetime.date.fromisoformat(date)
    return f"{parsed.day} {parsed:%B %Y}"


def published(date: str) -> str:
    """Write the date of a publication in words, as far as it is known.

    Examples
    --------
    >>> published("2026-07-27"), published("2023-07"), published("2023")
    ('27 July 2026', 'July 2023', '2023')
    """
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", date):
        return day(date)
    if re.fullmatch(r"\d{4}-\d{2}", date):
        return day(f"{date}-01").removeprefix("1 ")
    return date


def cited(cell: str) -> str:
    """Name the publications of a ``source`` cell in place of their keys.

    Examples
    --------
    >>> cited("hmip_2026 (over 50 miles);assumption (no figure found)")
    'HM Inspectorate of Prisons: Safety, well-being and hope, March 2026 (over 50 miles); \
Assumption (no figure found)'
    """
    from data.load import sources

    known, said = sources(), []
    for part in cell.split(";"):
        key, bracket, detail = part.partition(" (")
        entry = known.get(key)
        if entry is not None and entry["publisher"] == "This project":
            key = entry["title"]
        elif entry is not None:
            date = published(entry["date"])
            key = f"{entry['publisher']}: {entry['title']}{', ' if date else ''}{date}"
        said.append(f"{key}{bracket}{detail}")
    return "; ".join(said)


def _distance(results: Results) -> Number:
    row = views.row_for(results, "distance")
    today, plan = row["straight_miles_today"], row["straight_miles"]
    change = ""
    if views.is_plan(results):
        way = "nearer" if plan <= today else "further"
        change = f"{today:.1f} miles today: {abs(today - plan):.1f} miles {way}"
    return Number(
        label="Distance from home",
        value=f"{plan:.1f}",
        unit="miles on average",
        change=change,
        note="In a straight line, from home area to prison.",
    )


def _gain(results: Results) -> Number:
    families = results.summary["families"]
    cost = families["cost_per_visit_gbp"]
    if not views.is_plan(results):
        return Number(
            label="What the average visit costs",
            value=pounds(cost["today"]),
            unit="a visit",
            note="Time and money for everybody who comes, before any refund.",
        )
    return Number(
        label="What families would gain",
        value=pounds(families["consumer_surplus_gbp_per_year"]),
        unit="a year",
        change=f"The average visit: {pounds(cost['plan'])} instead of {pounds(cost['today'])}",
        note="Change in consumer surplus, in time and money; not what families spend. "
        f"{surplus_range(results)}",
    )


NO_RANGE = (
    "It rests on an assumed value of time; this run was stored without the range that gives. Run "
    "its scenario again to see it."
)


def surplus_range(results: Results) -> str:
    """Say between which values the gain of families lies, as the value of their time is assumed."""
    rows = results.summary["families"].get("surplus_by_value_of_time")
    if not rows:
        return NO_RANGE
    ends = " to ".join(pounds(row["consumer_surplus_gbp_per_year"]) for row in rows)
    values = " or ".join(pounds(row["gbp_per_hour"]) for row in rows)
    now = pounds(results.scenario["travel"]["value_of_time_gbp_per_hour"])
    return (
        f"{ends} with an hour on the way at {values} and all else alike; {now} is assumed (page "
        "Sources)."
    )


def _who(results: Results, circulate: bool) -> Number:
    if not views.is_plan(results):
        far = views.headline(results)["over_100_miles_share"]
        return Number(
            label="More than 100 miles away",
            value=quantity(far["mean"], far["measure"]),
            unit="of the people held",
            note=f"{views.row_for(results, 'distance')['people']:,} people are held in all.",
        )
    row = views.further(results, circulate=circulate)
    nearer, _, noun = people(row["nearer"]).rpartition(" ")
    most = row["most_miles_further"]
    longest = "" if most != most else f" The longest step away is {most:.0f} miles."
    return Number(
        label="Nearer and further",
        value=nearer,
        unit=f"{noun} would be nearer",
        change=f"{people(row['further'])} would be further away",
        note=f"{people(row['moved'])} would move.{longest}",
    )


def _visits(results: Results) -> Number:
    row = views.headline(results)["visits_per_prisoner_per_four_weeks"]
    wait = views.headline(results).get("wait_days_median")
    change = ""
    if wait and wait["mean"] is not None:
        change = f"Half of visits wait no longer than {wait['mean']:.0f} days"
    return Number(
        label="Visits to each person",
        value=quantity(row["mean"], row["measure"]),
        unit="in four weeks on average",
        change=change,
        note=estimate(row),
    )


SYNTHETIC = (
    "The people in this model are made up. They match published totals, but no real person's "
    "record is in it, so read every result as an illustration. The tool recommends; a named "
    "officer decides."
)

EXTRACT = (
    "This run was made from records that were loaded, not from made-up people: handle it as "
    "personal data. The tool recommends; a named officer decides."
)

MANIFEST = (
    "The file manifest.json beside this report holds the command, the versions, the commit and the "
    "digest of every input, so that the run can be made again."
)

CEILING = (
    "This is a ceiling, not a plan: it moves people without any limit, to show how near to home "
    "people could be held at most. Nobody re-places the whole estate at once."
)

BENEFIT = (
    "The gain is the change in consumer surplus: what a nearer prison saves on visits made anyway, "
    "and half of that saving on visits made because they became cheaper. Families who are nearer "
    "visit more, so what they spend in all can rise while they gain. Whoever is moved in the "
    "course of the year counts from the day of the move."
)

FAMILY_NOTE = (
    "Per year, for the visits that families with a permitted contact wish to make; the simulated "
    "year has fewer, since halls fill up. An average over people held, not visits, is higher: "
    "people far away have fewer visits. Help with visit costs moves money from the scheme to "
    "families: it is shown beside, at the share of families that claim."
)

WAITS_NOTE = (
    "A wait is told in whole days, so a change of a day may be next to nothing: its interval "
    "reaches a day to either side at least."
)

NO_BASELINE = (
    "To see what this run does to visits, run the baseline with the same seed and as many "
    "simulated years: both then play the same families."
)

EFFECTS = {
    "visits": "Visits in the year",
    "visits_per_prisoner_per_four_weeks": "Visits per person in four weeks",
    "wait_days_median": "Days half of visits wait at most",
    "wait_days_p90": "Days nine in ten visits wait at most",
    "requests_unmet_share": "Requests turned away for good",
    "requests_without_visit_share": "Requests that end without a visit, for any reason",
    "video_calls": "Video calls in the year",
    "regular_contact_share": "More than one visit or video call in four weeks",
    "no_contact_share": "People with no visit or video call in four weeks",
    "school_hours_missed": "School hours children miss in the year",
}
"""What a run does to visits: measures and their words, as shown beside the baseline."""


def worth(results: Results) -> str:
    """Say what the value of one place more and the cost of one fewer mean, and hold for."""
    limited = results.scenario["allocation"]["move_budget"] is not None
    at_what = ", at the price of a move with which this plan keeps to its limit" if limited else ""
    return (
        "If a unit had one place more, or one fewer, and the best plan were made anew, its "
        "weighted cost over the time people are expected to stay would fall, or rise, by this "
        "much. Each value holds for one place in one unit alone, with everything else as it is, "
        f"for the people, rules and prices of {day(results.holds_for['date'])}{at_what}. A unit "
        "can be full with places free: some are kept free as headroom."
    )


MOVE_PARTS = {
    ("family_gain_gbp",): ("Gain to families of those who move", pounds, pounds),
    ("move_price_gbp",): ("Price of the moves, all parts", pounds, pounds),
    ("escort_gbp", "special_vehicle_gbp"): ("Of that, escorts", pounds, pounds),
    ("reception_gbp",): ("Of that, receptions", pounds, pounds),
    ("booked_visits_gbp",): ("Of that, visits booked and lost", pounds, pounds),
    ("cleared_numbers_gbp",): ("Of that, days without cleared phone numbers", pounds, pounds),
    ("family_days_gbp", "family_unit_lost_gbp", "family_unit_interrupted_gbp"): (
        "Of that, places at family days and in family units",
        pounds,
        pounds,
    ),
    ("course_lost_gbp", "course_interrupted_gbp"): ("Of that, courses", pounds, pounds),
    ("education_lost_gbp", "education_interrupted_gbp"): ("Of that, education", pounds, pounds),
    ("work_lost_gbp", "work_interrupted_gbp"): ("Of that, work", pounds, pounds),
    ("treatment_lost_gbp", "treatment_interrupted_gbp", "appointments_gbp"): (
        "Of that, treatment and appointments",
        pounds,
        pounds,
    ),
    ("recent_transfer_gbp", "likely_refusal_gbp"): (
        "Of that, recent transfers and likely refusals",
        pounds,
        pounds,
    ),
    ("wish_to_stay_gbp", "soft_holds_gbp"): (
        "Of that, wishes to stay and soft holds",
        pounds,
        pounds,
    ),
    ("booked_visits_lost",): ("Booked visits lost", _whole, _one_decimal),
    ("days_without_cleared_numbers",): ("Days without cleared numbers", _whole, _one_decimal),
    ("relatives_parted",): ("Relatives left behind or gone ahead", _whole, _one_decimal),
}
"""What is shown of the moves: columns, words, how their total and mean are written."""

MOVE_NOTE = (
    "Families gain over the time each person is expected to stay. What people take part in, and "
    "where it is offered, is made up for synthetic people."
)

FLOOR = (
    "Telephone calls and letters are not modelled, so somebody without contact may have rung every "
    "day: these shares of contact are floors."
)

REASONS_NOTE = (
    "A reason says what this person gains most from the move; who gives up a place is moved for "
    "the sake of others and pays more than it gives them. Who moves nearer to those who visit can "
    "end further from the home area, from which official miles are counted, as visitors live "
    "elsewhere too."
)

PAYER_NOTE = (
    "What families, children and the visit-cost scheme pay is for visits made in the simulated "
    "year, the mean of all years played; today's is known from the run of the baseline. Staff are "
    "those for whom the timetable, the posts of family workers and the shifts of booking lines "
    "ask. Moves are paid for once."
)

NOT_SET = "not set"
"""Stands for a setting without a value."""

MOVES_FILE = (
    "Every single move, under the person's pseudonymous id, is in the file moves.parquet of the "
    "run's folder."
)

FAMILY_ROWS = {
    "cost_per_visit_gbp": ("Cost of one visit in time and money, averaged over visits", pounds),
    "visits_wished_per_year": ("Visits families wish to make", _whole),
    "spent_gbp_per_year": ("Time and money for all visits wished", pounds),
    "money_gbp_per_year": ("Of that, money", pounds),
    "hours_per_year": ("Hours on the way for all visits wished", _whole),
    "refund_gbp_per_year": ("To be refunded, for visits wished", pounds),
}
"""What the family account shows, in order: its key, its words, how its numbers are written."""

ATTRIBUTION = (
    "Contains OS data © Crown copyright and database right. Contains Royal Mail data © Royal Mail "
    "copyright and database right. Source: Office for National Statistics licensed under the Open "
    "Government Licence v3.0. Place labels: GeoNames (CC BY 4.0). Outline: Natural Earth."
)

OUTCOMES = {
    "attended": "Visit takes place",
    "no_show": "Booked, nobody comes",
    "refused_entry": "Comes, not let in",
    "cancelled": "Booked, then cancelled",
    "called_off": "Booked, then called off by the prison",
    "booking_fell": "Booked, then lost because the person is moved",
    "refused": "Turned away each time the family asks",
    "gave_up": "Turned away, the family gives up",
    "put_off": "Never made after a bad experience (runs of earlier versions)",
    "request_fell": "Not booked yet when the person is moved",
    "turned_to_video": "Turned away, turns to a video call",
    "pending": "Still open at year's end",
}
"""What becomes of a request for a visit, in words."""


def notice(results: Results) -> str:
    """Say whether the people of a run are made up, and who decides."""
    return EXTRACT if "population" in results.provenance.get("inputs", {}) else SYNTHETIC


def moment(timestamp: str) -> str:
    """Write a date and time of the world's clock in words.

    Examples
    --------
    >>> moment("2026-11-21T22:17:35+00:00")
    '21 November 2026, 22:17 UTC'
    """
    parsed = datetime.datetime.fromisoformat(timestamp)
    return f"{day(parsed.date().isoformat())}, {parsed:%H:%M} UTC"


def source(results: Results, *, drawn: bool) -> str:
    """Say which run a picture shows and what stands behind it.

    Parameters
    ----------
    drawn
        Whether the numbers are drawn by the simulation, so that replications stand behind them.
    """
    name = results.folder.name if results.folder else results.name
    plan = results.allocation
    date = day(plan["holds_for"]["date"])
    if drawn:
        years = count(results.replications, "simulated year")
        return f"Source: run {name}, data of {date}; mean of {years}."
    return f"Source: run {name}, data of {date}; {_kind(results)}, exact, with no chance in it."


def _kind(results: Results) -> str:
    """Say in a few words what kind of placements a picture shows."""
    gap = results.allocation["gap"]
    if results.summary["ceiling"]:
        return "a ceiling, not a plan"
    if not views.is_plan(results):
        return "where people are held today"
    if gap is None:
        return f"a plan whose status is {results.allocation['status']}"
    return f"a plan within {share(gap)} of the best possible" if gap else "an optimal plan"


def replications(results: Results) -> str:
    """Say how many years were played, and with what."""
    weeks = results.scenario["calendar"]["weeks"]
    each = (
        "One year gives no interval: start a run of several to see how sure each value is."
        if results.replications == 1
        else "Each value is the mean over those years, with its 95% interval."
    )
    return (
        f"{count(results.replications, 'simulated year')} of {weeks} weeks at every prison, seed "
        f"{results.provenance['seed']}. {each}"
    )


def interval_lines(results: Results) -> str:
    """Say what the lines of a picture with intervals are."""
    if results.replications == 1:
        return "One simulated year, so no intervals."
    return "Lines are 95% intervals."


def who_ends_further(results: Results, *, circulate: bool = False) -> str:
    """Say in a sentence how many people end further from home, and by how much."""
    row = views.further(results, circulate=circulate)
    if not row["further"]:
        return "Nobody ends further from home than today."
    if row["further"] != row["further"] or row["nearer"] != row["nearer"]:
        return (
            f"{people(row['further'])} would be further from home than today; "
            f"{people(row['nearer'])} would be nearer."
        )
    return (
        f"{count(row['further'], 'person')} would be further from home than today, by "
        f"{row['mean_miles_further']:.1f} miles on average and {row['most_miles_further']:.1f} at "
        f"most; {row['nearer']:,} would be nearer, by {row['mean_miles_nearer']:.1f} miles on "
        "average."
    )


def moves(results: Results, *, circulate: bool = False) -> str:
    """Say in a sentence how many people move."""
    row = views.further(results, circulate=circulate)
    moved, whole = row["moved"], row["people"]
    known = moved == moved and whole == whole
    share = f" ({100 * moved / max(1, whole):.1f}%)" if known else ""
    return (
        f"{people(moved)} of {only(whole)}{share} would be in "
        "another prison than today. A change of unit inside a prison is no move."
    )


def yardsticks(results: Results) -> dict[str, str]:
    """Set the mean distance beside the least that any placement could reach, and beside chance."""
    floor = results.summary["floor"]
    rows = {"Held today": f"{floor['today_mean_miles']:.1f} miles from home on average"}
    if views.is_plan(results):
        rows["In this run"] = f"{floor['plan_mean_miles']:.1f} miles"
    rows["The least possible"] = (
        f"{floor['least_mean_miles']:.1f} miles, if only capacity and sex counted"
    )
    rows["By chance"] = f"{floor['random_mean_miles']:.1f} miles, if people were placed at random"
    rows["Simulated years"] = f"{results.replications}, seed {results.provenance['seed']}"
    rows["Data of"] = day(results.holds_for["date"])
    return rows


def plan_facts(results: Results) -> dict[str, str]:
    """Give the weighted cost, the bound and the gap of a plan, and how long it took."""
    plan = results.allocation
    seconds = sum(plan["seconds"].values())
    return {
        "Status": STATUSES.get(str(plan["status"]), str(plan["status"])),
        "Weighted cost": f"£{plan['objective_gbp']:,.2f}",
        "Lower bound": f"£{plan['lower_bound_gbp']:,.2f}: no plan can cost less",
        "Gap": f"{share(plan['gap'])}: how far this is from the bound, at most",
        "Moves": f"{views.row_for(results, 'further')['moved']:,}",
        "Holds for": f"people and data of {day(plan['holds_for']['date'])}",
        "Solved and certified in": f"{seconds:,.1f} seconds",
    }


def visit_numbers(estate: pd.DataFrame) -> list[Number]:
    """Give the headline numbers of the visits page, each with its interval.

    Parameters
    ----------
    estate
        The table of :func:`scenarios.display.views.estate_measures`.
    """
    rows = {str(row["measure"]): row for row in records(estate)}
    return [
        Number(
            label=label,
            value=quantity(rows[name]["mean"], name),
            unit=unit,
            note=estimate(rows[name]),
        )
        for name, (label, unit) in VISIT_NUMBERS.items()
        if name in rows
    ]


NO_INTERVAL = "none: one simulated year"
"""Stands where an interval would, when one year alone was played."""

EXACT = ("straight_miles", "over_100_miles_share", "visit_cost_gbp")
"""Headline measures that follow from the placements alone, with no chance in them."""

STATUSES = {
    "optimal": "optimal: no plan is better for these data and prices",
    "feasible": "within the limit on moves, and within the gap below of the best possible",
    "infeasible": "infeasible: some people have no place under the rules",
    "cancelled": "cancelled before it was finished",
}
"""The status of a plan in plain words."""


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a table, each with its columns by name."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def interval(row: Mapping[str, Any]) -> str:
    """Write the 95% interval of a measure, or say that one year gives none."""
    if row.get("replications") == 1:
        return NO_INTERVAL
    if row["low"] is None or row["low"] != row["low"]:
        return DASH
    name = str(row["measure"])
    if name in EXACT:
        return "exact"
    if row["low"] == row["high"]:
        return SAME
    low, high = possible_ends(float(row["mean"]), row["low"], row["high"], name)
    return " to ".join(both_ends(low, high, name))


EVERY_YEAR = "every year"
"""Stands in brackets for an interval where every simulated year gave the same."""

WHERE_SAME = f"“{EVERY_YEAR.capitalize()}”: each gave the same."

IN_BRACKETS = f"In brackets the 95% interval. {WHERE_SAME}"


def without_brackets(years: int) -> str:
    """Say what stands in brackets, and what a figure without is.

    Examples
    --------
    >>> without_brackets(1)
    'One simulated year, so no intervals.'
    """
    if years < 2:
        return "One simulated year, so no intervals."
    return "In brackets 95% intervals; a figure without is the same in every simulated year."


def level(row: Mapping[str, Any]) -> str:
    """Write the mean of a measure, and its 95% interval in brackets where there is one.

    Examples
    --------
    >>> row = {"measure": "wait_days_median", "mean": 3.0, "low": 2.5, "high": 3.5}
    >>> level(row | {"replications": 4}), level(row | {"replications": 1})
    ('3.0 (2.5 to 3.5)', '3.0')
    >>> level(row | {"low": 3.0, "high": 3.0, "replications": 4})
    '3.0 (every year)'
    """
    name = str(row["measure"])
    mean, low, high = (float(row[end]) for end in ("mean", "low", "high"))
    low, high = possible_ends(mean, low, high, name)
    if abs(mean) >= MILLION and low < high:
        sign = "£" if name.endswith("_gbp") else ""
        ends = f"{sign}{low / MILLION:,.2f} to {high / MILLION:,.2f}"
        return f"{sign}{mean / MILLION:,.2f} million ({ends})"
    value = cell(mean, name)
    if value == DASH or row["replications"] == 1:
        return value
    return f"{value} ({EVERY_YEAR if low == high else interval(row)})"


def difference_interval(row: Mapping[str, Any]) -> str:
    """Write the 95% interval of a difference, or say that one year gives none."""
    if row.get("replications") == 1:
        return NO_INTERVAL
    name = str(row["measure"])
    if name in EXACT:
        return "exact"
    if row.get("verdict") == SAME:
        return DASH
    decided = row.get("verdict") in ("higher", "lower")
    if any(row[end] is None or row[end] != row[end] for end in ("low", "high")):
        return DASH
    write = partial(_end, decided=decided)
    low, high = both_ends(row["low"], row["high"], name, write)
    return f"{low.removesuffix(' points')} to {high}"


def decided_difference(value: float, name: str) -> str:
    """Write a difference that has a verdict: never as the nothing that it is not.

    Examples
    --------
    >>> decided_difference(0.0046, "visits_per_prisoner_per_four_weeks")
    '+0.005'
    """
    return _end(value, name, 0, decided=True)


def _end(value: float, name: str, finer: int, *, decided: bool) -> str:
    """Write an end of an interval; one beside a verdict never as the nothing that it leaves out."""
    text = difference(value, name, finer)
    if not decided or not value or shows_more_than_zero(text):
        return text
    small = f"{100 * value if name.endswith(SHARE) else value:+.1g}".replace("-", MINUS)
    return f"{small} points" if name.endswith(SHARE) else small


def measure(name: str) -> str:
    """Write the name of a measure in words.

    Examples
    --------
    >>> measure("late_minutes_share"), measure("wait_days_p90")
    ('Late minutes', 'Wait in days, nine in ten no longer than')
    """
    if name in MEASURE_WORDS:
        return MEASURE_WORDS[name]
    for ending in ("_gbp", "_share"):
        name = name.removesuffix(ending)
    return name.replace("_", " ").capitalize()


MEASURE_WORDS = {
    "wait_days_mean": "Wait in days, mean",
    "wait_days_median": "Wait in days, half no longer than",
    "wait_days_p90": "Wait in days, nine in ten no longer than",
    "no_contact_share": "People with no visit or video call in four weeks",
    "no_contact_in_year_share": "People with no visit or video call all year",
    "visited_share": "People visited in four weeks",
    "regular_contact_share": "More than one visit or video call in four weeks",
    "requests_unmet_share": (
        "Requests turned away for good: refused, given up or turned to a video call"
    ),
    "requests_unmet_no_table_share": "Requests turned away for good, no table at last",
    "requests_unmet_no_order_share": "Requests turned away for good, no visiting order at last",
    "requests_unmet_not_approved_share": (
        "Requests turned away for good, visitors not yet approved at last"
    ),
    "requests_unmet_no_answer_share": "Requests turned away for good, nobody ever answered",
    "requests_without_visit_share": "Requests that end without a visit, for any reason",
    "requests_put_off": "Requests never made after a bad experience",
    "people_with_video_calls": "People with a video call in four weeks",
    "attempts_without_order": "Attempts to book without a visiting order left",
    "attempts_without_table": "Attempts to book that found no table",
    "no_contact_in_90_days_share": "People with no visit or video call in 90 days",
    "entitlement_reachable_share": "Two visits in four weeks, one at a weekend, could be booked",
    "orders_granted": "Visit orders granted",
    "orders_lapsed": "Visit orders that lapsed",
    "orders_exchanged": "Visit orders exchanged for telephone credit",
    "orders_unused": "Visit orders in hand when the year ends",
    "double_visits": "Visits of two sessions in a row",
    "called_off": "Bookings called off for want of staff",
    "bookings_fell": "Bookings lost because the person is moved",
    "attempts_before_approval": "Attempts to book before visitors are approved after a move",
    "video_fell": "Video calls lost because the person is moved",
    "video_before_clearance": "Requests for a video call before numbers are cleared after a move",
    "refused_entry": "Visits refused at the gate",
    "hours_lost_to_late_starts": "Hours of visits lost to late starts",
    "hours_lost_at_checks": "Hours of visits lost at the check and search",
    "visits_cut_short_share": "Visits more than 15 minutes short",
    "visit_minutes_mean": "Minutes of a visit, mean",
    "tables_called_off": "Tables of sessions called off",
    "staff_hours": "Hours of staff at visits",
    "worker_referrals": "Referrals to family workers",
    "worker_people_helped": "Referrals to family workers that they reach",
    "worker_days_to_first_contact_mean": "Days to a family worker's first contact, mean",
    "worker_days_to_first_contact_p90": "Days to a family worker's first contact, nine in ten",
    "worker_hours_unmet": "Hours of family work not done, never begun or on begun cases",
    "worker_need_met_share": "Hours of family work referred that reach people",
    "worker_open_cases": "Open cases of family workers, mean of the year",
    "worker_families_started": "Families who start to ask for visits once helped",
    "worker_fte": "Family workers, full-time equivalents",
    "worker_hours": "Hours of family workers for cases",
    "worker_use_share": "Hours of family workers for cases that are used",
    "family_need_hours": "Hours of family work that the people held need in a year",
    "family_latent_hours": "Hours more that unrecorded parents may need in a year",
    "video_failed": "Video calls that failed",
    "video_hours": "Hours of video calls",
    "video_places_offered": "Video slots offered",
    "video_places_usable": "Video slots offered that are usable",
    "video_places_taken": "Video slots taken up",
    "video_staff_hours": "Hours of staff watching video calls",
    "bookings": "Visits booked",
    "cancellations": "Bookings cancelled",
    "no_shows": "Bookings to which nobody came",
    "visits": "Visits that take place",
    "visitors": "Visitors, adults and children, counted at each visit",
    "child_visitors": "Children among them, counted at each visit",
    "visit_hours": "Hours of visits",
    "tables": "Tables offered, counted at each session",
    "hall_use_share": "Tables used in visit halls",
    "people": "People the simulation plays",
    "people_held": "People held",
    "moved_share": "People moved to another prison",
    "nearer_share": "People nearer to home than today",
    "further_share": "People further from home than today",
    "over_50_miles_share": "People held more than 50 miles from home",
    "over_100_miles_share": "People held more than 100 miles from home",
    "straight_miles": "Straight-line miles from home, averaged over people",
    "visit_cost_gbp": "Cost of one visit in time and money, averaged over people",
    "visits_per_prisoner_per_four_weeks": "Visits to each person in four weeks",
    "family_money_gbp": "Fares and fuel of families for all trips made, before refunds",
    "family_travel_hours": "Hours of families on the way, all trips made",
    "refund_gbp": "Refunds to families for visits made",
    "school_hours_missed": "School hours that children of 5 to 16 miss",
    "requests": "Requests for a visit that are made",
    "requests_gave_up_share": "Requests given up after being turned away",
    "requests_refused_share": "Requests turned away each time the family asked",
    "requests_turned_to_video_share": "Requests turned to a video call",
    "video_calls": "Video calls held",
    "video_no_shows": "Video calls to which nobody came",
    "video_requests": "Requests for a video call",
    "video_use_share": "Video slots used",
    "video_without_credit": "Requests for a video call with the month's credit used up",
    "video_without_slot": "Requests for a video call that found no slot",
    "line_calls": "Calls to a booking line",
    "line_rings": "Ringings of booking lines, a call that rings again counted again",
    "line_answer_minutes_median": "Minutes on hold until answered, half no longer than",
    "line_answer_minutes_p90": "Minutes on hold until answered, nine in ten no longer than",
    "line_abandoned_share": "Ringings of booking lines that end unanswered",
    "line_busy_share": "Time of booking agents on duty that is spent on calls",
    "line_agent_hours": "Hours of booking agents on duty",
    "line_calls_lost": "Calls about a booking that nobody ever answers",
    "line_calls_lost_share": "Share of calls about a booking that nobody ever answers",
    "line_bookings_lost": "Requests that end unbooked because nobody answers the last call",
    "line_bookings_lost_share": (
        "Share of requests by telephone that end unbooked because nobody answers the last call"
    ),
    "early_receptions": "People received into prison",
    "early_first_night_call_share": "People received who call home on the first night",
    "early_too_late_for_call_share": "People received too late for a call on the first night",
    "early_too_busy_for_call_share": "People received with no call as reception was too busy",
    "early_first_call_days_median": "Days to the first call, half no longer than",
    "early_first_call_days_p90": "Days to the first call, nine in ten no longer than",
    "early_cleared_number_days_median": "Days to the first cleared number, half no longer than",
    "early_cleared_number_days_p90": "Days to the first cleared number, nine in ten no longer than",
    "early_first_visit_days_median": "Days to the first visit, half no longer than",
    "early_first_visit_days_p90": "Days to the first visit, nine in ten no longer than",
    "early_find_requests": "Families who ask where somebody is held",
    "early_find_answer_days_median": "Days to hear where somebody is held, half no longer than",
    "early_find_answer_days_p90": "Days to hear where somebody is held, nine in ten no longer than",
    "early_no_contact_in_72_hours_share": "People received with no call or visit in 72 hours",
    "early_no_contact_in_14_days_share": "People received with no call or visit in 14 days",
    "early_visit_in_14_days_share": "People received who are visited within 14 days",
    "safety_calls": "Calls from families who fear for somebody",
    "safety_answered_live_share": "Calls from families in fear answered at once by a person",
    "safety_called_back_in_hour_share": "Calls not answered at once, returned within an hour",
    "safety_never_reached_share": "Calls from families in fear that never reach anybody",
}
"""Measures whose names say too little."""

WHY_WITHOUT_CONTACT = {
    "unmet": "family turned away, called off or not let in",
    "not_then": "booked for another time or cancelled by the family",
    "by_choice": "nobody asked",
    "barred": "contacts may not visit",
    "nobody": "nobody is known",
}
"""Why people are without contact, in words."""

MEASURE_WORDS |= {
    f"{measure}_{why}_share": f"People with no visit or video call in {span}, {words}"
    for measure, span in {"no_contact": "four weeks", "no_contact_in_90_days": "90 days"}.items()
    for why, words in WHY_WITHOUT_CONTACT.items()
}


def amount(value: float | None, measure_unit: str, *, signed: bool = False) -> str:
    """Write a whole number with its unit of measurement.

    Examples
    --------
    >>> amount(1234.6, "GBP a year"), amount(1234.6, "hours", signed=True)
    ('£1,235 a year', '+1,235 hours')
    """
    if value is None or value != value:
        return DASH
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    if measure_unit.startswith("GBP"):
        return f"{sign}£{abs(value):,.0f}{measure_unit.removeprefix('GBP')}"
    return f"{sign}{abs(value):,.0f} {measure_unit}"


def difference(value: float | None, name: str, finer: int = 0) -> str:
    """Write a difference of a measure with its sign; of a share, in percentage points.

    Parameters
    ----------
    finer
        Decimals more than its name says.

    Examples
    --------
    >>> difference(0.0125, "requests_unmet_share"), difference(1337, "visits")
    ('+1.2 points', '+1,337')
    """
    if value is None or value != value:
        return DASH
    text = quantity(value, name, finer).replace("%", " points")
    return f"+{text}" if value > 0 and shows_more_than_zero(text) else text


VISIT_NUMBERS = {
    "visits": ("Visits that take place", "in the weeks measured"),
    "wait_days_median": ("Half of visits wait no longer than", "days"),
    "requests_unmet_share": ("Requests turned away for good", "of requests"),
    "regular_contact_share": ("People in regular contact", "of people"),
    "no_contact_share": ("People with no visit or video call in four weeks", "of people"),
    "video_calls": ("Video calls held", "in the weeks measured"),
}
"""The headline numbers of the visits page: measure, words, unit."""

GROUPS = {
    "weeks_0_to_4": "In the first four weeks after a move",
    "weeks_5_to_52": "From the fifth week after a move on",
    "not_moved": "Not moved in the year, or not yet",
    "no": "People without children under 18",
    "yes": "People with children under 18",
    "under_25_miles": "Under 25 miles from home",
    "25_to_50_miles": "25 to 50 miles",
    "50_to_100_miles": "50 to 100 miles",
    "over_100_miles": "Over 100 miles",
}
"""Groups of people in words; a group that is not here is shown as it is named."""


def term(name: str) -> str:
    """Write the name of a term of the weighted cost in words.

    Examples
    --------
    >>> term("rule:stage_fit"), term("family")
    ('Soft rule: stage fit', 'Family')
    """
    kind, _, rule = name.partition(":")
    return f"Soft rule: {rule.replace('_', ' ')}" if rule else kind.replace("_", " ").capitalize()


def group(code: str) -> str:
    """Write a group of people in words; names keep their capitals.

    Examples
    --------
    >>> group("not_moved"), group("women"), group("East Midlands")
    ('Not moved in the year, or not yet', 'Women', 'East Midlands')
    """
    words = GROUPS.get(code, code.replace("_", " "))
    return words[:1].upper() + words[1:]


def basis(comparison: Comparison) -> str:
    """Say what a comparison sets side by side, and how sure it is."""
    rows = comparison.differences
    years = int(rows["replications"].max()) if len(rows) else 0
    if comparison.paired:
        how = (
            "Both runs play the same families, year by year, so the intervals are of the "
            "difference."
        )
    else:
        how = "The runs play different families, so the intervals are wider."
    return (
        f"From “{comparison.before}” to “{comparison.after}”, over "
        f"{count(years, 'simulated year')}. {how}"
    )


def comparison_source(comparison: Comparison) -> str:
    """Say what stands behind the picture of a comparison."""
    rows = comparison.differences
    years = int(rows["replications"].max()) if len(rows) else 0
    pairs = "paired" if comparison.paired else "independent"
    return f"Source: the two runs, {count(years, 'simulated year')} each, {pairs} 95% intervals."


def provenance(results: Results) -> dict[str, str]:
    """Give what is needed to make a run again."""
    manifest = results.provenance
    versions = manifest["versions"]
    clean = {True: "clean", False: "with changes", None: "unknown"}[manifest["clean_tree"]]
    return {
        "Run": results.folder.name if results.folder else results.name,
        "Scenario": results.title,
        "Seed": str(manifest["seed"]),
        "Simulated years": str(results.replications),
        "Data of": day(results.holds_for["date"]),
        "Data digest": str(manifest["data_digest"]),
        "Commit": f"{manifest['commit']} ({clean})",
        "Versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }


def rests_on(results: Results) -> dict[str, str]:
    """Give what a run was made from, as far as it is the same for the same run."""
    return {
        "Scenario": results.name,
        "Data digest": str(results.provenance["data_digest"]),
        "Version": str(results.provenance["versions"]["closer-to-home"]),
    }
