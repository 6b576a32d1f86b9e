"""gather_tile: terms of weights that lie far apart, copied one after the other."""

from numba.core import cgutils

from fastcnn.kernels.cpu.tiles.parts import tile, twin_lanes, twin_load
from fastcnn.kernels.cpu.tiles.sums import TILE_VECTORS
from fastcnn.kernels.cpu.toolchain import vector
from fastcnn.kernels.cpu.toolchain.vector import INT64, at, const


def _twin(out, w, w_at, w_term, length):
    width = TILE_VECTORS * twin_lanes(out)
    for i in range(length):
        out[i * width : (i + 1) * width] = twin_load(w, w_at + i * w_term, width)


@tile(_twin)
def gather_tile(builder, a, vtype):
    """out[i] = w[i] for `length` terms of a block of filters. It reads whole vectors, and 64 bytes after w at most."""
    with cgutils.for_range(builder, a.length, intp=INT64) as term:
        w = at(builder, a.w, a.w_at, builder.mul(term.index, a.w_term))
        out = at(builder, a.out, builder.mul(term.index, const(TILE_VECTORS * vtype.count)))
        for v in range(TILE_VECTORS):
            offset = const(v * vtype.count)
            vector.store(builder, vector.load(builder, at(builder, w, offset), vtype), at(builder, out, offset))
