"""The command line as a user meets it: results, exit statuses, and one line for everything that can go wrong."""

import json
import os
import pty
import resource
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from fastcnn import kernels, load_mnist, load_network
from fastcnn.__main__ import main
from fastcnn.handwriting.preparation import reasons
from fastcnn.layers import Affine, Flatten
from fastcnn.network.sequential import Sequential
from fastcnn.training.checkpoint import load_checkpoint
from fastcnn.training.epochs import read_epochs

ROOT = Path(__file__).resolve().parents[3]
TRAIN_PICTURES, TEST_PICTURES = 360, 120


def write_idx(path, array):
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A small MNIST, cut from the real one."""
    folder = tmp_path_factory.mktemp("mnist")
    for (images, labels), name, count in zip(
        load_mnist(normalize=False), ("train", "t10k"), (TRAIN_PICTURES, TEST_PICTURES), strict=True
    ):
        write_idx(folder / f"{name}-images-idx3-ubyte", images[:count, 0])
        write_idx(folder / f"{name}-labels-idx1-ubyte", labels[:count])
    return folder


@pytest.fixture(scope="module")
def trained(data_dir, tmp_path_factory):
    """The weights and the JSON of a short training."""
    folder = tmp_path_factory.mktemp("trained")
    out, results = folder / "weights.safetensors", folder / "results.json"
    options = ["--epochs", "3", "--batch-size", "20", "--seed", "4", "--out", str(out), "--json", str(results)]
    assert main(["train", "--data-dir", str(data_dir), *options]) == 0
    return out, json.loads(results.read_text())


@pytest.fixture
def digit_png(tmp_path):
    images = load_mnist(normalize=False)[1][0]
    path = tmp_path / "digit.png"
    Image.fromarray(255 - images[0, 0]).resize((120, 120)).save(path)
    return path


def fails(capsys, *arguments, status=1):
    """The one line on stderr with which a command fails."""
    try:
        assert main([str(argument) for argument in arguments]) == status
    except SystemExit as end:
        assert end.code == status
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith("fastcnn")
    assert "Traceback" not in captured.err
    return captured.err


def run(*arguments, env=(), **options):
    return subprocess.run(
        [sys.executable, "-m", "fastcnn", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **dict(env)},
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "fastcnn", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


# What the commands give


def test_train_json_has_exactly_the_keys_of_the_contract(trained):
    results = trained[1]
    assert list(results) == [
        "model",
        "seed",
        "epochs",
        "train_seconds",
        "images_per_second",
        "validation_accuracy",
        "test_accuracy",
        "mean_confidence",
        "per_digit_accuracy",
    ]
    assert (results["model"], results["seed"], results["epochs"]) == ("paper", 4, 3)
    assert 0.2 < results["test_accuracy"] <= 1
    assert 0.1 < results["mean_confidence"] <= 1
    assert 0 <= results["validation_accuracy"] <= 1
    assert len(results["per_digit_accuracy"]) == 10
    assert 0 < results["train_seconds"] < 100
    assert results["images_per_second"] > 10


def test_nothing_but_the_results_is_left(trained):
    assert sorted(path.name for path in trained[0].parent.iterdir()) == ["results.json", "weights.safetensors"]


def test_train_keeps_the_epochs_with_the_same_weights(trained, data_dir, tmp_path):
    out = tmp_path / "weights.safetensors"
    options = ["--epochs", "3", "--batch-size", "20", "--seed", "4", "--out", str(out), "--keep-epochs"]
    assert main(["train", "--data-dir", str(data_dir), *options]) == 0
    assert out.read_bytes() == trained[0].read_bytes()
    kept = read_epochs(tmp_path / "weights.epochs")
    assert kept.epochs == (0, 1, 2, 3)
    (_, _), (images, _) = load_mnist(data_dir=data_dir)
    network = load_network(out)  # that of the best of the three epochs
    shares = network.predict_proba(images)
    apart = [np.abs(kept.network(epoch).predict_proba(images) - shares).max() for epoch in (1, 2, 3)]
    assert sorted(apart)[0] < 0.01 < sorted(apart)[1], apart


def test_keep_epochs_is_for_one_network_on_mnist(capsys, tmp_path):
    assert "--keep-epochs" in fails(capsys, "train", "--data", tmp_path, "--keep-epochs", status=2)
    assert "for one network" in fails(capsys, "train", "--model", "committee", "--keep-epochs", status=2)


def test_evaluate_agrees_with_train(trained, data_dir, tmp_path, capsys):
    weights, results = trained
    assert main(["evaluate", str(weights), "--data-dir", str(data_dir), "--json", str(tmp_path / "e.json")]) == 0
    again = json.loads((tmp_path / "e.json").read_text())
    assert list(again) == [
        "model",
        "test_accuracy",
        "mean_confidence",
        "per_digit_accuracy",
        "confusion",
        "expected_calibration_error",
    ]
    assert again["model"] == str(weights)
    for key in ("test_accuracy", "mean_confidence", "per_digit_accuracy"):
        assert again[key] == results[key]
    assert np.shape(again["confusion"]) == (10, 10)
    assert np.sum(again["confusion"]) == TEST_PICTURES
    assert np.trace(again["confusion"]) == pytest.approx(results["test_accuracy"] * TEST_PICTURES)
    assert 0 <= again["expected_calibration_error"] <= 1
    shown = capsys.readouterr().out
    for words in ("Wilson interval", "mean confidence", '"recognition rate"', "accuracy per digit", "confusions"):
        assert words in " ".join(shown.split())


def test_predict_gives_a_list(trained, digit_png, tmp_path, capsys):
    Image.new("L", (30, 30)).save(tmp_path / "blank.png")
    pictures = [str(digit_png), str(tmp_path / "blank.png")]
    assert main(["predict", *pictures, "--model", str(trained[0]), "--json", str(tmp_path / "p.json")]) == 0
    first, second = json.loads((tmp_path / "p.json").read_text())
    assert list(first) == ["image", "digit", "confidence", "probabilities"]
    assert first["image"] == pictures[0]
    assert first["digit"] == int(np.argmax(first["probabilities"]))
    assert first["confidence"] == max(first["probabilities"])
    assert sum(first["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert (second["digit"], second["confidence"]) == (None, 0.0)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{pictures[0]}  {first['digit']}  ")
    assert lines[1] == f"{pictures[1]}  no digit: {reasons.BLANK}"


def test_predict_says_what_is_no_digit(trained, tmp_path, capsys):
    letter = Image.new("L", (120, 120))
    ImageDraw.Draw(letter).text((60, 60), "K", 255, ImageFont.load_default(90), "mm")
    letter.save(tmp_path / "k.png")
    arguments = ["predict", str(tmp_path / "k.png"), "--model", str(trained[0]), "--json", str(tmp_path / "p.json")]
    assert main(arguments) == 0
    (found,) = json.loads((tmp_path / "p.json").read_text())
    assert (found["digit"], found["confidence"]) == (None, 0.0)
    nearest = int(np.argmax(found["probabilities"]))
    assert capsys.readouterr().out.rstrip().endswith(f"k.png  no digit  nearest: {nearest}")


def test_a_picture_may_have_any_name(trained, digit_png, tmp_path):
    picture = os.fsencode(tmp_path) + b"/\xff.png"
    os.rename(digit_png, picture)
    done = run("predict", os.fsdecode(picture), "--model", trained[0], env={"PYTHONIOENCODING": "utf-8"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\udcff.png  " in done.stdout


@pytest.mark.slow
def test_progress_on_a_terminal_shows_the_time_left(data_dir, tmp_path):
    terminal, end = pty.openpty()
    command = (
        "train",
        "--data-dir",
        data_dir,
        "--epochs",
        999,
        "--batch-size",
        20,
        "--out",
        tmp_path / "w.safetensors",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "fastcnn", *map(str, command)],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        stdout=subprocess.DEVNULL,
        stderr=end,
    ) as process:
        os.close(end)
        shown = b""
        while not (b" left" in shown and b"validation accuracy" in shown) and process.poll() is None:
            shown += os.read(terminal, 1 << 16)
        process.kill()
    os.close(terminal)
    assert b"images/s" in shown
    assert b"validation accuracy" in shown
    assert b" left" in shown


def test_data_list(capsys):
    assert main(["data", "list"]) == 0
    shown = capsys.readouterr().out
    for name in ("mnist", "fashion-mnist", "kmnist", "emnist-digits", "qmnist"):
        assert name in shown


def test_info_json(tmp_path, capsys):
    assert main(["info", "--json", str(tmp_path / "info.json")]) == 0
    facts = json.loads((tmp_path / "info.json").read_text())
    assert facts["backends"]["reference"] == ""
    assert facts["bfloat16"].startswith(("AMX", "AVX512-BF16", "none"))
    assert "numpy" in capsys.readouterr().out


def test_json_to_a_device_goes_through_it(tmp_path, capsys):
    assert "none.png" in fails(capsys, "predict", tmp_path / "none.png", "--json", "/dev/null")
    assert Path("/dev/null").is_char_device()


def test_predict_imports_nothing_slow(trained, digit_png):
    code = (
        "import sys; from fastcnn.__main__ import main; "
        f"status = main(['predict', {str(digit_png)!r}, '--model', {str(trained[0])!r}]); "
        "rooms = ('data', 'training', 'cluster', 'handwriting.paper', 'recognition.page'); "
        "others = {f'fastcnn.{room}' for room in rooms}; "
        "others |= {'fastcnn.commands.train', 'fastcnn.recognition.strings', 'rich', 'pooch', 'requests'}; "
        "slow = others & set(sys.modules); "
        "sys.exit(f'imported {slow}' if slow else status)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


# What goes wrong: arguments


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["bogus"], "invalid choice: 'bogus'"),
        (["train", "--epochs", "0"], "--epochs: must be a whole number from 1 to 2147483647, not '0'"),
        (["train", "--epochs", "two"], "--epochs: must be a whole number"),
        (["train", "--seed", "x"], "--seed: must be a whole number from 0"),
        (["train", "--seed", "-1"], "--seed"),
        (["train", "--seed", "99999999999999999999"], "--seed: must be a whole number from 0"),
        (["train", "--batch-size", "0"], "--batch-size"),
        (["train", "--batch-size", "99999999999"], "--batch-size: must be a whole number from 1"),
        (["train", "--out", "a", "--json", "./a"], "--json a is where the network is written"),
        (["train", "--json", "a.checkpoint.safetensors", "--out", "a"], "is where the checkpoint is written"),
        (["train", "--threads", "0"], "--threads"),
        (["train", "--threads", "99999"], "--threads must be a whole number from 1 to"),
        (["train", "--model", "nope"], "there is no model 'nope' to train; choose from paper"),
        (["train", "--model", "refusal"], "--model refusal has one recipe only; add --recipe bundled"),
        (["train", "--out"], "--out: expected one argument"),
        (["train", "extra"], "unrecognized arguments: extra"),
        (["evaluate", "nope"], "there is no model 'nope'; give one of default"),
        (["predict"], "required: IMAGE"),
        (["predict", "a.png", "--model", "nope"], "there is no model 'nope'"),
        (["data"], "required: ACTION"),
        (["data", "fetch", "nope"], "there is no dataset 'nope'; choose from mnist"),
        (["train", "--epoch", "3"], "unrecognized arguments: --epoch 3"),
    ],
)
def test_wrong_arguments_are_one_line_and_status_2(capsys, monkeypatch, tmp_path, arguments, says):
    monkeypatch.chdir(tmp_path)
    assert says in fails(capsys, *arguments, status=2)
    assert list(tmp_path.iterdir()) == []


# What goes wrong: files


@pytest.fixture
def untrained(monkeypatch):
    """Fails where a training begins."""

    def begin(*arguments, **options):
        raise AssertionError("the training began")

    monkeypatch.setattr("fastcnn.training.trainer.Trainer.fit", begin)


@pytest.mark.parametrize("option", ["--out", "--json"])
def test_outputs_that_cannot_be_written_stop_before_training(capsys, tmp_path, untrained, option):
    missing = tmp_path / "missing" / "file"
    assert "does not exist; create it" in fails(capsys, "train", option, missing)
    assert "is a folder" in fails(capsys, "train", option, tmp_path)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    if os.geteuid() == 0:  # to whom modes mean nothing; /proc takes no files from anyone
        locked = Path("/proc")
    assert "cannot be written" in fails(capsys, "train", option, locked / "file")


def test_weights_cannot_be_written_to_a_device(capsys, untrained):
    assert "/dev/null is a device or a pipe" in fails(capsys, "train", "--out", "/dev/null")


def test_full_disk_while_saving(trained, data_dir, tmp_path):
    """A limit on file sizes is the full disk that needs no privileges; Python sees OSError in both."""
    out = tmp_path / "weights.safetensors"
    out.write_bytes(trained[0].read_bytes())
    done = run(
        *("train", "--data-dir", data_dir, "--epochs", 1, "--out", out, "--overwrite"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert "cannot write" in last
    assert "Traceback" not in done.stderr
    assert out.read_bytes() == trained[0].read_bytes()
    assert list(tmp_path.iterdir()) == [out]


def test_pictures_that_are_none(capsys, trained, tmp_path):
    text = tmp_path / "text.png"
    text.write_text("this is no picture")
    bomb = tmp_path / "bomb.png"
    Image.new("1", (20000, 20000)).save(bomb)
    for picture, says in (
        (text, "text.png is not a picture"),
        (bomb, "bomb.png has more than 89 million pixels"),
        (tmp_path / "none.png", "none.png does not exist"),
        (tmp_path, "is a folder, not a picture"),
    ):
        assert says in fails(capsys, "predict", picture, "--model", trained[0])


def test_weights_that_are_none(capsys, trained, digit_png, tmp_path):
    whole = trained[0].read_bytes()
    wrong = tmp_path / "wrong.safetensors"
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 4
    for content in (b"", whole[:-10], whole[:100], bytes(flipped), b"text"):
        wrong.write_bytes(content)
        assert "wrong.safetensors" in fails(capsys, "predict", digit_png, "--model", wrong)
    Sequential([Flatten(), Affine(3)], seed=0).save(wrong)
    assert "say with --data PATH on what to test it" in fails(capsys, "evaluate", wrong, status=2)
    assert "none.safetensors" in fails(capsys, "evaluate", tmp_path / "none.safetensors")


def test_data_that_is_none(capsys, data_dir, tmp_path):
    for source in data_dir.iterdir():
        (tmp_path / source.name).write_bytes(source.read_bytes())
    labels = tmp_path / "t10k-labels-idx1-ubyte"
    write_idx(labels, np.zeros(TEST_PICTURES - 1))
    arguments = ("train", "--data-dir", tmp_path, "--out", tmp_path / "weights.safetensors")
    assert "use files that belong together" in fails(capsys, *arguments)
    labels.unlink()
    assert labels.name in fails(capsys, *arguments)
    assert "nowhere" in fails(capsys, "train", "--data-dir", tmp_path / "nowhere", *arguments[3:])
    assert not (tmp_path / "weights.safetensors").exists()


def test_checkpoints_that_are_none(capsys, trained, tmp_path):
    for nothing in (tmp_path / "none", ".", ""):
        assert "there is no checkpoint" in fails(capsys, "train", "--resume", nothing)
    assert "no checkpoint of a training" in fails(capsys, "train", "--resume", trained[0])


# What goes wrong: the surroundings


def test_info_says_what_is_wrong_with_the_surroundings(tmp_path):
    wrong = {"FASTCNN_BACKEND": "nonsense", "FASTCNN_NUM_THREADS": "0"}
    done = run("info", "--json", tmp_path / "info.json", env=wrong)
    assert (done.returncode, done.stderr) == (0, "")
    facts = json.loads((tmp_path / "info.json").read_text())
    assert facts["backend"].startswith("none (FASTCNN_BACKEND must be one of")
    assert facts["threads"].startswith("none (FASTCNN_NUM_THREADS must be a whole number")


@pytest.mark.parametrize(
    "command, unbuffered",
    [
        *(("data list", ""), ("data list", "1"), ("info --json -", "")),
        pytest.param("info", "1", marks=pytest.mark.slow),
        ("train --help", ""),  # argparse hides an error of a write
    ],
)
def test_full_device_is_one_sentence(command, unbuffered):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "fastcnn", *command.split()],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "is full; make room or choose another place" in done.stderr


@pytest.mark.parametrize("command", ["train", "evaluate", "bench"])
def test_backend_asked_for_without_its_device(command, capsys):
    if not kernels.available()["cuda"]:
        pytest.skip("there is a GPU here")
    assert main([command, "--backend", "cuda"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "backend 'cuda' is not available" in err


def test_reader_of_the_output_that_leaves():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "fastcnn", "data", "list"],
        cwd=ROOT,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 1


def test_closed_stdout_is_no_error():
    done = run("data", "list", preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_without_stderr_stays_off_stdout():
    done = run("evaluate", "none.safetensors", preexec_fn=lambda: os.close(2))
    assert (done.returncode, done.stdout) == (1, "")


def test_unexpected_errors_are_one_line(capsys, monkeypatch):
    def broken(*arguments):
        raise KeyError("a bug\nin two lines")

    monkeypatch.setattr("fastcnn.data.download.datasets", broken)
    message = fails(capsys, "data", "list")
    assert "unexpected KeyError" in message
    assert "FASTCNN_DEBUG=1" in message


def test_debug_variable_shows_where(capsys, monkeypatch):
    monkeypatch.setenv("FASTCNN_DEBUG", "1")
    assert main(["evaluate", "none.safetensors"]) == 1
    assert "Traceback" in capsys.readouterr().err


# Interrupted trainings


def wait_for_epoch(process, epoch):
    """Until that epoch's line; the kernels' being compiled may be told before it."""
    for line in process.stderr:
        if line.startswith(f"epoch {epoch}/"):
            return
    pytest.fail(f"the training ended before epoch {epoch}")


@pytest.mark.parametrize("threads", ["1", pytest.param("2", marks=pytest.mark.slow)])  # others compile again
def test_ctrl_c_keeps_the_checkpoint_and_says_how_to_go_on(data_dir, tmp_path, threads, monkeypatch):
    monkeypatch.setenv("FASTCNN_NUM_THREADS", threads)
    out = tmp_path / "weights.safetensors"
    process = start("train", "--data-dir", data_dir, "--epochs", 2000, "--out", out)
    wait_for_epoch(process, 1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    checkpoint = tmp_path / "weights.checkpoint.safetensors"
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert errors.splitlines()[-1] == (
        f"fastcnn: training was interrupted; go on with fastcnn train --resume {checkpoint} --data-dir {data_dir}"
    )
    assert list(tmp_path.iterdir()) == [checkpoint]
    assert load_checkpoint(checkpoint).epoch >= 1


@pytest.mark.slow  # takes seconds
def test_an_interrupted_training_is_not_overwritten(capsys, data_dir, tmp_path):
    out = tmp_path / "weights.safetensors"
    options = ("--data-dir", data_dir, "--epochs", 500, "--out", out)
    process = start("train", *options, "--model", "speedrun")
    wait_for_epoch(process, 1)
    process.kill()
    process.communicate(timeout=60)
    checkpoint = tmp_path / "weights.checkpoint.safetensors"
    kept = checkpoint.read_bytes()
    assert f"{checkpoint} keeps an interrupted training; go on with" in fails(capsys, "train", *options)
    assert checkpoint.read_bytes() == kept
    # The recipe is remembered too: to go on, nothing but the checkpoint need be named.
    process = start("train", "--data-dir", data_dir, "--resume", checkpoint)
    wait_for_epoch(process, 2)
    process.kill()
    process.communicate(timeout=60)


@pytest.mark.slow  # takes seconds
def test_other_settings_are_refused_on_resume(capsys, data_dir, tmp_path):
    out = tmp_path / "weights.safetensors"
    process = start("train", "--data-dir", data_dir, "--epochs", 500, "--seed", 3, "--out", out)
    wait_for_epoch(process, 2)
    process.kill()
    process.communicate(timeout=60)
    resume = ("train", "--data-dir", data_dir, "--resume", out)
    assert "epochs done, more than the 1 asked for" in fails(capsys, *resume, "--epochs", 1)
    assert "was made with epochs 500, not 501" in fails(capsys, *resume, "--epochs", 501)
    assert "was made with seed 3, not 4" in fails(capsys, *resume, "--seed", 4)
    assert "was made with batch size 100, not 50" in fails(capsys, *resume, "--batch-size", 50)
    assert "was made with other training data" in fails(capsys, "train", "--resume", out)


def wait_for_new_file(path, process):
    """Until the file is another one, as every atomic write makes it, or the process has ended."""
    known = path.stat().st_ino if path.exists() else None
    while process.poll() is None:
        if path.exists() and path.stat().st_ino != known:
            return
        time.sleep(0.001)


@pytest.mark.slow
def test_resume_after_kill_gives_the_bits_of_an_uninterrupted_run(data_dir, tmp_path, rng):
    options = ("--data-dir", data_dir, "--epochs", 25, "--batch-size", 30, "--seed", 1)
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed.safetensors"
    assert run("train", *options, "--out", whole).returncode == 0
    checkpoint = tmp_path / "killed.checkpoint.safetensors"
    kills = 0
    for _ in range(20):
        resume = ("--resume", killed) if checkpoint.exists() else ()
        process = start("train", *options, "--out", killed, *resume)
        if kills < 3:
            for _ in range(rng.integers(1, 4)):
                wait_for_new_file(checkpoint, process)
            time.sleep(rng.uniform(0, 0.1))  # several epochs, or a part of one
            process.kill()
            kills += 1
        _, errors = process.communicate(timeout=120)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, errors
        load_checkpoint(checkpoint)  # whole, whatever the moment
    assert kills >= 2
    assert killed.read_bytes() == whole.read_bytes()
    assert not checkpoint.exists()
