"""Checkpoint files: what is written is read, and no broken file is believed."""

import json

import numpy as np
import pytest

from fastcnn.errors import FastcnnError
from fastcnn.storage import write_arrays
from fastcnn.training.checkpoint import FORMAT, Checkpoint, load_checkpoint, save_checkpoint


@pytest.fixture
def checkpoint():
    settings = {"epochs": 3, "schedule": {"type": "Constant"}, "seed": 2**62}
    rng = np.random.Generator(np.random.PCG64(5)).bit_generator.state
    groups = {
        "network": {"0.weight": np.arange(6, dtype=np.float32).reshape(2, 3)},
        "optimizer": {"steps": np.array([4])},
        "average": {},
        "best": {"0.weight": np.ones((2, 3), np.float32)},
    }
    return Checkpoint(settings, 1, 4, rng, [{"epoch": 1}], groups)


def test_round_trip(checkpoint, tmp_path):
    path = tmp_path / "state.safetensors"
    save_checkpoint(checkpoint, path)
    again = load_checkpoint(path)
    assert (again.settings, again.epoch, again.steps, again.history) == (
        checkpoint.settings,
        checkpoint.epoch,
        checkpoint.steps,
        checkpoint.history,
    )
    for group, members in checkpoint.groups.items():
        assert set(again.groups[group]) == set(members)
        for name, array in members.items():
            np.testing.assert_array_equal(again.groups[group][name], array)
    assert list(tmp_path.iterdir()) == [path]


def test_generator_goes_on_where_it_was(checkpoint, tmp_path):
    save_checkpoint(checkpoint, tmp_path / "state.safetensors")
    generator = np.random.Generator(np.random.PCG64(0))
    generator.bit_generator.state = load_checkpoint(tmp_path / "state.safetensors").rng
    assert generator.integers(1 << 60) == np.random.Generator(np.random.PCG64(5)).integers(1 << 60)


def test_every_flipped_or_missing_byte_is_noticed(checkpoint, tmp_path, rng):
    path = tmp_path / "state.safetensors"
    save_checkpoint(checkpoint, path)
    whole = path.read_bytes()
    for length in (0, 1, 7, 8, 100, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(FastcnnError):
            load_checkpoint(path)
    for position in rng.choice(len(whole), 60, replace=False):
        content = bytearray(whole)
        content[position] ^= 1
        path.write_bytes(content)
        with pytest.raises(FastcnnError) as caught:
            load_checkpoint(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "state",
    [
        "{}",
        "[]",
        "not json",
        "[" * 100_000,
        json.dumps({"settings": {}, "epoch": 1, "steps": 0, "rng": {}, "history": []}),  # an epoch without a record
        json.dumps({"settings": [], "epoch": 0, "steps": 0, "rng": {}, "history": []}),
        json.dumps({"settings": {}, "epoch": 0, "steps": -1, "rng": {}, "history": []}),
        json.dumps({"settings": {}, "epoch": 0, "steps": 0, "rng": {}, "history": [], "groups": {}}),
        json.dumps({"settings": {}, "epoch": 0, "steps": 0, "rng": {}, "history": [], "extra": 1}),
    ],
)
def test_wrong_states_are_refused(tmp_path, state):
    path = tmp_path / "state.safetensors"
    write_arrays(path, {}, {"format": FORMAT, "state": state})
    with pytest.raises(FastcnnError, match="damaged checkpoint"):
        load_checkpoint(path)


def test_unknown_arrays_are_refused(checkpoint, tmp_path):
    path = tmp_path / "state.safetensors"
    checkpoint.groups = {"secret": {"array": np.zeros(1)}}
    save_checkpoint(checkpoint, path)
    with pytest.raises(FastcnnError, match="damaged checkpoint"):
        load_checkpoint(path)


def test_weights_are_no_checkpoint(tmp_path):
    from fastcnn import paper_network

    paper_network(seed=0).save(tmp_path / "weights.safetensors")
    with pytest.raises(FastcnnError, match="no checkpoint of a training"):
        load_checkpoint(tmp_path / "weights.safetensors")


def test_missing_checkpoint(tmp_path):
    with pytest.raises(FastcnnError, match="there is no checkpoint"):
        load_checkpoint(tmp_path / "none.safetensors")


def test_failed_write_leaves_the_old_file(checkpoint, tmp_path, monkeypatch):
    import os

    path = tmp_path / "state.safetensors"
    save_checkpoint(checkpoint, path)
    old = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    checkpoint.epoch = 0
    with pytest.raises(FastcnnError, match="No space left on device"):
        save_checkpoint(checkpoint, path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["weights.safetensors", "picture.png"])
def test_a_training_keeps_its_state_in_no_other_file(name, tmp_path):
    from fastcnn import Trainer, optim, paper_network

    path = tmp_path / name
    path.write_bytes(b"a picture")
    network = paper_network(seed=0)
    if path.suffix == ".safetensors":
        network.save(path)
    old, weights = path.read_bytes(), network.values.copy()
    with pytest.raises(FastcnnError, match="is no checkpoint that fastcnn wrote"):
        Trainer(network, optim.SGD(0.1)).fit(
            np.zeros((4, 1, 28, 28), np.uint8), np.arange(4), epochs=1, checkpoint=path, progress=False
        )
    assert path.read_bytes() == old
    np.testing.assert_array_equal(network.values, weights)
