"""The quick weight gradient of depthwise convolutions, held against PyTorch's own."""

import copy
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from ftlib.tune import depthwise, fit
from ftlib.tune.depthwise import quick_depthwise, weight_gradient

CPU = torch.device("cpu")


@settings(max_examples=80, deadline=None)
@given(
    kernel=st.tuples(*[st.sampled_from([1, 3, 5, 7])] * 2),
    size=st.tuples(*[st.integers(1, 9)] * 2),
    channels=st.integers(1, 4),
    last=st.booleans(),
)
def test_weight_gradient_is_that_of_autograd(kernel, size, channels, last):
    torch.manual_seed(0)
    layout = torch.channels_last if last else torch.contiguous_format
    x, gradient = (torch.randn(3, channels, *size).contiguous(memory_format=layout) for _ in range(2))
    weight = torch.zeros(channels, 1, *kernel, requires_grad=True)
    F.conv2d(x, weight, padding=[side // 2 for side in kernel], groups=channels).backward(gradient)
    torch.testing.assert_close(weight_gradient(x, gradient, kernel), weight.grad, rtol=1e-4, atol=1e-5)


def net(**changes) -> nn.Sequential:
    torch.manual_seed(0)
    setting = {"kernel_size": 5, "padding": 2, "groups": 6, **changes}
    return nn.Sequential(
        nn.Conv2d(3, 6, 1), nn.Conv2d(6, 6, **setting), nn.Flatten(), nn.Linear(6 * 4 * 4, 3)
    )


X, Y = torch.randn(16, 3, 4, 4, generator=torch.Generator().manual_seed(1)), torch.arange(16) % 3


def gradients(model) -> dict[str, torch.Tensor]:
    model.zero_grad()
    F.cross_entropy(model(X), Y).backward()
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("frozen", [(), ("1.weight",), ("1.bias",), ("0.weight", "0.bias")])
def test_every_gradient_of_a_network_is_as_before(frozen, monkeypatch):
    model, calls = net(), []
    monkeypatch.setattr(depthwise, "weight_gradient", lambda *a: calls.append(a) or weight_gradient(*a))
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name not in frozen
    expected = gradients(model)
    with quick_depthwise(model, CPU):
        torch.testing.assert_close(gradients(model), expected)
    assert len(calls) == ("1.weight" not in frozen), "the quick way was taken where the weight learns"


@pytest.mark.parametrize(
    "changes", [{"groups": 1}, {"groups": 2}, {"padding_mode": "circular"}, {"padding": "same"}]
)
def test_other_convolutions_are_left_alone(changes):
    model = net(**changes)
    with quick_depthwise(model, CPU):
        assert "forward" not in vars(model[1])


def test_a_large_map_and_another_dtype_take_the_usual_way(monkeypatch):
    monkeypatch.setattr(depthwise, "weight_gradient", None)  # it would raise
    conv = net()[1]
    with quick_depthwise(conv, CPU):
        conv(torch.randn(2, 6, 6, 4)).sum().backward()
        conv.double()(torch.randn(2, 6, 4, 4).double()).sum().backward()


def test_fit_uses_it_and_leaves_nothing_behind(monkeypatch):
    calls = []
    monkeypatch.setattr(depthwise, "weight_gradient", lambda *a: calls.append(a) or weight_gradient(*a))
    model = net()
    twin = copy.deepcopy(model)
    copies = []
    keep = lambda row, model: copies.append(pickle.loads(pickle.dumps(model)))
    fit(model, (X, Y), epochs=2, callbacks=[keep], progress=False, device="cpu")
    assert len(calls) == 2
    assert not any("forward" in vars(module) for module in model.modules())
    torch.testing.assert_close(copies[-1].eval()(X), model(X))

    monkeypatch.setattr(depthwise, "_may_be_quick", lambda module: False)
    fit(twin, (X, Y), epochs=2, progress=False, device="cpu")
    for one, other in zip(model.parameters(), twin.parameters()):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_a_failure_inside_puts_the_forward_back():
    model = net()
    with pytest.raises(KeyError), quick_depthwise(model, CPU):
        raise KeyError
    assert not any("forward" in vars(module) for module in model.modules())
