"""The examples and the README's program run as they stand: they are what a stranger copies first."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from fastcnn import load_mnist

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))
MOST_LINES = 40
LONG = dict.fromkeys(
    (
        *("angle_of_a_digit", "grid_search_digits", "kaggle_table", "larger_than_memory"),
        *("own_folder", "own_network", "residual_mnist", "sklearn_digits"),
    ),
    pytest.mark.slow,
)
# Where each core has a process of its own, the threads of two only wait for one another.
ONE_THREAD = {"FASTCNN_NUM_THREADS": "1"}
SHORT = {"residual_mnist": ("--epochs", "2", "--pictures", "36")}  # what takes minutes as it stands


@pytest.mark.parametrize(
    "example", [pytest.param(path, marks=LONG.get(path.stem, ()), id=path.stem) for path in EXAMPLES]
)
def test_example_runs(example, run_python, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # it writes here
    assert run_python(example, *SHORT.get(example.stem, ()), env=ONE_THREAD, timeout_s=300).stdout


@pytest.mark.slow
def test_the_residual_network_takes_idx_files_of_fashion_mnists_form(run_python, tmp_path, monkeypatch):
    """Made from MNIST's training pictures, and with labels from 1, as EMNIST's letters have them."""
    monkeypatch.chdir(tmp_path)
    (images, labels), _ = load_mnist(normalize=False)
    for part, chosen in (("train", slice(0, 1_500)), ("t10k", slice(1_500, 1_900))):
        for kind, code, array in (("images", 3, images[chosen, 0]), ("labels", 1, labels[chosen].astype(np.uint8) + 1)):
            header = np.array([0x0800 + code, *array.shape], ">u4").tobytes()
            (tmp_path / f"{part}-{kind}-idx{code}-ubyte").write_bytes(header + array.tobytes())
    out = run_python(
        ROOT / "docs/examples/residual_mnist.py", "--data", ".", "--epochs", "2", env=ONE_THREAD, timeout_s=300
    ).stdout
    table = [line.split() for line in out.splitlines()]
    assert float(table[0][1].rstrip("%")) > 80 and [row[0] for row in table[3:13]] == [str(n) for n in range(1, 11)]
    assert table[-1][1:] == ["s", "of", "training"]


def test_an_example_says_what_to_install_where_scikit_learn_is_missing(run_python):
    program = "import runpy, sys; sys.modules['sklearn'] = None; runpy.run_path(sys.argv[1])"
    done = run_python(program, str(ROOT / "docs/examples/sklearn_digits.py"), check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "`pip install scikit-learn`" in done.stderr


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_short_and_needs_no_tricks(example):
    text = example.read_text()
    assert len(text.splitlines()) < MOST_LINES
    assert "sys.path" not in text


def test_program_of_the_readme_runs(run_python, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    assert len([line for line in program.splitlines() if line]) <= 10
    shown = run_python(program, env=ONE_THREAD, timeout_s=300).stdout.splitlines()
    assert shown[-1] == "7"  # MNIST's first test picture
