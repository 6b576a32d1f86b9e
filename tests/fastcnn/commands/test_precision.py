"""The option --precision of train, evaluate, predict and bench: what it gives, and one sentence where it cannot be."""

import json
import subprocess
import sys

import numpy as np
import pytest

from fastcnn import load_network, paper_network
from fastcnn.__main__ import main
from fastcnn.kernels.cpu import bfloat16
from fastcnn.kernels.cpu.bfloat16 import units
from fastcnn.kernels.cpu.toolchain import bfloat16 as toolchain
from fastcnn.training.trainer import Trainer
from tests.fastcnn.commands.interruption import interrupted_after
from tests.fastcnn.commands.test_cli import data_dir, digit_png, fails  # noqa: F401
from tests.fastcnn.commands.test_drawings import strokes  # noqa: F401

PLAIN = "bfloat16-plain"
ENDS = {"no unit": ({"avx2"}, "this CPU has neither AMX nor AVX512-BF16"), "no gain": ({"avx512bf16"}, "0.50 times")}


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(params=ENDS)
def reason(request, monkeypatch):
    """A CPU on which bfloat16 cannot run or gains nothing, and a part of the sentence that says so."""
    features, reason = ENDS[request.param]
    monkeypatch.setattr(toolchain, "cpu_features", lambda: features)
    monkeypatch.setattr(toolchain, "VECTOR_BYTES", 64)
    monkeypatch.setattr(units, "gain", lambda: 0.5)
    bfloat16.steps.cache_clear()
    yield reason
    bfloat16.steps.cache_clear()


def test_a_cpu_without_gain_is_an_error_of_each_command(reason, data_dir, digit_png, strokes, tmp_path, capsys):  # noqa: F811
    out = tmp_path / "new.safetensors"
    commands = [
        ("train", "--data-dir", data_dir, "--out", out),
        ("train", "--model", "committee", "--data-dir", data_dir, "--out", out),
        ("evaluate", "paper", "--data-dir", data_dir),
        ("evaluate", "paper", "--strokes", strokes),
        ("predict", digit_png),
        ("predict", digit_png, "--string"),
        ("bench", "network", "paper", "--quick", "--threads", 1),
    ]
    for command in commands:
        said = fails(capsys, *command, "--precision", "bfloat16")
        assert said.startswith("fastcnn: precision bfloat16 is not for this machine: ") and reason in said
        assert said.endswith("; use float32\n") and len(said) <= 200
    assert not list(tmp_path.glob("*.safetensors"))


def test_the_benchmark_of_the_accuracy_says_so_before_it_trains(reason, monkeypatch):
    monkeypatch.setattr(Trainer, "fit", lambda *_, **__: pytest.fail("trained in vain"))
    assert main(["bench", "precision", "--quick", "--threads", "1"]) == 1
    assert main(["bench", "precision", "--quick", "--threads", "1", "--precision", "bfloat16"]) == 1


@pytest.mark.parametrize("command", ["train", "evaluate", "predict x.png", "bench network paper"])
def test_a_wrong_word_is_a_wrong_argument(command, capsys):
    said = fails(capsys, *command.split(), "--precision", "float16", status=2)
    assert "argument --precision: must be one of float32, bfloat16, " in said and "not 'float16'" in said


@pytest.mark.parametrize("command", ["bench layers", "bench conv2d --shape 1,1,5,5 --filters 1 --kernel 3"])
def test_what_takes_no_precision_says_so(command, capsys):
    assert "--precision has no effect" in fails(capsys, *command.split(), "--precision", "bfloat16", status=2)


@pytest.mark.slow  # compiles the steps of bfloat16
def test_a_training_is_in_bfloat16_and_its_file_is_not(data_dir, tmp_path, monkeypatch, capsys):  # noqa: F811
    seen = []
    init = Trainer.__init__

    def noted(self, network, *args, **options):
        seen.append(network.precision)
        init(self, network, *args, **options)

    monkeypatch.setattr(Trainer, "__init__", noted)
    found = {}
    for precision in ("float32", PLAIN):
        out = tmp_path / f"{precision}.safetensors"
        options = ["--epochs", "1", "--batch-size", "40", "--out", str(out), "--precision", precision]
        assert main(["train", "--data-dir", str(data_dir), *options]) == 0
        found[precision] = load_network(out)
    assert seen == ["float32", PLAIN]
    exact, rounded = found["float32"], found[PLAIN]
    assert rounded.precision == "float32" and rounded.describe() == exact.describe()
    assert not np.array_equal(rounded.values, exact.values)
    # Two trainings are much closer to one another than to their beginning.
    start = paper_network(seed=0).values
    assert np.linalg.norm(rounded.values - exact.values) < 0.3 * np.linalg.norm(exact.values - start)


@pytest.mark.slow  # compiles the steps of bfloat16
def test_an_interrupted_training_goes_on_in_its_precision(data_dir, tmp_path, capsys):  # noqa: F811
    out, whole = tmp_path / "m.safetensors", tmp_path / "whole.safetensors"
    options = ["--data-dir", str(data_dir), "--epochs", "2", "--batch-size", "40"]
    assert main(["train", *options, "--out", str(whole), "--precision", PLAIN]) == 0
    with interrupted_after(1):
        assert main(["train", *options, "--out", str(out), "--precision", PLAIN]) == 1
    capsys.readouterr()
    again = ("train", "--data-dir", data_dir, "--resume", out)
    said = fails(capsys, *again, "--precision", "float32")
    assert f"was made with precision {PLAIN}, not float32; resume with the same" in said
    assert main([*map(str, again)]) == 0
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.slow  # compiles the steps of bfloat16
def test_evaluation_and_prediction_take_it(data_dir, digit_png, tmp_path):  # noqa: F811
    found = {}
    for precision in ("float32", PLAIN):
        for command in (["evaluate", "paper", "--data-dir", str(data_dir)], ["predict", str(digit_png)]):
            assert main([*command, "--precision", precision, "--json", str(tmp_path / "found.json")]) == 0
            found[precision, command[0]] = json.loads((tmp_path / "found.json").read_text())
    exact, rounded = (found[precision, "predict"][0] for precision in ("float32", PLAIN))
    assert rounded["digit"] == exact["digit"] == 7  # the first of MNIST's test pictures
    assert rounded["probabilities"] != exact["probabilities"]
    np.testing.assert_allclose(rounded["probabilities"], exact["probabilities"], atol=0.02)
    exact, rounded = (found[precision, "evaluate"] for precision in ("float32", PLAIN))
    assert rounded["mean_confidence"] != exact["mean_confidence"]
    assert abs(rounded["test_accuracy"] - exact["test_accuracy"]) <= 1 / 120  # of a picture on the edge


def test_the_help_names_it():
    for command in ("train", "evaluate", "predict", "bench"):
        shown = subprocess.run(
            [sys.executable, "-m", "fastcnn", command, "--help"], capture_output=True, text=True, timeout=60
        ).stdout
        assert "--precision P" in shown and "docs/bfloat16.md" in " ".join(shown.split())
