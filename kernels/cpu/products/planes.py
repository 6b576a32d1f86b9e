"""Depthwise convolution of (N, C, H, W) arrays and its gradients, plane by plane.

A plane is copied into a scratch with its border of zeros, so that it stays in a core's cache. There each tap is a
shift: out[i] = the sum over taps of x[i + tap] * w[tap], for all pixels of the plane in one run. What lies between two
rows is summed up too and not copied out. With a stride the scratch holds each phase of rows and columns as a plane of
its own, so that a tap is still a shift. `Shifts` has the tables of a shape.

Each plane of a result is computed by one task, in an order that only its shape decides.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import prange

from fastcnn.kernels.cpu.products.geometry import Table
from fastcnn.kernels.cpu.tiles.depthwise import VECTOR_COUNTS, copy_tile, moment_tile, plane_tile, skip_tile, zip_tile
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel
from fastcnn.kernels.cpu.toolchain.sharing import split
from fastcnn.kernels.cpu.toolchain.vector import VECTOR_BYTES
from fastcnn.kernels.shapes import Padding, Pair, windows

MOST_VECTORS = VECTOR_COUNTS[0]


class Shifts(NamedTuple):
    """The tables of a convolution of planes, or of its gradient by the input. All distances are in elements."""

    x_plane: int  # from one plane of x to the next
    out_plane: int
    bordered: int  # a plane of x with its border, in all phases
    run: int  # a plane of sums with its gaps, of one phase of columns; the next phase's follows it
    pitch: int  # from one row of the scratch to the next
    # Rows to copy into the scratch and out of it: where each begins in the scratch and in the plane, and its elements.
    load: Table
    load_step: int  # from one element of the plane's row to the next
    store: Table
    phases: int  # of columns: a row of out takes an element from each of their runs in turn
    phase_rows: Table  # the rows that each phase of out stores: the first, and the end (one after the last)
    phase_taps: Table  # the same for the taps of each phase
    length: Table  # elements of each phase's run
    x_taps: Table
    w_taps: Table

    def scratch(self, planes: int, lanes: int) -> int:
        """Elements of scratch with so many planes of x. The last tile of a run may be longer than the run."""
        return planes * self.bordered + self.phases * self.run + 2 * MOST_VECTORS * lanes


def _table(values: object) -> Table:
    return np.array(values, np.int64).reshape(-1)


@lru_cache(maxsize=256)
def forward_shifts(
    input_plane: Pair, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, sources: int
) -> Shifts:
    """The tables from `sources` planes of x to a plane of out."""
    (H, W), (R, S), (sh, sw) = input_plane, kernel_size, stride
    P, Q = windows((1, 1, H, W), kernel_size, stride, padding, dilation)
    r_places, s_places = [r * dilation[0] for r in range(R)], [s * dilation[1] for s in range(S)]
    r_phases, s_phases = sorted({r % sh for r in r_places}), sorted({s % sw for s in s_places})
    rows, pitch = P + r_places[-1] // sh, Q + s_places[-1] // sw
    size, phases = rows * pitch, len(r_phases) * len(s_phases)
    load = []
    for i, a in enumerate(r_phases):
        for j, b in enumerate(s_phases):
            # Columns b + j * sw of the border; those of them that lie inside the picture.
            first, stop = max(0, -((b - padding[1][0]) // sw)), min(pitch, -((b - padding[1][0] - W) // sw))
            for row in range(rows):
                h = row * sh + a - padding[0][0]
                if 0 <= h < H and first < stop:
                    at = (i * len(s_phases) + j) * size + row * pitch
                    load.append((at + first, h * W + b + first * sw - padding[1][0], stop - first))
    down = [r_phases.index(r % sh) * len(s_phases) * size + r // sh * pitch for r in r_places]
    right = [s_phases.index(s % sw) * size + s // sw for s in s_places]
    length = (P - 1) * pitch + Q
    return Shifts(
        x_plane=H * W, out_plane=P * Q, bordered=phases * size, run=length, pitch=pitch,
        load=_table(load), load_step=sw, store=_table([(p * pitch, p * Q, Q) for p in range(P)]), phases=1,
        phase_rows=_table([0, P]), phase_taps=_table([0, sources * R * S]), length=_table(length),
        x_taps=_table([i * phases * size + r + s for i in range(sources) for r in down for s in right]),
        w_taps=np.arange(sources * R * S),
    )  # fmt: skip


@lru_cache(maxsize=256)
def backward_shifts(
    input_plane: Pair, kernel_size: Pair, stride: Pair, padding: Padding, dilation: Pair, sources: int, filter_size: int
) -> Shifts:
    """The tables from `sources` planes of the gradient of out to a plane of that of x, phase by phase of x.

    filter_size : elements of a filter
    """
    (H, W), (R, S), (sh, sw) = input_plane, kernel_size, stride
    P, Q = windows((1, 1, H, W), kernel_size, stride, padding, dilation)
    (top, bottom), (left, right) = (
        _reach(*sizes) for sizes in zip((H, W), (P, Q), (R, S), stride, padding, dilation, strict=True)
    )
    pitch, size = left + Q + right, (top + P + bottom) * (left + Q + right)
    store: list[tuple[int, int, int]] = []
    taps: list[tuple[int, int]] = []
    phase_rows, phase_taps, length = [0], [0], []
    phases = min(sw, W)
    for a in range(min(sh, H)):
        for b in range(phases):
            places = [
                (r * S + s, p // sh + top, q // sw + left)
                for r in range(R) for s in range(S)
                for p, q in [(a + padding[0][0] - r * dilation[0], b + padding[1][0] - s * dilation[1])]
                if p % sh == q % sw == 0
            ]  # fmt: skip
            for i in range(sources):
                taps += [(i * size + p * pitch + q, i * filter_size + tap) for tap, p, q in places]
            rows, columns = range(a, H, sh), len(range(b, W, sw))
            if b == phases - 1:
                store += [(i * pitch, h * W, W) for i, h in enumerate(rows)]
            phase_rows.append(len(store))
            phase_taps.append(len(taps))
            length.append((len(rows) - 1) * pitch + columns)
    x_taps, w_taps = np.array(taps, np.int64).reshape(-1, 2).T.copy()
    return Shifts(
        x_plane=P * Q, out_plane=H * W, bordered=size, run=max(length), pitch=pitch,
        load=_table([((top + p) * pitch + left, p * Q, Q) for p in range(P)]), load_step=1, store=_table(store),
        phases=phases, phase_rows=_table(phase_rows), phase_taps=_table(phase_taps), length=_table(length),
        x_taps=x_taps, w_taps=w_taps,
    )  # fmt: skip


def _reach(size: int, out: int, kernel: int, stride: int, padding: Pair, dilation: int) -> Pair:
    """Zeros that the gradient of out needs before and after it along one axis, so that each pixel has all its taps."""
    lowest, highest = (padding[0] - (kernel - 1) * dilation) // stride, (size - 1 + padding[0]) // stride
    return max(0, -lowest), max(0, highest - (out - 1))


@inner
def load_plane(scratch, at, x, x_at, rows, step):
    for i in range(0, len(rows), 3):
        to, start, count = at + rows[i], x_at + rows[i + 1], rows[i + 2]
        if step == 1:
            copy_tile(scratch, to, x, start, count)
        elif step == 2:
            skip_tile(scratch, to, x, start, count)
        else:
            for e in range(count):
                scratch[to + e] = x[start + e * step]


@inner
def store_plane(out, out_at, scratch, at, run, rows, phases, first, stop):
    for i in range(3 * first, 3 * stop, 3):
        start, to, count = at + rows[i], out_at + rows[i + 1], rows[i + 2]
        if phases == 1:
            copy_tile(out, to, scratch, start, count)
        elif phases == 2:
            zip_tile(out, to, scratch, start, start + run, count)
        else:
            for e in range(count):
                out[to + e] = scratch[start + e % phases * run + e // phases]


@kernel
def plane_sums(out, x, w, bias, bias_step, scratch, shifts, units, groups, sources, results, w_group, w_step, parts):
    """out = bias + the sums of the taps, in `parts` tasks that have a part of the scratch each.

    units : pictures x groups; `sources` planes of x give `results` planes of out
    w_group, w_step : from the weights of one group to those of the next, and from one plane of a group to the next
    """
    lanes = VECTOR_BYTES // out.itemsize
    size = len(scratch) // parts
    # Out of the tuple once: each use would count a reference.
    load, store, x_taps, w_taps = shifts.load, shifts.store, shifts.x_taps, shifts.w_taps
    lengths, phase_rows, phase_taps = shifts.length, shifts.phase_rows, shifts.phase_taps
    for task in prange(parts):
        part = np.int64(task)
        at = part * size
        sums_at = at + sources * shifts.bordered + MOST_VECTORS * lanes
        for unit in range(units * part // parts, units * (part + 1) // parts):
            for i in range(sources):
                x_at = (unit * sources + i) * shifts.x_plane
                load_plane(scratch, at + i * shifts.bordered, x, x_at, load, shifts.load_step)
            group = unit % groups
            for j in range(results):
                w_at, bias_at = group * w_group + j * w_step, (group * results + j) * bias_step
                out_at = (unit * results + j) * shifts.out_plane
                for phase in range(len(lengths)):
                    first, stop = phase_taps[phase], phase_taps[phase + 1]
                    run_at = sums_at + phase % shifts.phases * shifts.run
                    done = 0
                    while done < lengths[phase]:
                        vectors = (lengths[phase] - done + lanes - 1) // lanes
                        vectors = 1 if vectors == 1 else 2 if vectors == 2 else 4 if vectors <= 4 else MOST_VECTORS
                        plane_tile(
                            scratch, run_at + done, scratch, at + done, w, w_at, x_taps, w_taps, first, stop - first,
                            bias, bias_at, vectors,
                        )  # fmt: skip
                        done += vectors * lanes
                    rows = phase_rows[phase], phase_rows[phase + 1]
                    store_plane(out, out_at, scratch, sums_at, shifts.run, store, shifts.phases, *rows)


@kernel
def plane_moments(
    partials, x, grad, scratch, shifts, rows, columns, images, per_block, groups, sources, filters, parts
):  # fmt: skip
    """partials (blocks, groups, filters, sources, taps): the gradient of the weight over each block of pictures.

    rows, columns : of grad's planes
    sources, filters : planes of x and of grad in a group
    """
    lanes = VECTOR_BYTES // x.itemsize
    load, x_taps = shifts.load, shifts.x_taps
    size, taps = len(scratch) // parts, len(x_taps)
    blocks, count = (images + per_block - 1) // per_block, filters * sources * taps
    for task in prange(parts):
        part = np.int64(task)
        at = part * size
        sums_at = at + shifts.bordered
        sums = scratch[sums_at : sums_at + count * lanes]
        for unit in range(blocks * groups * part // parts, blocks * groups * (part + 1) // parts):
            block, group = split(unit, groups)
            sums[:] = 0
            for n in range(block * per_block, min(images, (block + 1) * per_block)):
                plane = n * groups + group
                for i in range(sources):
                    load_plane(scratch, at, x, (plane * sources + i) * shifts.x_plane, load, shifts.load_step)
                    for j in range(filters):
                        grad_at, first = (plane * filters + j) * shifts.out_plane, (j * sources + i) * taps
                        tap = 0
                        while tap < taps:
                            rest = taps - tap
                            some = 9 if rest >= 9 else 5 if rest >= 5 else 3 if rest >= 3 else 1
                            moment_tile(
                                scratch, sums_at + (first + tap) * lanes, lanes, scratch, at, shifts.pitch, lanes,
                                grad, grad_at, columns, lanes, x_taps, tap, some, rows, columns // lanes,
                                columns % lanes, lanes,
                            )  # fmt: skip
                            tap += some
            for i in range(count):
                total = sums[i * lanes]
                for lane in range(1, lanes):
                    total += sums[i * lanes + lane]
                partials[(block * groups + group) * count + i] = total
