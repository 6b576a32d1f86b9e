"""The CUDA kernels: compilation for seven architectures, a cost model, and runs on a GPU."""
