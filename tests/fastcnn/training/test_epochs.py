"""`KeepEpochs`: the weights of each epoch, nearly as they were, in a small file that goes on after a resume."""

import numpy as np
import pytest

from fastcnn import Sequential, Trainer, paper_network
from fastcnn.errors import FastcnnError
from fastcnn.layers import Affine, BatchNorm2d, Conv2d, Flatten
from fastcnn.training.epochs import SMALL, KeepEpochs, read_epochs

RNG = np.random.default_rng(0)
IMAGES, LABELS = RNG.random((60, 1, 6, 6)).astype(np.float32), RNG.integers(0, 3, 60)


def _network(seed=1):
    layers = [Conv2d(20, 3), BatchNorm2d(), Flatten(), Affine(40), Affine(3)]  # the first Affine has 12,800 weights
    return Sequential(layers, input_shape=(1, 6, 6), seed=seed)


def _train(path, epochs, **options):
    """Train, and note the weights after each epoch."""
    network = _network()
    seen = [network.state_arrays()]
    callbacks = [KeepEpochs(path), lambda epoch: seen.append(network.state_arrays()) or None]
    Trainer(network, _sgd()).fit(
        IMAGES, LABELS, epochs=epochs, batch_size=20, validation=12, seed=3, callbacks=callbacks, progress=False,
        keep_last=True, **options,
    )  # fmt: skip
    return seen


def _sgd():
    from fastcnn.optim import SGD

    return SGD(0.1)


def _check(kept, seen):
    for epoch, expected in enumerate(seen):
        arrays = kept.arrays(epoch)
        assert set(arrays) == set(expected)
        for name, array in expected.items():
            if array.size <= SMALL:
                assert np.array_equal(arrays[name], array), name
            elif epoch == 0:
                assert np.array_equal(arrays[name], array.astype(np.float16))
            else:
                before = kept.arrays(epoch - 1)[name]
                bound = np.abs(array - before).max(axis=1, keepdims=True) / 254
                assert (np.abs(arrays[name] - array) <= bound * 1.001 + 1e-7).all(), name


def test_each_epoch_is_kept_nearly_as_it_was(tmp_path):
    path = tmp_path / "x.epochs"
    seen = _train(path, 4)
    kept = read_epochs(path)
    assert kept.epochs == (0, 1, 2, 3, 4) and kept.accuracies[0] is None
    assert all(0 <= accuracy <= 1 for accuracy in kept.accuracies[1:])
    _check(kept, seen)
    network = kept.network(2)
    assert np.array_equal(network.state_arrays()["3.weight"], kept.arrays(2)["3.weight"])
    with pytest.raises(ValueError, match="epoch must be one of 0, 1, 2, 3, 4, not 9"):
        kept.arrays(9)


def test_a_resumed_training_writes_the_same_file(tmp_path):
    _train(tmp_path / "whole.epochs", 4)
    checkpoint = tmp_path / "c.safetensors"

    class StopError(Exception):
        pass

    def stop(epoch):
        if epoch.epoch == 2:
            raise StopError

    network = _network()
    options = {"batch_size": 20, "validation": 12, "seed": 3, "progress": False, "keep_last": True, "epochs": 4}
    with pytest.raises(StopError):
        Trainer(network, _sgd()).fit(
            IMAGES, LABELS, callbacks=[KeepEpochs(tmp_path / "parts.epochs"), stop], checkpoint=checkpoint, **options
        )
    assert read_epochs(tmp_path / "parts.epochs").epochs == (0, 1, 2)
    _train(tmp_path / "parts.epochs", 4, checkpoint=checkpoint, resume=checkpoint)
    assert (tmp_path / "parts.epochs").read_bytes() == (tmp_path / "whole.epochs").read_bytes()


def test_a_long_training_keeps_fewer_epochs(tmp_path):
    """Room for three changes of 12,800 bytes: every second of five epochs, and the last."""
    path = tmp_path / "x.epochs"
    keep = KeepEpochs(path, max_bytes=200_000 + 12_800 * 5)
    Trainer(_network(), _sgd()).fit(
        IMAGES, LABELS, epochs=5, batch_size=30, validation=12, seed=3, callbacks=[keep], progress=False
    )
    assert read_epochs(path).epochs == (0, 2, 4, 5)


def test_the_papers_network_with_its_twelve_epochs_needs_less_than_eight_megabytes(tmp_path):
    """Written with weights that change as a training changes them, without training."""

    class Training:
        network = paper_network(seed=0)

    keep = KeepEpochs(tmp_path / "paper.epochs")
    keep.on_start(Training)
    for number in range(1, 13):
        Training.network.values += 0.01 * RNG.standard_normal(Training.network.values.size).astype(np.float32)
        keep.on_epoch_end(_epoch(number, 12))
    assert read_epochs(keep.path).epochs == tuple(range(13))
    assert keep.path.stat().st_size <= 8_000_000


def _epoch(number, epochs):
    from fastcnn.training.history import Epoch

    return Epoch(number, epochs, 1.0, None, None, False, 0.1, 10, 1.0, 1.0)


def test_other_files_are_neither_replaced_nor_read(tmp_path):
    other = tmp_path / "other.epochs"
    _network().save(other)
    with pytest.raises(FastcnnError, match="holds no kept epochs; choose another name"):
        _train(other, 1)
    with pytest.raises(FastcnnError, match="holds no kept epochs; give a file"):
        read_epochs(other)
    with pytest.raises(FastcnnError, match="its folder does not exist"):
        _train(tmp_path / "no" / "x.epochs", 1)
    with pytest.raises(FastcnnError):
        read_epochs(tmp_path / "missing.epochs")
