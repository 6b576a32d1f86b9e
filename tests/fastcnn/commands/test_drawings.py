"""The commands on drawings: evaluate --strokes, experiment, and train --recipe bundled."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fastcnn import load_mnist, load_network
from fastcnn.__main__ import main
from fastcnn.commands import train
from fastcnn.handwriting.drawings import Pose, draw
from fastcnn.handwriting.stroke_files import read_drawings
from fastcnn.handwriting.synthesis.digits import synthetic_digits
from fastcnn.handwriting.synthesis.nondigits import KINDS
from fastcnn.handwriting.synthesis.templates import WAYS, parse, smooth
from fastcnn.network.calibration import calibrated
from fastcnn.zoo import recipes
from fastcnn.zoo.bundled import bundled, find_model
from tests.fastcnn.commands.test_cli import data_dir, fails  # noqa: F401


@pytest.fixture(scope="module")
def strokes(tmp_path_factory):
    """Each digit in the first way of its templates, by two writers."""
    rows = []
    for digit, texts in WAYS.items():
        way = parse(texts[0])
        lines = [smooth(p, c).tolist() for p, c in zip(way.points, way.corners, strict=True)]
        rows += [{"label": digit, "writer": writer, "strokes": lines} for writer in ("anna", "ben")]
    path = tmp_path_factory.mktemp("strokes") / "strokes.json"
    path.write_text(json.dumps(rows))
    return path


def test_evaluate_on_drawings(strokes, tmp_path, capsys):
    found = tmp_path / "found.json"
    assert main(["evaluate", "paper", "--strokes", str(strokes), "--json", str(found)]) == 0
    results = json.loads(found.read_text())
    assert results["drawings"] == len(read_drawings(strokes)) == 20
    assert results["test_accuracy"] >= 0.8
    assert results["interval"][0] < results["test_accuracy"] < results["interval"][1] or results["test_accuracy"] == 1
    assert {writer: row["count"] for writer, row in results["writers"].items()} == {"anna": 10, "ben": 10}
    assert results["right"] + results["refused"] <= 20
    shown = capsys.readouterr().out
    assert "writers read worst" in shown
    assert f"refused as no digit: {results['refused']} of 20" in shown


@pytest.mark.parametrize("mode", ["mnist", "handwriting"])
def test_experiment_writes_figures_and_says_how_wide_the_interval_is(mode, strokes, tmp_path, capsys):
    options = ["--strokes", str(strokes)] if mode == "handwriting" else []
    options += ["--groups", "2", "--size", "5", "--model", "paper", "--json", str(tmp_path / "found.json")]
    assert main(["experiment", "--mode", mode, "--out", str(tmp_path / "figures"), *options]) == 0
    results = json.loads((tmp_path / "found.json").read_text())
    assert [group["count"] for group in results["groups"]] == [5, 5, 10]
    assert f"({results['groups'][-1]['right']} of 10; 95 % interval" in capsys.readouterr().out
    assert (tmp_path / "figures" / f"figure{8 if mode == 'mnist' else 9}_{mode}.png").is_file()


def test_experiment_reads_strokes_where_it_can(strokes, tmp_path, capsys, monkeypatch):
    out = ["--out", tmp_path]
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert f"no drawings in {tmp_path / 'fastcnn' / 'drawings'}; correct some in the window" in fails(
        capsys, "experiment", "--mode", "handwriting", *out
    )  # fmt: skip
    assert "--strokes has no effect in --mode mnist" in fails(
        capsys, "experiment", "--mode", "mnist", "--strokes", strokes, *out, status=2
    )  # fmt: skip
    assert "ask for fewer" in fails(
        capsys, "experiment", "--mode", "handwriting", "--strokes", strokes, "--size", 100, *out
    )  # fmt: skip


def test_predict_reads_strings(strokes, tmp_path, capsys):
    drawn = {each.label: each.strokes for each in read_drawings(strokes)}
    row = np.hstack([draw(drawn[digit], Pose(0.6, 16, 0.5, 0.5)) for digit in (4, 2, 7)])
    pictures = [str(tmp_path / name) for name in ("row.png", "blank.png")]
    Image.fromarray(row).save(pictures[0])
    Image.new("L", (50, 30)).save(pictures[1])
    assert main(["predict", "--string", *pictures, "--json", str(tmp_path / "found.json")]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert re.fullmatch(rf"{re.escape(pictures[0])}  427  \d\d\.\d\d%", shown[0])
    assert shown[1:] == [f"{pictures[1]}  no digit"]
    found, blank = json.loads((tmp_path / "found.json").read_text())
    assert (found["image"], found["string"]) == (pictures[0], "427")
    assert [each["digit"] for each in found["digits"]] == [4, 2, 7]
    assert all(set(each) == {"digit", "confidence", "probabilities"} for each in found["digits"])
    assert 0.5 < found["confidence"] <= 1
    assert blank == {"image": pictures[1], "string": "", "confidence": 0.0, "notes": [], "digits": []}


def test_bundled_recipe_trains_and_keeps_temperature_and_views(data_dir, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setitem(recipes.BUNDLED_RECIPES, "paper", replace(recipes.BUNDLED_RECIPES["paper"], synthetic=40))
    out = tmp_path / "weights.safetensors"
    options = ["--epochs", "1", "--batch-size", "20", "--data-dir", str(data_dir), "--out", str(out)]
    assert main(["train", "--recipe", "bundled", *options]) == 0
    assert load_network(out).temperature != 1
    assert load_network(out).views == 5
    assert np.isfinite(load_network(out).values).all()


def test_interrupted_second_training_goes_on_to_the_same_bits(data_dir, tmp_path, monkeypatch, capsys):  # noqa: F811
    then = replace(recipes.BUNDLED_RECIPES["default"].then, epochs=1, synthetic=14, scans=5)
    once = replace(recipes.BUNDLED_RECIPES["paper"], synthetic=28)
    monkeypatch.setitem(recipes.BUNDLED_RECIPES, "paper", replace(once, then=then))
    out, whole = tmp_path / "weights.safetensors", tmp_path / "whole.safetensors"
    common = ["train", "--recipe", "bundled", "--data-dir", str(data_dir)]
    options = [*common, "--epochs", "1", "--batch-size", "50"]
    assert main([*options, "--out", str(whole)]) == 0
    with monkeypatch.context() as interrupted:
        interrupted.setattr(recipes.Recipe, "mix_again", _interrupt)
        assert main([*options, "--out", str(out)]) == 1
    assert "training was interrupted; go on with fastcnn train --resume" in capsys.readouterr().err.splitlines()[-1]
    assert not out.exists()
    with monkeypatch.context() as left_out:  # what the first training alone gives
        left_out.setitem(recipes.BUNDLED_RECIPES, "paper", once)
        assert main([*options, "--out", str(tmp_path / "first.safetensors")]) == 0
    assert main([*common, "--resume", str(out)]) == 0
    np.testing.assert_array_equal(load_network(out).values, load_network(whole).values)
    assert not np.array_equal(load_network(tmp_path / "first.safetensors").values, load_network(whole).values)


def _interrupt(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("second", [False, True])
def test_temperature_is_that_of_pictures_set_aside_and_of_the_unusual_hands_that_were_learned(second, tmp_path):
    once = recipes.BUNDLED_RECIPES["default"]
    recipe = replace(once, then=replace(once.then, synthetic=160) if second else None)
    job = train.Job("default", recipe, 1, 100, 7, tmp_path / "none", None, "", None, "float32")
    network = load_network(find_model(bundled("default"))[1])
    (images, labels), _ = load_mnist(normalize=False)
    images, labels = images[:80], labels[:80].copy()
    labels[1] = (labels[1] + 1) % 10  # one is read wrong, or it could not be too sure
    held_out = np.arange(1, 80, 2)
    train._calibrate(network, job, images, labels, held_out)
    found = network.temperature
    # Half of 80 pictures are set aside, so half as many hands as the second training had; those of the next seed.
    hands, digits = synthetic_digits(80 if second else 0, seed=8, varied=True)
    read, truth = np.concatenate([images[held_out], hands]), np.concatenate([labels[held_out], digits])

    def loss(temperature):
        network.temperature = temperature
        return -np.log(calibrated(network, read).astype(np.float64)[np.arange(len(truth)), truth]).mean()

    assert loss(found) < min(loss(0.95 * found), loss(1.05 * found))


@pytest.mark.slow
def test_refusing_network_is_trained_by_its_recipe(data_dir, tmp_path, monkeypatch):  # noqa: F811
    then = replace(recipes.BUNDLED_RECIPES["refusal"].then, epochs=1, synthetic=14, scans=5)
    small = replace(recipes.BUNDLED_RECIPES["refusal"], synthetic=28, redrawn=10, scans=10, nondigits=60, then=then)
    monkeypatch.setitem(recipes.BUNDLED_RECIPES, "refusal", small)
    monkeypatch.setattr(train, "THRESHOLD_DIGITS", 14)
    out = tmp_path / "weights.safetensors"
    options = ["--epochs", "1", "--batch-size", "20", "--data-dir", str(data_dir), "--out", str(out)]
    assert main(["train", "--recipe", "bundled", "--model", "refusal", *options]) == 0
    network = load_network(out)
    assert network.output_shape == (10 + len(KINDS),)
    assert network.temperature != 1


def test_model_without_a_bundled_recipe_is_refused(capsys):
    assert "choose from paper, default" in fails(
        capsys, "train", "--recipe", "bundled", "--model", "speedrun", status=2
    )  # fmt: skip
