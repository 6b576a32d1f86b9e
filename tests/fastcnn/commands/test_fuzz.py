"""The command line under random arguments: nothing of a user's is changed, and every end is a sentence and a status.

Each round is a folder with one of everything that a user may have, and some commands in it whose options and files are
drawn at random: files that are inputs and outputs at once, links, folders, devices, places that are full or closed. The
rounds are drawn from a seed, so that a failure comes again; FASTCNN_FUZZ_ROUNDS=N makes N of them.
"""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastcnn import load_mnist
from fastcnn.__main__ import main
from fastcnn.data.idx import read_idx
from fastcnn.ours import CHECKPOINT, FIGURE, NETWORK, RESULT, TABLE
from tests.fastcnn.commands.test_cli import ROOT, write_idx
from tests.fastcnn.commands.test_drawings import strokes  # noqa: F401

ROUNDS = int(os.environ.get("FASTCNN_FUZZ_ROUNDS", "20"))
COMMANDS_A_ROUND = 5
IN_PROCESSES = 3  # rounds of one command each
PICTURES = {"train": 36, "t10k": 30}
OURS = (RESULT, NETWORK, CHECKPOINT, FIGURE, TABLE)
SENTENCE = 400  # characters of an error, with the names of files in it


@pytest.fixture(scope="module")
def template(tmp_path_factory, strokes):  # noqa: F811
    """What each round's folder begins with."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "data").mkdir()
    for (images, labels), (name, count) in zip(load_mnist(normalize=False), PICTURES.items(), strict=True):
        write_idx(folder / "data" / f"{name}-images-idx3-ubyte", images[:count, 0])
        write_idx(folder / "data" / f"{name}-labels-idx1-ubyte", labels[:count])
    train = ["train", "--data-dir", str(folder / "data"), "--epochs", "1", "--out", str(folder / "m.safetensors")]
    assert main(train) == 0
    shutil.copy(folder / "m.safetensors", folder / "paper.safetensors")  # a bundled network's name, too
    shutil.copy(strokes, folder / "strokes.json")
    images = read_idx(folder / "data" / "t10k-images-idx3-ubyte")
    for number in range(2):
        Image.fromarray(images[number]).resize((90, 90)).save(folder / f"d{number}.png")
    Image.fromarray(np.hstack(images[:3])).save(folder / "row.jpg")
    (folder / "cut.png").write_bytes((folder / "d0.png").read_bytes()[:200])
    (folder / "notes.txt").write_text("all my notes\n")
    (folder / "settings.json").write_text('{"model": "mine"}')
    (folder / "empty").touch()
    (folder / "closed").mkdir()
    (folder / "closed" / "kept.txt").write_text("kept")
    os.link(folder / "d0.png", folder / "hard.png")
    os.symlink("notes.txt", folder / "link.json")
    os.symlink("nowhere", folder / "dangling")
    os.symlink("m.safetensors", folder / "link.safetensors")
    return folder


FILES = (
    "d0.png", "d1.png", "hard.png", "row.jpg", "cut.png", "notes.txt", "settings.json", "strokes.json", "link.json",
    "m.safetensors", "./m.safetensors", "link.safetensors", "paper.safetensors", "empty", "dangling", "missing", ".",
    "data", "data/train-images-idx3-ubyte", "closed/kept.txt", "closed/new", "no/such/place", "new.json", "NEW.json",
    "new.safetensors", "new.checkpoint.safetensors", "figures/figure10_mnist.csv", "-", "", "/dev/null", "/dev/full",
    "été.json", "a b",
)  # fmt: skip
FOLDERS = ("data", ".", "figures", "closed", "no/such/place", "notes.txt", "d0.png", "missing", "")
MODELS = ("m.safetensors", "m", "paper", "bundled:paper", "./paper.safetensors", "default", "bundled:", "nope")


def _arguments(rng):
    """One command line; most values are what their options want."""

    def pick(usual, others=(), share=0.75):
        values = usual if not others or rng.random() < share else others
        return str(values[rng.integers(len(values))])

    def number():
        return pick((1, 2, 3), (0, -1, "x", 2**40), 0.9)

    command = pick(("train", "evaluate", "predict", "read", "experiment") * 3 + ("data", "info", "bench"))
    pictures = [pick(FILES[:3], FILES) for _ in range(rng.integers(1, 4))]
    model = pick(MODELS[:1], MODELS + FILES, 0.6)
    data, strokes_option = ["--data-dir", pick(("data",), FOLDERS, 0.9)], ["--strokes", pick(("strokes.json",), FILES)]
    mode = pick(("mnist", "handwriting"), ("x",), 0.95)
    of_mode = strokes_option if mode == "handwriting" else data
    out = ["--out", pick(("new.safetensors", "m.safetensors"), FILES)]
    begin = {
        "train": [*data, "--epochs", pick((1, 2)), *(out if rng.random() < 0.7 else [])],
        "evaluate": [model, *data] if rng.random() < 0.7 else ["--model", model, *strokes_option],
        "predict": [*pictures, "--model", model],
        "read": [*pictures, "--model", model],
        "experiment": ["--mode", mode, *of_mode, "--out", pick(("figures",), FOLDERS), "--groups", "1", "--size", "2"],
        "data": [pick(("list", "fetch mnist", "fetch nope", "fetch", "list x"))],
        "info": [],
        "bench": [pick(("layers", "functions", "tables", "nope")), "--only", "nosuch"],
    }[command]
    seed, threads = ["--seed", number()], ["--threads", pick((1, 2), (0, 99, "x"))]
    json_option = ["--json", pick(("new.json", "figures/new.json"), FILES, 0.3)]
    more = {
        "train": [["--overwrite"], seed, threads, ["--batch-size", number()], ["--resume", pick(FILES)]],
        "evaluate": [["--model", model], seed, threads, strokes_option],
        "predict": [["--string"], threads],
        "read": [["--annotate", pick(("new.png",), FILES)], threads],
        "experiment": [["--model", model], seed, ["--groups", number()], strokes_option],
        "bench": [["--out", pick(FOLDERS)], strokes_option, ["--weights", pick(FOLDERS)], ["--quick"]],
    }.get(command, [])
    chosen = [word for option in more if rng.random() < 0.2 for word in option]
    if command not in ("data",) and rng.random() < 0.6:
        chosen += json_option
    return [command, *(word for text in begin for word in (text.split() if command == "data" else [text])), *chosen]


def _contents(folder):
    """Every file with its bytes, every link with its target, by name."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def _check(folder, before, arguments, status, said):
    shown = f"fastcnn {' '.join(map(repr, arguments))}\n{status}\n{said}"
    assert status in (0, 1, 2), shown
    assert "Traceback" not in said and "unexpected" not in said, shown
    assert all(len(line) <= SENTENCE for line in said.splitlines() if line.startswith("fastcnn:")), shown
    after = _contents(folder)
    overwritten = "--overwrite" in arguments
    for name, content in before.items():
        if after.get(name) == content:
            continue
        assert not isinstance(content, str), f"a link was changed: {name}\n{shown}"
        assert _was_ours(folder, content, overwritten), f"{name} was changed\n{shown}"
    for name in set(after) - set(before):
        assert not name.endswith((".tmp", ".lock")), f"{name} was left behind\n{shown}"
        path = folder / name
        assert any(kind.may_replace(path) for kind in OURS), f"{name} is half written\n{shown}"
        assert stat.S_ISREG(path.lstat().st_mode), shown


