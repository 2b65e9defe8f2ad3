"""A new package of processors: a folder with what is needed to install it, from the template beside this module.

Files of the template are plain text in which `{{name}}` and the like are replaced. Nothing that is there is touched.
"""

from __future__ import annotations

import re
import shlex
import sys
from importlib import metadata, resources
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path

import typer

from streamlib import __version__

FILES = {
    "pyproject.toml.in": "pyproject.toml",
    "README.md.in": "README.md",
    "graph.yaml.in": "graph.yaml",
    "processors.py.in": "src/{{module}}/__init__.py",
    "checks.py.in": "tests/test_processors.py",
}
"""Where each file of the template goes."""

# What packages are called: https://packaging.python.org/en/latest/specifications/name-normalization/
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
PROPOSED = "my-processors"


def make_package(name: str, directory: Path | None = None) -> Path:
    """Make the folder of a package, named after it unless another is given.

    Returns:
        The folder.

    Raises:
        typer.BadParameter: The name is none for a package, or the folder cannot be made or holds something.
    """
    check_name(name)
    folder = directory or Path(name)
    values = {"name": name, "module": module_of(name), "streamlib": __version__}
    template = resources.files("streamlib.control.cli") / "template"
    try:
        _check_empty(folder)
        for file, target in FILES.items():
            path = folder / filled(target, values)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(filled((template / file).read_text(encoding="utf-8"), values), encoding="utf-8")
    except OSError as error:
        message = f"{error.filename or folder} could not be written: {error.strerror}; choose another with --directory"
        raise typer.BadParameter(message, param_hint="--directory") from error
    return folder


def next_commands(folder: Path) -> list[str]:
    """What whoever has made a package does next, in a shell."""
    return [
        f'cd {shlex.quote(str(folder))} && pip install -e ".[test]"',
        "python -m pytest",
        "streamlib run graph.yaml",
    ]


def check_name(name: str) -> None:
    """See that a package, and the module in it, can have a name.

    Raises:
        typer.BadParameter: It cannot; the message proposes another.
    """
    if not NAME.fullmatch(name):
        raise _refused(f"{name!r} is no name for a package: lower-case letters, digits, and - between them", name)
    module = module_of(name)
    if iskeyword(module) or module in sys.stdlib_module_names or module == "streamlib":
        raise _refused(f"{name!r} is taken by Python or StreamLib itself", f"{name}-processors")
    if _is_installed(name, module):
        raise _refused(f"{name!r} is installed here already and would be hidden by yours", f"{name}-processors")


def _is_installed(name: str, module: str) -> bool:
    """Whether a distribution has the name, or a module can be imported by it; a mere folder is none."""
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        found = find_spec(module)
        return found is not None and found.origin is not None
    return True


def module_of(name: str) -> str:
    """The module of a package: `my_processors` of `my-processors`."""
    return name.replace("-", "_")


def filled(text: str, values: dict[str, str]) -> str:
    """A text of the template with its `{{words}}` replaced."""
    for word, value in values.items():
        text = text.replace(f"{{{{{word}}}}}", value)
    return text


def _refused(reason: str, near: str) -> typer.BadParameter:
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", near).lower())
    proposal = re.sub(r"^[0-9-]+", "", "-".join(words)) or PROPOSED
    return typer.BadParameter(f"{reason}; try {proposal}", param_hint="NAME")


def _check_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise typer.BadParameter(f"{folder} is a file; choose another with --directory", param_hint="--directory")
    if folder.is_dir() and any(folder.iterdir()):
        message = f"the folder {folder} is not empty; choose another with --directory, or empty it"
        raise typer.BadParameter(message, param_hint="--directory")
