"""What a user writes with types: `mypy --strict` must accept it against the installed package (see `.ci/run`)."""

import numpy as np
import numpy.typing as npt

import fastcnn
from fastcnn import Recognizer, Sequential, Trainer, kernels, layers, load_mnist, losses, optim


def trained(pictures: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> Sequential:
    """A small residual network after one epoch."""
    block = layers.Residual(layers.Conv2d(4, 3, padding=1), layers.BatchNorm2d())
    network = Sequential(
        [layers.Conv2d(4, 3, padding="same"), block, layers.ReLU(), layers.Flatten(), layers.Affine(10)], seed=0
    )
    trainer = Trainer(network, optim.Adam(0.001), loss=losses.CrossEntropy(0.1))
    history = trainer.fit(pictures, labels, epochs=1, batch_size=50, validation=0.2, progress=False)
    assert history.epochs[0].validation_accuracy is not None
    mean_loss: float = trainer.step(pictures[:50], labels[:50])
    assert mean_loss > 0
    return network


def unknown() -> None:
    """Never called: a name that is not there is an error, and not a value of any type."""
    fastcnn.no_such_name  # type: ignore[attr-defined]  # noqa: B018


def main() -> None:
    """Train, read a digit, and convolve."""
    (pictures, labels), _ = load_mnist(normalize=False)
    network = trained(pictures[:500], labels[:500])
    accuracy: float = network.evaluate(pictures[:100], labels[:100]).accuracy
    digit: int | None = Recognizer().recognize(pictures[0, 0]).digit
    out = kernels.conv2d(pictures[:1].astype(np.float32), np.ones((2, 1, 3, 3), np.float32), padding=1)
    print(f"{accuracy:.2f} {digit} {out.shape}")


if __name__ == "__main__":
    main()
