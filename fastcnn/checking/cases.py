"""The table of kernel cases, one for tests and benchmarks: corners of the geometry, and shapes of real networks.

Tests run all of it, the real shapes with few pictures. Benchmarks time the real shapes. The corners are non-square and
unequal wherever they can be, so that no axis can be mistaken for another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any


@dataclass(frozen=True)
class Convolution:
    """One geometry; im2col and col2im use it without out_channels and groups."""

    name: str
    input_shape: tuple[int, int, int, int]
    out_channels: int
    kernel_size: tuple[int, int]
    stride: Any = 1
    padding: Any = 0
    dilation: Any = 1
    groups: int = 1
    bias: bool = True
    family: str = ""

    def __str__(self) -> str:
        return self.name

    @property
    def options(self) -> dict[str, Any]:
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}

    @property
    def batch(self) -> int:
        return self.input_shape[0]

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        return self.out_channels, self.input_shape[1] // self.groups, *self.kernel_size

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        plane = count_windows(self.input_shape[2:], self.kernel_size, self.stride, self.padding, self.dilation)
        return self.batch, self.out_channels, *plane

    @property
    def flop(self) -> int:
        """Of one batch forward: two for each multiply-add. Each of the gradients costs as much."""
        return 2 * prod(self.output_shape) * prod(self.weight_shape[1:])

    @property
    def is_depthwise(self) -> bool:
        return self.groups == self.input_shape[1] > 1

    def with_batch(self, batch: int) -> Convolution:
        return replace(self, input_shape=(batch, *self.input_shape[1:]))


@dataclass(frozen=True)
class Pooling:
    """One max-pool."""

    name: str
    input_shape: tuple[int, int, int, int]
    kernel_size: Any
    stride: Any = None
    padding: Any = 0
    dilation: Any = 1
    ceil_mode: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def options(self) -> dict[str, Any]:
        names = ("stride", "padding", "dilation", "ceil_mode")
        return {name: getattr(self, name) for name in names}

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        stride = self.kernel_size if self.stride is None else self.stride
        plane = count_windows(
            self.input_shape[2:], self.kernel_size, stride, self.padding, self.dilation, self.ceil_mode
        )
        return *self.input_shape[:2], *plane

    def with_batch(self, batch: int) -> Pooling:
        return replace(self, input_shape=(batch, *self.input_shape[1:]))


def both(value: Any) -> tuple[Any, Any]:
    """The value along H and along W."""
    return value if isinstance(value, tuple) else (value, value)


def count_windows(
    plane: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool = False
) -> tuple[int, int]:
    """(P, Q) by counting where a window can start, not by the formula under test.

    With ceil_mode one more may start after the last that fits, but not after the picture.
    """
    counts = []
    for size, kernel, step, sides, spread in zip(
        plane, both(kernel_size), both(stride), both(padding), both(dilation), strict=True
    ):
        last_start = size + sum(both(sides)) - 1 - spread * (kernel - 1)
        stop = min(last_start + step, size + both(sides)[0]) if ceil_mode else last_start + 1
        counts.append(len(range(0, stop, step)))
    return counts[0], counts[1]


def _layer(
    family: str, batch: int, channels: int, filters: int, side: int, kernel: int, stride: int = 1, padding: int = 0,
    groups: int = 1, dilation: int = 1,
) -> Convolution:  # fmt: skip
    """A square convolution, as real networks have them."""
    step = f"/{stride}" if stride > 1 else ""
    name = f"{kernel}x{kernel}{step} {channels}->{filters} on {side}"
    name += f", dilation {dilation}" if dilation > 1 else ""
    name += f", {groups} groups" if groups > 1 else ""
    name += f", batch {batch}" if groups > 1 or batch == 1 else ""
    images = batch, channels, side, side
    return Convolution(name, images, filters, (kernel, kernel), stride, padding, dilation, groups, family=family)


def _pool(batch: int, channels: int, side: int, kernel: int, stride: int, padding: int = 0) -> Pooling:
    name = f"{kernel}x{kernel}/{stride} of {channels} on {side}"
    return Pooling(name, (batch, channels, side, side), kernel, stride, padding)


CORNERS = (
    Convolution("plain", (2, 3, 7, 6), 4, (3, 2)),
    Convolution("no bias", (2, 3, 6, 7), 4, (2, 3), bias=False),
    Convolution("one of everything", (1, 1, 1, 1), 1, (1, 1)),
    Convolution("one output pixel", (3, 2, 4, 5), 3, (4, 5)),
    Convolution("one row", (2, 3, 1, 9), 2, (1, 4)),
    Convolution("one column", (2, 3, 9, 1), 2, (4, 1)),
    Convolution("1x1 kernel", (2, 5, 3, 4), 7, (1, 1)),
    Convolution("1x1 kernel, stride", (2, 5, 7, 6), 3, (1, 1), stride=(3, 2)),
    Convolution("1x1 kernel, stride, as many windows as pixels", (2, 3, 4, 2), 2, (1, 1), (1, 2), ((0, 0), (0, 1))),
    Convolution("stride that divides", (2, 2, 6, 9), 3, (2, 3), stride=(2, 3)),
    Convolution("stride that does not divide", (2, 2, 8, 7), 3, (3, 2), stride=(2, 3)),
    Convolution("stride larger than the kernel", (2, 2, 9, 11), 3, (2, 3), stride=(4, 5)),
    Convolution("stride larger than the image", (2, 2, 4, 3), 3, (2, 3), stride=9),
    Convolution("padding", (2, 3, 5, 4), 2, (3, 3), padding=1),
    Convolution("padding, pair", (2, 3, 4, 6), 2, (3, 5), padding=(1, 2)),
    Convolution("asymmetric padding", (2, 3, 5, 6), 4, (3, 4), padding=((2, 0), (1, 3))),
    Convolution("padding with windows that see no pixel", (1, 2, 3, 2), 3, (2, 3), padding=((4, 3), (5, 4))),
    Convolution("asymmetric padding, stride", (2, 3, 6, 5), 4, (3, 2), stride=(2, 3), padding=((0, 1), (2, 0))),
    Convolution("dilation", (2, 3, 9, 8), 2, (3, 3), dilation=(2, 3)),
    Convolution("dilation, stride and padding", (2, 2, 8, 9), 3, (3, 2), stride=2, padding=(2, 1), dilation=(3, 2)),
    Convolution("kernel larger than the image", (2, 2, 3, 2), 3, (5, 4), padding=((1, 2), (2, 1))),
    Convolution("dilated kernel larger than the image", (1, 2, 2, 3), 2, (2, 3), padding=3, dilation=(4, 3)),
    Convolution("groups", (2, 6, 5, 7), 9, (3, 2), groups=3),
    Convolution("groups, every option", (2, 4, 9, 8), 6, (2, 3), (2, 1), ((1, 0), (0, 2)), (3, 2), groups=2),
    Convolution("depthwise", (2, 5, 6, 7), 5, (3, 3), padding=1, groups=5),
    Convolution("depthwise with multiplier", (1, 3, 7, 5), 9, (3, 2), stride=(2, 1), groups=3, bias=False),
    Convolution("depthwise, two filters a channel", (2, 7, 5, 9), 14, (3, 3), padding=1, groups=7),
    Convolution("depthwise, many filters a channel", (2, 2, 6, 5), 22, (2, 3), padding=1, groups=2),
    Convolution("depthwise, stride that does not divide", (2, 5, 8, 11), 5, (3, 2), (3, 2), ((1, 0), (2, 1)), groups=5),
    Convolution("depthwise, stride larger than the kernel", (1, 3, 11, 9), 3, (2, 3), stride=(4, 5), groups=3),
    Convolution("depthwise, dilation 2", (1, 17, 9, 8), 17, (3, 3), padding=2, dilation=2, groups=17),
    Convolution("depthwise, every option", (3, 3, 13, 9), 6, (4, 3), (2, 3), ((1, 2), (0, 3)), (3, 2), groups=3),
    Convolution("depthwise, kernel larger than the image", (2, 4, 3, 2), 8, (5, 4), 1, ((1, 2), (2, 1)), groups=4),
    Convolution("depthwise, one output pixel", (3, 5, 4, 6), 5, (4, 6), groups=5),
    Convolution("depthwise, 1x1 kernel, stride", (2, 5, 7, 6), 5, (1, 1), stride=(3, 2), groups=5),
    Convolution("depthwise, wide image", (1, 2, 3, 150), 2, (3, 5), padding=(1, 2), groups=2),
    Convolution("depthwise, empty batch", (0, 4, 7, 6), 8, (3, 3), padding=1, groups=4),
    Convolution("one channel, one filter", (9, 1, 10, 13), 1, (3, 3), padding=1),
    Convolution("one channel, two filters", (2, 1, 7, 9), 2, (3, 3), stride=2, padding=1),
    Convolution("empty batch", (0, 3, 7, 6), 4, (3, 2), stride=2, padding=1),
    Convolution("many channels in", (1, 67, 5, 4), 3, (2, 3)),
    Convolution("many channels out", (1, 3, 5, 4), 67, (2, 3)),
    Convolution("many channels, many images", (9, 35, 10, 11), 70, (3, 3), padding=1),
    Convolution("many channels, every option", (3, 66, 15, 13), 50, (3, 2), (2, 3), ((1, 2), (0, 1)), 2, groups=2),
    Convolution("1x1 kernel, many channels", (4, 130, 9, 7), 67, (1, 1)),
    Convolution("depthwise, many channels", (2, 130, 12, 11), 130, (3, 3), padding=1, groups=130),
    Convolution("wide image", (1, 2, 4, 131), 3, (3, 2)),
    Convolution("large image", (1, 4, 97, 83), 9, (7, 5), stride=(1, 2), padding=(3, 2)),
    Convolution("the paper's kernel", (2, 1, 8, 9), 6, (5, 5)),
)

LAYERS = (
    _layer("LeNet", 100, 1, 6, 28, 5, padding=2),
    _layer("LeNet", 100, 6, 16, 14, 5),
    _layer("LeNet", 100, 16, 120, 5, 5),
    _layer("paper", 100, 1, 30, 28, 5),
    _layer("VGG", 32, 1, 32, 28, 3, padding=1),
    _layer("VGG", 32, 32, 32, 28, 3, padding=1),
    _layer("VGG", 32, 32, 64, 28, 3, padding=1),
    _layer("VGG", 32, 64, 64, 28, 3, padding=1),
    _layer("VGG", 32, 32, 64, 14, 3, padding=1),
    _layer("VGG", 32, 64, 64, 14, 3, padding=1),
    _layer("VGG", 32, 64, 128, 14, 3, padding=1),
    _layer("VGG", 32, 128, 128, 14, 3, padding=1),
    _layer("VGG", 32, 64, 128, 7, 3, padding=1),
    _layer("VGG", 32, 128, 128, 7, 3, padding=1),
    _layer("1x1", 32, 32, 64, 28, 1),
    _layer("1x1", 32, 64, 128, 14, 1),
    _layer("1x1", 32, 128, 128, 7, 1),
    _layer("stride 2", 32, 32, 64, 28, 3, stride=2, padding=1),
    _layer("stride 2", 32, 64, 128, 14, 3, stride=2, padding=1),
    _layer("stride 2", 32, 64, 128, 28, 1, stride=2),
    _layer("5x5", 32, 32, 32, 28, 5, padding=2),
    _layer("5x5", 32, 32, 64, 14, 5, padding=2),
    _layer("large", 16, 64, 64, 56, 3, padding=1),
    _layer("large", 16, 64, 64, 56, 1),
)
GROUPED = (
    _layer("depthwise", 1, 128, 128, 28, 3, padding=1, groups=128),
    _layer("depthwise", 32, 128, 128, 28, 3, padding=1, groups=128),
    _layer("depthwise", 32, 128, 128, 28, 3, stride=2, padding=1, groups=128),
    _layer("depthwise", 32, 256, 256, 14, 3, padding=1, groups=256),
    _layer("groups", 32, 128, 128, 28, 3, padding=1, groups=4),
)
# For the public functions alone: more kinds of shapes than a network has, and single pictures.
ALONE = (
    *GROUPED[:2],
    GROUPED[-1],
    _layer("paper", 32, 1, 30, 28, 5),
    _layer("LeNet", 32, 6, 16, 14, 5),
    _layer("VGG", 32, 64, 64, 56, 3, padding=1),
    _layer("VGG", 32, 128, 128, 28, 3, padding=1),
    _layer("VGG", 32, 256, 256, 14, 3, padding=1),
    _layer("VGG", 32, 256, 256, 7, 3, padding=1),
    _layer("VGG", 1, 256, 256, 7, 3, padding=1),
    _layer("1x1", 32, 64, 256, 56, 1),
    _layer("1x1", 32, 256, 64, 14, 1),
    _layer("1x1", 1, 256, 64, 14, 1),
    _layer("stride 2", 32, 128, 256, 28, 3, stride=2, padding=1),
    _layer("stride 2", 1, 3, 64, 224, 7, stride=2, padding=3),
    _layer("dilation", 32, 64, 64, 28, 3, padding=2, dilation=2),
)
ONE_OF_EACH_KIND = tuple(LAYERS[i] for i in (1, 3, 5, 9, 15, 17, 20))

POOL_CORNERS = (
    Pooling("the paper's pool", (2, 5, 24, 24), 2),
    Pooling("kernel that does not divide", (2, 3, 7, 8), (2, 3)),
    Pooling("kernel of one", (2, 3, 4, 5), 1),
    Pooling("kernel of one, stride", (2, 3, 5, 7), 1, stride=(2, 3)),
    Pooling("one pixel", (1, 1, 1, 1), 1),
    Pooling("one output pixel", (3, 2, 4, 5), (4, 5)),
    Pooling("overlapping", (2, 3, 9, 7), (3, 2), stride=(2, 1)),
    Pooling("every pixel", (2, 2, 6, 5), (2, 3), stride=1),
    Pooling("stride larger than the kernel", (2, 2, 9, 11), (2, 3), stride=(4, 5)),
    Pooling("padding", (2, 3, 7, 8), 3, stride=2, padding=1),
    Pooling("asymmetric padding", (2, 3, 6, 7), (4, 3), stride=(3, 1), padding=((2, 0), (0, 1))),
    Pooling("kernel larger than the image", (2, 3, 2, 3), (4, 5), stride=1, padding=(2, 1)),
    Pooling("one row", (2, 3, 1, 10), (1, 3)),
    Pooling("empty batch", (0, 3, 6, 7), 2),
    Pooling("many channels", (1, 35, 6, 5), 2, stride=1),
    Pooling("wide image", (1, 2, 4, 131), (2, 3), stride=(2, 2)),
    Pooling("dilation", (2, 3, 9, 8), (3, 2), stride=1, dilation=(2, 5)),
    Pooling("dilation, stride and padding", (2, 3, 8, 9), (3, 4), stride=(2, 3), padding=(1, 2), dilation=(3, 2)),
    Pooling("padding of more than half the kernel", (2, 3, 4, 5), (3, 4), stride=(1, 2), padding=((2, 1), (3, 2))),
    Pooling("rounded up", (2, 3, 7, 8), (2, 3), ceil_mode=True),
    Pooling("rounded up, padding", (2, 3, 6, 7), 3, stride=2, padding=1, ceil_mode=True),
    Pooling("rounded up, but no window after the picture", (2, 2, 5, 4), (2, 1), stride=(3, 4), ceil_mode=True),
    Pooling("rounded up, kernel larger than the image", (2, 3, 2, 3), (4, 5), stride=3, padding=1, ceil_mode=True),
    Pooling("every option", (2, 3, 9, 7), (2, 3), (3, 2), ((1, 0), (1, 1)), (4, 2), ceil_mode=True),
)

POOLS = (_pool(100, 30, 24, 2, 2), _pool(32, 64, 28, 2, 2), _pool(32, 64, 27, 3, 2, 1), _pool(32, 128, 14, 2, 2))
