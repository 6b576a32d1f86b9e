"""The report on unusual ways of writing: what counts as right, by hand, and its table."""

import json

import numpy as np
import pytest

from fastcnn.__main__ import main
from fastcnn.bench.accuracy import hands
from fastcnn.bench.harness.settings import Settings
from fastcnn.errors import FastcnnError
from fastcnn.recognition.answer import digit_answer


def answer(**shares):
    probabilities = np.zeros(10, np.float32)
    for name, value in shares.items():
        probabilities[int(name[1:])] = value
    return digit_answer(probabilities, np.zeros((28, 28), np.float32))


@pytest.mark.parametrize(
    ("shares", "also", "right"),
    [
        ({"_1": 0.99}, None, True),
        ({"_7": 0.99}, None, False),
        ({"_1": 0.9, "_7": 0.1}, 7, True),
        ({"_7": 0.9, "_1": 0.1}, 7, True),
        ({"_1": 0.96, "_7": 0.04}, 7, False),  # too sure
        ({"_1": 0.6, "_2": 0.3, "_7": 0.1}, 7, False),  # the other digit is not the alternative
    ],
)
def test_what_is_right_by_hand(shares, also, right):
    assert hands.is_right(answer(**shares), 1, also) == right


def test_command_counts_each_pen_and_turn(tmp_path, monkeypatch):
    path, out = tmp_path / "kinds.json", tmp_path / "all.json"
    line = [[30, 0], [30, 100]]
    rows = [
        {"label": 1, "writer": "bar", "strokes": [line]},
        {"label": 5, "writer": "no five", "strokes": [line]},
        {"label": 7, "also": 2, "writer": "neither", "strokes": [line]},
    ]
    path.write_text(json.dumps(rows))
    monkeypatch.setattr(hands, "BUNDLED", ("paper",))
    assert main(["bench", "hands", "--quick", "--strokes", str(path), "--json", str(out)]) == 0
    result = json.loads(out.read_text())["hands"]["result"]
    assert result["kinds"] == 3
    (row,) = result["rows"]
    assert [each["right"] for each in row["conditions"]] == [1] * 9
    assert [each["kind"] for each in row["conditions"][0]["wrong"]] == ["no five", "neither"]
    text = hands.tabulate(result)
    assert "| paper | 1 | 1 |" in text
    assert "no five (9), neither (9)" in text


def test_without_a_file_it_says_what_is_needed():
    with pytest.raises(FastcnnError, match="--strokes FILE"):
        hands.run(Settings(quick=True))
