"""Words and options: what a network's name means, options that would do nothing, and what an end says."""

import base64
import json
import logging
import os
import resource
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastcnn import Recognizer, load_network
from fastcnn import pace as pace_module
from fastcnn.__main__ import main
from fastcnn.commands import common
from fastcnn.commands.arguments import build_parser
from fastcnn.handwriting.stroke_files import WINDOW_FORMAT
from fastcnn.recognition.answer import Recognition
from fastcnn.zoo.bundled import WEIGHTS, AmbiguousModelError, UnknownModelError, find_model
from fastcnn.zoo.networks import BUNDLED
from tests.fastcnn.commands.test_cli import data_dir, digit_png, fails, run, trained  # noqa: F401
from tests.fastcnn.commands.test_drawings import strokes  # noqa: F401

# Networks by name

FIELD = base64.b64encode(bytes(27) + b"\xff" * (28 * 28 - 27)).decode()  # as the window keeps what the network saw


@pytest.fixture
def with_paper(tmp_path, monkeypatch, trained):  # noqa: F811
    """A current folder in which `fastcnn train` was run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "paper.safetensors").write_bytes(trained[0].read_bytes())
    return tmp_path


@pytest.mark.parametrize("command", ["evaluate paper", "evaluate --model paper", "predict none.png --model paper",
                                     "experiment --mode mnist --out figures --model paper"])  # fmt: skip
def test_a_name_with_two_meanings_is_refused(command, with_paper, capsys):
    said = fails(capsys, *command.split(), status=2)
    assert "say bundled:paper or ./paper.safetensors" in said
    with pytest.raises(AmbiguousModelError, match="is a network in the package and the file"):
        Recognizer("paper")


def test_each_meaning_has_a_word(with_paper):
    ours, theirs = load_network(WEIGHTS / "paper.safetensors").values, load_network("paper.safetensors").values
    np.testing.assert_array_equal(Recognizer("bundled:paper").network.values, ours)
    np.testing.assert_array_equal(Recognizer("./paper.safetensors").network.values, theirs)
    np.testing.assert_array_equal(Recognizer("paper.safetensors").network.values, theirs)
    assert find_model("bundled:paper")[0] == "paper"
    os.rename("paper.safetensors", "speedrun.safetensors")
    np.testing.assert_array_equal(Recognizer("speedrun").network.values, theirs)
    np.testing.assert_array_equal(Recognizer("paper").network.values, ours)


def test_what_is_left_out_is_never_a_file(with_paper, digit_png, capsys):  # noqa: F811
    os.rename("paper.safetensors", "default.safetensors")
    bundled = load_network(WEIGHTS / "default.safetensors").values
    np.testing.assert_array_equal(Recognizer().network.values, bundled)
    assert main(["predict", str(digit_png)]) == 0


def test_the_window_means_its_own_networks(with_paper):
    from fastcnn.gui.logic.engine import Engine
    from fastcnn.gui.logic.networks import available, facts_of

    assert available()[: len(BUNDLED)] == list(BUNDLED)
    engine = Engine("paper")
    assert engine.load() == "paper"
    np.testing.assert_array_equal(engine.network.values, load_network(WEIGHTS / "paper.safetensors").values)
    assert facts_of(engine).file_bytes == (WEIGHTS / "paper.safetensors").stat().st_size


@pytest.mark.parametrize("word", ["bundled:nope", "bundled:", "nope", ""])
def test_unknown_words_are_refused(word, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownModelError, match="give one of default, paper, committee"):
        find_model(word)


def test_evaluate_takes_its_model_both_ways(trained, data_dir, tmp_path, capsys):  # noqa: F811
    data = ["--data-dir", str(data_dir)]
    said = []
    for words in ([trained[0]], ["--model", trained[0]], [trained[0], "--model", trained[0]]):
        assert main(["evaluate", *map(str, words), *data]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] == said[2]
    assert "MODEL paper and --model default differ" in fails(
        capsys, "evaluate", "paper", "--model", "default", status=2
    )  # fmt: skip


def test_default_is_no_marker_in_the_help():
    texts = [build_parser().format_help()]
    for action in build_parser()._actions:
        for parser in (action.choices or {}).values():
            texts.append(parser.format_help())
    assert len(texts) > 8
    for text in texts:
        assert "default:" not in text and "(default)" not in text


# Options that would do nothing


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("evaluate --seed 1", "--seed has no effect without --strokes"),
        ("evaluate --strokes S --data-dir D", "--data-dir has no effect with --strokes"),
        ("evaluate --strokes W --seed 1", "--seed has no effect on drawings of the window"),
        ("experiment --mode handwriting --data-dir D --out O", "--data-dir has no effect in --mode handwriting"),
        ("experiment --mode mnist --strokes S --out O", "--strokes has no effect in --mode mnist"),
        ("bench profile --only conv", "--only has no effect here; it is for rivals, layers, functions"),
        ("bench layers --only nosuch", "--only 'nosuch' is in the name of no case; there are LeNet"),
        ("bench --only nosuch", "is in the name of no case"),
        ("bench layers rivals --cpu-name haswell", "--cpu-name has no effect here; it is for kernels"),
        ("bench seeds --weights D", "--weights has no effect here; it is for networks"),
        ("bench --strokes S", "--strokes has no effect here"),
        ("bench gui-soak --threads 1", "--threads has no effect here"),
        ("bench tables --quick", "--quick has no effect where nothing is measured"),
        ("bench tables --json O", "--json has no effect where nothing is measured"),
        ("bench networks", "networks needs --weights DIR"),
        ("bench network", "bench network needs one network"),
        ("bench network paper default", "bench network needs one network"),
        ("bench network nosuch", "there is no model 'nosuch'"),
        ("bench network nosuch.json", "nosuch.json cannot be read"),
        ("bench network committee", "committee is a committee; give one network"),
        ("bench network paper --out O", "--out has no effect with bench network"),
        ("bench network paper --only x", "--only has no effect with bench network"),
        ("bench network paper --kernel 3", "--kernel has no effect with bench network"),
        ("bench network paper --backend cuda", "--backend cuda has no effect with bench network"),
        ("bench conv2d", "bench conv2d needs --shape N,C,H,W, --filters K and --kernel R[,S]"),
        ("bench conv2d x --shape 1,1,8,8 --filters 1 --kernel 3", "bench conv2d takes options only, not 'x'"),
        ("bench conv2d --shape 1,3,8,8 --filters 4 --kernel 3 --groups 2", "groups must divide"),
        ("bench conv2d --shape 1,3,8,8 --filters 4 --kernel 9", "no window fits"),
        ("bench conv2d --shape 1,3,8 --filters 4 --kernel 9", "argument --shape: must be 4 whole numbers"),
        ("bench conv2d --shape 1,3,8,-8 --filters 4 --kernel 3", "argument --shape: must be 4 whole numbers"),
        ("bench conv2d --shape 1,3,8,8 --filters 4 --kernel 3,3,3", "argument --kernel: must be 1 or 2 whole numbers"),
        ("bench layers --kernel 3", "--kernel has no effect here; it is for conv2d"),
        ("bench --backend cuda --shape 1,1,8,8", "--shape has no effect with --backend cuda"),
        ("profile", "the following arguments are required: MODEL"),
        ("profile nosuch", "there is no model 'nosuch'"),
        ("profile committee", "committee is a committee; give one network"),
        ("profile paper --batch 0", "argument --batch: must be a whole number from 1"),
        ("profile paper --threads 9999", "--threads must be a whole number from 1 to"),
        ("bench --backend cuda --threads 1", "--threads has no effect with --backend cuda"),
        ("experiment --mode mnist --out=", "--out must name a folder"),
        ("info --threads 1", "unrecognized arguments"),
        ("train --model refusal", "add --recipe bundled"),
        ("train --model speedrun --recipe bundled", "there is no model 'speedrun' to train"),
    ],
)
def test_options_without_effect_are_refused(arguments, says, strokes, tmp_path, monkeypatch, capsys):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    (tmp_path / "S").write_bytes(strokes.read_bytes())
    stroke = {"points": [[10, 10], [200, 300]], "width": 20, "erases": False}
    (tmp_path / "W").write_text(
        json.dumps({"format": WINDOW_FORMAT, "drawings": [{"label": 1, "strokes": [stroke], "field": FIELD}]})
    )
    monkeypatch.setattr("fastcnn.bench.command.measure", lambda *_: pytest.fail("measured in vain"))
    assert says in fails(capsys, *arguments.split(), status=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["S", "W"]


def test_a_part_of_the_cases_is_measured_where_it_is(monkeypatch, tmp_path):
    measured = []
    monkeypatch.setattr("fastcnn.bench.command.measure", lambda name, settings: measured.append((name, settings.only)))
    monkeypatch.setattr("fastcnn.bench.command.write_json", lambda *_: None)
    assert main(["bench", "--only", "LeNet"]) == 0
    assert measured == [("layers", "LeNet")]


# Pictures, one by one


def test_a_picture_that_cannot_be_read_costs_no_other_its_answer(
    trained, digit_png, tmp_path, capsys  # noqa: F811
):  # fmt: skip
    for name in ("a.png", "c.png"):
        (tmp_path / name).write_bytes(digit_png.read_bytes())
    (tmp_path / "cut.jpg").write_bytes(digit_png.read_bytes()[:150])
    Image.fromarray(np.full((9, 9), np.nan, np.float32)).save(tmp_path / "nan.tiff")
    names = [str(tmp_path / name) for name in ("a.png", "cut.jpg", "nan.tiff", "none.png", "c.png")]
    for option in ([], ["--string"]):
        found = tmp_path / "found.json"
        assert main(["predict", *names, *option, "--model", str(trained[0]), "--json", str(found)]) == 1
        rows = json.loads(found.read_text())
        assert [row["image"] for row in rows] == names
        assert ["error" in row for row in rows] == [False, True, True, True, False]
        for row in rows[1:4]:
            assert row["image"] in row["error"]
            assert {value for key, value in row.items() if key not in ("image", "error")} == {None}
        said = capsys.readouterr()
        assert [line.split("  ")[0] for line in said.out.splitlines()] == [names[0], names[4]]
        assert said.err.splitlines() == [f"fastcnn: {row['error']}" for row in rows[1:4]]
    assert list(rows[0]) == ["image", "string", "confidence", "notes", "digits"]


class Reading(list):
    """What a string's reader gives, with its marks."""

    text, confidence, notes = "2411", 0.4321, ("several_lines", "signs")


