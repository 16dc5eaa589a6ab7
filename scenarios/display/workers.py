"""Family workers of a run: what is needed, what is funded, and who waits; tables and pictures.

Hours are a year's. Need comes from who is held, never from today's referrals, which follow supply.
A range is a 95% interval over the simulated years.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenarios.circulation.suppress import NOBODY, Counts
from scenarios.display import cells, charts, markup, wording
from scenarios.display.charts import Figure
from scenarios.display.markup import DASH, Number
from scenarios.display.views import ALL, ESTATE, has_place, with_places

if TYPE_CHECKING:
    from pathlib import Path

    from scenarios.results import Results

table = partial(markup.table, counts=NOBODY)
"""The numbers here are means of simulated years, no counts of people."""

MEASURES = (
    "family_need_hours", "family_latent_hours", "worker_hours", "worker_hours_unmet",
    "worker_days_to_first_contact_p90", "worker_days_to_first_contact_mean", "worker_fte",
    "worker_people_helped", "worker_referrals", "worker_need_met_share", "worker_open_cases",
    "people_held",
)  # fmt: skip
"""Every measure the page reads."""

RATIO_EDGES = (0.75, 1.0, 1.25)
RATIO_BANDS = (
    "under 0.75 hours",
    "0.75 to 1 hour",
    "1 to 1.25 hours",
    "1.25 hours or more",
)
"""Bands of the hours of need that stand against one funded hour."""

FUNDERS = {
    "national_contract": "National contract",
    "operator_contract": "Private operator's contract",
    "service": "The service itself",
    "grant": "Grant",
    "volunteers": "Volunteers",
}

LINES = {
    "casework": "Casework",
    "visitors_centre": "Visitors' centre",
    "play": "Play",
    "family_days": "Family days",
    "early_days": "Early days",
}

SOURCES = {
    "reception": "Newly received",
    "self_referral": "Asked themselves",
    "no_visits": "Without visits",
    "self_harm_review": "Case review after self-harm",
    "family_day": "Family day",
    "parenting_course": "Parenting course",
    "pre_release": "Before release",
}

GROUPS = {
    "sex": "men and women",
    "children_under_18": "people with and without children",
    "distance_band": "miles from home",
    "care_experience": "people who were in care as a child and others",
}

NOT_KNOWN = "not known"

NOT_STORED = (
    "Who pays for the workers of each prison was not stored with this run. Run the scenario again "
    "to see it."
)

ASSUMED_NOTE = (
    "Who is marked assumed has the number of workers that the model takes where nobody has "
    "published one."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The mean of a measure over the simulated years, and the ends of its 95% interval."""

    mean: float
    low: float
    high: float
    replications: int

    def told(self, name: str) -> str:
        """Write the value with its range; the range is left out where there is none.

        Examples
        --------
        >>> Estimate(mean=1200.0, low=1100.0, high=1300.0, replications=4).told("hours")
        '1,200 (1,100 to 1,300)'
        """
        value = markup.quantity(self.mean, name) if self.mean == self.mean else DASH
        between = self.between(name)
        return f"{value} ({between})" if between else value

    def between(self, name: str) -> str:
        """Write the range alone; empty with one simulated year, or where nothing varies."""
        if self.low != self.low or self.low == self.high:
            return ""
        low, high = markup.possible_ends(self.mean, self.low, self.high, name)
        return " to ".join(markup.both_ends(low, high, name))


def estate(estimates: pd.DataFrame) -> dict[str, Estimate]:
    """Give the measures of the whole estate, all people together, by name.

    Parameters
    ----------
    estimates
        Mean and interval of measures (``simulation.replicate.intervals``).
    """
    whole = estimates[
        (estimates["establishment"] == ESTATE) & (estimates["group_by"] == ALL)
    ].to_dict("records")
    return {str(row["measure"]): _estimate(row) for row in whole}


def _estimate(row: Mapping[Any, Any]) -> Estimate:
    return Estimate(
        mean=float(row["mean"]),
        low=float(row["low"]),
        high=float(row["high"]),
        replications=int(row["replications"]),
    )


def posts(results: Results) -> pd.DataFrame:
    """Give the family workers a run was played with.

    Returns
    -------
    DataFrame
        One row per establishment, funder and line: those columns, provider, lot, fte, ends (ISO
        date, empty when not known), confidence. Empty for a run stored before workers were kept.
    """
    columns = ["establishment", "funder", "line", "provider", "lot", "fte", "ends", "confidence"]
    return pd.DataFrame(results.summary.get("workers", []), columns=columns)


