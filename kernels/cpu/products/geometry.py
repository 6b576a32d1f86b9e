"""Where the tiles of one convolution begin and how far apart their operands are. The tables turn any stride, padding,
dilation and groups into plain sums of products, for the output and both gradients. This is plain Python and runs once
for each shape.

Buffers are flat, channels-last pictures, each with a border of zeros or none: see `Frame`. All channels of a pixel are
contiguous; a group uses a part of them.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

from fastcnn.kernels.cpu.products.loops import Walk
from fastcnn.kernels.cpu.tiles.sums import LEAST_PIXELS, TILE_PIXELS
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.kernels.shapes import Padding, Pair, windows

Table = npt.NDArray[np.int64]
# Sums over pictures are taken in blocks of pictures, which are then added in order. The number of blocks depends on the
# shape alone, so that the bits do not depend on the threads. There are enough blocks for two tasks for each of 128
# threads, unless the blocks became so small that adding them up would cost time.
TASKS = 256
GRADIENT_PIXELS = 512  # of a block, at least, for the gradient of a weight
SUMMED_VALUES = 4096  # of a block, at least, for sums of each channel
# Pixels whose products are added to all sums of a task before the next ones. The pixels' gradients of one block of
# filters, 16 KiB, then stay in the first cache, and their pictures in the second. See docs/kernels.md. In narrow
# vectors a block has 64 bytes of each pixel, at a distance that leaves it few lines of the first cache.
PART_PIXELS = 128 if VECTOR_BYTES == 64 else 100
# With fewer channels, the columns of a row of the kernel are one row of tiles: else these would be too small.
SPLIT_CHANNELS = 32
MOST_TABLES = 1024  # of one convolution

Arguments = ParamSpec("Arguments")
Made = TypeVar("Made")


class Frame(NamedTuple):
    """A flat array of channels-last pictures with a border of zeros; distances in elements."""

    channels: int
    height: int
    width: int
    top: int  # rows of zeros above
    left: int
    at: int  # where the first pixel inside the border begins
    row: int  # from one row to the next
    image: int  # from one picture to the next

    def apart(self, times: int) -> "Frame":
        """Every `times`-th of such pictures: the others are those of other groups."""
        return self._replace(image=times * self.image)


def frame(channels: int, height: int, width: int, border: Padding = ((0, 0), (0, 0))) -> Frame:
    """Pictures with so many zeros above, below, left and right."""
    (top, bottom), (left, right) = border
    row = (width + left + right) * channels
    return Frame(channels, height, width, top, left, top * row + left * channels, row, (height + top + bottom) * row)


class Tables(NamedTuple):
    """The row and tap tables of one call of sum_products, and its Walk."""

    x_rows: Table
    out_rows: Table
    row_taps: Table  # for each row the first tap and the end (one after the last); other taps see only the border
    x_taps: Table
    w_taps: Table
    walk: Walk


class Windows(NamedTuple):
    """One picture's rows of windows, to be copied, and the tables of the sums over the copy."""

    source: Frame  # its pictures are the picture's rows, and its rows are windows' rows
    copied: Frame
    rows: int  # of the picture
    tables: Tables

    @property
    def size(self) -> int:
        return self.rows * self.copied.image


class Phase(NamedTuple):
    """Input pixels that the same kernel taps see: every stride-th row and column."""

    r_taps: Table
    s_taps: Table
    tables: Tables


def _table(values: object) -> Table:
    return np.array(values, np.int64).reshape(-1)


