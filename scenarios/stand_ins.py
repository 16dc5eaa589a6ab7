"""The baseline in place of what a scenario says that cannot be read, piece by piece."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Tree = dict[str, Any]


class StandIns:
    """What of a scenario was taken from the baseline, or left out, because it cannot be read.

    Attributes
    ----------
    settings
        Names of the settings that are the baseline's.
    rows
        By setting, the numbers that the rows which are kept have in the file, from 1.
    """

    def __init__(self, baseline: Tree, refused: Iterable[str] = ()) -> None:
        self.baseline = baseline
        self.settings = set(refused)
        self.rows: dict[str, list[int]] = {}

    def put_into(
        self,
        tree: Tree,
        places: Iterable[Sequence[Any]],
        fits: Callable[[Tree, str], bool],
    ) -> Tree | None:
        """Take the baseline where something cannot be read.

        Parameters
        ----------
        tree
            What a scenario says, by section.
        places
            Where something cannot be read: a section, a setting of it, a row of that.
        fits
            Says whether the settings of a section go together.

        Returns
        -------
        dict or None
            What can be read; None where there is no such section.
        """
        sound = dict(tree)
        wrong_rows: dict[str, set[int]] = {}
        for place in places:
            section, *inner = place or ("",)
            if section not in self.baseline:
                return None
            setting = self._setting_at(section, inner, sound)
            row = inner[0] if setting == section and inner else (inner[1:2] or [None])[0]
            if isinstance(row, int) and isinstance(_at(sound, setting), list):
                wrong_rows.setdefault(setting, set()).add(row)
            else:
                setting = self._culprit(sound, setting, fits)
                self.settings.add(setting)
                sound = _with(sound, setting, _at(self.baseline, setting))
        for setting, wrong in wrong_rows.items():
            written = _at(sound, setting)
            numbers = self.rows.get(setting, list(range(1, len(written) + 1)))
            kept = [number for number in range(len(written)) if number not in wrong]
            self.rows[setting] = [numbers[number] for number in kept]
            sound = _with(sound, setting, [written[number] for number in kept])
        return sound

    def _setting_at(self, section: str, inner: Sequence[Any], tree: Tree) -> str:
        known, value = self.baseline[section], tree[section]
        both = isinstance(known, dict) and isinstance(value, dict)
        inside = bool(inner) and both and inner[0] in known and inner[0] in value
        return f"{section}.{inner[0]}" if inside else section

    def _culprit(self, tree: Tree, section: str, fits: Callable[[Tree, str], bool]) -> str:
        """Find the one setting without which the others of a section go together."""
        known, value = self.baseline.get(section), tree.get(section)
        if isinstance(known, dict) and isinstance(value, dict):
            for key in (key for key in known if value.get(key) != known[key]):
                if fits(_with(tree, f"{section}.{key}", known[key]), section):
                    return f"{section}.{key}"
        return section

    def follows(self, place: Sequence[Any], said: str) -> bool:
        """Say whether a fault of a section speaks of a setting that is not the file's own."""
        section = place[0] if place else ""
        own = [name.split(".") for name in self.settings if name.startswith(f"{section}.")]
        return any(re.search(rf"\b{name[-1]}\b", said) for name in own)

    def as_written(self, said: str) -> str:
        """Give rows the numbers that they have in the file, where some are left out."""

        def number(found: re.Match[str]) -> str:
            numbers = self.rows.get(found[1])
            return f"{found[1]} row {numbers[int(found[2]) - 1] if numbers else found[2]}"

        return re.sub(r"([a-z_.]*[a-z_]) row (\d+)", number, said)


def _at(tree: Tree, setting: str) -> Any:
    section, _, key = setting.partition(".")
    return tree[section][key] if key else tree[section]


def _with(tree: Tree, setting: str, value: Any) -> Tree:
    section, _, key = setting.partition(".")
    return tree | {section: tree[section] | {key: value} if key else value}
