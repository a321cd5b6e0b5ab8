"""The weight gradient of a depthwise convolution whose kernel is as large as the map, quick on a CPU.

oneDNN, the library PyTorch's CPU convolutions come from, has no code of its own for that case on AVX2: it
falls back on one matrix product a channel. Late stages of an EfficientNet on small images (5×5 kernels on
4×4 maps) then spend a third of a training step there. Each number of the kernel meets only the part of
the map that it overlaps, so a few multiplications and sums do the same several times as fast.
``benchmarks/speed.py half`` shows what it is worth.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


@contextmanager
def quick_depthwise(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Inside, depthwise convolutions of ``model`` use the gradient above where it is the quicker one.

    What they compute stays the same up to rounding. Afterwards each has its own ``forward`` again.
    """
    layers = [m for m in model.modules() if _may_be_quick(m)] if device.type == "cpu" else []
    for conv in layers:
        conv.forward = partial(_forward, conv)
    try:
        yield
    finally:
        for conv in layers:
            del conv.forward


def _may_be_quick(module: nn.Module) -> bool:
    if type(module) is not nn.Conv2d or "forward" in vars(module):
        return False
    same_size = module.padding == tuple(side // 2 for side in module.kernel_size)
    plain = module.padding_mode == "zeros" and module.stride == module.dilation == (1, 1)
    depthwise = 1 < module.groups == module.in_channels == module.out_channels
    return depthwise and plain and same_size and all(side % 2 for side in module.kernel_size)


def _forward(conv: nn.Conv2d, x: Tensor) -> Tensor:
    learns = torch.is_grad_enabled() and conv.weight.requires_grad
    covers = x.ndim == 4 and max(x.shape[2:]) <= min(conv.kernel_size)
    if learns and covers and x.dtype == conv.weight.dtype == torch.float32:
        return _Depthwise.apply(x, conv.weight, conv.bias)
    return nn.Conv2d.forward(conv, x)


class _Depthwise(torch.autograd.Function):
    """A depthwise convolution that keeps the size of its maps: x (N, C, H, W), weight (C, 1, k, l)."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return F.conv2d(x, weight, bias, padding=_padding(weight), groups=len(weight))

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        x, weight = ctx.saved_tensors
        wants_x, wants_weight, wants_bias = ctx.needs_input_grad
        setting = {"padding": _padding(weight), "groups": len(weight)}
        for_x = nn.grad.conv2d_input(x.shape, weight, gradient, **setting) if wants_x else None
        for_weight = weight_gradient(x, gradient, weight.shape[2:]) if wants_weight else None
        return for_x, for_weight, gradient.sum((0, 2, 3)) if wants_bias else None


def _padding(weight: Tensor) -> list[int]:
    return [side // 2 for side in weight.shape[2:]]


def weight_gradient(x: Tensor, gradient: Tensor, kernel: tuple[int, int]) -> Tensor:
    """(C, 1, k, l): for each place in the kernel, the sum of input times gradient where the two overlap.

    ``x`` and ``gradient`` are (N, C, H, W); the kernel's sides are odd and the padding is half of them.
    """
    x, gradient = (t.permute(0, 2, 3, 1) for t in (x, gradient))  # channels last, where sums run along memory
    found = x.new_zeros((*kernel, x.shape[3]))
    for row in range(kernel[0]):
        rows, moved_rows = _overlap(row - kernel[0] // 2, x.shape[1])
        for column in range(kernel[1]):
            columns, moved_columns = _overlap(column - kernel[1] // 2, x.shape[2])
            part = x[:, moved_rows, moved_columns] * gradient[:, rows, columns]
            found[row, column] = part.sum((0, 1, 2))
    return found.permute(2, 0, 1)[:, None]


def _overlap(shift: int, size: int) -> tuple[slice, slice]:
    """Where a map and the map moved by ``shift`` overlap, as slices of the first and of the second.

    >>> _overlap(1, 4), _overlap(-2, 4)
    ((slice(0, 3, None), slice(1, 4, None)), (slice(2, 4, None), slice(0, 2, None)))
    """
    low, high = max(0, -shift), max(0, size - max(0, shift))
    return slice(low, high), slice(max(0, low + shift), max(0, high + shift))
