"""The CUDA kernels: compiled for seven architectures, a cost model, and runs on a GPU."""
