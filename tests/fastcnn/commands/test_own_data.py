"""`train --data` and what follows it, as a user meets them: results, names, and one sentence for what does not fit."""

from __future__ import annotations

import json
import os
import re

import numpy as np
import pytest
from PIL import Image

from fastcnn import load_mnist, load_network
from fastcnn.__main__ import main
from fastcnn.data import load_data
from fastcnn.layers import Affine, Flatten
from fastcnn.network.sequential import Sequential
from fastcnn.recognition.picture_classifier import PictureClassifier
from fastcnn.zoo.own import read_description

COLOURS = {"rose": (200, 40, 60), "sea": (30, 60, 200)}
SIZES = ((12, 10), (14, 12), (12, 16))  # of each third of the pictures, as Pillow has them


def make_pictures(folder, count, seed):
    rng = np.random.default_rng(seed)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            width, height = SIZES[number % 3]
            noise = rng.integers(-25, 26, (height, width, 3))
            Image.fromarray(np.clip(noise + colour, 0, 255).astype(np.uint8)).save(folder / name / f"{number}.png")


@pytest.fixture(scope="module")
def flowers(tmp_path_factory):
    """Two classes that their colour tells apart, with a test part."""
    folder = tmp_path_factory.mktemp("data") / "flowers"
    make_pictures(folder / "train", 15, 0)
    make_pictures(folder / "test", 6, 1)
    return folder


@pytest.fixture(scope="module")
def trained(flowers, tmp_path_factory):
    """The weights, the JSON and what was printed."""
    folder = tmp_path_factory.mktemp("trained")
    out, results = folder / "flowers.safetensors", folder / "r.json"
    options = ["--epochs", "5", "--batch-size", "8", "--network", "paper", "--seed", "2", "--augment"]
    assert main(["train", "--data", str(flowers), *options, "--out", str(out), "--json", str(results)]) == 0
    return out, json.loads(results.read_text())


def fails(capsys, *arguments, status=1):
    try:
        assert main([str(argument) for argument in arguments]) == status
    except SystemExit as end:
        assert end.code == status
    waiting = ("compiling the kernels", " s left")  # what a slow machine says meanwhile
    lines = [line for line in capsys.readouterr().err.splitlines() if not any(word in line for word in waiting)]
    assert len(lines) == 1 and lines[0].startswith("fastcnn"), lines
    return lines[0]


def test_the_result_has_the_keys_of_every_training_and_the_classes(trained):
    out, results = trained
    assert list(results)[:9] == [
        "model", "seed", "epochs", "train_seconds", "images_per_second", "validation_accuracy", "test_accuracy",
        "mean_confidence", "per_digit_accuracy",
    ]  # fmt: skip
    assert (results["model"], results["seed"], results["epochs"]) == ("paper", 2, 5)
    assert results["test_accuracy"] == 1.0 and results["measured_on"] == "test"
    assert results["classes"] == ["rose", "sea"] and results["per_digit_accuracy"] == [1.0, 1.0]
    assert results["input_shape"] == [3, 12, 12]  # the median of heights 10, 12, 16 and of widths 12, 14, 12
    assert sorted(path.name for path in out.parent.iterdir()) == ["flowers.safetensors", "r.json"]


def test_the_file_has_classes_size_mean_and_scale(trained, flowers):
    network = load_network(trained[0])
    assert network.classes == ("rose", "sea") and network.input_shape == (3, 12, 12)
    assert network.preparation == "resize"
    pixels = [np.asarray(Image.open(path).resize((12, 12), Image.Resampling.BILINEAR)) / 255
              for path in sorted((flowers / "train").rglob("*.png"))]  # fmt: skip
    np.testing.assert_allclose(network.layers[0].mean, np.mean(pixels, axis=(0, 1, 2)), rtol=0, atol=1e-6)
    np.testing.assert_allclose(network.layers[0].scale, np.std(pixels, axis=(0, 1, 2)), rtol=0, atol=1e-6)


def test_predict_says_the_class(trained, flowers, tmp_path, capsys):
    picture, found = flowers / "test" / "sea" / "1.png", tmp_path / "p.json"
    assert main(["predict", str(picture), "--model", str(trained[0]), "--json", str(found)]) == 0
    (row,) = json.loads(found.read_text())
    assert list(row) == ["image", "digit", "label", "confidence", "probabilities"]
    assert (row["image"], row["digit"], row["label"]) == (str(picture), None, "sea")
    assert row["confidence"] == max(row["probabilities"]) and len(row["probabilities"]) == 2
    assert capsys.readouterr().out == f"{picture}  sea  {row['confidence']:.2%}\n"
    with Image.open(picture) as image:
        assert PictureClassifier(trained[0]).classify(image).confidence == row["confidence"]


def test_predict_reads_on_after_a_broken_picture_and_takes_names(trained, flowers, tmp_path, capsys):
    (tmp_path / "bad.png").write_bytes(b"x")
    (tmp_path / "names.txt").write_text("Rose\n\nthe sea\n", encoding="utf-8")
    arguments = [tmp_path / "bad.png", flowers / "test" / "sea" / "1.png", "--model", trained[0]]
    found = ["--json", str(tmp_path / "p.json")]
    assert main(["predict", *map(str, arguments), "--labels", str(tmp_path / "names.txt"), *found]) == 1
    captured = capsys.readouterr()
    rows = json.loads((tmp_path / "p.json").read_text())
    assert [list(row) for row in rows] == [
        ["image", "digit", "label", "confidence", "probabilities", "error"],
        ["image", "digit", "label", "confidence", "probabilities"],
    ]
    assert [row["label"] for row in rows] == [None, "the sea"]
    assert "the sea" in captured.out and "bad.png is not a picture" in captured.err
    (tmp_path / "names.txt").write_text("one\n")
    arguments = ["predict", arguments[1], "--model", trained[0], "--labels", tmp_path / "names.txt"]
    assert "a name for each of the 2 outputs, not 1" in fails(capsys, *arguments, status=2)
    assert "cannot be read" in fails(capsys, *arguments[:-1], tmp_path / "nowhere.txt", status=2)
    (tmp_path / "names.txt").write_bytes(b"\xff\xfe")
    assert "not text in UTF-8" in fails(capsys, *arguments, status=2)


def test_evaluate_agrees_with_train(trained, flowers, tmp_path, capsys):
    found = tmp_path / "e.json"
    assert main(["evaluate", str(trained[0]), "--data", str(flowers), "--json", str(found)]) == 0
    results = json.loads(found.read_text())
    assert results["test_accuracy"] == trained[1]["test_accuracy"]
    assert results["mean_confidence"] == trained[1]["mean_confidence"]
    assert np.sum(results["confusion"]) == 12 and results["classes"] == ["rose", "sea"]
    shown = " ".join(capsys.readouterr().out.split())
    assert "its test part" in shown and "rose" in shown and "digit" not in shown
    assert main(["evaluate", str(trained[0]), "--data", str(flowers / "train"), "--json", str(found)]) == 0
    assert np.sum(json.loads(found.read_text())["confusion"]) == 30
    assert "all of its pictures" in capsys.readouterr().out


def test_evaluate_takes_the_classes_of_the_network(trained, tmp_path, capsys):
    """A folder with one of the classes only keeps its number."""
    make_pictures(tmp_path / "d", 3, 5)
    for path in (tmp_path / "d" / "rose").iterdir():
        path.unlink()
    (tmp_path / "d" / "rose").rmdir()
    found = tmp_path / "e.json"
    assert main(["evaluate", str(trained[0]), "--data", str(tmp_path / "d"), "--json", str(found)]) == 0
    assert json.loads(found.read_text())["confusion"] == [[0, 0], [0, 3]]
    (tmp_path / "d" / "sea").rename(tmp_path / "d" / "lake")
    sentence = fails(capsys, "evaluate", trained[0], "--data", tmp_path / "d")
    assert "'lake'" in sentence and "(rose, sea)" in sentence


def test_without_a_test_part_nothing_is_said_of_a_test(flowers, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["--epochs", "2", "--batch-size", "8", "--network", "paper", "--validation", "0.2"]
    assert main(["train", "--data", str(flowers / "train"), *options, "--json", "r.json"]) == 0
    results = json.loads((tmp_path / "r.json").read_text())
    assert results["test_accuracy"] is None and results["measured_on"] == "validation"
    assert results["validation_accuracy"] is not None
    captured = capsys.readouterr()
    assert "validation accuracy" in captured.out and "test accuracy" not in captured.out
    assert "6 pictures" in " ".join(captured.out.split())  # a fifth of 30
    assert "30 pictures of 2 classes, 3 x 12 x 12; no test part" in captured.err
    assert f"fastcnn evaluate train.safetensors --data {flowers / 'train'}" in captured.out
    assert (tmp_path / "train.safetensors").is_file()


def test_a_handful_of_pictures_sets_none_aside(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make_pictures(tmp_path / "d", 2, 4)
    assert main(["train", "--data", "d", "--network", "paper", "--epochs", "1", "--json", "r.json"]) == 0
    results = json.loads((tmp_path / "r.json").read_text())
    assert [results[key] for key in ("validation_accuracy", "test_accuracy", "mean_confidence")] == [None] * 3
    assert results["measured_on"] is None
    assert "no pictures were set aside" in capsys.readouterr().out
    assert (
        main(["train", "--data", "d", "--network", "paper", "--epochs", "1", "--json", "r.json"]) == 0
    )  # it may replace
    assert (tmp_path / "d-2.safetensors").is_file()


def test_validation_by_another_path(flowers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["--epochs", "1", "--network", "paper", "--validation", str(flowers / "test"), "--out", "n.safetensors"]
    assert main(["train", "--data", str(flowers / "train"), *options, "--json", "r.json"]) == 0
    assert json.loads((tmp_path / "r.json").read_text())["mean_confidence"] is not None


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Kaggle's form, of MNIST's first pictures of 0 and 1."""
    (images, labels), _ = load_mnist(normalize=False)
    chosen = np.flatnonzero(labels < 2)[:120]
    path = tmp_path_factory.mktemp("table") / "train.csv"
    rows = [",".join(["label", *(f"pixel{number}" for number in range(784))])]
    rows += [",".join(map(str, [labels[index], *images[index].ravel()])) for index in chosen]
    path.write_text("\n".join(rows))
    return path


def test_a_table_is_trained_on_and_its_rows_are_read_as_pictures(table, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["--epochs", "4", "--batch-size", "10", "--network", "paper", "--augment", "--json", "r.json"]
    assert main(["train", "--data", str(table), *options]) == 0
    assert json.loads((tmp_path / "r.json").read_text())["validation_accuracy"] > 0.8
    network = load_network(tmp_path / "train.safetensors")
    assert network.input_shape == (1, 28, 28) and network.classes == ("0", "1")
    capsys.readouterr()
    (images, labels), _ = load_mnist(normalize=False)
    for digit in (0, 1):
        Image.fromarray(images[labels == digit][-1][0]).save(tmp_path / f"{digit}.png")
    assert main(["predict", "0.png", "1.png", "--model", "train.safetensors"]) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["0", "1"]


@pytest.mark.parametrize("names", [(1, 2, 3), (0, 5, 10)])
def test_labels_from_1_or_with_gaps_are_names(names, tmp_path, monkeypatch):
    """Also where the validation part lacks the first class: there a number would be taken for another name."""
    monkeypatch.chdir(tmp_path)
    labels = np.arange(90) % 3
    images = (np.random.default_rng(0).integers(0, 90, (90, 12, 12)) + labels[:, None, None] * 80).astype(np.uint8)
    known = {"x_val": images[labels > 0], "y_val": np.array(names)[labels[labels > 0]]}
    np.savez(tmp_path / "d.npz", x_train=images, y_train=np.array(names)[labels], **known)
    options = ["--network", "paper", "--epochs", "4", "--batch-size", "10", "--json", "r.json"]
    assert main(["train", "--data", "d.npz", *options]) == 0
    assert load_network("d.safetensors").classes == tuple(map(str, names))
    assert json.loads((tmp_path / "r.json").read_text())["validation_accuracy"] > 0.9
    data = load_data("d.npz").named()
    assert load_network("d.safetensors").evaluate(*data.validation).accuracy > 0.9
    assert data.labels.tolist() == [str(names[label]) for label in labels] and data.test is None


def test_a_network_without_a_name_has_that_of_its_file(tmp_path):
    description = {"name": "", "layers": [{"type": "Flatten"}]}
    (tmp_path / "tiny.json").write_text(json.dumps(description))
    assert read_description(tmp_path / "tiny.json")["name"] == "tiny"


def test_a_description_of_a_network_says_the_size(flowers, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    description = {
        "input_shape": [1, 8, 9],
        "layers": [{"type": "Flatten"}, {"type": "Affine", "out_features": 2}],
    }
    (tmp_path / "tiny.json").write_text(json.dumps(description))
    options = ["--data", str(flowers), "--network", "tiny.json", "--epochs", "1"]
    assert main(["train", *options]) == 0
    network = load_network(tmp_path / "flowers.safetensors")
    assert (network.input_shape, network.name) == ((1, 8, 9), "tiny")
    capsys.readouterr()
    assert "--size has no effect with tiny.json" in fails(capsys, "train", *options, "--size", 8, status=2)
    description["layers"][1]["out_features"] = 3
    (tmp_path / "tiny.json").write_text(json.dumps(description))
    assert "3 outputs, but there are 2 classes" in fails(capsys, "train", *options, status=2)


@pytest.mark.parametrize(
    ("option", "value"), [("--network", "lenet"), ("--network", "nowhere.json"), ("--validation", "2")]
)
def test_a_wrong_option_is_told_before_the_data_are_read(flowers, monkeypatch, capsys, option, value):
    monkeypatch.setattr("fastcnn.data.readers.read_data", lambda *_, **__: pytest.fail("the data were read"))
    assert value in fails(capsys, "train", "--data", flowers, option, value, status=2)


def test_broken_pictures_stop_before_the_training_or_are_skipped(flowers, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make_pictures(tmp_path / "d", 6, 3)
    (tmp_path / "d" / "rose" / "bad.png").write_bytes(b"x")
    options = ["train", "--data", "d", "--network", "paper", "--epochs", "1", "--out", "n.safetensors"]
    sentence = fails(capsys, *options)
    assert "1 of 13 pictures cannot be read, first: d/rose/bad.png" in sentence and "--skip-broken" in sentence
    assert not (tmp_path / "n.safetensors").exists()
    assert main([*options, "--skip-broken"]) == 0
    assert "skipped 1 file that cannot be read, first d/rose/bad.png" in capsys.readouterr().err


def test_an_interrupted_training_goes_on_to_the_same_bits(flowers, tmp_path, monkeypatch, capsys):
    """The line that is said when it stops is the line that goes on."""
    from fastcnn.training import trainer

    monkeypatch.chdir(tmp_path)
    options = ["train", "--data", str(flowers), "--network", "paper", "--epochs", "4", "--size", "10,9"]
    assert main([*options, "--out", "whole.safetensors"]) == 0
    save = trainer.Trainer._save

    def interrupted(self, fit, *rest):
        save(self, fit, *rest)
        if fit.done == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trainer.Trainer, "_save", interrupted)
        capsys.readouterr()
        assert main([*options, "--out", "cut.safetensors"]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    line = said.split("go on with fastcnn ")[1].split()
    assert line[:2] == ["train", "--resume"] and "--size" in line
    assert main(line) == 0
    arrays = [load_network(tmp_path / f"{name}.safetensors").state_arrays() for name in ("whole", "cut")]
    assert all((arrays[0][name] == arrays[1][name]).all() for name in arrays[0])


def test_the_test_pictures_are_never_trained_on(flowers, tmp_path, monkeypatch):
    from fastcnn.data import load_data
    from fastcnn.training.trainer import Trainer

    seen, fit = [], Trainer.fit

    def watched(self, images, labels, **options):
        seen.extend(image.tobytes() for image in images)
        return fit(self, images, labels, **options)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Trainer, "fit", watched)
    assert main(["train", "--data", str(flowers), "--network", "paper", "--epochs", "1"]) == 0
    test = {image.tobytes() for image in load_data(flowers).test[0]}
    assert len(test) == 12 and not test & set(seen)


@pytest.mark.parametrize(
    ("line", "words", "status"),
    [
        ("train --data D --model paper", "--model has no effect with --data", 2),
        ("train --data D --recipe bundled", "--recipe has no effect with --data", 2),
        ("train --data D --data-dir D", "--data-dir has no effect with --data", 2),
        ("train --network paper", "--network has no effect without --data", 2),
        ("train --augment", "--augment has no effect without --data", 2),
        ("train --skip-broken", "--skip-broken has no effect without --data", 2),
        ("train --size 8", "--size has no effect without --data", 2),
        ("train --validation 0.2", "--validation has no effect without --data", 2),
        ("train --data D --size 0", "must be H or H,W in pixels, not '0'", 2),
        ("train --data D --size 4000", "at most 1024", 1),
        ("train --data D --network lenet", "there is no network 'lenet'", 2),
        ("train --data D --network nowhere.json", "nowhere.json cannot be read", 2),
        ("train --data D --validation 1.5", "must be a share between 0 and 1", 2),
        ("train --data D --validation nowhere", "there is no nowhere", 1),
        ("train --data nowhere", "there is no nowhere", 1),
        ("train --data D --size 900 --network paper", "more than", 2),
        ("evaluate --skip-broken", "--skip-broken has no effect without --data", 2),
        ("evaluate --data D --data-dir D", "--data-dir has no effect with --data", 2),
        ("evaluate --data D --strokes S", "--data has no effect with --strokes", 2),
        ("evaluate --model default --data D", "the class 'rose', which is not among those trained on", 1),
        ("predict P --model M --string", "--string has no effect with a network that reads no digits", 2),
        ("predict P --labels D", "--labels has no effect with a network for digits", 2),
        ("evaluate M", "digits need (1, 28, 28) to (10,); say with --data PATH on what to test it", 2),
        ("evaluate M --strokes S", "say with --data PATH in place of --strokes on what to test it", 2),
        ("predict P --model N", "for other pictures save one whose preparation is 'resize', as train --data does", 2),
    ],
)
def test_what_does_not_fit_is_one_sentence(flowers, trained, tmp_path, monkeypatch, capsys, line, words, status):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "S").write_text("[]")
    os.symlink(flowers, tmp_path / "D")
    os.symlink(flowers / "test" / "sea" / "1.png", tmp_path / "P")
    os.symlink(trained[0], tmp_path / "M.safetensors")
    Sequential([Flatten(), Affine(2)], input_shape=(3, 12, 12), seed=0).save(tmp_path / "N.safetensors")
    sentence = fails(capsys, *re.sub(r" ([MN])\b", r" \1.safetensors", line).split(), status=status)
    assert words in sentence
    assert not list(tmp_path.glob("*.checkpoint.safetensors")) and not (tmp_path / "D.safetensors").exists()


@pytest.mark.parametrize("line", ["train --data {}", "train --data D --validation {}", "evaluate default --data {}"])
def test_a_name_that_is_too_long_is_one_sentence(flowers, tmp_path, monkeypatch, capsys, line):
    monkeypatch.chdir(tmp_path)
    os.symlink(flowers, tmp_path / "D")
    sentence = fails(capsys, *line.format("x" * 5000).split())
    assert "File name too long" in sentence and len(sentence) <= 200 + len("fastcnn: ")


def test_a_network_with_one_output_is_not_tested_on_classes(flowers, tmp_path, capsys):
    path = tmp_path / "angle"
    Sequential([Flatten(), Affine(1)], input_shape=(3, 12, 12), seed=0).save(path)
    sentence = fails(capsys, "evaluate", path, "--data", flowers, status=2)
    assert "holds a network with one output, a number and no class" in sentence


def test_a_picture_that_is_a_table_is_no_picture(table, capsys):
    assert "train.csv is not a picture" in fails(capsys, "predict", table)
