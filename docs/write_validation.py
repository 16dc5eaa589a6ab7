"""Write the tables of ``docs/validation.md`` from the baseline.

python docs/write_validation.py
"""

from __future__ import annotations

from pathlib import Path

from data.estate import load_estate
from data.geography import load_home_areas
from data.population import synthesise_population
from data.synthetic.validation import distance_bands, validation_markdown, validation_table
from scenarios.load import load_scenario

PAGE = Path(__file__).parent / "validation.md"
START, END = "<!-- population tables -->\n", "<!-- end of population tables -->"


def main() -> None:
    """Replace what stands between the two marks."""
    baseline = load_scenario("baseline")
    estate, home_areas = load_estate(), load_home_areas()
    population = synthesise_population(
        estate, home_areas, baseline.population, as_of=baseline.as_of
    )
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(START)
    after = rest.split(END)[1]
    made = (population, estate, home_areas)
    tables = validation_markdown(validation_table(*made), distance_bands(*made))
    PAGE.write_text(f"{before}{START}{tables}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
