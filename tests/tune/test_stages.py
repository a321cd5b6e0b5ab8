"""Stages: every parameter in one of them, in the order data passes; and models cut in two between them."""

import copy
import pickle
from dataclasses import replace

import pytest
import timm
import torch
import torchvision
from torch import nn
from torch.nn.functional import cross_entropy, dropout

from ftlib.errors import ModelError
from ftlib.tune import freeze, freeze_to, load_backbone, replace_head, split_at, stages
from ftlib.tune.split import boundaries
from ftlib.tune.stages import find_stage

NAMES = {
    "efficientnet_lite0": ["stem", *(f"blocks.{i}" for i in range(7)), "conv_head", "head"],
    "resnet18": ["stem", "layer1", "layer2", "layer3", "layer4", "head"],
    "timm:resnet10t": ["stem", "layer1", "layer2", "layer3", "layer4", "head"],
    "efficientnet_b0": ["stem", *(f"features.{i}" for i in range(1, 9)), "head"],
    "timm:vit_tiny_patch16_224": ["stem", *(f"blocks.{i}" for i in range(12)), "head"],
    "timm:convnext_atto": ["stem", *(f"stages.{i}" for i in range(4)), "head"],
    "regnet_y_400mf": ["stem", *(f"trunk_output.block{i}" for i in range(1, 5)), "head"],
    "shufflenet_v2_x0_5": ["stem", "stage2", "stage3", "stage4", "conv5", "head"],
}


@pytest.fixture(scope="module")
def lite0():
    return load_backbone()


@pytest.fixture
def resnet():
    """A ResNet-18 that takes itself to be for small pictures, so that dummy batches are small."""
    model = load_backbone("resnet18", None)
    model.ftlib_info = replace(model.ftlib_info, input_size=(3, 64, 64))
    replace_head(model, 3)
    return model


def batch(n=4, side=64, seed=1):
    return torch.randn(n, 3, side, side, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("name", "names"), NAMES.items())
def test_names_and_a_partition_of_the_parameters(name, names):
    model = load_backbone(name, None)
    found = stages(model)
    assert [stage.name for stage in found] == names
    held = [id(p) for stage in found for _, p in stage.parameters(model)]
    assert sorted(held) == sorted(id(p) for p in model.parameters())


def test_parameters_on_the_root_belong_to_the_stem():
    model = timm.create_model("vit_tiny_patch16_224")
    stem = stages(model)[0]
    assert set(stem.loose) == {"cls_token", "pos_embed"}
    assert dict(stem.parameters(model))["pos_embed"] is model.pos_embed


def test_parameters_on_a_wrapper_belong_to_its_first_stage():
    model = torchvision.models.vit_b_32()
    assert stages(model)[0].loose == ("class_token", "encoder.pos_embedding")


class Backwards(nn.Module):
    """Registers its layers in the order opposite to the one it runs them in."""

    def __init__(self):
        super().__init__()
        self.fc, self.c, self.b, self.a = nn.Linear(4, 2), nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(3, 4)

    def forward(self, x):
        return self.fc(self.c(self.b(self.a(x))))


def test_order_is_that_of_the_run_not_of_registration():
    found = stages(Backwards(), torch.zeros(1, 3))
    assert [stage.modules for stage in found] == [("a",), ("b",), ("c",), ("fc",)]


def test_twins_interleaves_its_embeddings_and_blocks():
    found = stages(timm.create_model("twins_svt_small"))
    order = [module for stage in found for module in stage.modules]
    assert order.index("blocks.0") < order.index("blocks.1") < order.index("head")


def test_auxiliary_heads_are_in_the_head():
    model = torchvision.models.googlenet(weights=None, init_weights=False)
    assert stages(model)[-1].modules[-3:] == ("fc", "aux1.fc2", "aux2.fc2")


def test_dropout_before_the_head_goes_with_it():
    model = torchvision.models.efficientnet_b0()
    assert stages(model)[-1].modules == ("classifier.0", "classifier.1")


