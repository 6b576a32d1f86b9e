"""Families of networks, for pictures of any size and channels, and any number of classes; He-initialised, untrained.

None of them has weights or a recipe here: they are for data of your own.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastcnn.digits import CLASSES, SIDE_PX
from fastcnn.kernels.shapes import integer
from fastcnn.kernels.values import shown
from fastcnn.layers.activation import ReLU
from fastcnn.layers.affine import Affine
from fastcnn.layers.base import Layer
from fastcnn.layers.composite import Residual
from fastcnn.layers.convolution import Conv2d
from fastcnn.layers.normalization import BatchNorm2d
from fastcnn.layers.pooling import GlobalAvgPool, MaxPool2d
from fastcnn.network.sequential import Sequential

POOL = "pool"


def resnet(
    depth: int,
    width: int,
    *,
    input_shape: Sequence[int] = (1, SIDE_PX, SIDE_PX),
    classes: int = CLASSES,
    seed: int | None = None,
) -> Sequential:
    """The residual network for small pictures of He, Zhang, Ren and Sun 2015 (https://arxiv.org/abs/1512.03385, 4.2).

    A convolution; three groups of n blocks with `width`, 2 `width` and 4 `width` channels, the second and the third of
    which halve the picture; the mean of each channel, and an Affine. A block is two convolutions of 3x3 with batch
    normalisation, past which a shortcut leads. Where the shape changes, the shortcut is a convolution of 1x1.

    Parameters
    ----------
    depth : 6 n + 2 layers with weights, shortcuts not counted: 8, 14, 20, 26, ...
    width : channels of the first group; 16 in the paper
    input_shape : (C, H, W) of one picture
    classes : number of outputs
    seed : for the initial weights; None draws from the system's entropy

    Raises
    ------
    ValueError, TypeError
        If an argument is none of these.
    """
    depth, width = integer("depth", depth, 8), integer("width", width, 1)
    if (depth - 2) % 6:
        raise ValueError(f"depth must be 6 n + 2, such as 8, 14 or 20, not {depth}")
    layers = _convolution(width)
    for group in range(3):
        for block in range((depth - 2) // 6):
            halves = group > 0 and block == 0
            layers += _block(width << group, 2 if halves else 1)
    layers += [GlobalAvgPool(), Affine(integer("classes", classes, 1))]
    return Sequential(layers, input_shape=input_shape, seed=seed, name=f"resnet{depth}")


def vgg(
    widths: Sequence[int | str],
    *,
    input_shape: Sequence[int] = (1, SIDE_PX, SIDE_PX),
    classes: int = CLASSES,
    seed: int | None = None,
) -> Sequential:
    """A plain network of 3x3 convolutions and max-pools (Simonyan and Zisserman 2014), with batch normalisation.

    At its end are the mean of each channel and an Affine, so that the parameters do not grow with the pictures.

    Parameters
    ----------
    widths : for each convolution its channels, and "pool" for a max-pool that halves the picture, such as
        [64, 64, "pool", 128, 128, "pool", 256]
    input_shape, classes, seed : as of `resnet`

    Raises
    ------
    ValueError, TypeError
        If an argument is none of these, or the pools leave nothing of the picture.
    """
    if not isinstance(widths, list | tuple) or not widths:
        raise TypeError(f'widths must be a list such as [32, "pool", 64], not {shown(widths)}')
    layers: list[Layer] = []
    for each in widths:
        if isinstance(each, str) and each != POOL:
            raise ValueError(f'widths must hold channels and "{POOL}", not {shown(each)}')
        layers += [MaxPool2d(2)] if isinstance(each, str) else _convolution(integer("widths", each, 1))
    layers += [GlobalAvgPool(), Affine(integer("classes", classes, 1))]
    pools = sum(isinstance(each, str) for each in widths)
    if isinstance(input_shape, list | tuple) and len(input_shape) == 3:
        side = min(integer("input_shape", size, 1) for size in input_shape[1:])
        if side >> pools == 0:
            most = side.bit_length() - 1
            raise ValueError(f"{pools} pools leave nothing of pictures of {side} pixels; give at most {most}")
    return Sequential(layers, input_shape=input_shape, seed=seed, name="vgg")


def _convolution(width: int, stride: int = 1) -> list[Layer]:
    return [Conv2d(width, 3, stride=stride, padding=1, bias=False), BatchNorm2d(), ReLU()]


def _block(width: int, stride: int) -> list[Layer]:
    """A block with the ReLU after it; stride 2 halves the picture and changes the channels."""
    shortcut: list[Layer] = []
    if stride > 1:
        shortcut = [Conv2d(width, 1, stride=stride, bias=False), BatchNorm2d()]
    main = [*_convolution(width, stride), Conv2d(width, 3, padding=1, bias=False), BatchNorm2d()]
    return [Residual(*main, shortcut=shortcut), ReLU()]
