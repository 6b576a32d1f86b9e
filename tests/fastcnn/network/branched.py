"""Networks whose layers hold layers, with every way in which values meet and part, and with every kind inside."""

from collections.abc import Callable

from fastcnn.layers import (
    GELU,
    Affine,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Layer,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Residual,
    SiLU,
)
from tests.fastcnn.own_layers import TenthReLU

SIDES = ((1, 0), (0, 1))


def block(channels: int, stride: int = 1) -> list[Layer]:
    """A block of a residual network, with the ReLU after it."""
    main = [
        Conv2d(channels, 3, stride=stride, padding=1, bias=False),
        BatchNorm2d(),
        ReLU(),
        Conv2d(channels, 3, padding=1, bias=False),
        BatchNorm2d(),
    ]
    shortcut = [Conv2d(channels, 1, stride=stride, bias=False), BatchNorm2d()] if stride > 1 else []
    return [Residual(*main, shortcut=shortcut), ReLU()]


# name: (input shape, layers)
NETWORKS: dict[str, tuple[tuple[int, int, int], Callable[[], list[Layer]]]] = {
    "residual blocks": (
        (2, 9, 7),
        lambda: [
            Conv2d(5, 3, padding=1),
            BatchNorm2d(),
            ReLU(),
            *block(5),
            *block(9, stride=2),
            *block(9),
            GlobalAvgPool(),
            Affine(6),
        ],
    ),
    "addition without batch norm, and with ReLUs at the ends": (
        (3, 6, 8),
        lambda: [
            Conv2d(4, 3, padding=1),
            Residual(Conv2d(4, 3, padding=1), ReLU(), Conv2d(4, 1)),
            ReLU(),
            Residual(Conv2d(4, 3, padding=1), BatchNorm2d(), ReLU(), shortcut=[Conv2d(4, 1), BatchNorm2d(), ReLU()]),
            Residual(Conv2d(7, 2, padding=SIDES), ReLU(), MaxPool2d(2), shortcut=Conv2d(7, 1, stride=2)),
            ReLU(),
            Flatten(),
            Affine(6),
        ],
    ),
    "depthwise": (
        (2, 9, 8),
        lambda: [
            Conv2d(4, (2, 3), padding=SIDES, groups=2),
            ReLU(),
            Residual(
                *[Conv2d(19, 1), BatchNorm2d(), ReLU()],
                *[Conv2d(19, 3, padding=1, groups=19, bias=False), BatchNorm2d(), ReLU()],
                Conv2d(4, 1),
            ),
            Conv2d(8, 3, stride=2, padding=SIDES, groups=4),
            ReLU(),
            Conv2d(8, (3, 2), dilation=2, padding=(2, 1), groups=8),
            Concat(Conv2d(16, (5, 4), stride=(1, 2), padding=2, groups=8), Conv2d(8, 1, groups=2, stride=(1, 2))),
            Flatten(),
            Affine(6),
        ],
    ),
    "on the pictures themselves": (
        (2, 5, 6),
        lambda: [
            Residual(Conv2d(2, 3, padding=1)),
            Residual(ReLU()),
            Residual(Dropout(0.4)),
            Concat([Conv2d(3, 3, padding=1), ReLU()], [], Conv2d(2, 1)),
            Flatten(),
            Affine(6),
        ],
    ),
    "no parameters below": (
        (2, 5, 6),
        lambda: [MaxPool2d(2), Residual(ReLU()), Concat([], [ReLU()]), Flatten(), Affine(6)],
    ),
    "concat": (
        (1, 8, 9),
        lambda: [
            Conv2d(6, 3, padding=1),
            ReLU(),
            Concat(
                Conv2d(3, 1),
                [Conv2d(4, 3, padding=1), BatchNorm2d(), ReLU()],
                [MaxPool2d(3, stride=1, padding=1), Conv2d(2, 5, padding=2)],
                [],
            ),
            BatchNorm2d(),
            Dropout(0.3),
            Concat([Flatten(), Affine(5), ReLU()], [GlobalAvgPool()]),
            Affine(6),
        ],
    ),
    "flattened pictures side by side": (
        (1, 6, 5),
        lambda: [Conv2d(3, 3), Concat([Flatten()], [Conv2d(2, 1), ReLU(), Flatten()]), Dropout(0.2), Affine(6)],
    ),
    "an affine meets a flattened picture": (
        (1, 4, 3),
        lambda: [
            Conv2d(2, 2),
            Flatten(),
            Residual(Affine(12), ReLU(), Dropout(0.2), Affine(12)),
            ReLU(),
            Concat([Affine(3)], []),
            Concat([Affine(15)], Dropout(0.2)),
            Affine(6),
        ],
    ),
    "nested": (
        (2, 6, 6),
        lambda: [
            Conv2d(4, 3, padding=1),
            Residual(
                Residual(Conv2d(4, 3, padding=1), BatchNorm2d()),
                ReLU(),
                Concat([Conv2d(2, 1), Dropout(0.2)], Residual(Conv2d(4, 1), Dropout(0.3))),
                Conv2d(4, 1, groups=2),
            ),
            ReLU(),
            GlobalAvgPool(),
            Residual(Affine(4), ReLU(), Affine(4)),
            Affine(6),
        ],
    ),
    "layers of a user's inside": (
        (1, 6, 7),
        lambda: [
            Conv2d(3, 3),
            Residual(TenthReLU(), Conv2d(3, 3, padding=1), TenthReLU(), shortcut=[TenthReLU()]),
            Concat([TenthReLU()], Conv2d(2, 1)),
            Flatten(),
            Affine(6),
        ],
    ),
    "every kind inside": (
        (2, 9, 8),
        lambda: [
            Conv2d(4, (3, 4), stride=2, padding="same"),
            GELU(),
            Residual(AvgPool2d(3, stride=1, padding=1), Conv2d(4, 3, padding="same"), BatchNorm2d(), LeakyReLU()),
            Concat([SiLU()], [MaxPool2d(2, stride=1, padding=1, dilation=2), GELU("tanh")]),
            MaxPool2d(2, ceil_mode=True),
            Residual(Conv2d(8, 3, padding=1), shortcut=LeakyReLU(0.3)),
            Flatten(),
            BatchNorm1d(),
            ReLU(),
            Affine(7),
            BatchNorm1d(),
            SiLU(),
            Affine(6),
        ],
    ),
    "features of flattened pictures meet": (
        (2, 4, 5),
        lambda: [
            Conv2d(3, 3, padding=1),
            Residual(Conv2d(3, 3, padding=1), Flatten(), BatchNorm1d(), shortcut=Flatten()),
            BatchNorm1d(),
            Residual(BatchNorm1d(), ReLU(), BatchNorm1d()),
            ReLU(),
            Concat([BatchNorm1d()], []),
            Affine(6),
        ],
    ),
    "the last layer adds": (
        (1, 5, 5),
        lambda: [Conv2d(6, 3), GlobalAvgPool(), Residual(Affine(6), shortcut=Affine(6))],
    ),
}
