"""Compile the desk while the project is installed, where there is a C compiler.

Run by Hatchling for every wheel, editable ones too. mypyc compiles the modules that
``simulation.compiled`` names from the types they are written with, so there is one source. What
cannot be compiled is no fault: the desk then runs as it is written, in twice the time.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OPTIONS = (
    "--config-file=", "--no-site-packages", "--ignore-missing-imports", "--follow-imports=silent",
)  # fmt: skip
"""Types of other libraries are not looked up, so that it is the same wherever it is made."""


class CompiledDesk(BuildHookInterface[Any]):
    """Puts the compiled desk into a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile into a folder of its own and have its files packed.

        Parameters
        ----------
        version
            ``standard`` or ``editable``.
        build_data
            Taken by Hatchling; gets the files and, of a standard wheel, that it is of one platform.
        """
        self._made = TemporaryDirectory()
        sys.path.insert(0, self.root)
        from simulation.compiled import COMPILED, MADE_FROM, PACKED, PLAIN, digests

        if os.environ.get(PLAIN):
            return
        made = Path(self._made.name)
        try:
            _compile([f"simulation/{name}.py" for name in COMPILED], PACKED, self.root, made)
        except (Exception, SystemExit) as error:
            self.app.display_warning(f"The desk runs as it is written, not compiled: {error}")
            return
        built = made / "built"
        digest = built / MADE_FROM
        digest.write_text(json.dumps(digests(Path(self.root, "simulation"))), "utf-8")
        files = {str(path): f"{PACKED}/{path.name}" for path in (built / "simulation").iterdir()}
        files |= {str(path): path.name for path in built.glob(f"{PACKED}*")}
        files[str(digest)] = f"{PACKED}/{MADE_FROM}"
        if version == "editable":
            build_data["force_include_editable"] |= files
        else:
            build_data["force_include"] |= files
            build_data |= {"pure_python": False, "infer_tag": True}

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Clear away what is packed by now."""
        self._made.cleanup()


def _compile(modules: list[str], shared: str, root: str, made: Path) -> None:
    """Compile modules into ``built`` in a folder; ``shared`` names what they have in common."""
    from mypyc.build import mypycify
    from setuptools import Distribution

    options = [*OPTIONS, "--cache-dir", str(made / "types")]
    before = Path.cwd()
    os.chdir(root)
    try:
        extensions = mypycify(
            [*options, *modules], opt_level="3", group_name=shared, target_dir=str(made / "c")
        )
        command = Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
        command.build_lib, command.build_temp = str(made / "built"), str(made / "objects")
        command.ensure_finalized()
        command.run()
    finally:
        os.chdir(before)
