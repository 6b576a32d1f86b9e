"""Where a thread stands, and numbers taken apart."""

from fastcnn.kernels.cuda.toolchain.compiler import cuda, device, int32, uint32


@device
def here():
    """The element that is this thread's."""
    return int32(cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)


@device
def divide(number, by):
    """Quotient and remainder of numbers that are not negative.

    Without their signs: else Numba divides in 64 bits, with a test whether 32 are enough.
    """
    quotient = uint32(uint32(number) // uint32(by))
    return int32(quotient), int32(uint32(number) - quotient * uint32(by))
