"""The CPU backend: Numba, parallel; the same functions and signatures as `reference`."""

from fastcnn.kernels.threads import prepare_numba

prepare_numba()  # before any module of this package imports Numba
