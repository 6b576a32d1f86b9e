"""The index of a thread, and division of indices."""

from fastcnn.kernels.cuda.toolchain.compiler import cuda, device, int32, uint32


@device
def here():
    """The number of this thread's element."""
    return int32(cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)


@device
def divide(number, by):
    """Quotient and remainder of numbers that are not negative.

    It divides unsigned numbers: for signed ones, Numba divides in 64 bits, with a test whether 32 bits are enough.
    """
    quotient = uint32(uint32(number) // uint32(by))
    return int32(quotient), int32(uint32(number) - quotient * uint32(by))
