"""Make the environment, then run the main job (`demo`) or every check and test (`test`).

Only the standard library is used here, so that a machine with nothing but Python 3.11 can
start. The environment is made in `.venv` (or in the folder named by `ESTATE_VENV`) and made
again only when `pyproject.toml`, `constraints.txt` or a module that is compiled has changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import simulation.compiled

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("ESTATE_VENV", ROOT / ".venv"))
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
EXTRAS = {"demo": "", "app": "", "test": "[dev,cluster]", "benchmark": "[dev,cluster]"}
MADE_FROM = ("pyproject.toml", "constraints.txt", "build_desk.py")
COMPILED = tuple(f"simulation/{name}.py" for name in simulation.compiled.COMPILED)
USAGE = """usage: python3 make.py COMMAND [ARGUMENT ...]

  demo       make the environment, then run `estate demo`: the main job
  app        make the environment, then open the app on the runs made so far
  test       make the environment, then every check and test
  benchmark  make the environment, then `python -m benchmarks`
"""


def say(line: str) -> None:
    """Print one line about progress, at once."""
    print(f"-- {line}", flush=True)


def run(arguments: Sequence[str | Path]) -> None:
    """Run one command in the project's folder; stop with its exit code when it fails."""
    code = subprocess.run([str(each) for each in arguments], cwd=ROOT, check=False).returncode
    if code:
        sys.exit(code)


def output(arguments: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run one command in the project's folder and keep what it prints."""
    return subprocess.run(
        [str(each) for each in arguments],
        cwd=ROOT,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def stamp(extras: str) -> str:
    """Return a digest of everything the environment is made from."""
    parts = [sys.version, extras]
    parts += [(ROOT / name).read_text("utf-8") for name in (*MADE_FROM, *COMPILED)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def environment(extras: str) -> None:
    """Make the virtual environment with the project and its libraries, unless it is there."""
    made_from = VENV / f"made-from{extras}"
    if made_from.exists() and made_from.read_text("utf-8") == stamp(extras):
        return
    say(f"making the environment in {VENV.name} (a few minutes the first time)")
    if not (BIN / "pip").exists() and not (BIN / "pip.exe").exists():
        shutil.rmtree(VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", VENV])
    pip: list[str | Path] = [BIN / "python", "-m", "pip", "install", "--quiet"]
    run([*pip, "--disable-pip-version-check", "-c", "constraints.txt", "-e", f".{extras}"])
    made_from.write_text(stamp(extras), "utf-8")


ALL_TESTS = ("-n", "2", "--dist", "loadscope", "--durations", "30")
"""On both cores of a small machine, and with what takes longest told in the end."""


def test(arguments: Sequence[str]) -> None:
    """Run every check side by side, then the tests; any warning is a failure."""
    checks: dict[str, list[str | Path]] = {
        "style": [BIN / "ruff", "check", "."],
        "format": [BIN / "ruff", "format", "--check", "."],
        "types": [BIN / "mypy"],
        "layers": [BIN / "lint-imports"],
        "documentation": [
            BIN / "sphinx-build",
            "-q",
            "-W",
            "--keep-going",
            "docs",
            "docs/_build",
        ],
    }
    with ThreadPoolExecutor() as at_once:
        told = {name: at_once.submit(output, command) for name, command in checks.items()}
    for name, check in told.items():
        say(name)
        print(check.result().stdout, end="", flush=True)
    if failed := [name for name, check in told.items() if check.result().returncode]:
        sys.exit(f"failed: {', '.join(failed)}")
    say("tests")
    run([BIN / "python", "-m", "pytest", *(arguments or ALL_TESTS)])


def main(arguments: Sequence[str]) -> None:
    """Do what the first argument asks."""
    if sys.version_info < (3, 11):  # noqa: UP036 - a fresh machine may hold an older one
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    if not arguments or arguments[0] not in EXTRAS:
        sys.exit(USAGE)
    command, rest = arguments[0], list(arguments[1:])
    environment(EXTRAS[command])
    if command == "test":
        test(rest)
    elif command == "benchmark":
        run([BIN / "python", "-m", "benchmarks", *rest])
    else:
        run([BIN / "estate", command, *rest])
    if command == "demo":
        say("python3 make.py app opens the app on these runs")


if __name__ == "__main__":
    main(sys.argv[1:])
