"""The notebooks run from the first cell to the last, are small, and say nothing about the machine that saved them."""

from __future__ import annotations

import json
import re

import pytest

from tests.notebooks import KERNEL, NOTEBOOKS, executed, saved

MOST_BYTES = 200_000
MACHINE = re.compile(r"/(tmp|home|root|Users)/|site-packages|[A-Z]:\\\\")
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["compare_with_reference", "look_inside", "train"]


@each_notebook
def test_it_is_saved_with_its_outputs_and_without_a_machine(path):
    text = path.read_text(encoding="utf-8")
    book = json.loads(text)
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert len(text) <= MOST_BYTES and not MACHINE.search(text) and text == saved(book)
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert any("text/html" in output.get("data", {}) for cell in code for output in cell["outputs"])
    assert not any(output["output_type"] in ("error", "stream") for cell in code for output in cell["outputs"])


@pytest.mark.slow  # each starts a kernel, which compiles or reads the cache
@pytest.mark.filterwarnings("default")  # Jupyter's own
@each_notebook
def test_it_runs_and_gives_outputs_of_the_saved_kinds(path, tmp_path, monkeypatch):
    pytest.importorskip("nbclient"), pytest.importorskip("ipykernel")
    monkeypatch.setenv("JUPYTER_PATH", "")
    kinds = [
        [
            [sorted(output.get("data", {})) for output in cell["outputs"]]
            for cell in book["cells"]
            if cell["cell_type"] == "code"
        ]
        for book in (json.loads(path.read_text(encoding="utf-8")), executed(path, tmp_path))
    ]
    assert kinds[0] == kinds[1]


TRAINING = """import numpy as np
from fastcnn import Trainer, optim, paper_network
images, labels = np.zeros((200, 1, 28, 28), np.float32), np.arange(200) % 10
Trainer(paper_network(seed=0), optim.Adam(0.001)).fit(images, labels, epochs=1, validation=50)
None"""


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_progress_of_a_training_is_a_live_line_and_a_line_for_the_epoch(tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("nbclient"), pytest.importorskip("ipykernel"), pytest.importorskip("ipywidgets")
    monkeypatch.setenv("JUPYTER_PATH", "")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(TRAINING)], metadata={"kernelspec": KERNEL})
    nbformat.write(book, tmp_path / "training.ipynb")
    (cell,) = executed(tmp_path / "training.ipynb", tmp_path)["cells"]
    kinds = [kind for output in cell["outputs"] for kind in output.get("data", {})]
    assert "application/vnd.jupyter.widget-view+json" in kinds  # replaced while it trains, closed at the end
    assert "epoch 1/1" in json.dumps(cell["outputs"])
    assert not any(output["output_type"] == "error" for output in cell["outputs"])
