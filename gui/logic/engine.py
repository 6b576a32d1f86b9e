"""The network in use and the test pictures, loaded when first needed. Every method may be slow: call them in jobs."""

from __future__ import annotations

import copy
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.errors import FastcnnError
from fastcnn.gui.logic.answers import Answer
from fastcnn.zoo.networks import DEFAULT

if TYPE_CHECKING:
    from fastcnn.network.committee import Network
    from fastcnn.recognition.recognizer import Recognizer

Pictures = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Set = tuple[Pictures, Labels]


@cache
def _mnist() -> tuple[Set, Set]:
    from fastcnn.data.load import load_mnist

    return load_mnist(normalize=False)


def training_pictures() -> Set:
    """(60000, 1, 28, 28) uint8 and (60000,) int64."""
    return _mnist()[0]


def test_pictures() -> Set:
    """(10000, 1, 28, 28) uint8 and (10000,) int64."""
    return _mnist()[1]


def _word(model: str) -> str:
    from fastcnn.zoo.bundled import bundled
    from fastcnn.zoo.networks import BUNDLED

    return bundled(model) if model in BUNDLED else model


class Engine:
    """Recognizes with the network in use.

    Parameters
    ----------
    model : name or path of the network; loaded at the first use
    """

    def __init__(self, model: str = DEFAULT) -> None:
        self.model = model
        self._recognizer: Recognizer | None = None
        self._tried: Recognizer | None = None
        self._lock = threading.Lock()

    @property
    def word(self) -> str:
        """The model as `find_model` takes it: a bundled network's name means that one, whatever folder this is."""
        return _word(self.model)

    def load(self, model: str | None = None) -> str:
        """Use a network from now on; one that cannot be loaded leaves the one before. Returns its name."""
        from fastcnn.recognition.recognizer import Recognizer

        wanted = self.model if model is None else model
        recognizer = Recognizer(_word(wanted))
        with self._lock:
            self.model, self._recognizer = wanted, recognizer
        return wanted

    def use(self, network: Network | None) -> None:
        """Try this network instead, until called with None: one in training, or one not yet kept."""
        tried = None
        if network is not None:
            tried = copy.copy(self.recognizer)  # its way with pictures; no file is read anew
            tried.network = network
        with self._lock:
            self._tried = tried

    @property
    def recognizer(self) -> Recognizer:
        """The recognizer in use."""
        with self._lock:
            current = self._tried or self._recognizer
        if current is None:
            self.load()
            return self.recognizer
        return current

    @property
    def network(self) -> Network:
        """The network in use."""
        return self.recognizer.network

    def check_target(self, path: str | Path) -> None:
        """Raise FastcnnError where a file that is to be written holds the network in use."""
        from fastcnn.zoo.bundled import find_model

        used = find_model(self.model)[1]
        if used.exists() and Path(path).exists() and used.samefile(path):
            raise FastcnnError(f"{path} holds the network in use; choose another name")

    def warm_up(self) -> None:
        """Load or compile all that the first answer would wait for."""
        self.recognize_field(np.zeros((28, 28), np.uint8))
        stroke = np.zeros((56, 56), np.uint8)
        stroke[10:40, 26:30] = 255
        self.recognize(stroke)

    def recognize(self, plane: Pictures) -> Answer:
        """A drawing or photograph of any size, prepared as the recognizer does."""
        return Answer.of(self.recognizer.recognize(plane))

    def recognize_field(self, field: Pictures) -> Answer:
        """Exactly these (28, 28) pixels."""
        probabilities = self.recognize_fields(field[np.newaxis, np.newaxis])[0]
        digit = int(probabilities.argmax())
        seen = np.divide(field, 255, dtype=np.float32)
        return Answer(digit, float(probabilities[digit]), probabilities, seen)

    def recognize_fields(self, fields: Pictures) -> npt.NDArray[np.float32]:
        """Probabilities (N, 10) of exactly these (N, 1, 28, 28) pixels."""
        from fastcnn.network.calibration import calibrated

        return calibrated(self.network, fields).astype(np.float32, copy=False)