def by_prison(
    estimates: pd.DataFrame,
    workers: pd.DataFrame,
    establishments: pd.DataFrame,
    *,
    leave_cover_fte: float,
) -> pd.DataFrame:
    """Set need, funded hours, unmet hours and wait of each prison side by side.

    Parameters
    ----------
    estimates
        Mean and interval of ``MEASURES``.
    workers
        The table of :func:`posts`.
    establishments
        establishment, name, region, latitude, longitude.
    leave_cover_fte
        Caseworkers it takes that one is at work on the mean working day: the minimum service.

    Returns
    -------
    DataFrame
        One row per prison that holds anyone, by name: people, need_hours, funded_hours,
        unmet_hours, wait_p90_days, helped, fte, each of the middle three with _low and _high;
        years (replications), need_per_funded_hour (missing where nobody is funded), casework_fte,
        grant_fte, lot, provider, confidence, below_minimum.
    """
    names = {
        "people_held": "people",
        "family_need_hours": "need_hours",
        "worker_hours": "funded_hours",
        "worker_hours_unmet": "unmet_hours",
        "worker_days_to_first_contact_p90": "wait_p90_days",
        "worker_people_helped": "helped",
        "worker_need_met_share": "need_met_share",
        "worker_fte": "fte",
    }
    rows = estimates[
        (estimates["establishment"] != ESTATE)
        & (estimates["group_by"] == ALL)
        & estimates["measure"].isin(names)
    ]
    wide = pd.DataFrame(index=pd.Index(sorted(set(rows["establishment"])), name="establishment"))
    for measure, name in names.items():
        here = rows[rows["measure"] == measure].set_index("establishment")
        wide[name] = here["mean"]
        for end in ("low", "high"):
            wide[f"{name}_{end}"] = here[end].fillna(here["mean"])
    wide["years"] = int(rows["replications"].max()) if len(rows) else 0
    funded = wide["funded_hours"].where(wide["funded_hours"] > 0)
    wide["need_per_funded_hour"] = wide["need_hours"] / funded
    wide = wide.join(_contracts(workers))
    counted = ["casework_fte", "grant_fte"]
    if len(workers):
        wide[counted] = wide[counted].fillna(0.0)
    words = ["lot", "provider", "confidence"]
    wide[words] = wide[words].fillna("").replace("", NOT_KNOWN)
    wide["below_minimum"] = wide["casework_fte"] < leave_cover_fte - 1e-9
    return with_places(wide.reset_index(), establishments, "establishment")


def sex_of_prisons(folder: Path) -> dict[str, str]:
    """Say of each establishment of a run whether it holds men, women or both.

    Parameters
    ----------
    folder
        Run folder; it is read where it lies.
    """
    import duckdb

    given = {name: str(folder / f"{name}.parquet") for name in ("placements", "population")}
    with duckdb.connect(config={"memory_limit": "200MB", "threads": 1}) as database:
        rows = database.execute(
            "select establishment, min(sex), max(sex) from read_parquet($placements) pl "
            "join read_parquet($population) p on p.prisoner_id = pl.prisoner_id "
            "where establishment <> '' group by establishment",
            given,
        ).fetchall()
    return {str(code): str(one) if one == other else BOTH for code, one, other in rows}


BOTH = "men and women"


def _contracts(workers: pd.DataFrame) -> pd.DataFrame:
    cases = workers[workers["line"] == "casework"].sort_values("fte", ascending=False)
    first = cases.groupby("establishment")[["provider", "lot", "confidence"]].first()
    of_cases = cases.groupby("establishment")["fte"].sum().rename("casework_fte")
    grants = workers[workers["funder"] == "grant"].groupby("establishment")["fte"].sum()
    return first.join([of_cases, grants.rename("grant_fte")], how="outer")


SUMMED = {
    "family_need_hours": "need_hours",
    "worker_hours": "funded_hours",
    "worker_hours_unmet": "unmet_hours",
    "worker_people_helped": "helped",
}


SUMMED_BY = {
    "sex": "Men and women",
    "lot": "Lot",
    "provider": "Provider",
    "region": "Region",
}
"""Columns of the table of :func:`by_prison` by which prisons are added up, in words."""


