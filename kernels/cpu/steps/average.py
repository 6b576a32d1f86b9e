"""Average pool with windows of any size, on channels-last pictures."""

from numba import prange

from fastcnn.kernels.cpu.steps.base import Activation, Step
from fastcnn.kernels.cpu.steps.elementwise import row
from fastcnn.kernels.cpu.toolchain.jit import kernel
from fastcnn.kernels.cpu.toolchain.sharing import taps
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array, Padding, Pair


@kernel
def window_means(out, out_frame, x, x_frame, divisors, images, R, S, stride_h, stride_w, top, left):
    """out = the sum of each window / its divisor; divisors (P * Q,)."""
    channels = x_frame.channels
    for n in prange(images):
        for p in range(out_frame.height):
            h0 = p * stride_h - top
            r_first, r_stop = taps(h0, x_frame.height, R, 1)
            for q in range(out_frame.width):
                w0 = q * stride_w - left
                s_first, s_stop = taps(w0, x_frame.width, S, 1)
                o = row(out_frame, n, p)[0] + q * channels
                total, divisor = out[o : o + channels], divisors[p * out_frame.width + q]
                total[:] = 0
                for h in range(h0 + r_first, h0 + r_stop):
                    for w in range(w0 + s_first, w0 + s_stop):
                        i = row(x_frame, n, h)[0] + w * channels
                        pixel = x[i : i + channels]
                        for c in range(channels):
                            total[c] += pixel[c]
                for c in range(channels):
                    total[c] /= divisor


@kernel
def window_means_gradient(
    grad_in, grad_in_frame, grad, grad_frame, divisors, images, R, S, stride_h, stride_w, top, left
):
    """grad_in = grad / divisor of each window, added where windows overlap; grad_in has no border."""
    channels = grad_frame.channels
    for n in prange(images):
        grad_in[n * grad_in_frame.image : (n + 1) * grad_in_frame.image] = 0
        for p in range(grad_frame.height):
            h0 = p * stride_h - top
            r_first, r_stop = taps(h0, grad_in_frame.height, R, 1)
            for q in range(grad_frame.width):
                w0 = q * stride_w - left
                s_first, s_stop = taps(w0, grad_in_frame.width, S, 1)
                g = row(grad_frame, n, p)[0] + q * channels
                source, divisor = grad[g : g + channels], divisors[p * grad_frame.width + q]
                for h in range(h0 + r_first, h0 + r_stop):
                    for w in range(w0 + s_first, w0 + s_stop):
                        d = row(grad_in_frame, n, h)[0] + w * channels
                        target = grad_in[d : d + channels]
                        for c in range(channels):
                            target[c] += source[c] / divisor


class AvgPool2d(Step):
    """The mean of each window; divisors (P, Q): the number of pixels that count."""

    def __init__(
        self, x: Activation, out: Activation, *, kernel_size: Pair, stride: Pair, padding: Padding, divisors: Array
    ) -> None:
        super().__init__(x, out)
        self.name = f"avg_pool {kernel_size[0]}x{kernel_size[1]}"
        self.options = (*kernel_size, *stride, padding[0][0], padding[1][0])
        self.divisors = divisors.astype(self.dtype).reshape(-1)

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        args = (self.out.data, self.out.frame, self.x.data, self.x.frame, self.divisors, n, *self.options)
        return [self._copy(window_means, n * self.x.size, *args)]

    def backward_calls(self, n: int) -> list[Call]:
        grads = (self.x.grad, self.x.grad_frame, self.out.grad, self.out.grad_frame)
        return [self._copy(window_means_gradient, n * self.x.size, *grads, self.divisors, n, *self.options)]
