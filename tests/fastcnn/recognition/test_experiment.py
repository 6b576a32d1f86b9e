"""Drawings scored, and the paper's experiments with their figures, by a recognizer whose answers are known."""

import csv

import numpy as np
import pytest
from PIL import Image

from fastcnn.commands import figures
from fastcnn.errors import FastcnnError
from fastcnn.handwriting.drawings import Drawing
from fastcnn.metrics import wilson_interval
from fastcnn.recognition import experiment
from fastcnn.recognition.answer import Recognition
from fastcnn.recognition.scores import score_drawings

LINE = (np.array([(0.0, 0.0), (3.0, 9.0)]),)


class Oracle:
    """Answers from a list, in order, with the confidence given, or None with the nearest digit; sees nothing."""

    def __init__(self, answers):
        self.answers = iter(answers)

    def recognize_many(self, images):
        return [self._recognition(*next(self.answers)) for _ in images]

    def _recognition(self, digit, confidence):
        if digit is None:
            return Recognition(None, 0.0, np.eye(10, dtype=np.float32)[confidence], np.ones((28, 28), np.float32))
        probabilities = np.full(10, (1 - confidence) / 9, np.float32)
        probabilities[digit] = confidence
        return Recognition(digit, confidence, probabilities, np.ones((28, 28), np.float32), 0, confidence < 0.6)


def drawings(*labels):
    return [Drawing(label, "ab"[index % 2], LINE) for index, label in enumerate(labels)]


def test_scores_are_those_of_the_answers():
    oracle = Oracle([(3, 0.9), (5, 0.999), (7, 0.5), (1, 0.95)])
    scores = score_drawings(oracle, drawings(3, 4, 7, 2))
    assert scores.evaluation.accuracy == 0.5
    assert scores.evaluation.per_digit_accuracy[3:5] == (1.0, 0.0)
    assert scores.surely_wrong == 0.25
    assert scores.unsure == 0.25
    assert list(scores.writers.items()) == [("b", (0, 2)), ("a", (2, 2))]


def test_refused_drawing_has_no_right_answer():
    scores = score_drawings(Oracle([(None, 3), (4, 0.9), (None, 8)]), drawings(3, 4, 7))
    assert (scores.right, scores.refused) == (1, 2)
    assert scores.evaluation.accuracy == pytest.approx(2 / 3)
    assert scores.surely_wrong == 0
    assert scores.writers == {"a": (0, 2), "b": (1, 1)}


def test_same_seed_same_canvases(monkeypatch):
    class Camera(Oracle):
        def recognize_many(self, images):
            seen.append(np.stack(images))
            return super().recognize_many(images)

    seen = []
    for seed in (0, 0, 1):
        score_drawings(Camera([(1, 0.9)] * 3), drawings(1, 1, 1), seed=seed)
    np.testing.assert_array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])


def run(answers, labels=range(10), groups=2, size=5):
    pictures = np.zeros((len(labels), 28, 28), np.uint8)
    return experiment.run_mnist(Oracle(answers), pictures, list(labels), groups, size, seed=0)


def test_rates_are_counted_by_group_and_digit():
    done = run([(0, 0.8)] * 10)
    assert sorted(trial.truth for trial in done.trials) == list(range(10))
    first, second, total = done.by_group()
    assert (first.count, second.count, total.count) == (5, 5, 10)
    assert first.right + second.right == total.right == 1
    assert total.mean_confidence == pytest.approx(0.8)
    assert total.interval == wilson_interval(1, 10)
    assert [each.right for each in done.by_digit()] == [1] + [0] * 9


def test_refused_digit_counts_as_wrong():
    done = run([(None, 4)] * 10)
    total = done.by_group()[-1]
    assert (total.right, total.refused, total.mean_confidence) == (0, 10, 0)
    assert total.describe()["refused"] == 10


def test_worst_is_the_most_confident_mistake():
    truths = [trial.truth for trial in run([(0, 0.5)] * 10).trials]
    answers = [(truth, 0.99) for truth in truths]
    answers[3] = (truths[3] + 1) % 10, 0.7
    answers[6] = (truths[6] + 1) % 10, 0.8
    worst = run(answers).worst()
    assert (worst.truth, worst.confidence) == (truths[6], 0.8)


def test_figures_and_their_numbers_are_written(tmp_path):
    done = run([(0, 0.8)] * 10)
    files = figures.write(done, tmp_path / "new" / "folder")
    names = {path.name for path in files}
    assert names == {f"figure{n}_mnist.{suffix}" for n in (8, 10, 11) for suffix in ("png", "csv")}
    for path in files:
        if path.suffix == ".png":
            with Image.open(path) as image:
                assert image.width > 500
    with (tmp_path / "new" / "folder" / "figure8_mnist.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == ["1", "2", "all"]
    assert float(rows[-1]["accuracy"]) == 0.1
    with (tmp_path / "new" / "folder" / "figure11_mnist.csv").open() as file:
        assert [row["whose"] for row in csv.DictReader(file)] == ["paper", "this run"]


def test_no_mistake_leaves_no_old_picture_of_one(tmp_path):
    figures.write(run([(0, 0.8)] * 10), tmp_path)
    truths = [trial.truth for trial in run([(0, 0.5)] * 10).trials]
    files = figures.write(run([(truth, 0.9) for truth in truths]), tmp_path)
    assert not (tmp_path / "figure11_mnist.png").exists()
    assert all(path.exists() for path in files)


def test_handwriting_draws_each_drawing_once():
    done = experiment.run_handwriting(Oracle([(1, 0.9)] * 4), drawings(1, 2, 3, 4), 2, 2, seed=0)
    assert sorted(trial.truth for trial in done.trials) == [1, 2, 3, 4]
    assert all(trial.picture.shape == (280, 280) and trial.picture.any() for trial in done.trials)
    assert figures.GROUP_FIGURE[done.mode] == 9


def test_more_digits_than_there_are_is_refused():
    with pytest.raises(FastcnnError, match="there are 10 digits, not 12; ask for fewer"):
        run([(0, 0.5)] * 12, size=6)
