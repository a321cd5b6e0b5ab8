"""A frozen copy of a model with its convolutions made quick: norm folded in, activation on the way out.

In eval mode a BatchNorm is one multiplication and one addition a channel, which the convolution before it
can do with other weights. oneDNN, the library PyTorch's CPU convolutions come from, can also apply a ReLU while
it writes the result, and can keep weights in the layout it computes with. What comes out is for inference
alone. The caller compares its output with the plain model's: nothing here is taken on trust.
"""

from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

_CONVOLUTIONS = ("Conv2d", "Conv2dSame")
_NORMS = ("BatchNorm2d", "BatchNormAct2d")
_ACTIVATIONS = {  # as oneDNN names them
    nn.Identity: ("none", [], ""),
    nn.ReLU: ("relu", [], ""),
    nn.ReLU6: ("hardtanh", [0.0, 6.0], ""),
    nn.SiLU: ("swish", [], ""),
    nn.Hardswish: ("hardswish", [], ""),
}


def fuse(model: nn.Module, x: Tensor) -> nn.Module:
    """Make every convolution of ``model`` quick, in place; ``x`` is a batch like those to come.

    ``model`` must be in eval mode and is of no use for training afterwards. Layers with hooks of their own,
    and layers that are called more than once, are left as they are.
    """
    for layer in _convolutions(model, x):
        conv, act = model.get_submodule(layer.conv), nn.Identity()
        if layer.norm:
            norm = model.get_submodule(layer.norm)
            conv = fuse_conv_bn_eval(conv, norm)
            left = [
                getattr(norm, name) for name in ("drop", "act") if hasattr(norm, name)
            ]  # timm's hold both
            left = [module for module in left if type(module) is not nn.Identity]
            if len(left) == 1 and type(left[0]) in _ACTIVATIONS:
                act = left.pop()
            model.set_submodule(layer.norm, nn.Sequential(*left))
        model.set_submodule(layer.conv, _Quick(conv, act, layer.shape))
    return model.to(memory_format=torch.channels_last)


class _Quick(nn.Module):
    """One convolution and the activation behind it, with weights in oneDNN's own layout."""

    def __init__(self, conv: nn.Conv2d, act: nn.Module, shape: tuple[int, ...]):
        super().__init__()
        weight, padding = conv.weight, list(conv.padding)
        self.size = self.plain = None
        if type(conv).__name__ == "Conv2dSame":  # its padding depends on the size of what comes in
            weight, padding = _without_padding_right(conv, shape)
            self.size, self.plain = shape[2:], nn.Sequential(conv, act)
        self.setting = (padding, list(conv.stride), list(conv.dilation), conv.groups)
        self.bias, self.act = conv.bias, _ACTIVATIONS[type(act)]
        weight = weight.contiguous(memory_format=torch.channels_last)
        self.packed = torch.ops.mkldnn._reorder_convolution_weight(weight, *self.setting, list(shape))

    def forward(self, x: Tensor) -> Tensor:
        if self.plain is not None and x.shape[2:] != self.size:
            return self.plain(x)
        return torch.ops.mkldnn._convolution_pointwise(x, self.packed, self.bias, *self.setting, *self.act)


def _without_padding_right(conv: nn.Conv2d, shape: tuple[int, ...]) -> tuple[Tensor, list[int]]:
    """(weight, padding) of a convolution padded evenly that does what TensorFlow's "same" padding does.

    That pads one side more where the number is odd, which oneDNN cannot, so that a padded copy would have to
    be made each time. A kernel that begins with zeros, padded evenly, comes to the same.
    """
    zeros, padding = [], []
    for size, kernel, stride, dilation in zip(shape[2:], conv.kernel_size, conv.stride, conv.dilation):
        needed = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
        if needed % 2 and dilation > 1:
            raise NotImplementedError("uneven padding of a dilated convolution")
        zeros.append(needed % 2)
        padding.append(needed - needed // 2)
    return F.pad(conv.weight, (zeros[1], 0, zeros[0], 0)), padding


@dataclass
class _Layer:
    """A convolution, the shape of what it is given, and the BatchNorm right behind it ("" if none)."""

    conv: str
    shape: tuple[int, ...]
    norm: str = ""


def _convolutions(model: nn.Module, x: Tensor) -> list[_Layer]:
    """Every convolution that may be replaced, found by running ``x`` once.

    A norm is right behind a convolution when the very tensor the one returns is what the other is given.
    """
    names = {module: name for name, module in model.named_modules()}
    made, found, calls, watch = {}, {}, Counter(), []

    def note_output(conv, inputs, output):
        calls[conv] += 1
        found[conv] = _Layer(names[conv], tuple(inputs[0].shape))
        made[id(output)] = conv, output  # holding the output keeps its id from being used again

    def note_input(norm, inputs):
        calls[norm] += 1
        conv, _ = made.get(id(inputs[0]), (None, None))
        if conv is not None:
            found[conv].norm = names[norm]

    for module in names:
        if module._forward_hooks or module._forward_pre_hooks:
            continue
        if type(module).__name__ in _CONVOLUTIONS and _plain(module):
            watch.append(module.register_forward_hook(note_output))
        elif type(module).__name__ in _NORMS and module.running_mean is not None:
            watch.append(module.register_forward_pre_hook(note_input))
    model(x)
    for handle in watch:
        handle.remove()
    once = {names[module] for module, count in calls.items() if count == 1}
    for layer in found.values():
        layer.norm = layer.norm if layer.norm in once else ""
    return [layer for layer in found.values() if layer.conv in once]


def _plain(conv: nn.Conv2d) -> bool:
    return (
        conv.padding_mode == "zeros"
        and not isinstance(conv.padding, str)
        and conv.weight.dtype == torch.float32
    )