def _was_ours(folder, content, overwritten):
    """Whether a file that held this may be written over: an empty one, one of ours; a network only when asked for."""
    old = folder.parent / "old"
    old.write_bytes(content)
    kinds = OURS if overwritten else tuple(kind for kind in OURS if kind is not NETWORK)
    return any(kind.may_replace(old) for kind in kinds)


@pytest.fixture
def world(template, tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    shutil.copytree(template, folder, symlinks=True)
    (folder / "hard.png").unlink()
    os.link(folder / "d0.png", folder / "hard.png")
    (folder / "closed").chmod(0o500)  # closed to everybody but root
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    yield folder
    (folder / "closed").chmod(0o700)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_nothing_of_a_users_is_lost(number, world, capsys):
    rng = np.random.default_rng([7, number])
    for _ in range(COMMANDS_A_ROUND):
        arguments, before = _arguments(rng), _contents(world)
        try:
            status = main(arguments)
        except SystemExit as end:  # argparse's
            status = end.code
        _check(world, before, arguments, status, capsys.readouterr().err)


@pytest.mark.parametrize("number", range(IN_PROCESSES))
def test_nothing_is_lost_by_a_process(number, world):
    arguments, before = _arguments(np.random.default_rng([8, number])), _contents(world)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "fastcnn", *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=full if number % 2 else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    _check(world, before, arguments, done.returncode, done.stderr)


def test_every_command_is_fuzzed():
    commands = {_arguments(np.random.default_rng([7, number]))[0] for number in range(200)}
    assert commands == {
        "train",
        "evaluate",
        "predict",
        "read",
        "experiment",
        "data",
        "info",
        "bench",
    }  # all but the window


def test_the_check_sees_a_loss(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    before = _contents(folder)
    _check(folder, before, ["info"], 0, "")
    (folder / "notes.txt").write_text("theirs")
    with pytest.raises(AssertionError, match=r"notes\.txt was changed"):
        _check(folder, before, ["info"], 0, "")
    assert Path(folder / "notes.txt").exists()