@pytest.mark.parametrize(
    ("asked", "position"),
    [("layer3", 3), ("layer3.0.conv1", 3), ("head", 5), ("fc", 5), ("stem", 0), ("bn1", 0)],
)
def test_stages_are_found_by_their_name_or_a_modules(resnet, asked, position):
    assert find_stage(resnet, asked) == position
    assert find_stage(resnet, stages(resnet)[position]) == position


def test_a_name_that_spans_stages_means_the_first(lite0):
    assert find_stage(lite0, "blocks") == 1


def test_unknown_stage_lists_those_there_are(resnet):
    with pytest.raises(ModelError, match=r"no stage 'layer9'.*stem, layer1, layer2, layer3, layer4, head"):
        split_at(resnet, "layer9")


# --- splitting -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_halves_at_boundaries_give_the_whole(name):
    """On another batch size, and where the model allows it another picture size, than it was verified on.

    Every boundary where caching matters most, the first and the last of the others.
    """
    model = load_backbone(name, None)
    x = batch(3, 224 if "vit" in name else 96)
    small = None if "vit" in name else batch(2)
    with torch.no_grad():
        whole = model(x)
        found = stages(model)
        for stage in found if name in ("efficientnet_lite0", "resnet18") else found[:: len(found) - 1]:
            front, rest = split_at(model, stage, small)
            assert torch.equal(rest(front(x)), whole), stage.name


def test_what_crosses_is_what_a_hook_sees(resnet):
    seen = {}
    for name in ("layer3", "fc"):
        resnet.get_submodule(name).register_forward_pre_hook(
            lambda _m, x, name=name: seen.update({name: x[0]})
        )
    x = batch()
    early, late = split_at(resnet, "layer3")[0], split_at(resnet, "head")[0]
    with torch.no_grad():
        resnet(x)
        assert torch.equal(early(x), seen["layer3"])
        features = late(x)
    assert torch.equal(features, seen["fc"])
    assert features.shape == (4, 512)


def test_halves_hold_the_models_own_tensors_and_no_others(resnet):
    front, rest = split_at(resnet, "layer3")
    own = dict(resnet.named_parameters())
    halves = {**dict(front.named_parameters()), **dict(rest.named_parameters())}
    assert own.keys() == halves.keys()
    assert all(halves[name] is p for name, p in own.items())
    assert not {id(p) for p in front.parameters()} & {id(p) for p in rest.parameters()}
    assert set(resnet.state_dict()) == set(front.state_dict()) | set(rest.state_dict())


def test_splitting_leaves_modes_statistics_and_generator_alone(resnet):
    freeze_to(resnet, "layer3")
    resnet.train()
    before = {name: module.training for name, module in resnet.named_modules()}
    mean, state = resnet.bn1.running_mean.clone(), torch.get_rng_state()
    split_at(resnet, "layer3")
    assert {name: module.training for name, module in resnet.named_modules()} == before
    assert torch.equal(resnet.bn1.running_mean, mean)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_step_through_rest_is_a_step_through_the_model(resnet):
    """Same gradients, same BatchNorm statistics, bit for bit, as one step of the whole frozen model."""
    freeze_to(resnet, "layer3")
    twin = copy.deepcopy(resnet)
    front, rest = split_at(resnet, "layer3")
    x, y = batch(8), torch.arange(8) % 3
    resnet.eval()
    with torch.no_grad():
        cached = front(x)
    for model, given in ((rest, cached), (twin, x)):
        cross_entropy(model.train()(given), y).backward()
    for (name, ours), theirs in zip(resnet.named_parameters(), twin.parameters(), strict=True):
        assert (ours.grad is None) == (theirs.grad is None), name
        assert ours.grad is None or torch.equal(ours.grad, theirs.grad), name
    for (name, ours), theirs in zip(resnet.named_buffers(), twin.buffers(), strict=True):
        assert torch.equal(ours, theirs), name
    assert resnet.layer4[0].bn1.num_batches_tracked == 1
    assert resnet.layer1[0].bn1.num_batches_tracked == 0


