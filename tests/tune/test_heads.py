"""Heads: found where others have read them, replaced alone, verified."""

from itertools import pairwise

import numpy as np
import pytest
import timm
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ftlib.errors import InputError, ModelError
from ftlib.tune import find_head, load_backbone, replace_head

# Read off the models by hand, not by find_head.
TORCHVISION = {
    "alexnet": "classifier.6",
    "convnext_tiny": "classifier.2",
    "densenet121": "classifier",
    "efficientnet_b0": "classifier.1",
    "googlenet": "fc aux1.fc2 aux2.fc2",
    "inception_v3": "fc AuxLogits.fc",
    "maxvit_t": "classifier.5",
    "mnasnet0_5": "classifier.1",
    "mobilenet_v2": "classifier.1",
    "mobilenet_v3_small": "classifier.3",
    "regnet_y_400mf": "fc",
    "resnet18": "fc",
    "shufflenet_v2_x0_5": "fc",
    "squeezenet1_1": "classifier.1",
    "swin_t": "head",
    "vit_b_32": "heads.head",
}
TIMM = {
    "convnext_atto": "head.fc",
    "deit_tiny_distilled_patch16_224": "head head_dist",
    "levit_128s": "head.linear head_dist.linear",
    "mobilenetv3_small_050": "classifier",
    "resnetv2_18": "head.fc",
    "tf_efficientnet_lite0": "classifier",
    "vit_tiny_patch16_224": "head",
}


def build(name: str) -> nn.Module:
    """A model with random weights, quickly: heads are found in its structure, not its numbers."""
    if name in TORCHVISION:
        quick = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        return torchvision.models.get_model(name, weights=None, **quick).eval()
    return timm.create_model(name).eval()


@pytest.mark.parametrize(("name", "names"), [*TORCHVISION.items(), *TIMM.items()])
def test_head_is_found_replaced_and_nothing_else_touched(name, names):
    model = build(name)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    found = find_head(model)
    assert " ".join(found.names) == names
    assert found.num_classes == 1000
    head = replace_head(model, 7, seed=0)
    assert head.names == found.names
    assert head.in_features == found.in_features
    kinds = [nn.Conv2d if isinstance(module, nn.Conv2d) else nn.Linear for module in found.modules]
    assert [type(module) for module in head.modules] == kinds
    assert all(model.get_submodule(n) is m for n, m in zip(head.names, head.modules, strict=True))
    after = model.state_dict()
    same = {key for key in before if torch.equal(before[key], after[key])}
    ours = {key for key in before if key.startswith(tuple(n + "." for n in head.names))}
    assert same == set(before) - ours
    assert find_head(model).num_classes == 7


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_auxiliary_heads_train_on_the_new_classes(name):
    model = build(name)
    replace_head(model, 3)
    outputs = model.train()(torch.randn(2, 3, *(299, 299) if name == "inception_v3" else (224, 224)))
    assert {tuple(logits.shape) for logits in outputs} == {(2, 3)}


def test_distilled_pair_trains_on_the_new_classes():
    model = build("deit_tiny_distilled_patch16_224")
    replace_head(model, 3)
    model.set_distilled_training(True)
    assert [logits.shape for logits in model.train()(torch.randn(2, 3, 224, 224))] == [(2, 3), (2, 3)]


def test_timm_and_the_general_rule_agree():
    """timm's own table and the rule that reads the run are two ways to one answer."""
    model = build("tf_efficientnet_lite0")
    told = find_head(model)
    del model.pretrained_cfg
    assert find_head(model, torch.zeros(1, 3, 224, 224)) == told


def test_seed_decides_the_new_weights_and_leaves_the_global_generator_alone():
    def drawn(seed):
        return (
            replace_head(nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 3)), 5, seed=seed)
            .modules[0]
            .weight.detach()
        )

    model = build("resnet18")
    state = torch.get_rng_state()
    replace_head(model, 5, seed=3)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(drawn(3), drawn(3))
    assert not torch.equal(drawn(3), drawn(4))
    torch.manual_seed(1)
    a = replace_head(model, 5).modules[0].weight
    torch.manual_seed(1)
    assert torch.equal(replace_head(model, 5).modules[0].weight, a)


def test_new_head_has_the_old_ones_kind_dtype_and_mode():
    model = build("squeezenet1_1").double().train()
    (conv,) = replace_head(model, 4).modules
    assert isinstance(conv, nn.Conv2d)
    assert conv.kernel_size == (1, 1)
    assert conv.weight.dtype == torch.float64
    assert conv.training
    assert all(p.requires_grad for p in conv.parameters())
    bare = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 3, bias=False))
    assert replace_head(bare, 2).modules[0].bias is None


def test_new_head_of_a_frozen_model_is_trainable():
    model = build("resnet18").requires_grad_(False)
    replace_head(model, 2)
    assert [name for name, p in model.named_parameters() if p.requires_grad] == ["fc.weight", "fc.bias"]


def test_looking_moves_no_statistics_and_no_modes():
    model = build("resnet18").train()
    model.layer1.eval()
    modes = [module.training for module in model.modules()]
    mean = model.bn1.running_mean.clone()
    replace_head(model, 2)
    assert [module.training for module in model.modules()] == modes
    assert torch.equal(model.bn1.running_mean, mean)
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_a_model_says_its_new_number_of_classes():
    model = load_backbone(weights=None)
    replace_head(model, 9)
    assert model.num_classes == model.ftlib_info.num_classes == 9


