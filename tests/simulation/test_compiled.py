"""The desk as it was compiled when the project was installed, where it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.compiled import COMPILED, MADE_FROM, PACKED, PLAIN, digests, folders

ROOT = Path(__file__).parents[2]

WHERE = "import simulation.booking as desk; print(desk.__file__)"


def started(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def compiled() -> None:
    """Leave out what has nothing to look at where the desk was not compiled."""
    if not started("-c", WHERE).stdout.strip().endswith(("so", "pyd")):
        assert "REQUIRE_COMPILED" not in os.environ, "the desk was not compiled"
        pytest.skip("The desk was not compiled from these lines; `python3 make.py test` does.")


@pytest.mark.slow
@pytest.mark.usefixtures("compiled")
def test_the_compiled_desk_passes_the_tests_of_the_desk() -> None:
    """The reference model, oracles and rules; but for slips that are put into plain lines."""
    folder = "tests/simulation"
    files = ("reference", "queueing", "contact_centre", "together", "double", "rules", "transfers")
    told = started(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "not seeded and not loses_a_table",
        *(f"{folder}/test_{name}.py" for name in files),
        ESTATE_TEST_COMPILED="1",
    )

    assert told.returncode == 0, told.stdout
    assert " passed" in told.stdout


@pytest.mark.usefixtures("compiled")
def test_the_desk_runs_as_it_is_written_where_that_is_asked_for() -> None:
    assert started("-c", WHERE, **{PLAIN: "1"}).stdout.strip().endswith("booking.py")


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder of sources, and have a desk found that was compiled from them."""
    sources, made = tmp_path / "sources", tmp_path / "made" / PACKED
    for folder in (sources, made):
        folder.mkdir(parents=True)
    for name in COMPILED:
        (sources / f"{name}.py").write_text(f"{name} = 1\n", "utf-8")
    (made / MADE_FROM).write_text(json.dumps(digests(sources)), "utf-8")
    monkeypatch.setattr(sys, "path", [str(made.parent)])
    monkeypatch.delenv(PLAIN, raising=False)
    return sources


def test_a_desk_compiled_from_these_lines_is_used(sources: Path) -> None:
    assert folders(sources) == [str(sources.parent / "made" / PACKED)]


def test_a_desk_compiled_from_other_lines_is_not_used(sources: Path) -> None:
    (sources / "booking.py").write_text("booking = 2\n", "utf-8")

    assert folders(sources) == []


def test_no_compiled_desk_is_looked_for_where_plain_lines_are_asked_for(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PLAIN, "1")

    assert folders(sources) == []


def test_a_folder_without_a_note_of_its_sources_is_not_used(sources: Path) -> None:
    (sources.parent / "made" / PACKED / MADE_FROM).unlink()

    assert folders(sources) == []
