"""Where a run comes from: versions, commit, digests and machine."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import simulation
from scenarios.results import FORMAT_VERSION, file_digest

PRODUCT = "closer-to-home"
LIBRARIES = ("numpy", "pandas", "pyarrow", "scipy", "networkx", "ortools", "simpy", "pydantic")
MODEL_PACKAGES = ("data", "optimiser", "simulation", "scenarios")


def versions() -> dict[str, str]:
    """Give the versions of Python, of this product and of what the numbers rest on."""
    return {
        "python": platform.python_version(),
        PRODUCT: _version(PRODUCT),
        **{name: _version(name) for name in LIBRARIES},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


@cache
def model_digest() -> str:
    """Give one SHA-256 for every file of the model: code, tables, settings, page templates.

    Scenario files are left out; what they change is part of a run's own digest.
    """
    digest = hashlib.sha256()
    for package in MODEL_PACKAGES:
        folder = _folder(package)
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            own_scenario = package == "scenarios" and path.suffix == ".yaml"
            if path.is_file() and "__pycache__" not in inside.parts and not own_scenario:
                digest.update(f"{package}/{inside.as_posix()} {file_digest(path)}\n".encode())
    return digest.hexdigest()


@cache
def commit() -> tuple[str, bool | None]:
    """Give the commit the model was run from, and whether its tree was clean.

    ``("unknown", None)`` where the model does not run from a checkout.
    """
    git = shutil.which("git")
    root = _folder("scenarios").parent
    if git is None or not (root / ".git").exists():
        return "unknown", None
    try:
        head = _output(git, root, "rev-parse", "HEAD")
        changed = _output(git, root, "status", "--porcelain", "--untracked-files=normal")
    except (OSError, subprocess.SubprocessError):
        return "unknown", None
    return head, not changed


def origin(
    *,
    command: str,
    seed: int | None,
    replications: int,
    keep_visits: bool,
    inputs: dict[str, str],
    scenario_digest: str,
) -> dict[str, Any]:
    """Give what a run is made from: the same for the same run, on any machine.

    Parameters
    ----------
    command
        The command line that makes this run.
    seed, replications, keep_visits
        Options of the run.
    inputs
        SHA-256 of every table read.
    scenario_digest
        SHA-256 of the settings.
    """
    return {
        "format_version": FORMAT_VERSION,
        "command": command,
        "versions": versions(),
        "model_digest": model_digest(),
        "seed": seed,
        "replications": replications,
        "keep_visits": keep_visits,
        "scenario_digest": scenario_digest,
        "data_digest": digest_of(inputs),
        "inputs": inputs,
    }


def manifest(
    origin: dict[str, Any], *, outputs: dict[str, str], seconds: dict[str, float]
) -> dict[str, Any]:
    """Give the manifest of a run: its origin, and what differs from one making to the next.

    Parameters
    ----------
    origin
        As from ``origin``.
    outputs
        SHA-256 of every file written.
    seconds
        Elapsed time by stage.
    """
    head, clean = commit()
    return origin | {
        "commit": head,
        "clean_tree": clean,
        "outputs": outputs,
        "seconds": {stage: round(passed, 3) for stage, passed in seconds.items()},
        "machine": machine(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def digest_of(content: Any) -> str:
    """Give the SHA-256 of plain values."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def machine() -> dict[str, Any]:
    """Describe the machine without naming it."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "python": platform.python_implementation(),
        "processors": os.cpu_count(),
        "desk": "compiled" if len(simulation.__path__) > 1 else "plain Python",
    }


def _output(git: str, root: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603  fixed words
        [git, *words], cwd=root, check=True, capture_output=True, text=True, timeout=20
    )
    return done.stdout.strip()


def _folder(package: str) -> Path:
    found = find_spec(package)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent
