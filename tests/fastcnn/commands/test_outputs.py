"""What the commands write replaces nothing that they read, and nothing that this program did not write."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastcnn import load_mnist, load_network
from fastcnn.__main__ import main
from fastcnn.commands.locks import held, lock_path
from tests.fastcnn.commands.interruption import interrupted_after
from tests.fastcnn.commands.test_cli import ROOT, data_dir, digit_png, fails, run, start, trained, wait_for_epoch  # noqa: F401
from tests.fastcnn.commands.test_drawings import strokes  # noqa: F401


@pytest.fixture
def folder(tmp_path, monkeypatch, trained, data_dir, digit_png, strokes):  # noqa: F811
    """A current folder with one of everything that a user may have, and a guard: nothing in it may change."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.safetensors").write_bytes(trained[0].read_bytes())
    (tmp_path / "s.json").write_bytes(strokes.read_bytes())
    (tmp_path / "notes.txt").write_text("all my notes")
    (tmp_path / "own.json").write_text('{"model": "a car", "test_accuracy": 3}')
    (tmp_path / "idx").mkdir()
    for path in data_dir.iterdir():
        (tmp_path / "idx" / path.name).write_bytes(path.read_bytes())
    os.link("digit.png", "again.png")
    os.symlink("m.safetensors", "link.safetensors")
    os.link("m.safetensors", "hard.json")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    yield tmp_path
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path: after.get(path) == content for path, content in before.items()} == dict.fromkeys(before, True)
    assert set(after) == set(before)


IDX = "idx/t10k-labels-idx1-ubyte"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("predict --json digit.png again.png", "--json digit.png is also read by this command"),
        ("predict --json notes.txt digit.png", "--json notes.txt exists and is no result that fastcnn wrote"),
        ("predict digit.png --json own.json", "--json own.json exists and is no result"),
        ("predict digit.png --json digit.png", "is also read"),
        ("predict digit.png --model m.safetensors --json hard.json", "--json hard.json is also read"),
        ("evaluate m.safetensors --json m.safetensors", "--json m.safetensors is also read"),
        ("evaluate link.safetensors --json m.safetensors", "--json m.safetensors is also read"),
        ("evaluate m.safetensors --json M.safetensors", "--json M.safetensors is also read"),
        ("evaluate paper --json m.safetensors", "is no result"),
        ("evaluate paper --strokes s.json --json s.json", "--json s.json is also read"),
        (f"evaluate m.safetensors --data-dir idx --json {IDX}", "is also read"),
        (f"train --data-dir idx --json {IDX}", "is also read"),
        ("train --json s.json", "--json s.json exists and is no result"),
        ("train --out notes.txt", "--out notes.txt exists and is no network that fastcnn wrote"),
        ("train --out notes.txt --overwrite", "--out notes.txt exists and is no network"),
        ("train --out digit.png", "is no network"),
        ("train --out m.safetensors", "--out m.safetensors is a finished network; add --overwrite"),
        ("train --out new --json new", "--json new is where the network is written"),
        ("experiment --mode mnist --out figures --json digit.png", "is no result"),
        ("experiment --mode mnist --out . --json figure8_mnist.csv", "is where the table is written"),
        ("experiment --mode handwriting --strokes s.json --out figures --json s.json", "is also read"),
        ("info --json notes.txt", "is no result"),
        ("bench profile --json notes.txt", "is no result"),
        ("bench strings --strokes s.json --json s.json", "is also read"),
    ],
)
def test_what_a_user_has_is_not_replaced(arguments, says, folder, capsys, monkeypatch):
    monkeypatch.setattr("fastcnn.training.trainer.Trainer.fit", lambda *_, **__: pytest.fail("the training began"))
    monkeypatch.setattr("fastcnn.bench.command.measure", lambda *_: pytest.fail("measured in vain"))
    assert says in fails(capsys, *arguments.split(), status=2)


def test_files_with_the_names_of_checkpoints_are_not_replaced(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("a.checkpoint.safetensors").write_text("mine")
    assert "is no checkpoint that fastcnn wrote" in fails(capsys, "train", "--out", "a", status=2)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.checkpoint.safetensors", "mine")]


@pytest.mark.parametrize("name", ["figure8_mnist.png", "figure10_mnist.csv", "figure11_mnist.png"])
def test_files_with_the_names_of_figures_are_not_replaced(name, tmp_path, capsys):
    path = tmp_path / name
    if name.endswith(".png"):
        Image.new("L", (5, 5)).save(path)
    else:
        path.write_text("name,age\n")
    before = path.read_bytes()
    assert f"{name} exists and is no" in fails(capsys, "experiment", "--mode", "mnist", "--out", tmp_path, status=2)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["README.md", "profile.json", "roofline.png"])
def test_files_with_the_names_of_a_benchmarks_are_not_replaced(name, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("fastcnn.bench.command.measure", lambda *_: pytest.fail("measured in vain"))
    (tmp_path / name).write_text("# My project\n")
    assert f"{name} exists and is no" in fails(capsys, "bench", "profile", "--out", tmp_path, status=2)
    assert (tmp_path / name).read_text() == "# My project\n"


def test_results_are_replaced_by_results(trained, data_dir, digit_png, tmp_path, monkeypatch):  # noqa: F811
    """Of every command, by those of another one; and an empty file is nobody's."""
    found = tmp_path / "found.json"
    found.touch()
    options = ["--model", str(trained[0]), "--json", str(found)]
    figures = ["--out", str(tmp_path / "figures"), "--groups", "1", "--size", "2", "--data-dir", str(data_dir)]
    for arguments, key in (
        (["predict", str(digit_png), *options], 0),
        (["evaluate", "--data-dir", str(data_dir), *options], "confusion"),
        (["experiment", "--mode", "mnist", *figures, *options], "paper_mistake"),
        (["predict", "--string", str(digit_png), *options], 0),
        (["experiment", "--mode", "mnist", *figures, *options], "paper_mistake"),  # over its own figures, too
        (["info", "--json", str(found)], "backends"),
        (["predict", str(tmp_path / "none.png"), *options], 0),
        (["info", "--json", str(found)], "backends"),
    ):
        assert main(arguments) == ("none.png" in arguments[1])
        assert json.loads(found.read_text())[key] is not None


def test_a_benchmarks_folder_is_measured_into_again():
    """What the checkout keeps is told from what is not of this program."""
    from fastcnn.bench import command
    from fastcnn.bench.harness.benchmarks import BENCHMARKS
    from fastcnn.commands.outputs import check_outputs

    check_outputs(command._outputs(ROOT / "bench" / "results", list(BENCHMARKS), True))


def test_a_network_is_replaced_where_that_is_asked_for(trained, data_dir, tmp_path):  # noqa: F811
    out = tmp_path / "m.safetensors"
    out.write_bytes(trained[0].read_bytes())
    options = ["--data-dir", str(data_dir), "--epochs", "1", "--seed", "9"]
    assert main(["train", *options, "--out", str(out), "--overwrite"]) == 0
    assert out.read_bytes() != trained[0].read_bytes()
    assert list(tmp_path.iterdir()) == [out]


def test_without_a_name_a_second_training_stands_beside_the_first(data_dir, tmp_path, monkeypatch, capsys):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    kept = {}
    for seed, name in ((1, "paper.safetensors"), (2, "paper-2.safetensors"), (3, "paper-3.safetensors")):
        assert main(["train", "--data-dir", str(data_dir), "--epochs", "1", "--seed", str(seed)]) == 0
        said = capsys.readouterr()
        assert f"saved {name}: paper, seed {seed}, kept epoch 1 of 1" in said.out
        assert ("paper.safetensors stays as it is" in said.err) == (seed > 1)
        kept[name] = Path(name).read_bytes()
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept


def test_training_ends_with_the_next_commands(data_dir, tmp_path, monkeypatch, capsys):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--data-dir", str(data_dir), "--epochs", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [
        "next: fastcnn evaluate paper.safetensors",
        "      fastcnn predict PICTURE... --model paper.safetensors",
    ]
    assert main([*lines[-2].split()[2:], "--data-dir", str(data_dir)]) == 0
    assert capsys.readouterr().out.startswith("paper.safetensors\n")


# JSON on standard output


