"""Write the tables of ``docs/validation.md``.

python docs/write_validation.py [RUN_FOLDER] [--fit REPLICATIONS]

Of the population always, of visits and the services around them if a run of the baseline is given,
and of the fitted settings if they are to be fitted again, which plays the national year some rounds
over.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from data.estate import load_estate
from data.geography import load_home_areas
from data.population import synthesise_population
from data.synthetic_validation import distance_bands, validation_markdown, validation_table
from scenarios.load import load_scenario
from scenarios.results import load_results
from scenarios.validation.calibrate import calibrate, calibration_markdown
from scenarios.validation.region_validation import regions_markdown
from scenarios.validation.visits_validation import services_markdown, visits_markdown

PAGE = Path(__file__).parent / "validation.md"


def write_part(name: str, tables: str) -> None:
    """Replace what stands between two marks of the page."""
    start, end = f"<!-- {name} tables -->\n", f"<!-- end of {name} tables -->"
    before, rest = PAGE.read_text(encoding="utf-8").split(start)
    after = rest.split(end)[1]
    PAGE.write_text(f"{before}{start}{tables}{end}{after}", encoding="utf-8")


def main(run: Path | None, replications: int | None) -> None:
    """Write the population's tables, and those of the simulated year that are asked for.

    Parameters
    ----------
    run
        Folder of a run of the baseline.
    replications
        Simulated years of each round of the fit.
    """
    baseline = load_scenario("baseline")
    estate, home_areas = load_estate(), load_home_areas()
    population = synthesise_population(
        estate, home_areas, baseline.population, as_of=baseline.as_of
    )
    made = (population, estate, home_areas)
    write_part("population", validation_markdown(validation_table(*made), distance_bands(*made)))
    write_part("regions", regions_markdown(*made))
    if replications is not None:
        write_part("fitted", calibration_markdown(calibrate(replications)))
    if run is not None:
        baseline_run = load_results(run)
        write_part("visits", visits_markdown(baseline_run))
        write_part("services", services_markdown(baseline_run))


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description="Write the tables of docs/validation.md.")
    asked.add_argument("run", nargs="?", type=Path, help="folder of a run of the baseline")
    asked.add_argument("--fit", type=int, metavar="REPLICATIONS", help="fit the wishes again")
    given = asked.parse_args()
    main(given.run, given.fit)