def test_rest_in_training_keeps_frozen_parts_in_eval(resnet):
    freeze(resnet, keep="head")
    _, rest = split_at(resnet, "layer4")
    rest.train()
    assert rest.training
    assert rest.fc.training
    assert not any(m.training for m in resnet.layer4.modules() if isinstance(m, nn.BatchNorm2d))
    rest.eval()
    assert not resnet.fc.training


@pytest.mark.parametrize("name", ["timm:resnet10t", "efficientnet_b0"])
def test_dropout_before_the_head_works_in_rest_alone(name):
    """torchvision's is a module, timm's a function call in forward that asks self.training."""
    model = load_backbone(name, None)
    model.drop_rate = 0.5  # timm's
    front, rest = split_at(model, "head", batch(2))
    x = batch()
    with torch.no_grad():
        features = front.train().eval()(x)
        assert torch.equal(front(x), features)
        assert torch.equal(rest(features), rest(features))
        rest.train()
        kept = features.clone()
        assert not torch.equal(rest(features), rest(features))
        assert torch.equal(kept, features)  # torchvision's works in place
        rest.eval()
        assert torch.equal(rest(features), model.eval()(x))


def test_rest_survives_copy_and_pickle(resnet):
    front, rest = split_at(resnet, "layer4")
    with torch.no_grad():
        cached = front(batch())
        expected = rest(cached)
        copies = [copy.deepcopy(rest), pickle.loads(pickle.dumps(rest))]
        assert all(torch.equal(c(cached), expected) for c in copies)
        for c in copies:
            c.fc.weight.zero_()
        assert torch.equal(rest(cached), expected)


def test_rest_sees_what_the_model_learns(resnet):
    front, rest = split_at(resnet, "head")
    with torch.no_grad():
        resnet.fc.bias += 1
        x = batch()
        assert torch.equal(rest(front(x)), resnet(x))


def test_distilled_pair_is_split_where_both_heads_follow():
    model = load_backbone("timm:deit_tiny_distilled_patch16_224", None, num_classes=2)
    front, rest = split_at(model, "head")
    x = batch(2, 224)
    with torch.no_grad():
        assert torch.equal(rest(front(x)), model(x))
    assert set(dict(rest.named_parameters())) >= {"head.weight", "head_dist.weight"}


def test_a_pair_with_norms_of_its_own_is_split_before_them():
    model = load_backbone("timm:levit_128s", None, num_classes=2)
    front, rest = split_at(model, "head")
    x = batch(2, 224)
    with torch.no_grad():
        assert torch.equal(rest(front(x)), model(x))
        assert front(x).ndim == 2


def test_auxiliary_heads_are_left_out():
    model = torchvision.models.googlenet(weights=None, init_weights=False).eval()
    _, rest = split_at(model, "inception5a", batch(2))
    assert isinstance(rest.train()(torch.randn(2, 832, 2, 2)), torch.Tensor)
    assert not any(name.startswith("aux") for name, _ in rest.named_parameters())


