"""What is said about a compiled class is what its source says, which is seen without a compiler too."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAID = sorted((ROOT / "src").rglob("*.pxd"))


def _declared(path: Path) -> dict[str, set[str]]:
    """The variables of each class in a `.pxd`."""
    declared: dict[str, set[str]] = {}
    names: set[str] = set()
    for line in path.read_text().splitlines():
        if begun := re.match(r"cdef class (\w+)", line):
            names = declared[begun[1]] = set()
        elif variables := re.match(r"    cdef public \w+ (.+)", line):
            names.update(variables[1].split(", "))
    return declared


def _slots(path: Path) -> dict[str, set[str]]:
    """The slots of each class in a module."""
    classes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
    return {
        one.name: {str(text.value) for text in ast.walk(statement.value) if isinstance(text, ast.Constant)}
        for one in classes
        for statement in one.body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__slots__"
    }


@pytest.mark.parametrize("path", SAID, ids=lambda path: path.stem)
def test_a_compiled_class_has_the_variables_that_its_source_has(path: Path) -> None:
    slots = _slots(path.with_suffix(".py"))
    declared = _declared(path)
    assert declared == {name: slots[name] for name in declared}


def test_each_module_that_is_compiled_says_how() -> None:
    built = re.search(r"^MODULES = \((.+?)\)", (ROOT / "hatch_build.py").read_text(), re.MULTILINE | re.DOTALL)
    assert built is not None
    named = {path.relative_to(ROOT / "src").with_suffix("").as_posix().replace("/", ".") for path in SAID}
    assert set(re.findall(r'"(.+?)"', built[1])) == named