def _kept(
    make: Callable[Concatenate["Convolution", Arguments], Made],
) -> Callable[Concatenate["Convolution", Arguments], Made]:
    """Make the tables of the same arguments once: the public functions ask for them at every call."""

    @wraps(make)
    def ready(self: "Convolution", /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Made:
        key = make.__name__, args, tuple(kwargs.items())
        if key not in self.tables:
            if len(self.tables) >= MOST_TABLES:
                self.tables.clear()
            self.tables[key] = make(self, *args, **kwargs)
        found: Made = self.tables[key]
        return found

    return ready


class Convolution:
    """One convolution's shapes: (C, H, W) pictures, K filters of (C/groups, R, S), (K, P, Q) out.

    x : the picture with its border of zeros, which may be wider than the padding
    grad : the gradient of out with the border that the gradient of the input needs, or none
    apart : every so many-th picture is one of these
    block : filters in a block of packed weights
    tile_pixels : of the tile that the tables are for
    """

    def __init__(
        self, input_shape: tuple[int, int, int], weight_shape: tuple[int, int, int, int], stride: Pair,
        padding: Padding, dilation: Pair, groups: int, block: int, grad_border: bool, x: Frame | None = None,
        apart: int = 1, tile_pixels: int = TILE_PIXELS,
    ) -> None:  # fmt: skip
        self.C, self.H, self.W = input_shape
        self.K, _, self.R, self.S = weight_shape
        self.stride, self.padding, self.dilation, self.groups, self.block = stride, padding, dilation, groups, block
        self.P, self.Q = windows((1, *input_shape), (self.R, self.S), stride, padding, dilation)
        self.x = frame(*input_shape, padding) if x is None else x
        # Where the first row of the first window begins.
        self.x_at = (self.x.top - padding[0][0]) * self.x.row + (self.x.left - padding[1][0]) * self.C
        rows = self._grad_border(0, self.H, self.P, self.R) if grad_border else (0, 0)
        columns = self._grad_border(1, self.W, self.Q, self.S) if grad_border else (0, 0)
        self.grad = frame(self.K, self.P, self.Q, (rows, columns))
        self.x, self.grad = self.x.apart(apart), self.grad.apart(apart)
        self._apart = apart
        self.tables: dict[object, Any] = {}
        self.dense = dilation[1] == 1 and groups == 1  # a row of the kernel sees one run of S*C contiguous floats
        self._whole_rows = self.dense and self.C < SPLIT_CHANNELS
        # Whether the public gradient of a weight reads planes: its tiles then read number after number, of few lines of
        # the first cache, and the pictures are copied without being turned.
        self.reads_planes = not self._whole_rows
        self._tile_pixels = tile_pixels

    def _grad_border(self, axis: int, size: int, out: int, kernel: int) -> Pair:
        """Zeros that grad_out needs before and after it along one axis, so that each input pixel has all its taps."""
        before = self.padding[axis][0]
        lowest = (before - (kernel - 1) * self.dilation[axis]) // self.stride[axis]
        highest = (size - 1 + before) // self.stride[axis]
        return max(0, -lowest), max(0, highest - (out - 1))

    @_kept
    def forward(self, images: int, group: int, out: Frame, pooled: bool = False) -> Tables:
        """The tables from x to out, both with their borders. `out` may be a part of a larger picture.

        pooled : max-pool reads the rows two by two, so they stay as they are
        """
        C, K = self.C // self.groups, self.K // self.groups
        columns, length = ([0], self.S * C) if self.dense else (list(range(self.S)), C)
        places = [(r * self.dilation[0], s * self.dilation[1]) for r in range(self.R) for s in columns]
        count = len(places)
        walk = Walk(
            images=images, columns=self.Q, filters=K, taps=images * count, taps_step=count,
            taps_part=max(1, count), length=length,
            x_at=self.x_at + group * C, x_image=self.x.image, x_step=self.stride[1] * self.C, x_term=1,
            w_at=0, w_image=0, w_block=self.R * self.S * C * self.block, w_term=self.block,
            out_at=out.at + group * K, out_image=out.image, out_step=self.K, bias_block=self.block,
        )  # fmt: skip
        x_rows = _table([p * self.stride[0] * self.x.row for p in range(self.P)])
        out_rows = _table([p * out.row for p in range(self.P)])
        x_taps = _table([r * self.x.row + s * self.C for r, s in places])
        top = self.padding[0][0]
        # For each row of out, the rows of the kernel that lie inside the picture.
        inside = [
            [r for r in range(self.R) if 0 <= p * self.stride[0] - top + r * self.dilation[0] < self.H]
            for p in range(self.P)
        ]
        tables = Tables(
            x_rows,
            out_rows,
            _row_taps(inside, len(columns)),
            x_taps,
            _table([t * length * self.block for t in range(count)]),
            walk,
        )
        return tables if pooled else _in_wide_rows(tables, self._tile_pixels)

    @_kept
    def short_rows(self, out: Frame) -> Windows | None:
        """How to sum up one picture whose rows are shorter than a tile; None if `forward` is as good.

        The windows' rows are copied one after the other. All pixels of out are then so far apart as two of a row, and
        fill tiles together.
        """
        alike = self.dense and self.stride[0] == 1 and out.row == self.Q * self.K
        if not alike or self.P == 1 or self.Q > TILE_PIXELS // 2:
            return None
        length = self.S * self.C
        whole = self.forward(1, 0, out)
        source = Frame(self.C, self.Q, self.S, 0, 0, self.x_at, self.stride[1] * self.C, self.x.row)
        copied = Frame(self.C, self.Q, self.S, 0, 0, 0, length, self.Q * length)
        start = whole.out_rows[:1].copy()
        tables = whole._replace(
            x_rows=start,
            out_rows=start,
            row_taps=_table([0, self.R]),
            x_taps=_table([r * self.dilation[0] * copied.image for r in range(self.R)]),
            walk=whole.walk._replace(columns=self.P * self.Q, x_at=0, x_step=length),
        )
        return Windows(source, copied, self.P + (self.R - 1) * self.dilation[0], tables)

    @_kept
    def grad_input(self, images: int, group: int, out: Frame) -> list[Phase]:
        """One entry for each phase of the input; there are stride x stride phases, or fewer in a small picture."""
        phases = []
        for a in range(min(self.stride[0], self.H)):
            for b in range(min(self.stride[1], self.W)):
                phases.append(self._phase(images, group, out, a, b))
        return phases

    def _phase(self, images: int, group: int, out: Frame, a: int, b: int) -> Phase:
        C, K = self.C // self.groups, self.K // self.groups
        (top, _), (left, _) = self.padding
        (sh, sw), (dh, dw) = self.stride, self.dilation
        # r and s fall, so the taps' places in grad_out rise, and a row of taps is one run of floats.
        r_taps = [r for r in reversed(range(self.R)) if (a + top - r * dh) % sh == 0]
        s_taps = [s for s in reversed(range(self.S)) if (b + left - s * dw) % sw == 0]
        p_taps = [(a + top - r * dh) // sh + self.grad.top for r in r_taps]
        q_taps = [(b + left - s * dw) // sw + self.grad.left for s in s_taps]
        if self.groups == 1 and q_taps and q_taps[-1] - q_taps[0] == len(q_taps) - 1:  # contiguous
            places, length = [(p, q_taps[0]) for p in p_taps], len(q_taps) * K
        else:
            places, length = [(p, q) for p in p_taps for q in q_taps], K
        count = len(places)
        rows = range(a, self.H, sh)
        inside = [
            [j for j, p in enumerate(p_taps) if 0 <= p + i - self.grad.top < self.P] for i in range(len(rows))
        ]  # fmt: skip
        walk = Walk(
            images=images, columns=len(range(b, self.W, sw)), filters=C, taps=images * count, taps_step=count,
            taps_part=max(1, count), length=length, x_at=group * K, x_image=self.grad.image, x_step=self.K, x_term=1,
            w_at=0, w_image=0, w_block=len(r_taps) * len(s_taps) * K * self.block, w_term=self.block,
            out_at=out.at + group * C + b * self.C, out_image=out.image, out_step=sw * self.C, bias_block=0,
        )  # fmt: skip
        tables = Tables(
            _table([i * self.grad.row for i in range(len(rows))]),
            _table([h * out.row for h in rows]),
            _row_taps(inside, len(places) // max(1, len(p_taps))),
            _table([p * self.grad.row + q * self.K for p, q in places]),
            _table([t * length * self.block for t in range(count)]),
            walk,
        )
        return Phase(_table(r_taps), _table(s_taps), _in_wide_rows(tables, self._tile_pixels))

    def gradient_blocks(self, images: int, alone: bool = False) -> Pair:
        """Pictures in a block of the sums over pictures, and the number of blocks; alone: a block is one task."""
        rows = self.R if self._whole_rows else self.R * self.S
        tasks = 1 if alone else rows * -(-self.K // self.groups // self.block)
        return gradient_blocks(images, self.P * self.Q, GRADIENT_PIXELS, tasks)

    @_kept
    def grad_weight(self, images: int, group: int, planes: bool = False) -> Tables:
        """The tables of sums over pictures and output pixels, into partials (blocks, R, S, C, K).

        planes : whether the pictures are planes, as `to_planes` writes them, and not channels-last
        """
        C, K = self.C // self.groups, self.K // self.groups
        (sh, sw), (dh, dw) = self.stride, self.dilation
        per_block, blocks = self.gradient_blocks(images)
        row = C * K
        width, plane = self.x.row // self.C, self.x.image // self.C // self._apart
        x_at, x_step, x_row, pixel = self.x_at, 1, self.x.row, self.C
        if planes:
            x_at, x_step, x_row, pixel = self.x_at // self.C, plane, width, 1
        if self._whole_rows:
            places, columns = [(r, 0) for r in range(self.R)], self.S * C
        else:
            places, columns = [(r, s) for r in range(self.R) for s in range(self.S)], C
        walk = Walk(
            images=blocks, columns=columns, filters=K, taps=images * self.P, taps_step=per_block * self.P,
            taps_part=max(1, PART_PIXELS // self.Q), length=self.Q,
            x_at=x_at + group * C * x_step, x_image=per_block * self.x.image, x_step=x_step, x_term=sw * pixel,
            w_at=group * K + self.grad.at,
            w_image=per_block * self.grad.image, w_block=self.block, w_term=self.K,
            out_at=0, out_image=self.R * self.S * row, out_step=K, bias_block=0,
        )  # fmt: skip
        pixels = [(n, p) for n in range(per_block) for p in range(self.P)]
        return Tables(
            _table([r * dh * x_row + s * dw * pixel for r, s in places]),
            _table([(r * self.S + s) * row for r, s in places]),
            _row_taps([range(per_block * self.P)] * len(places), 1),
            _table([n * self.x.image + p * sh * x_row for n, p in pixels]),
            _table([n * self.grad.image + p * self.grad.row for n, p in pixels]),
            walk,
        )


def gradient_blocks(images: int, size: int, least: int = SUMMED_VALUES, tasks: int = 1) -> Pair:
    """Pictures in a block, and the number of blocks. They depend only on the arguments.

    size : of a picture; least: of a block, where there are so many pictures
    tasks : that each block is cut into
    """
    per_block = max(-(-images * tasks // TASKS), -(-least // size))
    blocks = max(1, -(-images // per_block))
    per_block = max(1, -(-images // blocks))  # blocks of about the same size
    return per_block, -(-images // per_block)


def _in_wide_rows(tables: Tables, tile_pixels: int) -> Tables:
    """The same sums, where rows are so short that tiles of their pixels would be slow: with the pictures as columns.

    Each pixel is then a row. The order of each sum does not change. If their number allows it, a row has few pictures,
    so that there are tasks for many threads.
    """
    walk = tables.walk
    if walk.columns != 1 and (walk.columns >= max(LEAST_PIXELS, tile_pixels // 2) or walk.images < tile_pixels):
        return tables
    pixels = np.arange(walk.columns)
    columns = next((c for c in range(2 * tile_pixels, walk.images) if walk.images % c == 0), walk.images)
    images = walk.images // columns
    return tables._replace(
        x_rows=_table(np.add.outer(tables.x_rows, pixels * walk.x_step)),
        out_rows=_table(np.add.outer(tables.out_rows, pixels * walk.out_step)),
        row_taps=_table(np.repeat(tables.row_taps.reshape(-1, 2), walk.columns, axis=0)),
        walk=walk._replace(
            images=images,
            columns=columns,
            taps=images * walk.taps_step,
            x_image=columns * walk.x_image,
            x_step=walk.x_image,
            out_image=columns * walk.out_image,
            out_step=walk.out_image,
        ),
    )


def _row_taps(inside: Sequence[Sequence[int]], columns: int) -> Table:
    """For each row the first tap and the end (one after the last).

    inside : the kernel rows that each row needs
    columns : taps of a kernel row
    """
    return _table([(rows[0] * columns, (rows[-1] + 1) * columns) if rows else (0, 0) for rows in inside])


@lru_cache(maxsize=256)
def convolution(
    input_shape: tuple[int, int, int], weight_shape: tuple[int, int, int, int], stride: Pair, padding: Padding,
    dilation: Pair, block: int, grad_border: bool, apart: int,
) -> Convolution:  # fmt: skip
    """See `Convolution`; the same object for the same shapes."""
    return Convolution(input_shape, weight_shape, stride, padding, dilation, 1, block, grad_border, apart=apart)