@pytest.mark.parametrize("command", ["predict", "evaluate", "experiment", "info", "train"])
def test_json_to_standard_output_has_it_for_itself(
    command, trained, data_dir, digit_png, tmp_path, monkeypatch, capsys  # noqa: F811
):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    data, model = ["--data-dir", str(data_dir)], ["--model", str(trained[0])]
    arguments = {
        "predict": [str(digit_png), *model],
        "evaluate": [*model, *data],
        "experiment": ["--mode", "mnist", "--out", "figures", "--groups", "1", "--size", "2", *model, *data],
        "info": [],
        "train": ["--epochs", "1", *data],
    }[command]
    assert main([command, *arguments, "--json", "-"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)
    assert said.err  # the text
    assert not Path("-").exists()


def test_json_to_standard_output_of_a_process(digit_png, trained):  # noqa: F811
    done = run("predict", digit_png, "--model", trained[0], "--json", "-")
    assert json.loads(done.stdout)[0]["digit"] is not None
    assert str(digit_png) in done.stderr


def test_json_to_a_closed_or_full_standard_output_is_one_sentence(digit_png, trained):  # noqa: F811
    arguments = ("predict", digit_png, "--model", trained[0], "--json", "-")
    done = run(*arguments, preexec_fn=lambda: os.close(1))
    assert done.returncode == 1
    assert "standard output is closed" in done.stderr
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "fastcnn", *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1
    assert "is full" in done.stderr and "Traceback" not in done.stderr


# Two trainings at once


def test_a_second_training_is_told_who_writes_its_output(data_dir, tmp_path, capsys):  # noqa: F811
    out = tmp_path / "m.safetensors"
    os.symlink(out, tmp_path / "link.safetensors")
    process = start("train", "--data-dir", data_dir, "--epochs", 5000, "--out", out)
    try:
        wait_for_epoch(process, 1)
        # By another name: neither the weights nor the checkpoint may have two writers.
        for other in (out, tmp_path / "link.safetensors", tmp_path / "m"):
            said = fails(capsys, "train", "--data-dir", data_dir, "--epochs", 1, "--out", other)
            assert f"is being written by process {process.pid} on " in said
            assert " since 20" in said
            assert len(said) < 300
    finally:
        process.kill()
        process.communicate(timeout=60)
    (tmp_path / "m.checkpoint.safetensors").unlink()
    for half in tmp_path.glob(".m.checkpoint*.tmp"):  # if the kill came while a checkpoint was written
        half.unlink()
    # The lock of a process that was killed holds nobody up, and goes with the next training.
    assert main(["train", "--data-dir", str(data_dir), "--epochs", "1", "--out", str(out)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.safetensors", "m.safetensors"]


def test_a_lock_leaves_nothing_behind(tmp_path):
    with pytest.raises(KeyboardInterrupt), held([tmp_path / "a", tmp_path / "b"]):
        assert len(list(tmp_path.iterdir())) == 2
        assert json.loads(lock_path(tmp_path / "a").read_text())["pid"] == os.getpid()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_networks_are_told_by_their_content(tmp_path):
    from fastcnn.ours import CHECKPOINT, FIGURE, NETWORK, RESULT, TABLE

    files = {
        "text": b"notes",
        "list": b"[]",
        "empty object": b"{}",
        "deep": b"[" * 100_000,
        "number": b"3",
        "rows": b'[{"image": "a.png", "digit": 1}]',
        "binary": bytes(range(256)),
        "header": (1 << 40).to_bytes(8, "little") + b"{}",
        "other tensors": (2).to_bytes(8, "little") + b"{}",
        "wrong metadata": (19).to_bytes(8, "little") + b'{"__metadata__":[]}',
    }
    for name, content in files.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert not any(kind.may_replace(path) for kind in (RESULT, NETWORK, CHECKPOINT, FIGURE, TABLE)), name


def test_images_are_recognized_one_by_one_to_the_same_bits(trained):  # noqa: F811
    from fastcnn import Recognizer

    images = load_mnist(normalize=False)[1][0][:5, 0]
    recognizer = Recognizer(trained[0])
    together = recognizer.recognize_many(list(images))
    for image, other in zip(images, together, strict=True):
        alone = recognizer.recognize(image)
        np.testing.assert_array_equal(alone.probabilities, other.probabilities)
        assert alone.digit_score == other.digit_score
    assert load_network(trained[0]).output_shape == (10,)


def test_a_training_goes_on_by_any_name_of_its_checkpoint(data_dir, tmp_path, monkeypatch, capsys):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    options = ["--data-dir", str(data_dir), "--out", "m"]
    with interrupted_after(1):
        assert main(["train", "--epochs", "2", *options]) == 1
    assert main(["train", *options, "--resume", str(tmp_path / "m.checkpoint.safetensors")]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    assert capsys.readouterr().out.splitlines()[-2] == "next: fastcnn evaluate ./m"
