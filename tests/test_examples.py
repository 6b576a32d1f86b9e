"""The examples and the README's program run as they stand: they are what a stranger copies first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))
MOST_LINES = 40
SHORT = {"residual_mnist": ("--epochs", "1", "--pictures", "2000")}  # what takes minutes as it stands


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(example, run_python, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # it writes here
    assert run_python(example, *SHORT.get(example.stem, ()), timeout_s=300).stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_short_and_needs_no_tricks(example):
    text = example.read_text()
    assert len(text.splitlines()) < MOST_LINES
    assert "sys.path" not in text


def test_program_of_the_readme_runs(run_python, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    assert len([line for line in program.splitlines() if line]) <= 10
    assert run_python(program, timeout_s=300).stdout.splitlines()[-1] == "7"  # MNIST's first test picture
