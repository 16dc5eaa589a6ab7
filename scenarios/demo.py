"""The answer in words: today's estate beside the plan closer to home."""

from __future__ import annotations

from typing import Any

from scenarios.comparing.compare import Comparison, compare
from scenarios.comparing.verdict import UNDECIDED
from scenarios.results import Results

SCENARIOS = ("baseline", "closer_to_home")

VISITS_TOLD = {
    "visits_per_prisoner_per_four_weeks": ("visits per prisoner in four weeks", 1, 3),
    "requests_unmet_share": ("% of requests are turned away for good", 100, 1),
    "wait_days_p90": ("days within which nine visits in ten take place", 1, 1),
    "hall_use_share": ("% of tables in visit halls used", 100, 1),
    "no_contact_share": ("% of people have no visit or video call in four weeks", 100, 1),
}
"""Measure, its words, the factor to show it with, and decimals."""


def tell(today: Results, plan: Results) -> list[str]:
    """Say what families would gain, who ends further away, and what it does to visits.

    Parameters
    ----------
    today, plan
        Results of the two scenarios of the demo, on the same families.
    """
    if not plan.summary["distance"][0]["people"]:
        return ["", "  Nobody can be held anywhere under the rules.", "", *_where(today, plan)]
    return [
        "",
        *_distance(plan.summary),
        "",
        *_gain(plan.summary),
        "",
        *_further(plan.summary),
        "",
        *_visits(compare(today, plan)),
        "",
        *_proof(plan.summary),
        "",
        *_where(today, plan),
    ]


def _distance(summary: dict[str, Any]) -> list[str]:
    rows = {row["sex"]: row for row in summary["distance"]}
    everybody, floor = rows["all"], summary["floor"]
    by_sex = ", ".join(
        f"{sex} {rows[sex]['straight_miles_today']:.1f} -> {rows[sex]['straight_miles']:.1f}"
        for sex in ("men", "women")
        if sex in rows
    )
    return [
        summary["title"].upper(),
        f"  {everybody['people']:,} people are held {everybody['straight_miles_today']:.1f} "
        "straight-line miles from home on average.",
        f"  With {summary['allocation']['moves']:,} moves it would be "
        f"{everybody['straight_miles']:.1f} miles ({by_sex}).",
        "  (No placement that fits capacity and sex could go below "
        f"{floor['least_mean_miles']:.1f}; places given out blindly would give "
        f"{floor['random_mean_miles']:.1f}.)",
    ]


def _gain(summary: dict[str, Any]) -> list[str]:
    families, payers = summary["families"], summary["payers"]
    cost, visits = families["cost_per_visit_gbp"], families["visits_wished_per_year"]
    once = sum(row["plan"] for row in payers if row["measure_unit"] == "GBP once")
    return [
        "WHAT FAMILIES GAIN",
        f"  {_pounds(families['consumer_surplus_gbp_per_year'])} a year in time and money "
        "(change in consumer surplus, rule of half).",
        f"  The average visit would cost GBP {cost['plan']:.2f} instead of {cost['today']:.2f} in "
        "time and money,",
        f"  and families would wish for {visits['plan']:,.0f} visits a year instead of "
        f"{visits['today']:,.0f} (what halls make of that is below).",
        f"  The moves would cost prisons and escorts about {_pounds(once)}, once.",
    ]


def _pounds(amount: float) -> str:
    """Write pounds with as many figures as such an estimate bears.

    Examples
    --------
    >>> _pounds(19_161_904), _pounds(4_200)
    ('GBP 19.2 million', 'GBP 4,200')
    """
    return f"GBP {amount / 1e6:.1f} million" if abs(amount) >= 1e6 else f"GBP {amount:,.0f}"


def _further(summary: dict[str, Any]) -> list[str]:
    lines = ["WHO ENDS NEARER AND WHO FURTHER"]
    for row in summary["further"]:
        further = f"{row['further']:,} further"
        if row["further"]:
            further += (
                f" (by {row['mean_miles_further']:.0f} miles on average, "
                f"{row['most_miles_further']:.0f} at most)"
            )
        lines.append(
            f"  {row['sex']}: {row['nearer']:,} end nearer "
            f"(by {row['mean_miles_nearer']:.0f} miles on average), {further}"
        )
    return lines


def _visits(comparison: Comparison) -> list[str]:
    rows = comparison.differences
    rows = rows[(rows["establishment"] == "ALL") & (rows["group_by"] == "all")]
    known = rows.set_index("measure").to_dict("index")
    lines = ["WHAT IT DOES TO VISITS AND WAITS"]
    for measure, (words, factor, decimals) in VISITS_TOLD.items():
        if measure in known:
            lines.append(f"  {_change(known[measure], factor, decimals)} {words}")
    n = int(rows["replications"].max()) if len(rows) else 0
    lines.append(
        f"  (95% intervals of the difference over {n} simulated years of the same families.)"
    )
    return lines


def _change(row: dict[Any, Any], factor: float, decimals: int) -> str:
    before, after = (f"{row[name] * factor:.{decimals}f}" for name in ("before", "after"))
    low, high = (f"{row[name] * factor:+.{decimals}f}" for name in ("low", "high"))
    if row["verdict"] in UNDECIDED:
        return f"{before} -> {after} ({row['verdict']})"
    return f"{before} -> {after} ({low} to {high})"


def _proof(summary: dict[str, Any]) -> list[str]:
    plan = summary["allocation"]
    return [
        "HOW GOOD THE PLAN IS",
        *_bound(plan),
        f"  Status {plan['status']}; for these data and prices on {summary['as_of']}.",
        "  People are synthetic, of the true number and shape, unless a folder of your own was "
        "given.",
        "  The tool recommends; a named officer decides.",
    ]


def _bound(plan: dict[str, Any]) -> list[str]:
    objective, bound, gap = plan["objective_gbp"], plan["lower_bound_gbp"], plan["gap"]
    if bound is None or gap is None:
        return [f"  Its weighted cost is GBP {objective:,.0f}; no bound is known."]
    if gap == 0:
        return [
            f"  It is proven that none is better: weighted cost GBP {objective:,.0f}, gap 0.0000%."
        ]
    return [
        f"  Its weighted cost is GBP {objective:,.0f}. No plan within the limit on moves can cost "
        f"less than GBP {bound:,.0f}:",
        f"  it is at most GBP {objective - bound:,.0f} from the best possible, a gap of "
        f"{100 * gap:.4f}%.",
    ]


def _where(today: Results, plan: Results) -> list[str]:
    assert today.folder is not None
    assert plan.folder is not None
    return [
        "RUN FOLDERS (each with a report.html)",
        f"  {today.folder}",
        f"  {plan.folder}",
        f"  Open the app on them:  estate app --runs {today.folder.parent}",
    ]