def test_marks_of_a_string_are_shown(trained, digit_png, tmp_path, capsys, monkeypatch):  # noqa: F811
    digits = [replace(Recognizer(trained[0]).recognize(Image.open(digit_png)), digit=int(each)) for each in "2411"]
    monkeypatch.setattr(Recognizer, "recognize_string", lambda *_: Reading(digits))
    found = tmp_path / "found.json"
    assert main(["predict", "--string", str(digit_png), "--model", str(trained[0]), "--json", str(found)]) == 0
    assert capsys.readouterr().out == f"{digit_png}  2411  43.21%  several lines  signs between digits\n"
    (row,) = json.loads(found.read_text())
    assert (row["confidence"], row["notes"]) == (0.4321, ["several_lines", "signs"])


def test_a_row_of_digits_points_to_string(trained, digit_png, capsys, monkeypatch):  # noqa: F811
    recognize = Recognizer.recognize

    def several(self, image):
        result = recognize(self, image)
        object.__setattr__(result, "several", True)
        return result

    monkeypatch.setattr(Recognizer, "recognize", several)
    assert main(["predict", str(digit_png), "--model", str(trained[0])]) == 0
    assert capsys.readouterr().out.rstrip().endswith("several digits? try --string")
    assert isinstance(recognize(Recognizer(trained[0]), Image.open(digit_png)), Recognition)


