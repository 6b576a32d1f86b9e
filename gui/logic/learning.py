"""Learn the user's handwriting: train a copy of the network on the drawings and on MNIST, so that it forgets nothing.

The network is measured before and after, on drawings that were held back and on MNIST's test pictures. It is never
trained on these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.errors import FastcnnError
from fastcnn.gui.logic.collection import Sample, arrays
from fastcnn.gui.logic.engine import Set
from fastcnn.gui.logic.packed import Packed
from fastcnn.gui.logic.turns import Between, nothing, read_in_pieces

if TYPE_CHECKING:
    from fastcnn.network.committee import Network
    from fastcnn.network.sequential import Sequential

STEPS = 400
DRAWINGS_A_STEP, MNIST_A_STEP = 16, 48
LR = 3e-4
MOST_SHIFT_PX = 1
REPORT_EVERY = 10
SEED = 0


class CancelledError(Exception):
    """The user cancelled the learning."""


@dataclass(frozen=True)
class Score:
    """The number of right answers, and of all."""

    right: int
    count: int


@dataclass(frozen=True, eq=False)
class Outcome:
    """A network that has learned, and how it compares with the old one."""

    network: Sequential
    hand_before: Score
    hand_after: Score
    mnist_before: Score
    mnist_after: Score

    @property
    def is_worse(self) -> bool:
        """Whether it reads fewer pictures right than before, of either kind."""
        pairs = ((self.hand_before, self.hand_after), (self.mnist_before, self.mnist_after))
        return any(after.right < before.right for before, after in pairs)


def _shifted(images: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Each picture moved by up to one pixel. Drawings have four empty pixels on each side, so nothing is cut off."""
    moved = np.empty_like(images)
    for index, (down, right) in enumerate(rng.integers(-MOST_SHIFT_PX, MOST_SHIFT_PX + 1, (len(images), 2))):
        moved[index] = np.roll(images[index], (int(down), int(right)), axis=(1, 2))
    return moved


def score(
    network: Network,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int64],
    between: Between = nothing,
) -> Score:
    """How many of these pictures a network reads right."""
    if not len(labels):
        return Score(0, 0)
    # A copy, so that the buffers for many pictures do not stay with a network that answers about one: 20 MB.
    answers = read_in_pieces(network.copy(), images, between).argmax(axis=1)
    return Score(int((answers == labels).sum()), len(labels))


def learn(
    network: Network,
    samples: list[Sample],
    training: Packed,
    test: Set,
    *,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
    between: Between = nothing,
) -> Outcome:
    """Train a copy. This is slow: call it in a job.

    Parameters
    ----------
    network : it is not changed; in a committee the first member learns
    training : pictures of MNIST, mixed with the drawings so that nothing is forgotten
    progress : called from time to time with the share done, 0 to 1
    cancelled : called at each step
    between : called between two pieces of the work

    Raises
    ------
    CancelledError
        If `cancelled` returned True.
    FastcnnError
        If no drawing is left to learn from.
    """
    from fastcnn.network.committee import leader
    from fastcnn.optim.optimizers import AdamW
    from fastcnn.training.trainer import Trainer

    images, labels = arrays([sample for sample in samples if not sample.held_back])
    held_back = arrays([sample for sample in samples if sample.held_back])
    if not len(labels):
        raise FastcnnError("there are no drawings to learn from: correct some answers first")
    copy = leader(network).copy()
    trainer = Trainer(copy, AdamW(LR))
    rng = np.random.default_rng(SEED)
    for step in range(STEPS):
        if cancelled():
            raise CancelledError
        drawn = rng.integers(0, len(labels), DRAWINGS_A_STEP)
        others, digits = training.batch(rng.integers(0, len(training), MNIST_A_STEP))
        batch = np.concatenate([_shifted(images[drawn], rng), others])
        trainer.step(batch, np.concatenate([labels[drawn], digits]))
        if step % REPORT_EVERY == 0:
            progress(step / STEPS)
        between(step / STEPS)
    progress(1.0)
    copy = copy.copy()
    del trainer  # and the buffers of its training: 40 MB
    scores = []
    for pictures in (held_back, test):
        for reader in (network, copy):  # a committee takes seconds
            if cancelled():
                raise CancelledError
            scores.append(score(reader, *pictures, between))
    return Outcome(copy, *scores)
