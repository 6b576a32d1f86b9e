"""The ranks of a job read data of the user's own together: one copy a host, and each picture by one rank."""

from __future__ import annotations

import hashlib
import json
import sys

import numpy as np
import pytest
from PIL import Image

from fastcnn.cluster import jobs
from tests.fastcnn.cluster.test_mpi import ROOT, ended, fastcnn, nothing_runs_on, running, sha256  # noqa: F401
from tests.fastcnn.commands.test_own_data import make_pictures

pytestmark = [pytest.mark.slow, pytest.mark.mpi]

PROGRAM = ROOT / "tests" / "programs" / "rank_reading.py"
RANKS, COUNT, SIDE = 4, 32, 1024
BYTES = COUNT * 3 * SIDE * SIDE


@pytest.fixture(scope="module", autouse=True)
def mpi():
    pytest.importorskip("mpi4py")


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A folder and an archive with the same large pictures, and the hash of these and their labels."""
    folder = tmp_path_factory.mktemp("large")
    images, labels = np.empty((COUNT, 3, SIDE, SIDE), np.uint8), np.repeat([0, 1], COUNT // 2)
    for number, label in enumerate(labels):
        images[number] = np.array([number, 2 * number, 255 - number], np.uint8)[:, None, None]
        path = folder / "pictures" / f"class {label}" / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[number].transpose(1, 2, 0)).save(path, compress_level=1)
    np.savez(folder / "archive.npz", x=images, y=labels)
    return folder, hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small") / "flowers"
    make_pictures(folder, 15, 0)
    return folder


def read(*arguments):
    """What each rank says of its reading."""
    launcher = jobs.mpiexec()
    command = [launcher, *jobs.options_of(launcher), "-n", RANKS, sys.executable, PROGRAM, *arguments]
    status, said, err = ended(running(command, {}))
    assert status == 0, err
    return json.loads(said)


@pytest.mark.parametrize("hosts", [0, 2, RANKS])
def test_each_picture_is_opened_by_one_rank_and_all_have_the_same(hosts, large, small):
    found = read(small, large[0] / "pictures", SIDE, hosts)
    assert [each["digest"] for each in found] == [large[1]] * RANKS
    names = [name for each in found for name in each["opened"]]
    assert sorted(names) == [f"{number:02}.png" for number in range(COUNT)]
    assert [len(each["opened"]) for each in found] == [COUNT // RANKS] * RANKS


def test_a_rank_has_only_its_part_in_memory(large, small):
    for each in read(small, large[0] / "pictures", SIDE, 0):
        assert each["own memory"] < BYTES / 4 and each["memory"] < BYTES / 2, each
        assert each["read-only"]


@pytest.mark.parametrize("hosts", [0, 2])
def test_an_archive_is_read_by_one_rank(hosts, large, small):
    """The others have no such file."""
    first, *others = read(small, large[0] / "archive.npz", 0, hosts)
    assert {each["digest"] for each in (first, *others)} == {large[1]}
    assert first["own memory"] < BYTES / 4
    if not hosts:
        assert all(each["memory"] < BYTES / 4 for each in others), others


@pytest.mark.parametrize("form", ["folder", "archive"])
def test_a_training_on_own_data_has_the_same_bits_on_any_number_of_ranks(form, small, tmp_path):
    path = small
    if form == "archive":
        path = tmp_path / "flowers.npz"
        pixels = np.random.default_rng(0).integers(0, 256, (40, 1, 12, 12)).astype(np.uint8)
        np.savez(path, x=pixels, y=np.arange(40) % 2)
    found = set()
    for ranks in (1, 2, 3):
        out, results = tmp_path / f"{ranks}.safetensors", tmp_path / f"{ranks}.json"
        options = ["--network", "paper", "--epochs", 2, "--batch-size", 8, "--augment", "--ranks", ranks]
        process = fastcnn("train", "--data", path, *options, "--out", out, "--json", results)
        status, _, err = ended(process)
        assert status == 0, err
        found.add((sha256(out), json.loads(results.read_text())["validation_accuracy"]))
    assert len(found) == 1, found
