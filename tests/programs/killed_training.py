"""Run by test_killed.py in processes of its own: trains a residual network with batch normalization and dropout.

Each argument is a number of threads, or such a number and a checkpoint as "2:PATH", from which the training then goes
on. Prints the SHA-256 of all values and buffers of each. "stop:2:PATH" keeps a checkpoint there and, in the middle of
the second epoch, says so and waits for its end.
"""

import hashlib
import sys

import numpy as np

from fastcnn import Sequential, Trainer, layers, optim, schedules

COUNT, CLASSES, EPOCHS, BATCH_SIZE = 330, 5, 4, 60


def network() -> Sequential:
    block = [layers.Conv2d(16, 3, padding=1), layers.BatchNorm2d(), layers.ReLU(), layers.Dropout(0.2)]
    change = [layers.Conv2d(16, 1, stride=2), layers.BatchNorm2d()]
    stack = [
        *(layers.Normalize([0.5], [0.3]), layers.Conv2d(8, 3, padding=1), layers.BatchNorm2d(), layers.ReLU()),
        layers.Residual(layers.Conv2d(16, 3, stride=2, padding=1), layers.BatchNorm2d(), shortcut=change),
        *(layers.ReLU(), layers.Residual(*block, layers.Conv2d(16, 3, padding=1), layers.BatchNorm2d())),
        *(layers.ReLU(), layers.Concat([], [layers.Conv2d(8, 1), layers.Dropout(0.3)])),
        *(layers.GlobalAvgPool(), layers.Dropout(0.1), layers.Affine(CLASSES)),
    ]
    return Sequential(stack, input_shape=(1, 16, 16), seed=3)


def trained(threads: int, *, checkpoint: str | None = None, resume: str | None = None) -> str:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (COUNT, 1, 16, 16), np.uint8), rng.integers(0, CLASSES, COUNT)
    trainer = Trainer(network(), optim.AdamW(0.01), ema_decay=0.9, clip_norm=5.0, label_smoothing=0.05)

    def stop(step):
        if step.epoch == 2 and step.number % 5 == 2:
            print("in the second epoch", flush=True)
            sys.stdin.read()  # until it is killed

    trainer.fit(
        images, labels, epochs=EPOCHS, batch_size=BATCH_SIZE, validation=30, schedule=schedules.Cosine(0.01, 20),
        seed=1, threads=threads, checkpoint=checkpoint, resume=resume, progress=False,
        on_step=stop if checkpoint else None,
    )  # fmt: skip
    trained = trainer.network
    assert np.isfinite(trained.values).all() and trained.buffers.size
    return hashlib.sha256(trained.values.tobytes() + trained.buffers.tobytes()).hexdigest()


for argument in sys.argv[1:]:
    what, _, path = argument.removeprefix("stop:").partition(":")
    asked = {"checkpoint" if argument.startswith("stop:") else "resume": path} if path else {}
    print(trained(int(what), **asked), flush=True)