# Ends


def test_mnist_need_not_be_fetched(capsys, monkeypatch):
    monkeypatch.setattr("fastcnn.data.download.fetch", lambda *_, **__: pytest.fail("fetched"))
    assert main(["data", "fetch", "mnist"]) == 0
    assert "mnist is in the package" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of Linux")
@pytest.mark.parametrize("kib", [300_000, 400_000, 450_000])
def test_too_little_memory_is_one_sentence(kib, data_dir, tmp_path):  # noqa: F811
    limit = (kib << 10, kib << 10)
    done = run(
        *("train", "--data-dir", data_dir, "--out", tmp_path / "m.safetensors"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit),
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "less than 400 MiB of memory are left for this process" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_evaluation_by_the_reference_says_how_far_it_is(trained, data_dir, monkeypatch, capsys):  # noqa: F811
    from fastcnn import kernels
    from fastcnn.network import calibration

    monkeypatch.setattr(pace_module, "PACE_INTERVAL_S", 0.0)
    monkeypatch.setattr(calibration, "CHUNK", 50)
    backend = kernels.backend()
    try:
        arguments = ["evaluate", str(trained[0]), "--data-dir", str(data_dir), "--backend", "reference"]
        assert main(arguments) == 0
    finally:
        kernels.use(backend)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == [f"fastcnn: {n} of 120 pictures" for n in (50, 100)]


def test_short_work_is_done_in_silence(caplog):
    caplog.set_level(logging.INFO, "fastcnn")
    pace = pace_module.Pace(10, "pictures")
    for _ in range(10):
        pace.add(1)
    assert caplog.records == []


def test_commands_refuse_before_they_compute(monkeypatch, capsys):
    monkeypatch.setattr(common, "prepare", lambda *_: pytest.fail("began"))
    fails(capsys, "evaluate", "--seed", "1", status=2)


@pytest.mark.parametrize("command", ["evaluate", "train --model", "predict none.png --model"])
def test_an_empty_word_is_not_taken_for_none(command, tmp_path, monkeypatch, capsys):
    """As from a shell's variable that is not set."""
    monkeypatch.chdir(tmp_path)
    assert "there is no model ''" in fails(capsys, *command.split(), "", status=2)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_output_is_not_taken_for_none(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert "give the name of a file" in fails(capsys, "train", "--out", "")
    assert list(tmp_path.iterdir()) == []


def test_what_goes_on_writes_the_same_file_from_the_same_data():
    from fastcnn.commands.train import _jobs

    line = "train --data-dir my\\ digits --backend reference --recipe bundled --overwrite --out net.bin"
    _, _, (job,) = _jobs(build_parser().parse_args(shlex.split(line)))
    again = build_parser().parse_args(["train", *shlex.split(job.go_on)])
    assert (again.data_dir, again.backend, again.recipe) == ("my digits", "reference", "bundled")
    assert (Path(again.resume), again.out, again.overwrite) == (job.checkpoint, "net.bin", True)
