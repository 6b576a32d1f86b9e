"""Where a thread stands."""

from fastcnn.kernels.cuda.toolchain.compiler import cuda, device, int32


@device
def here():
    """The element that is this thread's."""
    return int32(cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
