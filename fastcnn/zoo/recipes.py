"""The recipes of the networks: all numbers of a training in one place. They are the defaults of `fastcnn train`.

RECIPES train on MNIST alone, as the paper does. BUNDLED_RECIPES are for drawings and made the weights of the package.
Validation pictures from the training set chose both, and real pen drawings also chose the second. The test set chose
nothing. docs/tried.md says what was tried.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastcnn.arrays import Array
from fastcnn.cluster.link import Communicator
from fastcnn.digits import CLASSES
from fastcnn.network.sequential import Sequential
from fastcnn.optim.optimizers import AdamW
from fastcnn.optim.schedules import Cosine, OneCycle
from fastcnn.training.augment import Augmentation
from fastcnn.training.trainer import Trainer
from fastcnn.zoo.networks import DEFAULT, PAPER, REFUSAL

WARMUP_SHARE = 10  # one step in ten of a cosine is warm-up
SECOND_SEED = 100  # what the seed of a second training's pictures is larger by


@dataclass(frozen=True)
class Recipe:
    """A training with AdamW, a schedule of one cycle or a cosine, and an average of weights and statistics."""

    epochs: int
    batch_size: int
    lr: float  # the largest learning rate
    weight_decay: float
    label_smoothing: float
    ema_decay: float
    augmentation: Augmentation | None = None
    synthetic: int = 0  # synthetic pen digits to add to MNIST's
    cosine: bool = False
    keep_last: bool = False  # keep the last epoch, not the best one on the validation pictures
    settle: bool = False  # measure batch normalization's statistics again, on unchanged pictures
    varied: bool = False  # whether they vary more; see `synthetic_digits`
    redrawn: int = 0  # pictures of MNIST to enlarge and prepare like scans
    scans: int = 0  # pictures of MNIST to add once more as a form's reader gives them
    nondigits: int = 0  # pictures of other things to add; their labels are their kinds, numbered after the digits
    views: int = 1  # see `calibration`
    refused: float = 0.0  # share of validation digits that may be refused; it decides the threshold
    then: Recipe | None = None  # a second, shorter training of the same network; see `mix_again`
    share: float = 1.0  # of a second training's weights in the mean of those before and after it

    def trainer(self, network: Sequential, communicator: Communicator | None = None) -> Trainer:
        """A trainer for the network, with this recipe's optimizer; communicator: of the ranks that share the work."""
        optimizer = AdamW(self.lr, weight_decay=self.weight_decay)
        return Trainer(
            network,
            optimizer,
            label_smoothing=self.label_smoothing,
            ema_decay=self.ema_decay,
            augmentation=self.augmentation,
            communicator=communicator,
        )

    def mix(self, images: Array, labels: Array, seed: int) -> tuple[Array, Array]:
        """The pictures to train on: the arguments and the synthetic ones."""
        if not self.synthetic and not self.nondigits:
            return images, labels
        from fastcnn.handwriting.synthesis.digits import redrawn, synthetic_digits
        from fastcnn.handwriting.synthesis.scans import scanned

        scans = redrawn(images[: self.redrawn], seed=seed)
        parts = [(scans, labels[: self.redrawn]), (images[self.redrawn :], labels[self.redrawn :])]
        parts.append(synthetic_digits(self.synthetic, seed=seed, varied=self.varied))
        if self.scans:  # of the last pictures, which are not redrawn
            parts.append((scanned(images[-self.scans :], seed=seed), labels[-self.scans :]))
        if self.nondigits:
            parts.append(self._labelled_nondigits(seed))
        return np.concatenate([part for part, _ in parts]), np.concatenate([part for _, part in parts])

    def mix_again(self, images: Array, labels: Array, digits: int, held_out: Array, seed: int) -> tuple[Array, Array]:
        """The pictures of the second training: those of the first one and more of its own.

        Parameters
        ----------
        images, labels : the first training's mix; its first `digits` pictures are MNIST's
        held_out : the numbers of the pictures that the first training set aside; the second one leaves them aside too
        """
        assert self.then is not None
        kept = np.delete(np.arange(len(images)), held_out)
        order = np.concatenate([kept[kept >= digits], kept[kept < digits]])  # copies as scans are of the last ones
        return self.then.mix(images[order], labels[order], seed + SECOND_SEED)

    def _labelled_nondigits(self, seed: int) -> tuple[Array, Array]:
        from fastcnn.handwriting.synthesis.nondigits import kind_of, synthetic_nondigits

        drawn, families = synthetic_nondigits(self.nondigits, seed=seed)
        return drawn, np.array([CLASSES + kind_of(family) for family in families], np.int64)

    def schedule(self, epochs: int, images: int, batch_size: int) -> OneCycle | Cosine:
        """The learning rates of a training with `epochs` epochs of `images` pictures."""
        steps = epochs * -(-images // batch_size)
        return Cosine(self.lr, steps, warmup_steps=steps // WARMUP_SHARE) if self.cosine else OneCycle(self.lr, steps)


STRONGER = Augmentation(turn_deg=10.0, scale=0.1, shift_px=1.5)
RECIPES = {
    PAPER: Recipe(epochs=12, batch_size=100, lr=0.006, weight_decay=0.1, label_smoothing=0.03, ema_decay=0.999),
    # Short: two epochs are not enough for 99.1 % on the pictures set aside.
    "speedrun": Recipe(epochs=3, batch_size=100, lr=0.01, weight_decay=0.1, label_smoothing=0.03, ema_decay=0.99),
    DEFAULT: Recipe(
        epochs=16, batch_size=100, lr=0.003, weight_decay=0.05, label_smoothing=0.03, ema_decay=0.999,
        augmentation=STRONGER, cosine=True, keep_last=True, settle=True,
    ),
}  # fmt: skip
BUNDLED_RECIPES = {
    PAPER: Recipe(
        epochs=48, batch_size=100, lr=0.006, weight_decay=0.1, label_smoothing=0.1, ema_decay=0.999,
        augmentation=Augmentation(), synthetic=42_000, keep_last=True, views=5,
    ),
    DEFAULT: Recipe(
        epochs=44, batch_size=100, lr=0.003, weight_decay=0.05, label_smoothing=0.03, ema_decay=0.999,
        augmentation=STRONGER, synthetic=35_000, cosine=True, keep_last=True, settle=True, views=5,
        then=Recipe(
            epochs=4, batch_size=100, lr=0.0008, weight_decay=0.05, label_smoothing=0.03, ema_decay=0.999, share=0.75,
            augmentation=STRONGER, synthetic=30_000, varied=True, scans=10_000, cosine=True, keep_last=True,
        ),
    ),
    REFUSAL: Recipe(
        epochs=25, batch_size=100, lr=0.006, weight_decay=0.05, label_smoothing=0.02, ema_decay=0.999,
        augmentation=Augmentation(), synthetic=50_000, varied=True, redrawn=20_000, scans=10_000, nondigits=110_000,
        settle=True, refused=0.02,
        then=Recipe(
            epochs=2, batch_size=100, lr=0.0015, weight_decay=0.05, label_smoothing=0.02, ema_decay=0.999, share=0.75,
            augmentation=Augmentation(), synthetic=10_000, varied=True, scans=5_000, cosine=True, keep_last=True,
        ),
    ),
}  # fmt: skip