class Skips(nn.Module):
    """A long skip: two values cross between a and b, and between b and c."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.fc = (nn.Linear(4, 4) for _ in range(4))

    def forward(self, x):
        a = self.a(x)
        return self.fc(self.c(self.b(a)) + torch.sin(a))


def test_where_two_values_cross_the_error_lists_what_works():
    model, x = Skips().eval(), torch.zeros(2, 4)
    assert boundaries(model, x) == ("stem", "b", "head")
    with pytest.raises(ModelError, match=r"split at 'c': 2 values cross.*work: stem, b, head\."):
        split_at(model, "c", x)
    front, rest = split_at(model, "head", x)
    assert torch.equal(rest(front(x + 1)), model(x + 1))


class Untraceable(Skips):
    def forward(self, x):
        x = self.b(self.a(x))
        return self.fc(self.c(x) if x.sum() > 0 else x)


class AsksSizes(Skips):
    """Control flow on sizes, which a symbolic trace alone cannot follow; the batch size stays free."""

    def forward(self, x):
        x = self.a(x)
        if x.shape[1] > 3 and len(x.shape) == 2:
            x = self.b(x)
        for _ in range(x.shape[1] - 2):
            x = self.c(x)
        return self.fc(x.reshape(x.shape[0], *x.shape[1:]))


class BakesBatch(Skips):
    """A batch size that becomes a number in the trace: good for that batch alone."""

    def forward(self, x):
        x = self.b(self.a(x)) if x.shape[0] else x
        return self.fc(self.c(x)[: range(x.shape[0])[-1] + 1])


def test_forward_that_asks_for_sizes_is_followed():
    model = AsksSizes().eval()
    front, rest = split_at(model, "head", torch.zeros(2, 4))
    x = torch.randn(7, 4)
    assert torch.equal(rest(front(x)), model(x))


def test_following_leaves_generator_and_statistics_alone():
    class Drops(AsksSizes):
        def forward(self, x):
            return dropout(super().forward(x), 0.5, self.training)

    model, state = Drops(), torch.get_rng_state()
    split_at(model, "b", torch.zeros(2, 4))
    assert torch.equal(torch.get_rng_state(), state)


def test_a_trace_that_holds_for_one_batch_size_is_refused():
    with pytest.raises(ModelError, match="cannot be split"):
        split_at(BakesBatch(), "head", torch.zeros(2, 4))


def test_forward_that_branches_on_numbers_is_refused():
    with pytest.raises(ModelError, match="cannot be traced"):
        split_at(Untraceable(), "head", torch.zeros(2, 4))


class Rows(nn.Module):
    """Two windows an input: what crosses to b has no row an input."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.fc = nn.Linear(4, 4), nn.Linear(2, 2), nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(self.b(self.a(x).reshape(-1, 2)).reshape(-1, 4))


def test_what_crosses_must_have_a_row_an_input():
    with pytest.raises(ModelError, match="3 inputs cross there as 6 rows"):
        split_at(Rows(), "b", torch.zeros(2, 4))


class InPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.fc = (
            nn.Linear(4, 4),
            nn.Sequential(nn.ReLU(True), nn.Linear(4, 4)),
            nn.Linear(4, 2),
        )

    def forward(self, x):
        return self.fc(self.b(self.a(x)))


def test_a_cached_batch_survives_a_stage_that_works_in_place():
    model = InPlace()
    front, rest = split_at(model, "b", torch.zeros(2, 4))
    with torch.no_grad():
        cached = front(torch.randn(5, 4))
        kept = cached.clone()
        rest(cached)
    assert torch.equal(cached, kept)


class Shaky(nn.Module):
    """Gives something else at every call."""

    def __init__(self):
        super().__init__()
        self.a, self.fc = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(dropout(self.a(x), 0.5, training=True))


def test_halves_that_differ_from_the_model_are_refused():
    with pytest.raises(ModelError, match="do not give the model's own output"):
        split_at(Shaky(), "head", torch.ones(4, 4))


def test_later_blocks_of_the_embedded_model_train_from_the_freeze_boundary():
    model = load_backbone()
    replace_head(model, 2, seed=0)
    freeze_to(model, "blocks.3")
    front, rest = split_at(model, "blocks.3")
    with torch.no_grad():
        cached = front(batch())
    assert cached.shape == (4, 40, 8, 8)
    trained = {name for name, p in rest.named_parameters() if p.requires_grad}
    assert trained == {name for name, p in model.named_parameters() if p.requires_grad}
    cross_entropy(rest.train()(cached), torch.tensor([0, 1, 0, 1])).backward()
    assert all(p.grad is not None for p in rest.parameters())
    assert all(p.grad is None for p in front.parameters())


class Mutates(nn.Module):
    """A stage that changes the list it is given, another that hands on None."""

    class Join(nn.Module):
        def forward(self, xs):
            xs[0] = xs[0] + xs[1]
            return xs[0], None

    def __init__(self):
        super().__init__()
        self.a, self.join, self.fc = nn.Linear(4, 4), self.Join(), nn.Linear(4, 4)

    def forward(self, x):
        x, mask = self.join([self.a(x), x])
        return self.fc(x if mask is None else x * mask)


