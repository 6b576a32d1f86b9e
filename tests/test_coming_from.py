"""The code of the pages for people who come from another framework runs, where that is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
FENCE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def program(page):
    return "\n".join(FENCE.findall((DOCS / page).read_text(encoding="utf-8")))


@pytest.mark.slow
def test_the_page_for_scikit_learn(run_python, tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    assert float(run_python(program("sklearn.md"), timeout_s=300).stdout.splitlines()[0]) > 0.95


@pytest.mark.torch
def test_the_page_for_pytorch(run_python, tmp_path, monkeypatch):
    pytest.importorskip("torch"), pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    out = run_python(program("pytorch.md"), env={"PYTHONWARNINGS": "default"}, timeout_s=300).stdout
    first, second = map(float, out.splitlines()[0].split())
    assert second < first


@pytest.mark.rivals
def test_the_page_for_keras(run_python, tmp_path, monkeypatch):
    pytest.importorskip("keras"), pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    out = run_python(program("keras.md"), env={"PYTHONWARNINGS": "default"}, timeout_s=300).stdout
    assert "validation accuracy" in out