def test_model_without_a_head_lists_candidates():
    with pytest.raises(ModelError, match=r"no head found.*layer4\.1\.conv2 \(512\)"):
        find_head(timm.create_model("resnet18", num_classes=0))


@pytest.mark.parametrize("name", ["resnet18", "eva02_tiny_patch14_224", "test_vit"])
def test_timm_model_built_without_a_head_gets_timms_own(name):
    model = timm.create_model(name, num_classes=0, **({"img_size": 28} if "eva" in name else {})).eval()
    x = torch.zeros(2, 3, 28, 28) if "eva" in name else torch.zeros(2, 3, 32, 32)
    state = torch.get_rng_state()
    head = replace_head(model, 6, seed=0, example=x)
    assert torch.equal(torch.get_rng_state(), state)
    assert model(x).shape == (2, 6)
    assert head == find_head(model, x)
    assert head.num_classes == 6


def test_a_feature_extractor_whose_last_layer_fits_by_chance_has_no_head():
    model = nn.Sequential(nn.Linear(4, 4))
    model.num_classes = 0
    with pytest.raises(ModelError, match="no head found"):
        replace_head(model, 2)


def test_model_without_layers():
    with pytest.raises(ModelError, match="example="):
        find_head(nn.Sequential(nn.ReLU()))


def test_a_layer_alone_is_its_own_head():
    layer = nn.Linear(3, 2)
    assert find_head(layer).modules == (layer,)
    with pytest.raises(ModelError, match="itself the head"):
        replace_head(layer, 5)


class Stubborn(nn.Module):
    """Returns 4 numbers whatever its last layer gives."""

    def __init__(self):
        super().__init__()
        self.body, self.fc = nn.Linear(8, 8), nn.Linear(8, 4)

    def forward(self, x):
        return nn.functional.pad(self.fc(self.body(x))[:, :4], (0, 0)) @ torch.ones(4, 4)


def test_replacement_that_does_not_show_is_undone():
    model = Stubborn()
    old = model.fc
    with pytest.raises(ModelError, match="old head is back"):
        replace_head(model, 9)
    assert model.fc is old


def test_replacement_that_breaks_forward_is_undone():
    model = Stubborn()
    old = model.fc
    with pytest.raises(ModelError):
        replace_head(model, 2)
    assert model.fc is old
    assert model(torch.zeros(1, 8)).shape == (1, 4)


class Regressor(nn.Module):
    """Returns (N,): a width of one, squeezed."""

    def __init__(self):
        super().__init__()
        self.body, self.out = nn.Linear(5, 4), nn.Linear(4, 1)

    def forward(self, x):
        return self.out(self.body(x)).squeeze(1)


def test_squeezed_output_is_a_head_of_one():
    assert find_head(Regressor()).names == ("out",)


def test_model_with_one_channel_and_an_example():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 26 * 26, 10))
    with pytest.raises(ModelError, match="example="):
        find_head(net)  # it guesses 224 x 224
    assert replace_head(net, 3, example=torch.zeros(1, 1, 28, 28)).names == ("2",)


@given(widths=st.lists(st.integers(1, 9), min_size=2, max_size=5), classes=st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_the_last_layer_of_any_mlp_is_its_head(widths, classes):
    """Also where hidden layers are as wide as the output."""
    layers = [nn.Linear(a, b) for a, b in pairwise(widths)]
    model = nn.Sequential(*layers)
    assert find_head(model).modules == (layers[-1],)
    head = replace_head(model, classes)
    assert model(torch.zeros(3, widths[0])).shape == (3, classes)
    assert head.in_features == widths[-2]


@pytest.mark.parametrize("wrong", [0, -1, 2.0, "2", None, True])
def test_number_of_classes_must_be_a_count(wrong):
    with pytest.raises(InputError, match="num_classes"):
        replace_head(nn.Linear(2, 2), wrong)


@pytest.mark.parametrize("count", [np.int64(5), np.uint8(5)])
def test_numpys_whole_numbers_are_counts(count):
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 3))
    assert type(replace_head(model, count).num_classes) is int
    assert model[1].out_features == 5


def test_a_lazy_layer_is_not_settled_by_a_made_up_batch():
    model = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.Linear(8, 3))
    with pytest.raises(ModelError, match=r"0\.weight .*no shape yet.*run one real batch"):
        find_head(model)
    model(torch.zeros(2, 6))
    assert model[0].in_features == 6
    assert find_head(model).names == ("2",)


def test_a_new_head_at_the_address_of_the_old_one_is_seen():
    """Python gives the memory of a layer that is gone to the next, so ids alone may say nothing changed."""
    for width in range(2, 40):
        model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 3))
        find_head(model)
        del model[1]
        model.append(nn.Linear(4, width))
        assert find_head(model).num_classes == width


class Wants(nn.Module):
    """Takes a record."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, batch):
        return self.fc(batch.pixels)


def test_a_model_that_takes_something_else_says_so():
    with pytest.raises(ModelError, match=r"Wants does not run on a batch of shape \(1, 4\).*Pass example="):
        find_head(Wants())
