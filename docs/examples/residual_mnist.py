"""A residual network: 99.66 % of MNIST. `--data fashion-mnist`, or a folder of IDX files, reads other grey pictures."""

import argparse

import numpy as np

from fastcnn import Sequential, Trainer, layers, optim, schedules
from fastcnn.data import load_data
from fastcnn.training.augment import Augmentation
from fastcnn.training.batchnorm_statistics import settle_statistics

parser = argparse.ArgumentParser()
parser.add_argument("--data", default="mnist")
for name, default in ("epochs", 10), ("pictures", None), ("seed", 0):
    parser.add_argument(f"--{name}", type=int, default=default)
chosen = parser.parse_args()


def block(n):  # n channels come in, and n go out
    row = [layers.Conv2d(n, 3, padding=1, bias=False), layers.BatchNorm2d(), layers.ReLU()]
    return layers.Residual(*row, layers.Conv2d(n, 3, padding=1, bias=False), layers.BatchNorm2d()), layers.ReLU()


data = load_data(chosen.data).named()
images, labels, test = data.images[: chosen.pictures], data.labels[: chosen.pictures], data.test
stack = [
    layers.Conv2d(32, 5), layers.ReLU(), layers.MaxPool2d(2), layers.BatchNorm2d(), *block(32),
    layers.Conv2d(64, 3), layers.ReLU(), layers.MaxPool2d(2), layers.BatchNorm2d(), *block(64),
    layers.Conv2d(128, 3), layers.BatchNorm2d(), layers.ReLU(),
    layers.Flatten(), layers.Dropout(0.4), layers.Affine(len(data.classes)),
]  # fmt: skip
network = Sequential(stack, input_shape=images.shape[1:], classes=data.classes, seed=chosen.seed)
optimizer, aside = optim.AdamW(0.003, weight_decay=0.05), len(images) // 12
trainer = Trainer(network, optimizer, label_smoothing=0.03, ema_decay=0.999, augmentation=Augmentation())
cycle = schedules.OneCycle(0.003, chosen.epochs * -(-(len(images) - aside) // 100))  # of 100 pictures a step
given = {"epochs": chosen.epochs, "validation": aside, "schedule": cycle, "seed": chosen.seed, "keep_last": True}
history = trainer.fit(images, labels, **given)
settle_statistics(network, np.delete(images, trainer.held_out, axis=0))  # of pictures that are not augmented
print(f"{network.evaluate(*test)}\n{sum(epoch.elapsed_s for epoch in history.epochs):.0f} s of training")
