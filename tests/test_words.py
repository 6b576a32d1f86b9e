"""What a program can check of the words: comments, docstrings and pages do without three that few learners know."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for folder in ("fastcnn", "kernels", "gui", "bench") for path in (ROOT / folder).rglob("*.py"))
PAGES = sorted(path for pattern in ("README.md", "CONTRIBUTING.md", "docs/**/*.md") for path in ROOT.glob(pattern))
# Say "after", "next to" or "with", and "again".
HARD = re.compile(r"\b(behind|beside|besides|anew)\b", re.IGNORECASE)
NAMES_THE_WORDS = re.compile(r"\(not (behind|beside|anew)\)")  # the rule itself, in CONTRIBUTING.md


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _prose(source: str) -> Iterator[tuple[int, str]]:
    """The comments and docstrings of a file, each with its first line; none where a file has no hard word at all."""
    if not HARD.search(source):
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False)
            if docstring is not None:
                yield node.body[0].lineno, docstring


def _hard_lines(prose: Iterator[tuple[int, str]]) -> list[int]:
    return sorted(
        first + number
        for first, text in prose
        for number, line in enumerate(text.splitlines())
        if HARD.search(NAMES_THE_WORDS.sub("", line))
    )


def test_comments_and_docstrings_use_words_that_learners_know():
    found = {_name(path): _hard_lines(_prose(path.read_text("utf-8"))) for path in SOURCES}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_pages_use_words_that_learners_know():
    found = {_name(path): _hard_lines(iter([(1, path.read_text("utf-8"))])) for path in PAGES}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_hard_words_are_found_in_comments_and_docstrings_only():
    source = '"""Text.\n\nBehind it."""\n\nbeside = "anew"  # beside it\n\n\ndef made():\n    """Made anew."""\n'
    assert _hard_lines(_prose(source)) == [3, 5, 9]
