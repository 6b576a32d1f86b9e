"""The products as calls: from shapes to grids, shares and kernels. The functions and the steps use them."""

from typing import Any, NamedTuple

from fastcnn.kernels.cuda.products import convolution, sums, tiles
from fastcnn.kernels.cuda.toolchain.memory import DeviceArray
from fastcnn.kernels.cuda.toolchain.sizes import BAND, LANES, check_count, line_grid, product_grid, shares
from fastcnn.kernels.cuda.toolchain.sizes import tiles as tiles_of
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Padding, Pair, Shape, windows

# Rows in a band of column sums. The number is fixed, so that only the batch decides the order of the additions.
BAND_ROWS = 64 * LANES


class Geometry(NamedTuple):
    """The numbers of a convolution, in the order of the kernels' arguments. C and K are those of one group."""

    N: int
    C: int
    H: int
    W: int
    K: int
    R: int
    S: int
    P: int
    Q: int
    stride_h: int
    stride_w: int
    top: int
    left: int
    dilation_h: int
    dilation_w: int
    groups: int
    last: bool

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(map(int, self))

    @property
    def terms(self) -> int:
        """The number of products in one output, which is also the number of columns of the weight."""
        return self.C * self.R * self.S


def geometry(
    input_shape: Shape, channels: int, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int,
    last: bool,
) -> Geometry:  # fmt: skip
    """The geometry for checked arguments; ValueError if an array is too large for 32-bit indices."""
    N, C, H, W = input_shape
    P, Q = windows(input_shape, kernel_size, stride, padding, dilation)
    check_count(input_shape, (N, channels, P, Q), (channels, C // groups, *kernel_size))
    tops = padding[0][0], padding[1][0]
    return Geometry(
        N, C // groups, H, W, channels // groups, *kernel_size, P, Q, *stride, *tops, *dilation, groups, last
    )


def forward(shape: Geometry, out: DeviceArray, x: DeviceArray, weight: DeviceArray, bias: Any, relu: bool) -> Call:
    """out = convolution, bias and ReLU."""
    given = weight if bias is None else bias
    args = (out, x, weight, given, bias is not None, relu, shape.numbers)
    return _on(convolution.conv2d, product_grid(shape.N * shape.P * shape.Q, shape.K, shape.groups), args)


def forward_pooled(
    shape: Geometry, out: DeviceArray, codes: DeviceArray, x: DeviceArray, weight: DeviceArray, bias: Any
) -> Call:
    """out, codes = convolution, bias, ReLU and 2x2 max-pool."""
    given = weight if bias is None else bias
    args = (out, codes, x, weight, given, bias is not None, shape.numbers)
    rows = 4 * shape.N * (shape.P // 2) * (shape.Q // 2)
    return _on(convolution.conv2d_pooled, product_grid(rows, shape.K, 1), args)


def grad_input(shape: Geometry, grad_in: DeviceArray, grad: DeviceArray, weight: DeviceArray) -> Call:
    """grad_in = the gradient with respect to the pictures."""
    grid = product_grid(shape.N * shape.H * shape.W, shape.C, shape.groups)
    return _on(convolution.conv2d_grad_input, grid, (grad_in, grad, weight, shape.numbers))


def weight_shares(shape: Geometry) -> Pair:
    """The number of shares of the sum over all outputs, and the length of a share."""
    return shares(shape.K, shape.terms, shape.N * shape.P * shape.Q, shape.groups)


def grad_weight(
    shape: Geometry, out: DeviceArray, partials: DeviceArray, grad: DeviceArray, x: DeviceArray
) -> list[Call]:
    """out (K, C*R*S) = the gradient with respect to the weight; partials (shares, K, C*R*S) holds partial sums."""
    parts, length = weight_shares(shape)
    grid = product_grid(shape.K, shape.terms, parts * shape.groups)
    count = shape.K * shape.groups * shape.terms
    return [
        _on(convolution.conv2d_grad_weight, grid, (partials, grad, x, length, parts, shape.numbers)),
        folded(out, partials, count, parts),
    ]


def product(
    out: DeviceArray, partials: DeviceArray, left: DeviceArray, right: DeviceArray, sizes: tuple[int, int, int],
    steps: tuple[int, int, int, int], bias: Any = None, relu: bool = False,
) -> list[Call]:  # fmt: skip
    """out (rows, columns) = left x right + bias; sizes: rows, columns, depth; steps: see `tiles.product`."""
    rows, columns, depth = sizes
    parts, length = shares(rows, columns, depth)
    args = (partials, left, right, (*sizes, length, *steps))
    return [
        _on(tiles.product, product_grid(rows, columns, parts), args),
        folded(out, partials, rows * columns, parts, bias, columns, relu),
    ]


def folded(
    out: DeviceArray,
    partials: DeviceArray,
    count: int,
    parts: int,
    bias: Any = None,
    columns: int = 1,
    relu: bool = False,
) -> Call:
    """out = the sum of the shares, in order."""
    given = partials if bias is None else bias
    args = (out, partials, given, count, parts, columns, bias is not None, relu)
    return _on(sums.fold, line_grid(count), args)


def bands(rows: int) -> int:
    """The number of bands of rows for the column sums of a matrix."""
    return tiles_of(rows, BAND_ROWS)


def column_sums(out: DeviceArray, partials: DeviceArray, x: DeviceArray, rows: int, columns: int) -> list[Call]:
    """out (columns,) = the sums over the rows of x; partials (bands, columns) holds partial sums."""
    grid = (tiles_of(columns, BAND), bands(rows)), (BAND, LANES)
    return [
        _on(sums.column_sums, grid, (partials, x, rows, columns, BAND_ROWS)),
        folded(out, partials, columns, bands(rows)),
    ]


def _on(kernel: Any, grid: Any, args: tuple[Any, ...]) -> Call:
    return kernel, (*grid, *args)
