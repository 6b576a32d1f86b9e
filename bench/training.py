"""`bench train-step`: training steps of the paper's network with Adam, in images a second, against PyTorch's best.

A step is forward, backward and update. fastcnn is given uint8 pictures, as its trainer keeps them, and scales them in
the step; PyTorch is given them scaled. Both go through MNIST batch by batch, as a training does: on one batch again
and again gradients would fade into denormal numbers, which are slow.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np

from fastcnn import Trainer, load_mnist, optim, paper_network
from fastcnn.arrays import Array

from .opponents import ADAMS, LR, Opponent, compiler, opponents, truth
from .settings import Settings
from .sides import ours, require_close, theirs, torch
from .timing import Rival, best, interleave

BATCHES = (100, 32, 256)
# Float32 sums of 57,600 products (a convolution's weight over a batch of 100) are off by 240 roundings or so, 1.4e-5 of
# what is added up; that may be larger than the result. A wrong term is off by far more.
TOLERANCE = 1e-4


def pictures() -> tuple[Array, Array]:
    """MNIST's training pictures, uint8, and labels."""
    (images, labels), _ = load_mnist(normalize=False)
    return images, labels


def check_trainers(network: Any, opponents: list[Opponent], images: Array, labels: Array) -> None:
    """Hold the loss and the gradients of all to float64."""
    floats = images.astype(np.float32) / np.float32(255)
    loss, gradients = truth(network, floats, labels)
    found = {name: parameter.grad for name, parameter in network.parameters.items()}
    answers = {"fastcnn": (network.loss_and_gradients(images, labels), found)}
    for each in opponents:
        answers[each.name] = each.gradients(each.laid(floats), torch().from_numpy(labels))
    answers["fastcnn"] = answers["fastcnn"][0], {name: p.grad for name, p in network.parameters.items()}
    for who, (value, grads) in answers.items():
        require_close(f"{who}, loss", np.array(value), np.array(loss), TOLERANCE)
        for name, expected in gradients.items():
            require_close(f"{who}, gradient of {name}", np.asarray(grads[name]), expected, TOLERANCE)


def over_batches(step: Callable[[Any, Any], Any], images: Any, labels: Any, batch: int) -> Callable[[], Any]:
    """A call that trains on the next batch each time."""
    starts = cycle(range(0, len(images) - batch + 1, batch))

    def call() -> Any:
        start = next(starts)
        return step(images[start : start + batch], labels[start : start + batch])

    return call


def measure(batch: int, settings: Settings) -> dict[str, Any]:
    library = torch()
    images, labels = pictures()
    floats = images.astype(np.float32) / np.float32(255)
    network = paper_network(seed=0)
    found = opponents(network)
    rivals: list[Rival] = []
    for threads in settings.threads:
        for rival in (ours("", int, threads), theirs("", int, threads)):
            rival.prepare()
        check_trainers(network, found, images[:batch], labels[:batch])
        trainer = Trainer(network.copy(), optim.Adam(LR))
        rivals.append(ours(f"fastcnn, {threads}", over_batches(trainer.step, images, labels, batch), threads))
        for each in found:
            laid = each.laid(floats)
            for adam in ADAMS:

                def step(x: Any, t: Any, each: Opponent = each, adam: str = adam) -> float:
                    return each.train(x, t, adam)

                call = over_batches(step, laid, library.from_numpy(labels), batch)
                rivals.append(theirs(f"{each.name}, {adam}, {threads}", call, threads))
    timings = interleave(rivals, rounds=settings.rounds, turn_s=2 * settings.turn_s)
    row: dict[str, Any] = {"batch": batch, "timings": {name: t.summary() for name, t in timings.items()}}
    for threads in settings.threads:
        eligible = [r.name for r in rivals if not r.name.startswith("fastcnn") and int(r.name.split(", ")[-1]) <= threads]
        strongest, mine = best(timings, eligible), timings[f"fastcnn, {threads}"]
        row[str(threads)] = {
            "images_per_s": batch / mine.median,
            "images_per_s_fastest": batch / mine.fastest,
            "torch": strongest,
            "torch_images_per_s": batch / timings[strongest].median,
            "torch_images_per_s_fastest": batch / timings[strongest].fastest,
            "ratio": timings[strongest].median / mine.median,
            "ratio_of_fastest": min(timings[name].fastest for name in eligible) / mine.fastest,
        }
        settings.say(
            f"batch {batch}, {threads} threads: {batch / mine.median:,.0f} images/s (fastest {batch / mine.fastest:,.0f}); "
            f"PyTorch's best {batch / timings[strongest].median:,.0f} ({batch / timings[strongest].fastest:,.0f}; "
            f"{strongest}); ratio {row[str(threads)]['ratio']:.2f} ({row[str(threads)]['ratio_of_fastest']:.2f})"
        )
    return row


def run(settings: Settings) -> dict[str, Any]:
    if not compiler():
        settings.say("torch.compile is left out: this machine has no C++ compiler")
    batches = [int(settings.only)] if settings.only else BATCHES
    return {"rows": [measure(batch, settings) for batch in batches], "compiled": bool(compiler())}
