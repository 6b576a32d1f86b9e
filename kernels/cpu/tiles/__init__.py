"""The register tiles: the innermost loops of every convolution and matrix product, as LLVM vector code.

A tile keeps a small block of sums in registers while it walks over everything that is added to them, and writes each
sum once. How a convolution becomes tiles is told in `docs/kernels.md`. There are five:

- `sum_tile`      pixels x output channels; serves convolution forward, both its gradients, and Affine's gradients;
- `pool_tile`     the same for 2x2 windows of pixels, with ReLU and max-pool before anything is written;
- `dot_tile`      pictures x outputs, with the lanes along the sum; serves Affine forward;
- `gradient_tile` the weight gradient of a one-channel convolution behind ReLU and 2x2 max-pool;
- `transpose_tile` rows to columns, for everything that changes a layout.

All arrays are flat; `..._at` is where a tile begins and `..._step` how far apart two neighbours lie, in elements. A
tile trusts its caller: it checks nothing. It reads whole vectors, so arrays have a vector of slack at their end; it
writes nothing but its own elements. Above each tile stands its twin in NumPy, which defines what the tile does and
runs in its place when Numba's compiler is off (NUMBA_DISABLE_JIT=1).
"""
