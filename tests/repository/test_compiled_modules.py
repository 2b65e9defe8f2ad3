"""What is said about a compiled class is what its source says, which is seen without a compiler too."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

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


class Application:
    """Hatchling's, as far as the build's hook uses it."""

    def abort(self, message: str) -> None:
        raise SystemExit(message)


class Hook:
    """Hatchling's base class of hooks, as far as ours uses it."""

    def __init__(self) -> None:
        self.root = str(ROOT)
        self.app = Application()


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The build's hook, where there is no Cython."""
    interface = ModuleType("hatchling.builders.hooks.plugin.interface")
    interface.BuildHookInterface = Hook  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    monkeypatch.setitem(sys.modules, "Cython", None)
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CompileHook()


@pytest.mark.parametrize("given", [None, "", "0"])
def test_a_wheel_as_it_comes_wants_neither_cython_nor_a_compiler(
    hook: Any, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    monkeypatch.delenv("STREAMLIB_COMPILE", raising=False)
    if given is not None:
        monkeypatch.setenv("STREAMLIB_COMPILE", given)
    built: dict[str, Any] = {}
    hook.initialize("standard", built)
    hook.finalize("standard", built, "")
    assert (hook.dependencies(), built) == ([], {})


@pytest.mark.parametrize(("version", "said"), [("standard", "Cython"), ("editable", "an editable install")])
def test_who_asks_for_what_cannot_be_compiled_is_told_why_and_what_else_there_is(
    hook: Any, monkeypatch: pytest.MonkeyPatch, version: str, said: str
) -> None:
    monkeypatch.setenv("STREAMLIB_COMPILE", "1")
    assert hook.dependencies()
    with pytest.raises(SystemExit, match=f"STREAMLIB_COMPILE: .*{said}.*Without STREAMLIB_COMPILE the wheel is pure"):
        hook.initialize(version, {})
