"""Pieces of Markdown."""

from __future__ import annotations

from streamlib.schema.markdown import code, page, table, word


def test_a_table_has_a_line_for_each_row_and_leaves_empty_columns_out() -> None:
    written = table(("a", "b", "c"), [["1", "", "x | y"], ["2", "", "two\nlines"]])
    assert written.splitlines() == ["| a | c |", "| --- | --- |", "| 1 | x \\| y |", "| 2 | two lines |"]


def test_a_table_without_rows_is_nothing() -> None:
    assert table(("a",), []) == ""


def test_code_stands_in_a_fence_that_it_does_not_close() -> None:
    assert code("x = 1\n", "python") == "```python\nx = 1\n```"
    assert code("```").startswith("````\n")


def test_a_word_is_marked_and_nothing_is_not() -> None:
    assert (word("a"), word("a`b"), word("")) == ("`a`", "``a`b``", "")


def test_a_page_has_its_parts_apart_and_no_empty_ones() -> None:
    assert page("a", "", "b") == "a\n\nb\n"
