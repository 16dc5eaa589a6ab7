"""The synthetic population: totals, determinism, and everybody consistent with where they are."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.estate import Estate
from data.geography import load_home_areas
from data.population import Population, PopulationSettings, load_population, synthesise_population
from data.schema import columns
from data.synthetic.contacts import pseudonyms
from data.synthetic.dealing import WORDS
from data.synthetic_validation import (
    distance_bands,
    population_in_place,
    validation_markdown,
    validation_table,
)
from data.validate import TableError
from optimiser.build import rule_book
from optimiser.fit import fit
from scenarios.inputs import Inputs
from scenarios.planning.place import allocation_inputs
from scenarios.schema import Scenario

ROOT = Path(__file__).parents[2]
AS_OF = date(2026, 7, 27)


@pytest.fixture(scope="module")
def home_areas() -> pd.DataFrame:
    return load_home_areas()


@pytest.fixture(scope="module")
def placed(real: Inputs, home_areas: pd.DataFrame) -> pd.DataFrame:
    """Everybody beside their unit."""
    people = population_in_place(real.population, real.estate, home_areas)
    units = real.estate.units[["unit", "categories", "needs_served", "young_offenders"]]
    return people.merge(units, on="unit", how="left")


@pytest.fixture(scope="module")
def figures(real: Inputs, home_areas: pd.DataFrame) -> pd.DataFrame:
    return validation_table(real.population, real.estate, home_areas)


@pytest.fixture(scope="module")
def bands(real: Inputs, home_areas: pd.DataFrame) -> pd.DataFrame:
    return distance_bands(real.population, real.estate, home_areas)


@pytest.fixture(scope="module")
def small_estate(real: Inputs) -> Estate:
    """Four real prisons: Bristol, Ford, Send and Askham Grange."""
    return four_prisons(real.estate)


def four_prisons(estate: Estate) -> Estate:
    tables = {name: getattr(estate, name) for name in Estate.__slots__}
    return Estate(
        **{
            name: table[table["establishment"].isin(["AGI", "BLI", "FDI", "SDI"])]
            for name, table in tables.items()
            if "establishment" in table
        }
    )


def digest(population: Population) -> str:
    bytes_of_both = population.prisoners.to_parquet() + population.contacts.to_parquet()
    return hashlib.sha256(bytes_of_both).hexdigest()


def words(cells: pd.Series[str]) -> list[set[str]]:
    return [set(cell.split(";")) - {""} for cell in cells]


def test_every_prison_holds_the_people_it_is_published_to_hold(
    real: Inputs, placed: pd.DataFrame
) -> None:
    held = placed["establishment"].value_counts()
    published = real.estate.establishments.set_index("establishment")["population"]
    assert published.sum() == 85_979
    assert (held.reindex(published.index, fill_value=0) == published).all()


def test_only_bristol_has_units_with_more_people_than_places(
    real: Inputs, placed: pd.DataFrame
) -> None:
    units = real.estate.units.set_index("unit")
    held = placed["unit"].value_counts().reindex(units.index, fill_value=0)
    over = held > units["places"]
    assert set(units.loc[over, "establishment"]) == {"BLI"}
    assert (held - units["places"])[over].sum() == 1


def test_men_and_women_add_up_to_the_published_totals(real: Inputs) -> None:
    assert real.population.prisoners["sex"].value_counts().to_dict() == {
        "men": 82_624,
        "women": 3_355,
    }


def test_tables_have_the_columns_of_the_dictionary(real: Inputs) -> None:
    population = real.population
    assert list(population.prisoners.columns) == [c.name for c in columns("population")]
    assert list(population.contacts.columns) == [c.name for c in columns("contacts")]


def test_the_same_seed_gives_the_same_bytes_in_another_process(
    small_estate: Estate, home_areas: pd.DataFrame, baseline: Scenario
) -> None:
    script = (
        "import sys; sys.path.insert(0, 'tests/data'); import test_population as t;"
        "from data.estate import load_estate;"
        "from scenarios.load import load_scenario;"
        "print(t.digest(t.synthesise_population(t.four_prisons(load_estate()), t.load_home_areas(),"
        " load_scenario('baseline').population, as_of=t.AS_OF)))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"}
    other = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    here = synthesise_population(small_estate, home_areas, baseline.population, as_of=AS_OF)
    assert other.stdout.strip() == digest(here)


@pytest.mark.slow
def test_the_whole_population_is_the_same_when_made_again(
    real: Inputs, home_areas: pd.DataFrame, baseline: Scenario
) -> None:
    again = synthesise_population(
        real.estate, home_areas, baseline.population, as_of=baseline.as_of
    )
    assert digest(again) == digest(real.population)


@pytest.mark.slow
def test_another_seed_makes_other_people_with_the_same_totals(
    real: Inputs, home_areas: pd.DataFrame, baseline: Scenario, figures: pd.DataFrame
) -> None:
    other = synthesise_population(
        real.estate, home_areas, replace(baseline.population, seed=1), as_of=baseline.as_of
    )
    same = other.prisoners["prisoner_id"].isin(real.population.prisoners["prisoner_id"])
    assert same.sum() < 40, "ids drawn from a thousand million coincide a few times only"
    achieved = validation_table(other, real.estate, home_areas)["achieved"]
    kept = figures["figure"].isin(
        ["people", "status", "age", "ethnicity", "religion", "category_men"]
    )
    pd.testing.assert_series_equal(achieved[kept], figures.loc[kept, "achieved"], rtol=1e-4)
    miles = achieved[figures["figure"] == "mean_miles"]
    assert miles.between(44, 46).all()


def test_words_are_those_of_the_dictionary() -> None:
    described = {column.name: column.words for column in columns("population")}
    described |= {column.name: column.words for column in columns("units")}
    for attribute, spelled in WORDS.items():
        if described.get(attribute):
            assert set(spelled) <= set(described[attribute]), attribute


def test_categories_are_held_by_the_unit_or_wait_there_for_open_conditions(
    placed: pd.DataFrame,
) -> None:
    held = np.array(
        [
            category in of_unit.split(";")
            for category, of_unit in zip(placed["category"], placed["categories"], strict=True)
        ]
    )
    waiting = placed["category"].isin(["D", "open"]) & placed["function"].isin(
        ["reception", "training", "resettlement", "womens_closed"]
    )
    assert (held | waiting).all()


def test_remand_is_uncategorised_and_held_where_remand_is_held(placed: pd.DataFrame) -> None:
    remand = placed[placed["status"] == "remand"]
    assert (remand["category"] == "U").all()
    assert all("U" in of_unit for of_unit in words(remand["categories"]))
    assert remand["days_to_release"].isna().all()
    assert placed.loc[placed["status"] != "remand", "days_to_release"].notna().all()


def test_people_under_21_are_held_where_young_offenders_may_be(placed: pd.DataFrame) -> None:
    young = placed[placed["age"] < 21]
    assert len(young) > 2_000
    assert young["young_offenders"].all()


@pytest.mark.parametrize("need", ["sexual_offences", "therapeutic", "foreign_national_interest"])
def test_units_for_a_need_hold_only_people_with_that_need(placed: pd.DataFrame, need: str) -> None:
    inside = placed[[need in served for served in words(placed["needs_served"])]]
    assert len(inside) > 400
    assert all(need in held for held in words(inside["needs"]))


def test_men_with_sexual_offences_are_safe_where_they_are(placed: pd.DataFrame) -> None:
    of_them = placed[["sexual_offences" in needs for needs in words(placed["needs"])]]
    served = np.array(["sexual_offences" in needs for needs in words(of_them["needs_served"])])
    apart = of_them["function"].isin(["reception", "open", "high_security", "therapeutic"])
    assert (served | apart).all()
    assert (of_them["sex"] == "men").all()


def test_foreign_national_prisons_hold_foreign_nationals_with_3_to_36_months_left(
    placed: pd.DataFrame,
) -> None:
    inside = placed[placed["function"] == "foreign_national"]
    assert (inside["nationality_group"] == "foreign_national").all()
    assert inside["days_to_release"].between(90, 1096).all()


def test_open_conditions_hold_suitable_people_with_less_than_three_years_left(
    placed: pd.DataFrame,
) -> None:
    inside = placed[placed["function"].isin(["open", "womens_open"])]
    assert inside["open_suitable"].all()
    assert (inside["days_to_release"] < 3 * 365).all()


def test_category_a_is_in_high_security_only(placed: pd.DataFrame) -> None:
    of_them = placed[placed["category"] == "A"]
    assert 900 <= len(of_them) <= 1000
    assert (of_them["function"] == "high_security").all()


def test_resettlement_has_less_time_left_than_training(placed: pd.DataFrame) -> None:
    median = placed.groupby("function")["days_to_release"].median()
    assert median["resettlement"] < median["open"] < median["training"] < median["high_security"]


def test_mothers_are_young_women_where_there_is_a_mother_and_baby_unit(
    placed: pd.DataFrame,
) -> None:
    mothers = placed[placed["pregnancy"] == "mother_of_baby"]
    assert len(mothers) > 20
    assert all("mother_and_baby" in served for served in words(mothers["needs_served"]))
    assert (placed.loc[placed["pregnancy"] != "none", "sex"] == "women").all()
    assert (placed.loc[placed["pregnancy"] != "none", "age"] < 40).all()


def test_sentences_fit_custody_types(placed: pd.DataFrame) -> None:
    bands = placed.groupby("status")["sentence_band"].unique()
    assert set(bands["remand"]) == {"none"}
    assert set(bands["indeterminate"]) == {"indeterminate"}
    assert {"none", "indeterminate"}.isdisjoint({*bands["sentenced"], *bands["recall"]})
    assert (placed["days_since_sentence"].fillna(0) <= (placed["age"] - 15) * 365).all()


def test_nobody_is_ineligible_where_they_are_held_today(real: Inputs, baseline: Scenario) -> None:
    people = real.population.prisoners
    book = rule_book(allocation_inputs(baseline, real))
    suits = fit(people, book)
    today = pd.Index(book.units["unit"]).get_indexer(pd.Index(people["current_unit"]))
    assert suits.allowed[suits.class_of, today].all()


KEPT = (
    "people",
    "status_share",
    "age",
    "age_women",
    "ethnicity",
    "religion",
    "nationality",
    "category_d_in_open",
    "offence_men",
    "offence_women",
    "sentence_band",
    "origin_region",
    "children_per_parent",
)


@pytest.mark.parametrize("figure", KEPT)
def test_published_figures_are_kept(figures: pd.DataFrame, figure: str) -> None:
    rows = figures[figures["figure"] == figure]
    assert len(rows)
    assert rows["difference"].abs().max() < 0.0005


def test_counts_of_people_are_kept(figures: pd.DataFrame) -> None:
    """Category D follows the open prisons and is told apart in the notes."""
    counted = figures[figures["figure"].isin(["category_men", "sexual_offences"])]
    assert counted.loc[counted["group"] != "D", "difference"].abs().max() <= 1


def test_what_does_not_fit_has_a_note(figures: pd.DataFrame) -> None:
    off = figures["difference"].abs() > np.maximum(0.02, 0.05 * figures["published"])
    explained = figures.groupby("figure")["note"].transform(lambda notes: notes.ne("").any())
    assert explained[off].all()


def test_mean_distance_is_45_miles_with_a_long_right_tail(
    bands: pd.DataFrame,
) -> None:
    assert bands["mean"].between(44.9, 45.1).all()
    assert (bands["median"] < 0.8 * bands["mean"]).all()
    assert bands["beyond_100"].between(0.08, 0.17).all()
    assert bands["beyond_150"].between(0.015, 0.06).all()


def test_remand_and_resettlement_are_nearer_home(placed: pd.DataFrame) -> None:
    by_status = placed.groupby("status")["miles"].mean()
    men = placed[placed["sex"] == "men"].groupby("function")["miles"].mean()
    assert by_status["remand"] < 0.6 * by_status["sentenced"]
    assert men["reception"] < men["resettlement"] < men["training"] < men["high_security"]


def test_ids_are_distinct_and_say_nothing_of_the_unit(real: Inputs) -> None:
    """Neighbours in the order of ids share a unit no more often than any two people."""
    people = real.population.prisoners
    assert people["prisoner_id"].is_unique
    assert people["prisoner_id"].is_monotonic_increasing
    unit = people["current_unit"].to_numpy()
    shares = people["current_unit"].value_counts(normalize=True)
    assert abs((unit[1:] == unit[:-1]).mean() - (shares**2).sum()) < 0.001


def test_pseudonyms_use_no_confusable_letters() -> None:
    letters = set("".join(pseudonyms("", 5000, 6, np.random.default_rng(2))))
    assert letters.isdisjoint("ILOU")


def test_relatives_are_mutual_and_from_one_area(real: Inputs) -> None:
    people = real.population.prisoners.set_index("prisoner_id")
    relatives = people.loc[people["relatives_in_custody"] != "", "relatives_in_custody"]
    assert 0.01 < len(relatives) / len(people) < 0.021
    assert (relatives.map(relatives) == relatives.index).all()
    areas = people["home_area"]
    assert (relatives.map(areas).to_numpy() == areas[relatives.index].to_numpy()).all()


def test_children_are_the_contacts_who_are_children(real: Inputs) -> None:
    people, contacts = real.population.prisoners, real.population.contacts
    counted = contacts.loc[contacts["is_child"], "prisoner_id"].value_counts()
    children = people.set_index("prisoner_id")["children_under_18"]
    assert (counted.reindex(children.index, fill_value=0) == children).all()
    elsewhere = contacts[contacts["is_child"]].merge(
        people[["prisoner_id", "home_area"]], on="prisoner_id", suffixes=("", "_of_prisoner")
    )
    away = (elsewhere["home_area"] != elsewhere["home_area_of_prisoner"]).mean()
    assert 0.2 < away < 0.3


def test_some_people_have_no_contact_at_all(real: Inputs, baseline: Scenario) -> None:
    people, contacts = real.population.prisoners, real.population.contacts
    alone = ~people["prisoner_id"].isin(contacts["prisoner_id"].unique())
    assert alone.mean() == pytest.approx(baseline.population.no_contact_share, abs=1e-4)


def test_contacts_have_a_basis_unless_they_are_permitted(real: Inputs) -> None:
    contacts = real.population.contacts
    assert contacts["contact_id"].is_unique
    assert ((contacts["status"] == "permitted") == (contacts["status_basis"] == "")).all()
    assert not (contacts["claims_visit_costs"] & ~contacts["low_income"]).any()
    assert not (contacts["has_car"] & contacts["is_child"]).any()


def test_holds_end_after_the_day_the_population_stands_for(real: Inputs) -> None:
    people = real.population.prisoners
    held = people["hold_reason"] != ""
    assert 0.03 < held.mean() < 0.12
    assert (people.loc[held, "hold_until"] > AS_OF.isoformat()).all()
    assert (people.loc[~held, "hold_until"] == "").all()


def test_a_small_estate_makes_its_own_people(
    small_estate: Estate, home_areas: pd.DataFrame, baseline: Scenario
) -> None:
    population = synthesise_population(small_estate, home_areas, baseline.population, as_of=AS_OF)
    assert len(population.prisoners) == small_estate.establishments["population"].sum()
    assert set(population.prisoners["current_unit"]) <= set(small_estate.units["unit"])


def test_people_without_a_unit_are_reported(
    small_estate: Estate, home_areas: pd.DataFrame, baseline: Scenario
) -> None:
    units = small_estate.units.query("establishment != 'BLI'")
    with pytest.raises(ValueError, match=r"people are held where units\.csv has no places \(BLI\)"):
        synthesise_population(
            replace(small_estate, units=units), home_areas, baseline.population, as_of=AS_OF
        )


def test_settings_out_of_range_are_reported_together(baseline: Scenario) -> None:
    with pytest.raises(ValueError, match=r"parent_share 1\.2, mean_straight_miles 0"):
        replace(baseline.population, parent_share=1.2, mean_straight_miles=0)
    assert isinstance(baseline.population, PopulationSettings)


def test_an_extract_comes_back_as_it_was_written(
    tmp_path: Path, small_estate: Estate, home_areas: pd.DataFrame, baseline: Scenario
) -> None:
    made = synthesise_population(small_estate, home_areas, baseline.population, as_of=AS_OF)
    made.prisoners.to_csv(tmp_path / "population.csv", index=False)
    made.contacts.to_parquet(tmp_path / "contacts.parquet")
    loaded = load_population(tmp_path, small_estate)
    pd.testing.assert_frame_equal(loaded.prisoners, made.prisoners)
    pd.testing.assert_frame_equal(loaded.contacts, made.contacts)


def test_an_extract_without_contacts_has_none(
    tmp_path: Path, small_estate: Estate, home_areas: pd.DataFrame, baseline: Scenario
) -> None:
    made = synthesise_population(small_estate, home_areas, baseline.population, as_of=AS_OF)
    made.prisoners.to_csv(tmp_path / "population.csv", index=False)
    loaded = load_population(tmp_path, small_estate)
    assert loaded.contacts.empty
    assert loaded.contacts.dtypes.to_dict() == made.contacts.dtypes.to_dict()


def test_an_extract_with_unknown_units_is_refused(
    tmp_path: Path, small_estate: Estate, home_areas: pd.DataFrame, baseline: Scenario
) -> None:
    made = synthesise_population(small_estate, home_areas, baseline.population, as_of=AS_OF)
    made.prisoners.assign(current_unit="XXI-1").to_csv(tmp_path / "population.csv", index=False)
    with pytest.raises(TableError, match="XXI-1"):
        load_population(tmp_path, small_estate)


def test_the_page_shows_what_the_function_finds(figures: pd.DataFrame, bands: pd.DataFrame) -> None:
    """Refreshed by ``python docs/write_validation.py``."""
    page = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    assert validation_markdown(figures, bands) in page
