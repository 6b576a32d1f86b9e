"""The register tiles: the innermost loops of every convolution and matrix product, as LLVM vector code.

A tile keeps a small block of sums in registers until all products are added. Then it writes each sum once.
`docs/kernels.md` explains how a convolution becomes tiles. There are these:

- `sum_tile`      pixels x output channels, for convolution, both its gradients, and Affine's gradients;
- `plain_tile`, `avx512_tile`, `amx_tile` the same for pairs of bfloat16 numbers;
- `pool_tile`     the same as `sum_tile` for 2x2 windows of pixels, with ReLU and max-pool before anything is written;
- `dot_tile`      pictures x outputs, with the lanes along the sum, for Affine forward;
- `gradient_tile`, `winner_tile` the weight gradient of a one-channel convolution that ReLU and 2x2 max-pool follow;
- `gather_tile`   terms of weights that lie far apart, one after the other;
- `channel_tile`, `plane_tile`, `moment_tile` depthwise convolution and the gradient of its weight;
- `channel_sum_tile`, `channel_moment_tile`, `norm_gradient_tile` sums of each channel over the pixels of a picture;
- `winograd_input_tile`, `winograd_weight_tile`, `winograd_output_tile` the transforms of Winograd's convolution;
- `row_input_tile`, `row_pool_tile` the same along rows, for 5x5 with ReLU and max-pool;
- `copy_tile`, `skip_tile`, `zip_tile` a short row, every second element of it, and two such rows in one;
- `add_tile`      a short row added to another;
- `transpose_tile` rows to columns, for every change of layout.

All arrays are flat. `..._at` is where a tile begins, `..._stride` the distance of two neighbours, both in elements. A
tile checks nothing: its caller has done so. It reads whole vectors, so each array has one spare vector at its end. It
writes only its own elements. Above each tile is its twin in NumPy. The twin defines what the tile does, and runs in
its place when Numba's compiler is off (NUMBA_DISABLE_JIT=1).
"""