def summed(measures: pd.DataFrame, prisons: pd.DataFrame, by: str) -> pd.DataFrame:
    """Add up prisons by lot, provider or region, year by year, so that each sum has its range.

    Parameters
    ----------
    measures
        Rows of each replication, as stored.
    prisons
        The table of :func:`by_prison`.
    by
        A column of it.

    Returns
    -------
    DataFrame
        One row per group: the group, prisons, fte, below_minimum, years (replications), and for
        need_hours, funded_hours, unmet_hours and helped the mean with _low and _high.
    """
    from simulation.replicate import half_width

    here = measures[
        (measures["establishment"] != ESTATE)
        & (measures["group_by"] == ALL)
        & measures["measure"].isin(SUMMED)
    ]
    group = here["establishment"].map(prisons.set_index("establishment")[by])
    years = here.assign(of=group).groupby(["of", "measure", "replication"])["value"].sum()
    told = years.groupby(["of", "measure"]).agg(["mean", "std", "count"])
    half = half_width(told["std"], told["count"]).fillna(0.0)
    groups = prisons.groupby(by)
    found = pd.DataFrame(
        {
            "prisons": groups.size(),
            "fte": groups["fte"].sum(),
            "below_minimum": groups["below_minimum"].sum(),
            "years": int(told["count"].max()) if len(told) else 0,
        }
    )
    for measure, name in SUMMED.items():
        mean = told["mean"].xs(measure, level="measure")
        width = half.xs(measure, level="measure")
        ends = [
            markup.possible_ends(*each, measure)
            for each in zip(mean, mean - width, mean + width, strict=True)
        ]
        found[name] = mean
        found[f"{name}_low"] = pd.Series([low for low, _ in ends], index=mean.index)
        found[f"{name}_high"] = pd.Series([high for _, high in ends], index=mean.index)
    return found.rename_axis(by).reset_index()


def grants(workers: pd.DataFrame, until: str) -> pd.DataFrame:
    """Count the workers by who pays them, and when that ends.

    Parameters
    ----------
    workers
        The table of :func:`posts`.
    until
        Last day of the simulated year, ISO.

    Returns
    -------
    DataFrame
        One row per funder: funder (in words), prisons, fte, ends_in_year_fte, end_not_known_fte,
        first_end (ISO; a dash when none is known).
    """
    rows = []
    for funder, word in FUNDERS.items():
        here = workers[workers["funder"] == funder]
        if not len(here):
            continue
        known = here["ends"].fillna("") != ""
        soon = known & (here["ends"] <= until)
        rows.append(
            {
                "funder": word,
                "prisons": here["establishment"].nunique(),
                "fte": float(here["fte"].sum()),
                "ends_in_year_fte": float(here.loc[soon, "fte"].sum()),
                "end_not_known_fte": float(here.loc[~known, "fte"].sum()),
                "first_end": min(here.loc[known, "ends"], default=DASH),
            }
        )
    columns = ["funder", "prisons", "fte", "ends_in_year_fte", "end_not_known_fte", "first_end"]
    return pd.DataFrame(rows, columns=columns)


def sentence(whole: Mapping[str, Estimate]) -> str:
    """Say the answer of a run in one sentence."""
    need, funded = whole["family_need_hours"], whole["worker_hours"]
    unmet, days = whole["worker_hours_unmet"], whole["worker_days_to_first_contact_p90"]
    wait = (
        f"nine in ten of those reached wait {days.told('days').replace('.0', '')} days or less"
        if days.mean == days.mean
        else "nobody is reached"
    )
    return (
        f"The people held need {need.mean:,.0f} hours of family work a year and workers are there "
        f"for {funded.mean:,.0f}; {unmet.told('hours')} hours of what is asked for are never done, "
        f"and {wait}."
    )


def not_reached(referrals: float, reached: float) -> str:
    """Say what share of a year's referrals came to no first contact.

    Parameters
    ----------
    referrals, reached
        Referrals of the year, and those of them that came to a first contact; nothing is said where
        either is not known.

    Examples
    --------
    >>> not_reached(200.0, 150.0)
    '25.0% of referrals are not reached.'
    """
    if not referrals > 0 or reached != reached:
        return ""
    return f"{max(1.0 - reached / referrals, 0.0):.1%} of referrals are not reached."


