"""Run by test_same_bits.py in a process of its own: trains a small network of every kind of layer, and the paper's.

Prints the threading layer and, for each number of threads given, a hash of all weights after the training.
"""

import hashlib
import json
import sys

import numpy as np

from fastcnn import Trainer, kernels, layers, optim, paper_network
from fastcnn.kernels.threads import set_threads
from fastcnn.network.sequential import Sequential
from fastcnn.zoo.recipes import RECIPES

BATCH_SIZE = 100  # as the recipe's: small enough to be quick, and large enough to be shared among threads
TRAINED, VALIDATION = 3 * BATCH_SIZE - 7, 40  # the last batch is smaller


def small_network() -> Sequential:
    return Sequential(
        [
            *(layers.Conv2d(8, 3, padding=1), layers.BatchNorm2d(), layers.ReLU(), layers.MaxPool2d(2)),
            *(layers.Conv2d(8, 3, stride=2), layers.ReLU(), layers.GlobalAvgPool(), layers.Dropout(0.2)),
            layers.Affine(10),
        ],
        input_shape=(1, 28, 28),
        seed=3,
    )


def trained(network: Sequential, trainer: Trainer, epochs: int) -> str:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (TRAINED + VALIDATION, 1, 28, 28), np.uint8)
    labels = rng.integers(0, 10, len(images))
    trainer.fit(images, labels, epochs=epochs, batch_size=BATCH_SIZE, validation=VALIDATION, seed=1, progress=False)
    digest = hashlib.sha256()
    for name, array in sorted(network.state_arrays().items()):
        assert np.isfinite(array).all()
        digest.update(name.encode() + array.tobytes())
    digest.update(network.predict_proba(images).tobytes())
    return digest.hexdigest()


def main() -> None:
    kernels.backend()
    import numba  # after fastcnn, which sees to it that four threads may be asked for on any machine

    hashes = {}
    for count in map(int, sys.argv[1:]):
        set_threads(count)
        paper = paper_network(seed=2)
        small = small_network()
        hashes[count] = [
            trained(paper, RECIPES["paper"].trainer(paper), 2),
            trained(small, Trainer(small, optim.Adam(0.01), clip_norm=1.0), 2),
        ]
    print(json.dumps({"layer": numba.threading_layer(), "hashes": hashes}))


main()
