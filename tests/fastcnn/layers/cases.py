"""One case or more of every kind of layer: what the tests of layers and of their fused steps go through.

Options beyond the plainest; shapes are neither square nor equal. A layer's PyTorch twin is found by its name where it
has no parameters (`test_layers.torch_twin`).
"""

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
    Normalize,
    ReLU,
    Residual,
    SiLU,
)

# name: (a new layer, the shape of one picture that comes in)
CASES: dict[str, tuple[Callable[[], Layer], tuple[int, ...]]] = {
    "conv": (lambda: Conv2d(3, 2), (2, 5, 4)),
    "conv strided": (
        lambda: Conv2d(4, (2, 3), stride=(2, 1), padding=((1, 0), (0, 2)), dilation=(1, 2), groups=2),
        (2, 6, 5),
    ),
    "conv without bias": (lambda: Conv2d(2, 3, bias=False), (1, 4, 5)),
    "conv, same size": (lambda: Conv2d(2, (4, 3), padding="same", dilation=(1, 2)), (2, 5, 6)),
    "conv, same size over stride": (lambda: Conv2d(3, (3, 2), stride=(2, 3), padding="same"), (2, 6, 7)),
    "relu": (ReLU, (2, 3, 4)),
    "leaky relu": (lambda: LeakyReLU(0.2), (2, 3, 4)),
    "gelu": (GELU, (2, 3, 4)),
    "gelu by tanh": (lambda: GELU("tanh"), (7,)),
    "silu": (SiLU, (2, 4, 3)),
    "max-pool": (lambda: MaxPool2d(2), (2, 5, 4)),
    "max-pool overlapping": (lambda: MaxPool2d((3, 2), stride=1, padding=1), (2, 4, 3)),
    "max-pool dilated": (lambda: MaxPool2d((2, 3), stride=(1, 2), padding=1, dilation=(3, 2)), (2, 6, 7)),
    "max-pool rounded up": (lambda: MaxPool2d((3, 2), stride=2, padding=(1, 0), ceil_mode=True), (2, 6, 7)),
    "average pool": (lambda: AvgPool2d(2), (3, 5, 4)),
    "average pool overlapping": (lambda: AvgPool2d((3, 4), stride=(1, 3), padding=(1, 2)), (2, 4, 5)),
    "average pool rounded up": (lambda: AvgPool2d(3, stride=(2, 3), padding=1, ceil_mode=True), (2, 6, 7)),
    "average pool with wide padding": (lambda: AvgPool2d((3, 4), stride=2, padding=((2, 1), (3, 2))), (2, 4, 5)),
    "average pool dilated": (
        lambda: AvgPool2d((2, 3), stride=(1, 2), padding=1, dilation=(3, 2), ceil_mode=True, count_include_pad=False),
        (2, 6, 7),
    ),
    "average pool without its zeros": (
        lambda: AvgPool2d((2, 3), stride=2, padding=(1, 1), ceil_mode=True, count_include_pad=False),
        (2, 5, 6),
    ),
    "flatten": (Flatten, (2, 3, 4)),
    "affine": (lambda: Affine(4), (5,)),
    "dropout": (lambda: Dropout(0.4, seed=3), (2, 3, 4)),
    "batch-norm": (BatchNorm2d, (3, 2, 4)),
    "batch-norm of features": (lambda: BatchNorm1d(momentum=0.3, eps=1e-3), (5,)),
    "normalize": (lambda: Normalize([0.1, -0.2], [0.5, 2.0]), (2, 3, 4)),
    "global average": (GlobalAvgPool, (3, 2, 4)),
    "residual": (lambda: Residual(Conv2d(3, 3, padding=1), BatchNorm2d(), ReLU(), Conv2d(3, 1)), (3, 4, 2)),
    "residual, shortcut": (
        lambda: Residual(Conv2d(2, 3, stride=2, padding=1), shortcut=Conv2d(2, 1, stride=2)),
        (3, 5, 4),
    ),
    "concat": (lambda: Concat(Conv2d(2, 3, padding=1), [], [ReLU(), Residual(Conv2d(3, 1))]), (3, 4, 5)),
}
