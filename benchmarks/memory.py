"""How much memory a process has held; imports nothing, so that asking costs a worker nothing."""

from __future__ import annotations

from pathlib import Path


def peak_megabytes() -> float:
    """Return the most memory that this process has held so far, libraries included (Linux)."""
    return megabytes("self", "VmHWM")


def megabytes(process: int | str, name: str) -> float:
    """Return a figure of a process that Linux keeps in kilobytes, such as VmRSS or VmHWM."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    held = next(line for line in lines if line.startswith(name))
    return int(held.split()[1]) * 1024 / 1e6
