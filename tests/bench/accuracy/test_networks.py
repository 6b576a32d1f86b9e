"""`bench networks`: what stands in its folder is not trained again, and what it counts is what is there."""

import json

import numpy as np
import pytest

from fastcnn import load_mnist
from fastcnn.bench.accuracy import networks
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import network_tables
from fastcnn.errors import FastcnnError
from fastcnn.handwriting.synthesis.templates import WAYS, parse
from fastcnn.layers import Affine, Flatten
from fastcnn.network.sequential import Sequential

PICTURES = 60


def answers_always(digit):
    network = Sequential([Flatten(), Affine(10)], seed=0)
    network.values[:] = 0
    network.parameters["1.bias"].storage[digit] = 1.0
    return network


@pytest.fixture
def trained(tmp_path):
    """Networks that answer their seed, or for the paper's network twice that."""
    for model, factor in (("default", 1), ("paper", 2)):
        for seed in range(5):
            answers_always(factor * seed).save(tmp_path / f"{model}-{seed}.safetensors")
            results = {"epochs": 7, "train_seconds": 60.0 * (seed + 1)}
            (tmp_path / f"{model}-{seed}.json").write_text(json.dumps(results))
    return tmp_path


@pytest.fixture
def strokes(tmp_path):
    """Three drawings of 1 by anna, one of 0 by ben."""
    rows = []
    for digit, writer in ((1, "anna"), (1, "anna"), (1, "anna"), (0, "ben")):
        rows.append({"label": digit, "writer": writer, "strokes": [p.tolist() for p in parse(WAYS[digit][0]).points]})
    path = tmp_path / "strokes.json"
    path.write_text(json.dumps(rows))
    return path


@pytest.fixture
def result(trained, strokes, tmp_path, monkeypatch):
    training, (images, labels) = load_mnist(normalize=False)
    monkeypatch.setattr(networks, "load_mnist", lambda **_: (training, (images[:PICTURES], labels[:PICTURES])))
    monkeypatch.setattr(networks, "CALLS", 1)
    monkeypatch.setattr(networks, "BUNDLED", ("committee", "default", "paper"))
    package = tmp_path / "package"
    package.mkdir()
    for digit, model in enumerate(("committee", "default", "paper"), 5):
        answers_always(digit).save(package / f"{model}.safetensors")
    monkeypatch.setattr(networks, "WEIGHTS", package)
    return networks.run(Settings(weights=str(trained), strokes=str(strokes)))


def test_counts_are_those_of_the_labels(result):
    labels = load_mnist(normalize=False)[1][1][:PICTURES]
    default, paper, committee = result["rows"]
    assert [row["model"] for row in result["rows"]] == ["default", "paper", "committee"]
    shares = [float((labels == digit).mean()) for digit in range(10)]
    assert default["test_accuracies"] == pytest.approx(shares[:5])
    assert paper["test_accuracies"] == pytest.approx(shares[0:10:2])
    assert default["mean_test_accuracy"] == pytest.approx(np.mean(shares[:5]))
    assert default["sd_test_accuracy"] == pytest.approx(np.std(shares[:5], ddof=1))
    assert default["half_width_95"] == pytest.approx(2.776 * np.std(shares[:5], ddof=1) / np.sqrt(5))
    assert (default["train_s"], committee["train_s"]) == (180.0, 900.0)
    assert committee["parameters"] == 5 * default["parameters"]
    assert committee["half_width_95"] is None
    assert [row["bundled_accuracy"] for row in (committee, default, paper)] == pytest.approx(shares[5:8])


def test_drawings_are_counted_by_digit_and_writer(result):
    first, second = result["rows"][0]["drawings"][:2]
    assert (first["count"], first["right"], first["worst_digit"], first["worst_digit_accuracy"]) == (4, 1, 1, 0.0)
    assert (second["right"], second["worst_writer"], second["worst_writer_accuracy"]) == (3, "ben", 0.0)


def test_table_shows_every_network_and_the_mean_of_its_drawings(result):
    text = network_tables.networks(result)
    assert "| default | 7,850 | " in text
    assert "| 7 | 3 min |" in text
    assert "| default | 25.00 % (" in text.replace("%", " %")
    assert "| default, mean of 5 seeds | 20.00 % |" in text.replace("%", " %")
    assert "4 drawings of any size" in text


def test_goals_find_their_numbers(result):
    assert network_tables.of_drawings("default", "accuracy")(result) == 0.25
    assert network_tables.of_drawings("paper", "worst_digit_accuracy")(result) == 0.0
    assert network_tables.of_drawings("nobody", "accuracy")(result) is None
    assert network_tables.number("committee", "train_s")(result) == 900.0
    assert network_tables.number("nobody", "train_s")(result) is None


def test_folder_for_the_weights_is_needed():
    with pytest.raises(FastcnnError, match="--weights"):
        networks.run(Settings())