def test_lists_may_be_changed_and_none_is_none():
    model = Mutates()
    front, rest = split_at(model, "head", torch.zeros(2, 4))
    x = torch.randn(5, 4)
    assert torch.equal(rest(front(x)), model(x))
    assert torch.equal(rest(front(x)), model(x))


def test_pairs_that_cross_are_no_boundary():
    model = load_backbone("timm:crossvit_9_240", None)
    with pytest.raises(ModelError, match=r"list, not a tensor\. Stages that work: stem\."):
        split_at(model, "head")


@pytest.mark.parametrize("stage", [3, -1, None])
def test_a_stage_goes_by_name_not_by_number(resnet, stage):
    with pytest.raises(ModelError, match=r"no stage .*its stages are stem, layer1"):
        freeze_to(resnet, stage)


class Sizes(nn.Module):
    """What vision transformers in stages do: tokens and the size of their picture go on together, and the number
    of inputs, asked for at the start, is needed at the end."""

    class Stage(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x, size):
            return self.fc(x), [size[0], size[1] + 0]

    def __init__(self):
        super().__init__()
        self.embed = nn.Conv2d(3, 4, 2, 2)
        self.stages = nn.ModuleList([self.Stage() for _ in range(3)])
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        n = x.shape[0]
        x = self.embed(x)
        size = [x.shape[2], x.shape[3]]
        x = x.flatten(2).transpose(1, 2)
        for stage in self.stages:
            x, size = stage(x, size)
        x = x.transpose(1, 2).reshape(n, -1, *size)
        return self.head(x.mean((2, 3)))


def test_sizes_may_cross_with_the_tensor():
    model, x = Sizes().eval(), torch.randn(5, 3, 8, 6)
    names = tuple(stage.name for stage in stages(model, x))
    assert boundaries(model, x[:2]) == names == ("stem", "stages.0", "stages.1", "stages.2", "head")
    for name in names:
        for given in (x[:2], x[:1], x):  # also with one input, which is as many as some size may be
            front, rest = split_at(model, name, given)
            with torch.no_grad():
                assert isinstance(front(x), torch.Tensor)
                assert torch.equal(rest(front(x)), model(x)), name
                assert torch.equal(rest.train()(front(x)), model(x)), name


@pytest.mark.parametrize("name", ["twins_svt_small", "mvitv2_tiny"])
def test_transformers_in_stages_split_everywhere(name):
    model = timm.create_model(name, img_size=64).eval()
    model.pretrained_cfg = {**model.pretrained_cfg, "input_size": (3, 64, 64)}
    x = batch(3)
    assert len(boundaries(model)) == len(stages(model))
    with torch.no_grad():
        for stage in stages(model)[1::4]:
            front, rest = split_at(model, stage)
            assert torch.equal(rest(front(x)), model(x)), stage.name


def test_two_tensors_in_a_pair_are_no_boundary():
    model = load_backbone("timm:pit_ti_224", None)
    with pytest.raises(ModelError, match=r"tuple, not a tensor\. Stages that work: stem, transformers\.0"):
        split_at(model, "transformers.1")


@pytest.mark.parametrize("wrap", [nn.DataParallel, lambda m: torch.compile(m, backend="eager")])
def test_a_wrapper_is_told_from_the_model_inside(wrap):
    model = wrap(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2)))
    with pytest.raises(
        ModelError, match=r"is a wrapper; give the model inside it, model\.(module|_orig_mod)"
    ):
        split_at(model, "head", torch.zeros(2, 4))


class Picky(Skips):
    """A side path in training that the example is too small for, as Inception's at 96 pixels."""

    def forward(self, x):
        x = self.b(self.a(x))
        if self.training:
            self.c(x[:, :3])
        return self.fc(x)


def test_a_path_that_fails_in_training_alone_is_left_out():
    model, x = Picky().eval(), torch.randn(5, 4)
    front, rest = split_at(model, "head", x[:2])
    with torch.no_grad():
        assert torch.equal(rest.train()(front(x)), model(x))
