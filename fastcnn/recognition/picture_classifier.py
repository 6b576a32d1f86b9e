"""Classify pictures with a network that was trained on the user's own pictures.

A picture is prepared in the same way as in the training: it is only scaled to the network's size. There is no search
for a digit, and no picture is refused; `recognizer` does that for digits.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
import numpy.typing as npt

from fastcnn.errors import FastcnnError
from fastcnn.handwriting.preparation.pictures import as_image
from fastcnn.kernels.values import shown
from fastcnn.network.calibration import calibrated
from fastcnn.network.committee import Committee
from fastcnn.network.files import load_network
from fastcnn.network.sequential import Sequential
from fastcnn.network.structure import RESIZE
from fastcnn.records import representation
from fastcnn.zoo.bundled import find_model

if TYPE_CHECKING:
    from fastcnn.handwriting.preparation.pictures import Picture
    from fastcnn.network.committee import Network


@dataclass(frozen=True, eq=False, repr=False)
class Classification:
    """The answer for one picture.

    label, index : the name and the number of the class with the largest probability
    confidence : the probability of this class
    probabilities : (classes,) float32, in the order of `PictureClassifier.classes`
    input : (C, H, W) uint8, the picture as the network read it
    """

    label: str
    index: int
    confidence: float
    probabilities: npt.NDArray[np.float32]
    input: npt.NDArray[np.uint8]

    def __repr__(self) -> str:
        return representation(self)


class PictureClassifier:
    """A network for the user's own pictures, with their preparation.

    Parameters
    ----------
    model : the path of a weights file that `fastcnn train --data` wrote, or a network whose `preparation` is "resize"

    Raises
    ------
    TypeError
        If it is something else.
    FastcnnError
        If the file is missing or damaged, or the network does not say how pictures are prepared.
    """

    def __init__(self, model: str | os.PathLike[str] | Network) -> None:
        if isinstance(model, str | os.PathLike):
            name, path = find_model(model)
            network = load_network(path)
        elif isinstance(model, Sequential | Committee):
            name, network = "this model", model
        else:
            raise TypeError(f"model must be a network, or the name or path of one, not {shown(model)}")
        if not prepares_by_size(network):
            raise FastcnnError(f"{name} does not say how pictures are prepared; give a network of fastcnn train --data")
        self.network = network
        self.classes: tuple[str, ...] = network.classes

    def __repr__(self) -> str:
        return f"PictureClassifier({self.network!r})"

    def _repr_html_(self) -> str:
        """For notebooks: its network."""
        return self.network._repr_html_()

    def classify(self, image: Picture) -> Classification:
        """The class of a picture.

        Parameters
        ----------
        image : Pillow image of any mode and size, or uint8 array (H, W), (H, W, 3) or (H, W, 4)

        Raises
        ------
        TypeError, ValueError, FastcnnError
            If `image` is something else, or cannot be decoded.
        """
        return self.classify_many([image])[0]

    def classify_many(self, images: Iterable[Picture]) -> list[Classification]:
        """The classes of several pictures. Arguments and errors are those of `classify`."""
        from fastcnn.data.picture_files import resized  # recognition of digits does not need it

        array_like = hasattr(images, "shape")
        if not isinstance(images, Iterable) or (array_like and not (isinstance(images, np.ndarray) and images.ndim)):
            raise TypeError(f"images must be a list of pictures, not {shown(images)}")
        channels, height, width = self.network.input_shape
        inputs = [resized(as_image(image), (channels, height, width)) for image in images]
        if not inputs:
            return []
        probabilities = calibrated(self.network, np.stack(inputs)).astype(np.float32, copy=False)
        return [self._classification(*pair) for pair in zip(probabilities, inputs, strict=True)]

    def _classification(self, probabilities: npt.NDArray[np.float32], seen: npt.NDArray[np.uint8]) -> Classification:
        index = int(probabilities.argmax())
        shares = probabilities.copy()  # a view would keep the probabilities of all pictures in memory
        return Classification(self.classes[index], index, float(shares[index]), shares, seen)


def prepares_by_size(network: Network) -> TypeGuard[Sequential]:
    """Whether a network's pictures are only scaled to its size."""
    return isinstance(network, Sequential) and network.preparation == RESIZE
