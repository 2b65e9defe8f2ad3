"""Compiles the modules that each frame pays for into the wheel, where STREAMLIB_COMPILE=1 asks for it (decision 20)."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
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

OTHERWISE = "Without STREAMLIB_COMPILE the wheel is pure Python and does the same."


class CannotCompileError(Exception):
    """What is missing for it."""


class CompileHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds an extension module beside the source of each, which Python imports instead."""

    _folder: TemporaryDirectory[str] | None = None

    def dependencies(self) -> list[str]:
        """What the build needs besides, only where something is compiled."""
        return ["cython>=3.3,<4", "setuptools>=80"] if _is_wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and put what came out into the wheel, which then fits this Python and platform alone."""
        if not _is_wanted():
            return
        if version == "editable":
            self.app.abort(f"STREAMLIB_COMPILE: an editable install runs the sources; install a wheel. {OTHERWISE}")
        self._folder = TemporaryDirectory()
        folder = Path(self._folder.name)
        try:
            built = _compiled(Path(self.root) / "src", folder)
        except CannotCompileError as error:
            self._folder.cleanup()
            self.app.abort(f"STREAMLIB_COMPILE: {error}. {OTHERWISE}")
        build_data["force_include"].update({str(path): str(path.relative_to(folder / "lib")) for path in built})
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind."""
        del version, build_data, artifact_path
        if self._folder is not None:
            self._folder.cleanup()


def _is_wanted() -> bool:
    return os.environ.get("STREAMLIB_COMPILE", "") not in {"", "0"}


def _compiled(sources: Path, folder: Path) -> list[Path]:
    try:
        from Cython.Build import cythonize
        from Cython.Compiler.Options import get_directive_defaults
        from setuptools import Distribution, Extension
        from setuptools.errors import BaseError, CCompilerError
    except ImportError as error:
        raise CannotCompileError(f"{error}; pip brings it unless it is told --no-build-isolation") from error

    # A chain of replaced ends may be of any length: letting go of it takes no stack in C either. Not a `DIRECTIVE`,
    # because it is refused as one of a module.
    get_directive_defaults()["trashcan"] = True
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
    try:
        command.run()
    except (BaseError, CCompilerError) as error:
        wanted = "a C compiler and the headers of this Python are needed (Debian: gcc, libc6-dev, python3-dev)"
        raise CannotCompileError(f"{error}; {wanted}") from error
    return [Path(path) for path in command.get_outputs()]
