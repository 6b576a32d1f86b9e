"""The CPU backend: Numba, parallel; the same functions and signatures as `reference`."""
