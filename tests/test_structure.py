"""The project keeps its shape: names, layers, packaging and start-up."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("optimiser", "simulation", "data", "scenarios", "app_pages", "app", "server")
HEAVY = (
    *("pandas", "numpy", "ortools", "geopandas", "streamlit", "altair", "simpy", "scipy"),
    "rich.console",
)


def test_no_other_distribution_owns_our_package_names() -> None:
    """A distribution called `data` would silently overwrite ours."""
    owners = importlib.metadata.packages_distributions()
    strangers = {
        name: owners[name] for name in PACKAGES if set(owners.get(name, [])) - {"closer-to-home"}
    }
    assert strangers == {}


def test_command_line_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; sys.argv = ['estate', '--help']\n"
        "try:\n    from scenarios.cli import main; main()\nexcept SystemExit:\n    pass\n"
        f"print('loaded:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert shown.splitlines()[-1] == "loaded: []"


def test_package_tables_of_contents_load_no_heavy_library() -> None:
    code = (
        "import sys, data, optimiser, simulation, scenarios\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert shown.strip() == "[]"


@pytest.mark.parametrize(
    ("library", "modules"),
    [
        (
            "ortools",
            {
                *("optimiser/solve.py", "optimiser/linear.py"),
                *("optimiser/rosters.py", "optimiser/shares.py"),
            },
        ),
        ("numba", {"optimiser/kernel.py"}),
        ("dask|distributed", {"scenarios/ensemble/cluster.py"}),
    ],
)
def test_a_heavy_library_is_imported_where_it_belongs_only(library: str, modules: set[str]) -> None:
    importers = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES[:-2]
        for path in (ROOT / package).rglob("*.py")
        if re.search(rf"^\s*(from|import) ({library})\b", path.read_text("utf-8"), re.MULTILINE)
    }
    assert importers <= modules
    assert importers


def test_the_product_imports_no_library_that_only_its_tests_are_installed_with() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {
        extra: {re.split(r"[<>=\[]", each)[0].strip() for each in wanted}
        for extra, wanted in project["optional-dependencies"].items()
    }
    only_tests = names["dev"] - names["sign-in"] - names["cluster"] - {"hatchling", "setuptools"}
    assert "altair" in only_tests
    library = "|".join(sorted(each.replace("-", "_") for each in only_tests))
    files = [path for package in PACKAGES[:-2] for path in (ROOT / package).rglob("*.py")]
    importers = {
        path.relative_to(ROOT).as_posix()
        for path in (*files, ROOT / "app.py", ROOT / "server.py")
        if re.search(rf"^\s*(from|import) ({library})\b", path.read_text("utf-8"), re.MULTILINE)
    }
    assert importers == set()


@pytest.mark.slow
def test_wheel_holds_every_data_file(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    needed = {
        path.relative_to(ROOT).as_posix()
        for pattern in ("data/*.csv", "data/*.yaml", "data/tables/*.csv", "scenarios/*.yaml")
        for path in ROOT.glob(pattern)
    }
    kept = ("scenarios/display/templates/*", "app_pages/*.svg", "app_pages/*.css")
    needed |= {path.relative_to(ROOT).as_posix() for each in kept for path in ROOT.glob(each)}
    needed |= {"scenarios/settings.csv", "app.py", "server.py", "app_pages/.streamlit/config.toml"}
    assert needed - names == set()


def test_readme_shows_exactly_two_commands_first() -> None:
    """The first code block of the README is the two commands, and nothing else."""
    text = (ROOT / "README.md").read_text("utf-8")
    block = re.search(r"```(?:sh|bash|console)\n(.*?)```", text, re.DOTALL)
    assert block is not None
    commands = [line for line in block.group(1).splitlines() if line and not line.startswith("#")]
    assert [" ".join(line.split("#")[0].split()) for line in commands] == [
        "python3 make.py demo",
        "python3 make.py test",
    ]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "\npython3 make.py test\n" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_every_library_we_depend_on_is_pinned_in_the_tested_set() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["dependencies"] + [
        each for extra in project["optional-dependencies"].values() for each in extra
    ]
    names = {re.split(r"[<>=\[]", each)[0].strip().lower() for each in wanted}
    pinned = {
        line.split("==")[0].strip().lower()
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if "==" in line
    }
    assert names - pinned == set()


def test_no_file_tells_where_libraries_were_fetched() -> None:
    text = (ROOT / "constraints.txt").read_text("utf-8")
    assert "://" not in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith("-")]
