"""im2col, col2im and max-pool, with a thread for each output element. Gradients gather: one thread adds to a place."""

from fastcnn.kernels.cuda.products.convolution import place
from fastcnn.kernels.cuda.toolchain.compiler import device, int32, kernel
from fastcnn.kernels.cuda.toolchain.index import here


@device
def output(i, C, P, Q, last):
    """Picture, channel, row and column of an output's element i.

    It is a function because one compiler keeps variables in memory that both branches of a kernel assign.
    """
    if last != 0:
        pixel, c = int32(i // C), int32(i % C)
        return int32(pixel // (P * Q)), c, int32(pixel // Q % P), int32(pixel % Q)
    row, q = int32(i // Q), int32(i % Q)
    plane, p = int32(row // P), int32(row % P)
    return int32(plane // C), int32(plane % C), p, q


@device
def inside(start, dilation):
    """The first of start, start + dilation, ... that is inside the picture."""
    return int32(start if start > 0 else (start + dilation * ((dilation - 1 - start) // dilation)))


@kernel("F F i i17")
def im2col(cols, x, count, shape):
    """cols (N*P*Q, C*R*S) of N C H W pictures."""
    N, C, H, W, K, R, S, P, Q, stride_h, stride_w, top, left, dilation_h, dilation_w, groups, last = shape
    i = here()
    if i < count:
        s, rest = int32(i % S), int32(i // S)
        r, rest = int32(rest % R), int32(rest // R)
        c, rest = int32(rest % C), int32(rest // C)
        q, rest = int32(rest % Q), int32(rest // Q)
        p, n = int32(rest % P), int32(rest // P)
        h, w = int32(p * stride_h - top + r * dilation_h), int32(q * stride_w - left + s * dilation_w)
        value = x.dtype.type(0)
        if 0 <= h and h < H and 0 <= w and w < W:
            value = x[int32(((n * C + c) * H + h) * W + w)]
        cols[i] = value


@kernel("F F i i17")
def col2im(images, cols, count, shape):
    """Each pixel adds the taps that saw it, in (r, s) order."""
    N, C, H, W, K, R, S, P, Q, stride_h, stride_w, top, left, dilation_h, dilation_w, groups, last = shape
    i = here()
    if i < count:
        w, rest = int32(i % W), int32(i // W)
        h, rest = int32(rest % H), int32(rest // H)
        c, n = int32(rest % C), int32(rest // C)
        total = cols.dtype.type(0)
        for r in range(R):
            down = int32(h + top - r * dilation_h)
            if down >= 0 and down % stride_h == 0 and down // stride_h < P:
                for s in range(S):
                    right = int32(w + left - s * dilation_w)
                    if right >= 0 and right % stride_w == 0 and right // stride_w < Q:
                        at = int32((n * P + down // stride_h) * Q + right // stride_w)
                        total += cols[int32(((at * C + c) * R + r) * S + s)]
        images[i] = total


@kernel("F I F i i17")
def max_pool(out, winners, x, count, shape):
    """out, and in winners the number h*W + w of the largest pixel: the first of equal ones, or the first NaN."""
    N, C, H, W, K, R, S, P, Q, stride_h, stride_w, top, left, dilation_h, dilation_w, groups, last = shape
    i = here()
    if i < count:
        n, c, p, q = output(i, C, P, Q, last)
        h_first, w_first = inside(p * stride_h - top, dilation_h), inside(q * stride_w - left, dilation_w)
        h_stop, w_stop = int32(p * stride_h - top + R * dilation_h), int32(q * stride_w - left + S * dilation_w)
        h_stop = int32(h_stop if h_stop < H else H)
        w_stop = int32(w_stop if w_stop < W else W)
        best = x[place(n, c, h_first, w_first, C, H, W, last)]
        winner = int32(h_first * W + w_first)
        for h in range(h_first, h_stop, dilation_h):
            for w in range(w_first, w_stop, dilation_w):
                value = x[place(n, c, h, w, C, H, W, last)]
                # not (value <= best) is also true for NaN; the first NaN then stays.
                if not (value <= best) and best == best:
                    best = value
                    winner = int32(h * W + w)
        out[i] = best
        winners[i] = winner


@kernel("F F I i i i i i")
def max_pool_gradient(grad_in, grad, winners, planes, channels, pixels, outputs, last):
    """The outputs of a plane add their gradients to their winners, one after the other, in one thread.

    The winners may be anywhere, so gathering is impossible. With channels last, adjacent threads write adjacent places.
    """
    i = here()
    if i < planes:
        n, c = int32(i // channels), int32(i % channels)
        step = int32(channels if last != 0 else 1)
        into = int32(n * channels * pixels + c if last != 0 else i * pixels)
        source = int32(n * channels * outputs + c if last != 0 else i * outputs)
        for pixel in range(pixels):
            grad_in[int32(into + pixel * step)] = 0
        for output in range(outputs):
            at = int32(source + output * step)
            grad_in[int32(into + winners[at] * step)] += grad[at]