def not_reached_apart(of_sex: Mapping[str, tuple[float, float]]) -> str:
    """Say the same of men and of women: a short wait of few who are reached is no good service.

    Parameters
    ----------
    of_sex
        Referrals, and those of them that came to a first contact, of ``men`` and of ``women``.

    Examples
    --------
    >>> not_reached_apart({"men": (200.0, 150.0), "women": (20.0, 10.0)})
    'Not reached: 25.0% for men and 50.0% for women.'
    """
    told = [
        f"{max(1.0 - reached / made, 0.0):.1%} for {sex}"
        for sex, (made, reached) in of_sex.items()
        if made > 0 and reached == reached
    ]
    return f"Not reached: {' and '.join(told)}." if told else ""


def _not_reached(whole: Mapping[str, Estimate]) -> str:
    made, reached = (whole.get(name) for name in ("worker_referrals", "worker_people_helped"))
    return not_reached(made.mean, reached.mean) if made and reached else ""


def known(prisons: pd.DataFrame) -> str:
    """Say at how many prisons the number of workers is known."""
    measured = prisons[prisons["confidence"] == "measured"]
    if (prisons["confidence"] == NOT_KNOWN).all():
        return NOT_STORED
    if not len(measured):
        return "The number of workers is not known for any prison: all are assumed."
    names = ", ".join(measured["name"])
    return (
        f"The number of caseworkers is known for {len(measured)} of {len(prisons)} prisons "
        f"({names}); the others are assumed, and so is what is read off them."
    )


