"""Compiles the modules that each frame pays for into the wheel, where STREAMLIB_COMPILE=1 asks for it (decision 20)."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULES = ("streamlib.links.reader", "streamlib.links.writer", "streamlib.execution.burst")
"""The `.pxd` beside each says which of its classes and variables are C's."""

DIRECTIVES = {
    "language_level": "3",
    "annotation_typing": False,  # annotations mean what they mean to Python
    "binding": False,  # methods are as cheap to call as those of a built-in class
    "always_allow_keywords": False,  # `read()` and `write(frame)` are called by place
}


class CompileHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds an extension module beside the source of each, which Python imports instead."""

    _folder: str | None = None

    def dependencies(self) -> list[str]:
        """What the build needs besides, only where something is compiled."""
        return ["cython>=3.3,<4", "setuptools>=80"] if _is_wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and put what came out into the wheel, which then fits this Python and platform alone."""
        if not _is_wanted() or version == "editable":
            return
        self._folder = tempfile.mkdtemp()
        for built in _compiled(Path(self.root) / "src", Path(self._folder)):
            build_data["force_include"][str(built)] = str(built.relative_to(Path(self._folder) / "lib"))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind."""
        del version, build_data, artifact_path
        if self._folder is not None:
            shutil.rmtree(self._folder)


def _is_wanted() -> bool:
    return os.environ.get("STREAMLIB_COMPILE") == "1"


def _compiled(sources: Path, folder: Path) -> list[Path]:
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension

    paths = {name: str(sources / f"{name.replace('.', '/')}.py") for name in MODULES}
    extensions = cythonize(
        [Extension(name, [path]) for name, path in paths.items()],
        build_dir=str(folder / "c"),
        include_path=[str(sources)],
        compiler_directives=DIRECTIVES,
        quiet=True,
    )
    command = Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
    command.ensure_finalized()
    command.run()
    return [Path(path) for path in command.get_outputs()]
