"""Write ``baseline.yaml`` from ``settings.csv``, so that a value stands in one place.

python -m scenarios.baseline
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from scenarios.settings import Setting, settings

HEAD = """\
# Today's estate as far as it is known: every setting of the model, complete.
# Made from settings.csv by `python -m scenarios.baseline`; change values there.
# A scenario changes some of these keys, as in `change: {regime.notice_days_min: 3}`.
title: Today
question: Who is held where today, how far do families travel, and how are visits run?
"""
WIDTH = 100


def baseline_text() -> str:
    """Give the text of ``baseline.yaml``: sections in the order of the scenario's fields."""
    from scenarios.schema import SECTIONS

    by_section: dict[str, list[Setting]] = {section: [] for section in SECTIONS}
    for row in settings().values():
        by_section[row.setting.split(".")[0]].append(row)
    parts = [HEAD]
    for section, rows in by_section.items():
        parts.append("\n")
        if not any("." in row.setting for row in rows):
            parts += [_line(row, section, "") for row in rows]
        else:
            parts.append(f"{section}:\n")
            parts += [_line(row, row.setting.split(".", 1)[1], "  ") for row in rows]
    return "".join(parts)


def _line(row: Setting, key: str, indent: str) -> str:
    unit = f"{row.measure_unit}: " if row.measure_unit else ""
    line = f"{indent}{key}: {row.text}"
    with_note = f"{line}  # {unit}{row.meaning}"
    if len(with_note) <= WIDTH:
        return f"{with_note}\n"
    return f"{indent}# {unit}{row.meaning}\n{line}\n"


if __name__ == "__main__":
    Path(str(files("scenarios").joinpath("baseline.yaml"))).write_text(
        baseline_text(), encoding="utf-8"
    )
