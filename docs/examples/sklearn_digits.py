"""scikit-learn's own digits, 1,797 pictures of 8 x 8 pixels: a third is held out, the rest trains for some seconds."""

import numpy as np

from fastcnn import Sequential, Trainer, layers, optim, schedules

try:
    from sklearn.datasets import load_digits
except ImportError:
    raise SystemExit("this example reads scikit-learn's digits; install it with `pip install scikit-learn`") from None

EPOCHS, BATCH_SIZE, LARGEST_VALUE = 20, 32, 16

digits = load_digits()
images = (digits.images / LARGEST_VALUE).astype(np.float32)[:, np.newaxis]  # (1797, 1, 8, 8), from 0 to 1
order = np.random.default_rng(0).permutation(len(images))
held_out, trained = np.split(order, [len(images) // 3])

network = Sequential(
    [
        layers.Conv2d(32, 3, padding=1), layers.BatchNorm2d(), layers.ReLU(),
        layers.Conv2d(32, 3, padding=1), layers.BatchNorm2d(), layers.ReLU(), layers.MaxPool2d(2),
        layers.Conv2d(64, 3, padding=1), layers.BatchNorm2d(), layers.ReLU(),
        layers.Flatten(), layers.Dropout(0.4), layers.Affine(10),
    ],
    input_shape=(1, 8, 8),
    seed=0,
)  # fmt: skip
trainer = Trainer(network, optim.AdamW(0.003, weight_decay=0.05), label_smoothing=0.05)
schedule = schedules.OneCycle(0.003, EPOCHS * -(-len(trained) // BATCH_SIZE))
trainer.fit(
    images[trained], digits.target[trained], epochs=EPOCHS, batch_size=BATCH_SIZE, schedule=schedule, validation=0
)
print(network.evaluate(images[held_out], digits.target[held_out]))
