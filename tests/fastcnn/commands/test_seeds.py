"""`fastcnn train --seeds`: each seed's training is the one that it is alone."""

from __future__ import annotations

import hashlib
import json

import pytest

from fastcnn.__main__ import main
from fastcnn.commands.seeds import without_own
from tests.fastcnn.commands.test_cli import data_dir, fails  # noqa: F401


def test_each_seed_has_its_own_words():
    words = ["train", "--seeds", "0-4", "--model", "paper", "--out=x", "--json", "-", "--epochs", "1"]
    assert without_own(words) == ["train", "--model", "paper", "--epochs", "1"]


@pytest.mark.slow
def test_a_seed_gives_the_bits_that_it_gives_alone(data_dir, tmp_path):  # noqa: F811
    options = ["train", "--data-dir", str(data_dir), "--epochs", "1", "--batch-size", "60"]
    out, results = tmp_path / "net.safetensors", tmp_path / "results.json"
    assert main([*options, "--seeds", "3-4", "--out", str(out), "--json", str(results)]) == 0
    alone = tmp_path / "alone.safetensors"
    assert main([*options, "--seed", "4", "--out", str(alone)]) == 0
    digests = {hashlib.sha256(path.read_bytes()).digest() for path in (alone, tmp_path / "net.seed4.safetensors")}
    assert len(digests) == 1
    found = json.loads(results.read_text())
    assert found["seeds"] == [3, 4] and len(found["trainings"]) == 2 and 0 <= found["test_accuracy_mean"] <= 1


@pytest.mark.parametrize("given", ["3", "4-3", "a-b", "-4", "0-"])
def test_seeds_are_a_range(given, capsys):
    assert "must be A-B" in fails(capsys, "train", f"--seeds={given}", status=2)


def test_seeds_and_one_seed_are_too_many(capsys):
    assert "--seed is for one training" in fails(capsys, "train", "--seeds", "0-1", "--seed", "3", status=2)


def test_a_profile_needs_ranks(capsys):
    assert "--profile is for a training by ranks" in fails(capsys, "train", "--profile", status=2)
