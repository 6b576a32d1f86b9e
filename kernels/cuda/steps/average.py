"""Average pool of any window on the GPU: a thread for each value, and gradients gather."""

from fastcnn.kernels.cuda.products.calls import geometry
from fastcnn.kernels.cuda.steps.base import Activation, Step
from fastcnn.kernels.cuda.toolchain.compiler import device, int32, kernel
from fastcnn.kernels.cuda.toolchain.index import here
from fastcnn.kernels.cuda.toolchain.memory import upload
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.shapes import Array, Padding, Pair


@device
def _inside(value, size):
    """The value, limited to 0 ... size."""
    if value < 0:
        return int32(0)
    return int32(value if value < size else size)


@kernel("F F F i i17")
def window_means(out, x, divisors, count, shape):
    """out (N, P, Q, C) = the sum of each window / its divisor; divisors (P * Q,)."""
    N, C, H, W, K, R, S, P, Q, stride_h, stride_w, top, left, dilation_h, dilation_w, groups, last = shape
    i = here()
    if i < count:
        c, window = int32(i % C), int32(i // C)
        q, p, n = int32(window % Q), int32(window // Q % P), int32(window // (P * Q))
        total = x.dtype.type(0)
        for h in range(_inside(p * stride_h - top, H), _inside(p * stride_h - top + R, H)):
            for w in range(_inside(q * stride_w - left, W), _inside(q * stride_w - left + S, W)):
                total += x[int32(((n * H + h) * W + w) * C + c)]
        out[i] = total / divisors[int32(p * Q + q)]


@kernel("F F F i i17")
def window_means_gradient(grad_in, grad, divisors, count, shape):
    """grad_in (N, H, W, C) = the sum of grad / divisor over the windows that see a pixel, in order."""
    N, C, H, W, K, R, S, P, Q, stride_h, stride_w, top, left, dilation_h, dilation_w, groups, last = shape
    i = here()
    if i < count:
        c, pixel = int32(i % C), int32(i // C)
        w, h, n = int32(pixel % W), int32(pixel // W % H), int32(pixel // (H * W))
        down, right = int32(h + top), int32(w + left)  # in the padded picture
        # A window sees the pixel if it begins less than R before it. Adding stride avoids division of negative numbers.
        p_first = _inside((down - R + stride_h) // stride_h if down >= R else 0, P)
        q_first = _inside((right - S + stride_w) // stride_w if right >= S else 0, Q)
        total = grad.dtype.type(0)
        for p in range(p_first, _inside(down // stride_h + 1, P)):
            for q in range(q_first, _inside(right // stride_w + 1, Q)):
                at = int32((n * P + p) * Q + q)
                total += grad[int32(at * C + c)] / divisors[int32(p * Q + q)]
        grad_in[i] = total


class AvgPool2d(Step):
    """The mean of each window; divisors (P, Q): the number of pixels that count."""

    def __init__(
        self, x: Activation, out: Activation, *, kernel_size: Pair, stride: Pair, padding: Padding, divisors: Array
    ) -> None:
        super().__init__(x, out)
        self.name = f"avg_pool {kernel_size[0]}x{kernel_size[1]}"
        self.options = (x.channels, kernel_size, stride, padding, (1, 1), 1, True)
        self.divisors = upload(divisors.astype(self.dtype).reshape(-1))

    def forward_calls(self, n: int, training: bool) -> list[Call]:
        return [self._windowed(window_means, n, n * self.out.size, self.out.data, self.x.data)]

    def backward_calls(self, n: int) -> list[Call]:
        return [self._windowed(window_means_gradient, n, n * self.x.size, self.x.grad, self.out.grad)]

    def _windowed(self, kernel: object, n: int, count: int, *arrays: object) -> Call:
        shape = geometry((n, *self.x.shape), *self.options)  # type: ignore[arg-type]
        return self._each(kernel, count, *arrays, self.divisors, count, shape.numbers)
