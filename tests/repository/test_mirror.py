"""Each module has its test file at the same place."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "streamlib"
TESTS = ROOT / "tests"

# Tested under another name, which the value gives.
ELSEWHERE: dict[str, str] = {
    "__init__.py": "repository/test_public_names.py",
    "__main__.py": "test_main_module.py",
}


def _test_of(module: Path) -> Path:
    name = module.relative_to(SOURCES).as_posix()
    if name in ELSEWHERE:
        return TESTS / ELSEWHERE[name]
    return TESTS / module.relative_to(SOURCES).with_name(f"test_{module.name}")


def _modules() -> list[Path]:
    """All but the `__init__` of packages, which only say what a package is and re-export."""
    return [path for path in sorted(SOURCES.rglob("*.py")) if path.name != "__init__.py" or path.parent == SOURCES]


@pytest.mark.promise("repository.mirrored-tests")
def test_each_module_has_its_test_file() -> None:
    without = [str(_test_of(module).relative_to(ROOT)) for module in _modules() if not _test_of(module).is_file()]
    assert not without, f"missing: {without}"


def test_no_exception_is_listed_in_vain() -> None:
    assert all((SOURCES / module).is_file() for module in ELSEWHERE)


@pytest.mark.promise("repository.mirrored-tests")
def test_the_package_holds_no_tests() -> None:
    assert not list(SOURCES.rglob("test_*"))