def numbers(
    whole: Mapping[str, Estimate],
    prisons: pd.DataFrame,
    workers: pd.DataFrame,
    until: str,
    extra: Number,
    apart: Apart | None = None,
) -> list[Number]:
    """Give the commissioner's headline numbers, each with its range, men and women apart.

    Parameters
    ----------
    whole
        The estate's measures.
    prisons
        The table of :func:`by_prison`.
    workers
        The table of :func:`posts`.
    until
        Last day of the simulated year, ISO.
    extra
        The number about one more referral reached, which a sizing gives.
    apart
        The same of men and of women; not told where it is left out.
    """
    told = apart or Apart(prisons=pd.DataFrame(), people={})
    need, funded = whole["family_need_hours"], whole["worker_hours"]
    unmet, days = whole["worker_hours_unmet"], whole["worker_days_to_first_contact_p90"]
    latent = whole["family_latent_hours"]
    short = prisons[prisons["below_minimum"]]
    paid = workers[workers["funder"] == "grant"]
    ending = paid[(paid["ends"].fillna("") != "") & (paid["ends"] <= until)]
    undated = float(paid.loc[paid["ends"].fillna("") == "", "fte"].sum())
    exact = f"Counted; the number of workers is known for {_known(prisons)} prisons."
    ends = f"The end is not known for {undated:,.1f} of them." if undated else ""
    if not len(workers):
        exact = ends = NOT_STORED
    return [
        Number(
            label="Hours needed against hours funded",
            value=f"{need.mean:,.0f}",
            unit=f"hours of need a year, {funded.mean:,.0f} funded",
            change=_funded(need, funded),
            note=f"{told.need()} Latent need apart: {latent.mean:,.0f} hours more may come from "
            "parents of whom no record tells.".strip(),
        ),
        Number(
            label="Hours not done",
            value=f"{unmet.mean:,.0f}",
            unit="hours a year",
            change=_range(unmet, "hours"),
            note="On referrals never reached, and on cases begun and left. "
            f"{told.of_people('worker_hours_unmet', 'hours')}".strip(),
        ),
        Number(
            label="Of those reached, nine in ten within",
            value=markup.quantity(days.mean, "days") if days.mean == days.mean else DASH,
            unit="days",
            change=_range(days, "wait_days"),
            note=" ".join(
                said
                for said in (
                    _not_reached(whole),
                    told.of_people("worker_days_to_first_contact_p90", "days"),
                    told.not_reached(),
                    _longest(prisons),
                )
                if said
            ),
        ),
        extra,
        Number(
            label="Below the minimum service",
            value=f"{len(short):,}" if len(workers) else DASH,
            unit="prison" if len(short) == 1 else "prisons",
            change="have fewer caseworkers than one with leave cover." if len(workers) else "",
            note=f"{told.below() if len(workers) else ''} {exact}".strip(),
        ),
        Number(
            label="Grants that end in the year",
            value=_ending(paid, ending),
            unit="full-time workers",
            change=f"of {float(paid['fte'].sum()):,.1f} paid by grants." if len(workers) else "",
            note=ends,
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Apart:
    """What is told of men and of women apart.

    Attributes
    ----------
    prisons
        The table of :func:`summed` by ``sex``: need and funded hours belong to prisons.
    people
        Measures by name of ``men`` and of ``women``.
    """

    prisons: pd.DataFrame
    people: Mapping[str, Mapping[str, Estimate]]

    def need(self) -> str:
        """Say what prisons of men and of women need, and what is funded there."""
        told = [
            f"{row['sex']}'s prisons {row['need_hours']:,.0f}, {row['funded_hours']:,.0f} funded"
            for row in self._prisons()
        ]
        return _sentence(told)

    def short(self) -> str:
        """Say in whose prisons the need is larger than the hours funded."""
        told = [
            f"in {row['sex']}'s prisons the need of {row['need_hours']:,.0f} hours is larger than "
            f"the {row['funded_hours']:,.0f} funded"
            for row in self._prisons()
            if row["need_hours"] > row["funded_hours"]
        ]
        return _sentence(told)

    def below(self) -> str:
        """Say how many prisons of men and of women are below the minimum service."""
        told = [
            f"{row['below_minimum']:,.0f} of {row['prisons']:,.0f} {row['sex']}'s prisons"
            for row in self._prisons()
        ]
        return f"{' and '.join(told)}." if told else ""

    def _prisons(self) -> list[dict[str, Any]]:
        return wording.records(self.prisons) if len(self.prisons) else []

    def not_reached(self) -> str:
        """Say what share of referrals of men and of women came to no first contact."""
        names = ("worker_referrals", "worker_people_helped")
        return not_reached_apart(
            {
                sex: (of_sex[names[0]].mean, of_sex[names[1]].mean)
                for sex, of_sex in self.people.items()
                if of_sex.keys() >= set(names)
            }
        )

    def of_people(self, measure: str, unit: str) -> str:
        """Say a measure of men and of women with its range."""
        told = [
            f"{sex} {of_sex[measure].told(unit)}"
            for sex, of_sex in self.people.items()
            if measure in of_sex and of_sex[measure].mean == of_sex[measure].mean
        ]
        return _sentence(told)


def _sentence(parts: Sequence[str]) -> str:
    """Put parts together as a sentence; empty where there is none."""
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def apart(measures: pd.DataFrame, prisons: pd.DataFrame, estimates: pd.DataFrame) -> Apart:
    """Tell men and women apart.

    Parameters
    ----------
    measures
        Rows of each replication, as stored.
    prisons
        The table of :func:`by_prison` with a column ``sex``.
    estimates
        Mean and interval of ``MEASURES``.
    """
    of_sex = estimates[(estimates["establishment"] == ESTATE) & (estimates["group_by"] == "sex")]
    people: dict[str, dict[str, Estimate]] = {}
    for row in of_sex.sort_values("group").to_dict("records"):
        people.setdefault(str(row["group"]), {})[str(row["measure"])] = _estimate(row)
    return Apart(prisons=summed(measures, prisons, "sex"), people=people)


def enough(whole: Mapping[str, Estimate]) -> str:
    """Say whether enough hours are funded, and whether need that no record tells reverses it."""
    need, funded, latent = (
        whole[name].mean for name in ("family_need_hours", "worker_hours", "family_latent_hours")
    )
    if need > funded:
        return "In all, the need is larger than the hours funded."
    now = "In all, enough hours for the need that records tell of are funded."
    if need + latent <= funded:
        return f"{now} With latent need too: {need + latent:,.0f} hours in all."
    return (
        f"{now} An assumption would reverse that: with the {latent:,.0f} hours of latent need the "
        f"need is {need + latent:,.0f} hours, more than the {funded:,.0f} funded."
    )


def _ending(paid: pd.DataFrame, ending: pd.DataFrame) -> str:
    """Say how many end; a dash where no end is known."""
    if not (paid["ends"].fillna("") != "").any():
        return DASH
    return f"{float(ending['fte'].sum()):,.1f}"


def _funded(need: Estimate, funded: Estimate) -> str:
    between = funded.between("hours")
    ratio = need.mean / funded.mean if funded.mean else float("nan")
    each = f"{ratio:.2f} hours of need for each funded hour" if ratio == ratio else "None funded"
    return f"{each}; funded {between}." if between else f"{each}."


def _known(prisons: pd.DataFrame) -> int:
    return int((prisons["confidence"] == "measured").sum())


def _range(told: Estimate, name: str) -> str:
    between = told.between(name)
    if between:
        return f"95% interval {between}, {wording.count(told.replications, 'simulated year')}."
    years = wording.count(told.replications, "simulated year")
    if told.low == told.high:
        return f"The same in each of {years}."
    return f"From {years}; no interval."


def _longest(prisons: pd.DataFrame) -> str:
    waits = prisons.dropna(subset="wait_p90_days")
    if not len(waits):
        return ""
    row = waits.sort_values("wait_p90_days").to_dict("records")[-1]
    return f"Longest at {row['name']}: {row['wait_p90_days']:,.0f} days."


def for_circulation(prisons: pd.DataFrame, today: pd.DataFrame | None = None) -> pd.DataFrame:
    """Give the prisons with the people they hold today, none where these are hidden.

    Parameters
    ----------
    prisons
        The table of :func:`by_prison`.
    today
        For a plan, establishment and people_today: how many it would hold tells how few are moved.
    """
    held = prisons
    if today is not None:
        now = today.set_index("establishment")["people_today"]
        held = prisons.assign(people=prisons["establishment"].map(now).fillna(0))
    return markup.without_hidden(held, Counts(columns=("people",), by=("establishment",)))


def need_map(results: Results, prisons: pd.DataFrame, outline: Mapping[str, Any]) -> Figure:
    """Draw every prison by its hours of need for each funded hour."""
    from numpy import array, searchsorted

    known = prisons[prisons["people"].notna()]
    funded = known[known["need_per_funded_hour"].notna() & (known["people"] > 0)]
    drawn = funded[has_place(funded)]
    value = drawn["need_per_funded_hour"].round(2)
    bands = array(RATIO_BANDS, dtype=object)[searchsorted(RATIO_EDGES, value, side="right")]
    places = drawn[["name", "latitude", "longitude", "people"]].assign(value=value, band=bands)
    nobody, hidden = len(known) - len(funded), len(prisons) - len(known)
    without = f" {wording.count(nobody, 'prison')} without any funded hour not drawn." * bool(
        nobody
    )
    return charts.estate_map(
        places.reset_index(drop=True),
        outline,
        bands=RATIO_BANDS,
        legend="Hours of need for each funded hour",
        title="Hours of need for each hour that workers are funded for, by prison",
        note=wording.source(results, drawn=True)
        + without
        + f" {wording.count(hidden, 'prison')} whose people are hidden not drawn." * bool(hidden)
        + wording.not_on_map(funded, "people", "prison"),
    )


def need_against_funded(results: Results, prisons: pd.DataFrame) -> Figure:
    """Draw need hours across and funded hours up, one circle a prison."""
    rows = prisons[["name", "people"]].assign(x=prisons["need_hours"], y=prisons["funded_hours"])
    return charts.prisons_scatter(
        rows.dropna(),
        x_title="Hours of need a year",
        y_title="Hours funded a year",
        title="Hours of family work needed and hours funded in a year, by prison",
        note=wording.source(results, drawn=True),
        x_format=",.0f",
    )


def prison_rows(prisons: pd.DataFrame) -> str:
    """List need, workers, unmet hours and wait of every prison, each with its range."""
    shown = prisons.assign(
        unmet=_with_range(prisons, "unmet_hours", "hours"),
        funded=_with_range(prisons, "funded_hours", "hours"),
        wait=_with_range(prisons, "wait_p90_days", "days"),
    )
    return table(
        shown,
        "Family workers by prison, in hours a year and days",
        labels={
            "name": "Prison",
            "need_hours": "Hours needed",
            "funded": "Hours funded",
            "need_per_funded_hour": "Need for each funded hour",
            "unmet": "Hours not done",
            "wait": "Days, nine in ten of those reached",
            "casework_fte": "Caseworkers, full time",
            "below_minimum": "Below the minimum",
            "lot": "Lot",
            "provider": "Provider",
            "confidence": "Number of workers",
        },
        right=("unmet", "funded", "wait"),
        note=f"{_brackets(prisons)} Need for each funded hour is of the two means. {ASSUMED_NOTE}",
        scroll=True,
    )


def summed_rows(rows: pd.DataFrame, by: str) -> str:
    """List the sums by lot, provider or region.

    Parameters
    ----------
    rows
        The table of :func:`summed`.
    by
        Its first column.
    """
    shown = rows.assign(
        **{f"{name}_told": _with_range(rows, name, "hours") for name in SUMMED.values()}
    )
    words = SUMMED_BY[by]
    return table(
        shown.assign(sex=shown["sex"].str.capitalize()) if by == "sex" else shown,
        f"Hours of family work a year by {words.lower()}: needed, funded and not done",
        labels={
            by: words,
            "prisons": "Prisons",
            "fte": "Workers",
            "need_hours": "Hours needed",
            "funded_hours_told": "Hours funded",
            "unmet_hours_told": "Hours not done",
            "helped_told": "Referrals reached",
            "below_minimum": "Prisons below the minimum",
        },
        right=("funded_hours_told", "unmet_hours_told", "helped_told"),
        note=_brackets(rows)
        if by in ("region", "sex")
        else f"{_brackets(rows)} No list of lots and providers of every prison is published.",
    )


def _brackets(rows: pd.DataFrame) -> str:
    return wording.without_brackets(int(rows["years"].max()) if len(rows) else 0)


def grant_rows(rows: pd.DataFrame) -> str:
    """List who pays for workers, and when that ends."""
    told = ["fte", "ends_in_year_fte", "end_not_known_fte"]
    shown = rows.assign(**{name: cells.plain(rows[name]) for name in told})
    return table(
        shown.assign(first_end=shown["first_end"].map(_date)),
        "Full-time family workers by who pays for them",
        labels={
            "funder": "Paid by",
            "prisons": "Prisons",
            "fte": "Workers",
            "ends_in_year_fte": "End in the simulated year",
            "end_not_known_fte": "End not known",
            "first_end": "First end",
        },
        right=told,
    )


def group_rows(estimates: pd.DataFrame) -> str:
    """List referrals, those reached, unmet hours and wait by what brought people, and by group."""
    words = {"referral_source": SOURCES}
    rows: list[dict[str, Any]] = []
    years = 0
    for group_by in ("referral_source", *GROUPS):
        here = estimates[
            (estimates["establishment"] == ESTATE) & (estimates["group_by"] == group_by)
        ]
        for group in _in_order(here, group_by):
            told = {
                str(row["measure"]): _estimate(row)
                for row in here[here["group"] == group].to_dict("records")
            }
            years = max(years, *(each.replications for each in told.values()))
            rows.append(
                {
                    "group": words.get(group_by, {}).get(group) or wording.group(group),
                    "of": "What brought them"
                    if group_by == "referral_source"
                    else GROUPS[group_by],
                    "referrals": cells.told(told["worker_referrals"], "referrals"),
                    "helped": cells.told(told["worker_people_helped"], "referrals"),
                    "met": cells.told(told["worker_need_met_share"], "met_share"),
                    "unmet": cells.told(told["worker_hours_unmet"], "hours"),
                    "wait": cells.told(told["worker_days_to_first_contact_p90"], "days"),
                }
            )
    columns = ["group", "of", "referrals", "helped", "met", "unmet", "wait"]
    return table(
        pd.DataFrame(rows, columns=columns),
        "Family work in the whole estate by what brought people and by group",
        labels={
            "group": "People",
            "of": "Told apart by",
            "referrals": "Referrals",
            "helped": "Reached",
            "met": "Share of hours done",
            "unmet": "Hours not done",
            "wait": "Days, nine in ten of those reached",
        },
        right=("referrals", "helped", "met", "unmet", "wait"),
        note=wording.without_brackets(years),
    )


def _in_order(rows: pd.DataFrame, group_by: str) -> list[str]:
    from scenarios.display.views import GROUP_ORDER

    found = set(rows["group"])
    order = SOURCES if group_by == "referral_source" else GROUP_ORDER
    return [group for group in order if group in found]


def _with_range(rows: pd.DataFrame, name: str, unit: str) -> cells.Column:
    return cells.column(
        cells.told(
            Estimate(mean=float(mean), low=float(low), high=float(high), replications=0), unit
        )
        for mean, low, high in zip(
            rows[name], rows[f"{name}_low"], rows[f"{name}_high"], strict=True
        )
    )


def _date(text: str) -> str:
    return text if text == DASH else wording.day(text)


def leave_cover(results: Results) -> float:
    """Give the caseworkers it takes that one is at work on the mean working day."""
    from simulation.family_workers import leave_cover_fte

    settings = results.scenario["family_work"]
    return leave_cover_fte(
        leave_days=float(settings["leave_days"]), sick_share=float(settings["sick_share"])
    )
