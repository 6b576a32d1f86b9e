"""Run by mpiexec for test_mpi.py: the ranks train a small network of all kinds of layers together.

Each argument is a number of threads, with what else is done after colons: "2", "2:keep=PATH", "2:resume=PATH", and
"2:kill=RANK,STEP", where that rank is killed by itself before it updates its weights for the STEP-th time. Ranks after
"--survive" go on without the dead. Rank 0 prints the SHA-256 of all values and buffers of each.
"""

import hashlib
import os
import signal
import sys

import numpy as np
from mpi4py import MPI

from fastcnn import Sequential, Trainer, layers, optim, schedules
from fastcnn.cluster.survivors import Survivors
from fastcnn.training.augment import Augmentation

COUNT, CLASSES, EPOCHS, BATCH_SIZE = 230, 5, 2, 40
SURVIVES = sys.argv[1] == "--survive"
WORLD = Survivors(MPI.COMM_WORLD) if SURVIVES else MPI.COMM_WORLD


def network() -> Sequential:
    stack = [
        *(layers.Conv2d(8, 3), layers.ReLU(), layers.MaxPool2d(2), layers.BatchNorm2d()),
        layers.Residual(layers.Conv2d(8, 3, padding=1), layers.BatchNorm2d()),
        *(layers.ReLU(), layers.Flatten(), layers.Affine(64), layers.ReLU(), layers.Dropout(0.2)),
        layers.Affine(CLASSES),
    ]
    return Sequential(stack, input_shape=(1, 16, 16), seed=3 + WORLD.Get_rank())  # rank 0's weights are all ranks'


def trained(threads: int, keep: str | None = None, resume: str | None = None, kill: str = "") -> str:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (COUNT, 1, 16, 16), np.uint8), rng.integers(0, CLASSES, COUNT)
    optimizer = optim.AdamW(0.01)
    trainer = Trainer(
        network(), optimizer, ema_decay=0.9, clip_norm=5.0, label_smoothing=0.05, augmentation=Augmentation(),
        communicator=WORLD,
    )  # fmt: skip
    rank, _, step = kill.partition(",")
    if rank == str(WORLD.Get_rank()):
        update, left = optimizer.update, [int(step)]

        def dying(*arrays: np.ndarray) -> None:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            update(*arrays)

        optimizer.update = dying
    trainer.fit(
        images, labels, epochs=EPOCHS, batch_size=BATCH_SIZE, validation=30, schedule=schedules.Cosine(0.01, 10),
        seed=1, threads=threads, checkpoint=keep, resume=resume, progress=False,
    )  # fmt: skip
    return hashlib.sha256(trainer.network.values.tobytes() + trainer.network.buffers.tobytes()).hexdigest()


for argument in sys.argv[1 + SURVIVES :]:
    number, *options = argument.split(":")
    found = trained(int(number), **dict(option.split("=", 1) for option in options))
    if WORLD.Get_rank() == 0:
        print(found, flush=True)
if SURVIVES:
    WORLD.end()
