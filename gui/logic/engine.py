"""The network in use and the test pictures, loaded at their first use. Every method may be slow: call them in jobs."""

from __future__ import annotations

import copy
import threading
import weakref
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.errors import FastcnnError
from fastcnn.gui.logic.packed import Packed
from fastcnn.gui.logic.shelf import short_name
from fastcnn.gui.logic.turns import Turns, nothing
from fastcnn.recognition.answer import Recognition, digit_answer
from fastcnn.zoo.networks import DEFAULT

if TYPE_CHECKING:
    from fastcnn.network.committee import Network
    from fastcnn.recognition.digit_string import DigitString
    from fastcnn.recognition.recognizer import Recognizer

Pictures = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Set = tuple[Pictures, Labels]

UNCLEAR = ((8, 20), (20, 42), (26, 15), (33, 42), (48, 18))  # corners of a zigzag, which may be cut in many ways
PIECE = 500  # pictures that are unpacked at a time: 4 ms

_training: weakref.WeakSet[Packed] = weakref.WeakSet()  # the training pictures, while somebody has them


def training_pictures(between: Callable[[], object] = nothing) -> Packed:
    """MNIST's 60,000, the same for all who have them at a time. Nobody else keeps them: few sessions need them.

    between : called after each piece, if they must be unpacked
    """
    from fastcnn.data.load import training_pieces

    found = next(iter(_training), None)
    if found is None:
        found = Packed(training_pieces(PIECE), between)
        _training.add(found)
    return found


@cache
def test_pictures() -> Set:
    """(10000, 1, 28, 28) uint8 and (10000,) int64."""
    from fastcnn.data.load import read_mnist

    return read_mnist(training=False)


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
        self._tried_name = ""
        self._lock = threading.Lock()
        self.turns = Turns()

    @property
    def word(self) -> str:
        """The model for `find_model`. A bundled network's name means that network in every folder."""
        return _word(self.model)

    def load(self, model: str | None = None) -> str:
        """Use a network from now on. If it cannot be loaded, the old one stays. Returns its name."""
        from fastcnn.recognition.recognizer import Recognizer

        wanted = self.model if model is None else model
        recognizer = Recognizer(_word(wanted))
        with self._lock:
            self.model, self._recognizer = wanted, recognizer
        return wanted

    @property
    def name(self) -> str:
        """What a list or a table calls the network that answers."""
        with self._lock:
            return self._tried_name if self._tried is not None else short_name(self.model)

    def use(self, network: Network | None, name: str = "") -> None:
        """Try this network (in training, or not saved yet) until the next call with None."""
        tried = None
        if network is not None:
            tried = copy.copy(self.recognizer)  # with the same settings, and without reading a file again
            tried.network = network
        with self._lock:
            self._tried, self._tried_name = tried, name

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

    def snapshot(self) -> Network:
        """The network in use; a copy if it is tried, because that one changes while it trains."""
        with self._lock:
            tried = self._tried
        return self.network if tried is None else tried.network.copy()

    @property
    def is_trying(self) -> bool:
        """Whether a network answers that `use` gave, and not the chosen one."""
        with self._lock:
            return self._tried is not None

    def check_target(self, path: str | Path) -> None:
        """FastcnnError if the file to write holds the network in use."""
        from fastcnn.zoo.bundled import find_model

        used = find_model(self.model)[1]
        if used.exists() and Path(path).exists() and used.samefile(path):
            raise FastcnnError("{path} holds the network in use; choose another name", path=path)

    def warm_up(self) -> None:
        """Load or compile everything that the first answer needs."""
        self.recognize_fields(np.zeros((2, 1, 28, 28), np.uint8))  # several at once take another kernel
        stroke = np.zeros((56, 56), np.uint8)
        stroke[10:40, 26:30] = 255
        self.recognize(stroke)

    def prepare(self) -> None:
        """Do what the 300th drawing would do, which would wait for it: 0.2 s, and 4 s where kernels are compiled."""
        from fastcnn.recognition.recognizer import refusing_network

        for network in (self.network, refusing_network()):
            with self.turns.answer():
                network.prepare(1)

    def warm_up_strings(self) -> None:
        """Load or compile what the first unclear drawing of several digits needs; `warm_up` comes before."""
        plane = np.zeros((56, 56), np.uint8)
        for (left, top), (right, bottom) in pairwise(UNCLEAR):
            for column, row in np.linspace((left, top), (right, bottom), 60).round().astype(int):
                plane[row - 1 : row + 2, column - 1 : column + 2] = 255
        self.read_string(plane)

    def recognize(self, plane: Pictures) -> Recognition:
        """A drawing or photograph of any size, prepared as the recognizer does."""
        with self.turns.answer():
            return self.recognizer.recognize(plane)

    def read_string(self, plane: Pictures) -> DigitString:
        """The digits of a drawing, from left to right."""
        with self.turns.answer():
            return self.recognizer.recognize_string(plane)

    def recognize_field(self, field: Pictures) -> Recognition:
        """Exactly these (28, 28) pixels."""
        shares = self.recognize_fields(field[np.newaxis, np.newaxis])[0]
        return digit_answer(shares, np.divide(field, 255, dtype=np.float32))

    def recognize_fields(self, fields: Pictures) -> npt.NDArray[np.float32]:
        """Probabilities (N, 10) of these (N, 1, 28, 28) pixels, without preparation."""
        from fastcnn.network.calibration import calibrated

        with self.turns.answer():
            return calibrated(self.network, fields).astype(np.float32, copy=False)
