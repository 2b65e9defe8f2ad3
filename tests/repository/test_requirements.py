"""The list of promises and the tests that prove them agree both ways."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.requirements import PROMISES, Status

TESTS = Path(__file__).parents[1]


def _proofs() -> dict[str, list[str]]:
    proofs: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for id_, line in _marks(ast.parse(path.read_text())):
            proofs.setdefault(id_, []).append(f"{path.relative_to(TESTS)}:{line}")
    return proofs


def _marks(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.promise":
            yield from ((ast.literal_eval(argument), call.lineno) for argument in call.args)


@pytest.mark.promise("repository.requirements")
def test_every_kept_promise_has_a_test_that_carries_its_id() -> None:
    proofs = _proofs()
    unproved = [promise.id for promise in PROMISES if promise.status is Status.KEPT and promise.id not in proofs]
    assert not unproved, f"kept, but no test carries: {unproved}"


@pytest.mark.promise("repository.requirements")
def test_every_id_that_a_test_carries_is_a_kept_promise() -> None:
    kept = {promise.id for promise in PROMISES if promise.status is Status.KEPT}
    strangers = {id_: places for id_, places in _proofs().items() if id_ not in kept}
    assert not strangers, f"carried by tests, but not kept in tests/requirements.py: {strangers}"


def test_ids_are_unique_and_texts_are_sentences() -> None:
    assert len({promise.id for promise in PROMISES}) == len(PROMISES)
    assert not [promise.id for promise in PROMISES if not promise.text.endswith(".") or not promise.source]
