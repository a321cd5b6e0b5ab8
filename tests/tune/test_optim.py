"""param_groups against lists written out by brute force."""

import copy

import pytest
import timm
import torch
import torchvision
from torch import nn

from ftlib.errors import InputError
from ftlib.tune import freeze, freeze_to, param_groups, stages, unfreeze_next


def ids(groups) -> list[int]:
    return [id(p) for group in groups for p in group["params"]]


@pytest.fixture(scope="module")
def resnet():
    return torchvision.models.resnet18(num_classes=3)


@pytest.fixture(scope="module")
def vit():
    return timm.create_model("vit_tiny_patch16_224", num_classes=3)


@pytest.mark.parametrize("keep", ["fc", "layer4", ["bn1", "layer2.0.conv1", "fc.bias"]])
@pytest.mark.parametrize("options", [{}, {"head_lr": 0.1}, {"layer_decay": 0.5}])
def test_exactly_the_trainable_parameters_each_once(resnet, keep, options):
    model = copy.deepcopy(resnet)
    freeze(model, keep=keep)
    expected = [id(p) for p in model.parameters() if p.requires_grad]
    got = ids(param_groups(model, **options))
    assert sorted(got) == sorted(expected)
    assert len(set(got)) == len(got)


def test_layers_of_equal_values_are_two(resnet):
    """BatchNorm layers of one width start with equal values: comparing by value loses ten of 62 here."""
    tensors = list(resnet.parameters())
    kept = []
    for tensor in tensors:
        if not any(tensor.shape == k.shape and torch.equal(tensor, k) for k in kept):
            kept.append(tensor)
    assert len(kept) < len(tensors) == 62, "control: by value, some are lost"
    assert len(ids(param_groups(resnet))) == 62


def test_a_shared_tensor_is_once(resnet):
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.Linear(4, 2))
    model[2].weight = model[0].weight
    groups = param_groups(model, layer_decay=0.5)
    assert ids(groups).count(id(model[0].weight)) == 1
    torch.optim.SGD(groups)


def test_a_real_rate_for_each_stage(resnet):
    groups = param_groups(resnet, 1e-3, layer_decay=0.5)
    ordered = [stage.name for stage in stages(resnet)]
    expected = {}
    for name, parameter in resnet.named_parameters():
        stage = (
            next(s for s in ordered[1:-1] if name.startswith(s + ".")) if name.startswith("layer") else None
        )
        stage = stage or ("head" if name.startswith("fc.") else "stem")
        steps = len(ordered) - 1 - ordered.index(stage)
        expected[id(parameter)] = 1e-3 / 2**steps
    assert {id(p): group["lr"] for group in groups for p in group["params"]} == expected
    optimizer = torch.optim.AdamW(groups, lr=123.0)  # a default that must not win
    assert {id(p): g["lr"] for g in optimizer.param_groups for p in g["params"]} == expected


def test_the_rate_is_what_a_step_uses(resnet):
    """With plain SGD and equal gradients, each tensor moves by its own rate: nothing else reads it."""
    model = copy.deepcopy(resnet)
    groups = param_groups(model, 0.125, layer_decay=0.5, head_lr=1.0, weight_decay=0.0)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    torch.optim.SGD(groups).step()
    shift = {name: float((before[name] - p.detach()).mean()) for name, p in model.named_parameters()}
    assert shift["fc.weight"] == pytest.approx(1.0, rel=1e-4)
    assert shift["layer4.0.conv1.weight"] == pytest.approx(0.125 / 2, rel=1e-4)
    assert shift["layer1.0.bn1.bias"] == pytest.approx(0.125 / 16, rel=1e-4)


def test_head_lr_alone(resnet):
    groups = param_groups(resnet, 1e-4, head_lr=1e-2)
    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    for name, parameter in resnet.named_parameters():
        assert rates[id(parameter)] == (1e-2 if name.startswith("fc.") else 1e-4), name


@pytest.mark.parametrize("options", [{}, {"layer_decay": 0.8}])
def test_no_decay_on_norm_and_bias(vit, resnet, options):
    for model in (vit, resnet):
        groups = param_groups(model, weight_decay=0.3, **options)
        decay = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
        for name, p in model.named_parameters():
            assert decay[id(p)] == (0.3 if p.ndim > 1 else 0.0), name


def test_norms_and_biases_of_more_dimensions_are_spared():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.fc = nn.LayerNorm([2, 3]), nn.Linear(6, 2)
            self.bias = nn.Parameter(torch.zeros(1, 2))

    model = Odd()
    decay = {id(p): g["weight_decay"] for g in param_groups(model, weight_decay=0.3) for p in g["params"]}
    assert {n: decay[id(p)] for n, p in model.named_parameters()} == {
        "bias": 0.0, "norm.weight": 0.0, "norm.bias": 0.0, "fc.weight": 0.3, "fc.bias": 0.0,
    }  # fmt: skip


def test_the_table(resnet):
    model = copy.deepcopy(resnet)
    freeze_to(model, "layer4")
    groups = param_groups(model, 1e-3, head_lr=1e-2, layer_decay=0.5)
    assert str(groups) == repr(groups)
    assert str(groups).splitlines() == [
        "group                 tensors    numbers      lr  decay",
        "--------------------  -------  ---------  ------  -----",
        "layer4 weights              5  8,388,608  0.0005   0.01",
        "layer4 norm and bias       10      5,120  0.0005      0",
        "head weights                1      1,536    0.01   0.01",
        "head norm and bias          1          3    0.01      0",
    ]


def test_nothing_trainable(resnet):
    model = copy.deepcopy(resnet)
    freeze(model)
    with pytest.raises(InputError, match="unfreeze"):
        param_groups(model)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lr": 0.0},
        {"lr": -1},
        {"lr": float("nan")},
        {"lr": "1e-3"},
        {"head_lr": 0},
        {"layer_decay": 1.5},
        {"weight_decay": -1},
    ],
)
def test_rates_that_make_no_sense(resnet, wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        param_groups(resnet, **wrong)


def test_stages_are_needed_for_rates_by_stage():
    model = nn.Embedding(4, 4)
    assert len(ids(param_groups(model))) == 1
    with pytest.raises(InputError, match="stages"):
        param_groups(model, layer_decay=0.5)


def test_one_look_at_a_real_batch_is_remembered():
    """One channel, 28 pixels: no made-up batch fits, and the error says what to do about it."""
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 26 * 26, 3))
    for act in (lambda: param_groups(model, layer_decay=0.5), lambda: freeze(model, keep="head")):
        with pytest.raises(InputError, match=r"call stages\(model, example\) once"):
            act()
    with pytest.raises(InputError, match=r"stages\(model, example\) once"):
        unfreeze_next(model)
    stages(model, torch.zeros(2, 1, 28, 28))
    assert {group["lr"] for group in param_groups(model, 1.0, layer_decay=0.5)} == {1.0, 0.5}
    assert freeze(model, keep="head").trainable_tensors == 2
    assert unfreeze_next(model).started == ("0.weight", "0.bias")
