"""freeze and unfreeze, held against brute-force lists and value-by-value comparison."""

import copy
import io
import pickle

import pytest
import timm
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.layers import BatchNormAct2d, DropPath
from torch import nn
from torch.nn import functional as F

from ftlib.errors import ModelError
from ftlib.tune import (
    find_head,
    freeze,
    freeze_to,
    param_groups,
    prove_frozen,
    replace_head,
    stages,
    unfreeze,
    unfreeze_next,
)
from ftlib.tune.resting import rests


def small(dropout: float = 0.5) -> nn.Sequential:
    """Two convolution blocks and a classifier with a hidden layer: every case of interest, in 900 numbers."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(dropout)),
        nn.Sequential(nn.Conv2d(4, 8, 3), nn.BatchNorm2d(8, affine=False), nn.ReLU()),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Sequential(
            nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Dropout(dropout), nn.Linear(8, 8), nn.Dropout(dropout)
        ),
        nn.Linear(8, 3),
    )


def trainable(model) -> set[str]:
    return {name for name, p in model.named_parameters() if p.requires_grad}


def in_training(model) -> set[str]:
    return {name for name, m in model.named_modules() if m.training and not list(m.children())}


def values(model) -> dict[str, torch.Tensor]:
    tensors = dict(model.named_parameters()) | dict(model.named_buffers())
    return {name: t.detach().clone() for name, t in tensors.items()}


def moved(model, x, y, steps: int = 2) -> set[str]:
    """Names of all parameters and buffers that differ, value by value, after real steps with everything held."""
    before = values(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9, weight_decay=0.1)
    for _ in range(steps):
        model.train()
        optimizer.zero_grad(set_to_none=False)
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return {name for name, value in values(model).items() if not torch.equal(value, before[name])}


IMAGES, LABELS = torch.randn(6, 3, 12, 12, generator=torch.Generator().manual_seed(1)), torch.arange(6) % 3


def test_only_what_is_kept_moves():
    model = small()
    freeze(model, keep="5")
    assert trainable(model) == {"5.weight", "5.bias"}
    assert moved(model, IMAGES, LABELS) == {"5.weight", "5.bias"}


def test_the_flag_alone_lets_statistics_move():
    model = small().requires_grad_(False)
    model[5].requires_grad_(True)
    drifted = moved(model, IMAGES, LABELS) - {"5.weight", "5.bias"}
    assert {"0.1.running_mean", "1.1.running_var", "4.1.num_batches_tracked"} <= drifted


@pytest.mark.parametrize(
    "keep",
    [
        lambda m: "fc",
        lambda m: ["fc"],
        lambda m: m.fc,
        lambda m: find_head(m),
        lambda m: stages(m)[-1],
        lambda m: m.fc.parameters(),
        lambda m: ("fc.weight", m.fc.bias),
        lambda m: "head",
        lambda m: {"fc", "fc.bias"},
    ],
    ids=["name", "list", "module", "Head", "Stage", "parameters", "mixed", "stage name", "set"],
)
def test_every_way_to_name_the_head(keep):
    model = torchvision.models.resnet18(num_classes=5)
    report = freeze(model, keep=keep(model))
    assert trainable(model) == {"fc.weight", "fc.bias"}
    assert set(report.stopped) == {n for n, _ in model.named_parameters()} - trainable(model)


def test_keep_the_head_that_was_just_put_in():
    model = torchvision.models.mobilenet_v2(num_classes=5)
    head = replace_head(model, 3, seed=0)
    freeze(model, keep=head)
    assert trainable(model) == {"classifier.1.weight", "classifier.1.bias"}
    twin = copy.deepcopy(model)
    unfreeze(twin)
    freeze(twin, keep=head)  # a head of the original means the same names in its copy
    assert trainable(twin) == trainable(model)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.BatchNorm1d(4), (8, 4)),
        (nn.BatchNorm1d(4, affine=False), (8, 4)),
        (nn.BatchNorm1d(4, momentum=None), (8, 4)),
        (nn.BatchNorm2d(4), (2, 4, 3, 3)),
        (nn.BatchNorm2d(4, affine=False), (2, 4, 3, 3)),
        (nn.BatchNorm3d(4), (2, 4, 3, 3, 3)),
        (nn.BatchNorm3d(4, affine=False), (2, 4, 3, 3, 3)),
        (nn.InstanceNorm1d(4, track_running_stats=True), (2, 4, 9)),
        (nn.InstanceNorm2d(4, track_running_stats=True, affine=True), (2, 4, 3, 3)),
        (nn.InstanceNorm3d(4, track_running_stats=True), (2, 4, 3, 3, 3)),
        (BatchNormAct2d(4), (2, 4, 3, 3)),
        (BatchNormAct2d(4, affine=False), (2, 4, 3, 3)),
        (timm.layers.SplitBatchNorm2d(4), (4, 4, 3, 3)),
        (timm.layers.EvoNorm2dB0(4), (2, 4, 3, 3)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
@pytest.mark.parametrize("inside", ["root", "child", "nested"])
def test_statistics_stay_whatever_the_layer(layer, shape, inside):
    layer, x = copy.deepcopy(layer), torch.randn(shape)
    model = {"root": layer, "child": nn.Sequential(layer), "nested": nn.Sequential(nn.Sequential(layer))}[
        inside
    ]
    layer.train()
    before = values(model)
    model(x + 5)
    assert any(not torch.equal(v, before[n]) for n, v in values(model).items()), "control: it does drift"

    report = freeze(model)
    assert report.in_eval[0] == {"root": "", "child": "0", "nested": "0.0"}[inside]
    before = values(model)
    for mode in (True, False, True):
        model.train(mode)
        model(x + 5)
    assert all(torch.equal(v, before[n]) for n, v in values(model).items())
    unfreeze(model)
    model.train()
    model(x + 5)
    assert any(not torch.equal(v, before[n]) for n, v in values(model).items())


def test_synchronised_batchnorm_rests_too():
    model = nn.SyncBatchNorm.convert_sync_batchnorm(small())
    freeze(model, keep="5")
    model.train()
    assert isinstance(model[0][1], nn.SyncBatchNorm)
    assert not model[0][1].training


def test_batchnorm_without_running_statistics_is_no_trouble():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4, track_running_stats=False), nn.Linear(4, 3))
    freeze(model, keep="2")
    assert moved(model, torch.randn(6, 4), LABELS) == {"2.weight", "2.bias"}


def test_dropout_in_the_frozen_part_rests_and_before_the_head_works():
    model = small()
    freeze(model, keep="5")
    model.train()
    assert in_training(model) == {"5"}
    assert freeze(model, keep="5").in_eval == ("0.1", "0.3", "1.1", "4.1", "4.2", "4.4")
    freeze(model, keep=["4.3", "5"])
    model.train()
    assert in_training(model) == {"4.2", "4.3", "4.4", "5"}
    freeze(model)
    assert not in_training(model.train())


def test_the_dropout_that_feeds_the_head_works_on():
    layers = [
        nn.Linear(9, 9),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(9, 9),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(9, 2),
    ]
    model = nn.ModuleDict(
        {"features": nn.Sequential(nn.Linear(9, 9), nn.Dropout()), "classifier": nn.Sequential(*layers)}
    )
    freeze(model, keep="classifier.6")  # the end of a VGG
    model.train()
    dropouts = {name for name, m in model.named_modules() if isinstance(m, nn.Dropout) and m.training}
    assert dropouts == {"classifier.5"}


def test_frozen_features_do_not_change_between_calls():
    x = torch.randn(2, 3, 224, 224)
    model = timm.create_model("vit_tiny_patch16_224", num_classes=3, drop_path_rate=0.5, pos_drop_rate=0.5)
    model.requires_grad_(False).train()
    assert not torch.equal(model.forward_features(x), model.forward_features(x)), "control: flags leave noise"
    freeze(model, keep=replace_head(model, 2))
    model.train()
    assert any(isinstance(m, DropPath) for m in model.modules())
    assert torch.equal(model.forward_features(x), model.forward_features(x))
    assert model.training, "the root follows train(): its own code may ask for the mode"


def test_parameters_on_the_root_freeze_too():
    model = timm.create_model("vit_tiny_patch16_224", num_classes=3)
    freeze(model, keep="head")
    assert trainable(model) == {"head.weight", "head.bias"}
    freeze(model, keep="cls_token")
    assert trainable(model) == {"cls_token"}
    freeze_to(model, "blocks.11")
    assert not model.cls_token.requires_grad
    freeze_to(model, stages(model)[0])
    assert model.cls_token.requires_grad
    assert trainable(model) == {name for name, _ in model.named_parameters()}


def test_only_the_weight_of_a_batchnorm():
    model = small()
    freeze(model, keep=["0.1.weight", "5"])
    assert moved(model, IMAGES, LABELS) == {"0.1.weight", "5.weight", "5.bias"}


def test_a_kept_batchnorm_without_weights_goes_on_counting():
    model = nn.Sequential(
        nn.Linear(4, 4),
        nn.BatchNorm1d(4, affine=False),
        nn.Sequential(nn.BatchNorm1d(4, affine=False), nn.Linear(4, 3)),
    )
    freeze(model, keep="2")
    model.train()
    assert (model[1].training, model[2][0].training) == (False, True)
    unfreeze(model, "0")
    model.train()
    assert (model[1].training, model[2][0].training) == (False, True)
    unfreeze(model, "1")
    assert model.train()[1].training
    freeze(model, keep="2.0")
    model.eval().train()
    assert (model.training, model[2].training, model[2][0].training) == (True, True, True)


class Tied(nn.Module):
    """An output layer that shares its weight with the embedding, as language models do."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 5)
        self.body = nn.Sequential(nn.Linear(5, 5), nn.BatchNorm1d(5))
        self.out = nn.Linear(5, 7, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, x):
        return self.out(self.body(self.embed(x)))


def test_a_shared_tensor_is_one_tensor():
    model = Tied()
    report = freeze(model, keep="out")
    assert trainable(model) == {"embed.weight"}
    assert (report.trainable_tensors, report.frozen_tensors) == (1, 4)
    assert moved(model, torch.arange(6), torch.arange(6)) == {"embed.weight"}
    freeze(model)
    assert trainable(model) == set()
    assert unfreeze(model, "out.weight").started == ("embed.weight",)


@pytest.mark.parametrize("way", ["deepcopy", "pickle", "torch.save", "averaged"])
def test_the_promise_survives_a_copy(way):
    model = small()
    freeze(model, keep="5")
    if way == "deepcopy":
        twin = copy.deepcopy(model)
    elif way == "pickle":
        twin = pickle.loads(pickle.dumps(model))
    elif way == "averaged":
        twin = torch.optim.swa_utils.AveragedModel(model).module
    else:
        file = io.BytesIO()
        torch.save(model, file)
        file.seek(0)
        twin = torch.load(file, weights_only=False)
    unfreeze(model)  # what happens to the original is nothing to the copy
    model.train()
    assert trainable(twin) == {"5.weight", "5.bias"}
    assert moved(twin, IMAGES, LABELS) == {"5.weight", "5.bias"}
    assert model[0][1].training, "calling train() on the copy must not reach into the original"
    unfreeze(twin)
    assert "0.1" in in_training(twin.train())


def test_the_promise_holds_inside_wrappers():
    model = torchvision.models.resnet18(num_classes=3)
    freeze(model, keep="fc")
    features = torchvision.models.feature_extraction.create_feature_extractor(model, ["layer4"])
    compiled = torch.compile(model, backend="eager")
    old, images = model.bn1.running_mean.clone(), torch.randn(2, 3, 64, 64)
    for wrapper in (features, compiled, nn.DataParallel(model)):
        wrapper.train()
        wrapper(images)
        assert torch.equal(model.bn1.running_mean, old)
    assert model.fc.training


def test_state_dict_knows_nothing_of_freezing():
    model, fresh = small(), small()
    names = list(model.state_dict())
    freeze(model, keep="5")
    assert list(model.state_dict()) == names
    assert str(fresh.load_state_dict(model.state_dict())) == "<All keys matched successfully>"
    model.load_state_dict(fresh.state_dict())
    assert moved(model, IMAGES, LABELS) == {"5.weight", "5.bias"}


def test_freezing_twice_is_freezing_once():
    model = small()
    first, again = freeze(model, keep="5"), freeze(model, keep="5")
    assert (again.stopped, again.started) == ((), ())
    assert first.in_eval == again.in_eval
    assert first.parts == again.parts
    unfreeze(model)
    assert not any("train" in vars(m) for m in model.modules())


def test_unfreezing_gives_back_the_mode_of_the_model():
    model = small().train()
    freeze(model, keep="5")
    unfreeze(model, "0")
    assert model[0][1].training, "the model is in training mode, so is what joins it"
    assert not model[1][1].training
    model.eval()
    unfreeze(model)
    assert not in_training(model)
    assert in_training(model.train()) == in_training(small().train())


def test_unfreezing_after_flags_alone_puts_the_frozen_rest_to_rest():
    model = small().requires_grad_(False)
    unfreeze(model, "5")
    assert moved(model, IMAGES, LABELS) == {"5.weight", "5.bias"}


def test_a_head_put_in_after_freezing_hears_train():
    model = torchvision.models.mobilenet_v2(num_classes=5)
    freeze(model)
    model.classifier[1] = nn.Sequential(nn.Dropout(0.5), nn.Linear(1280, 2))
    for mode in (False, True):
        model.train(mode)
        assert (model.classifier[1][0].training, model.features[0][1].training) == (mode, False)


def test_freeze_to_and_back_stage_by_stage():
    model = torchvision.models.resnet18(num_classes=4)
    found = [stage.name for stage in stages(model)]
    for position, name in enumerate(found):
        freeze_to(model, name)
        expected = {n for stage in stages(model)[position:] for n, _ in stage.parameters(model)}
        assert trainable(model) == expected
        model.train()
        for n, m in model.named_modules():
            if isinstance(m, nn.BatchNorm2d):
                assert m.training == (n + ".weight" in expected), n
    assert trainable(model) == {"fc.weight", "fc.bias"}
    for name in [*found[-2::-1], None]:
        report = unfreeze_next(model)
        stage = {s.name: s for s in stages(model)}.get(name)
        assert set(report.started) == ({n for n, _ in stage.parameters(model)} if stage else set())


def test_the_report_counts_what_a_plain_loop_counts():
    model = torchvision.models.resnet18(num_classes=4)
    report = freeze(model, keep="layer4")
    still = [p for n, p in model.named_parameters() if not n.startswith("layer4.")]
    learns = [p for n, p in model.named_parameters() if n.startswith("layer4.")]
    assert (report.frozen_tensors, report.trainable_tensors) == (len(still), len(learns))
    assert report.frozen_numbers == sum(p.numel() for p in still)
    assert report.trainable_numbers == sum(p.numel() for p in learns)
    assert sum(part.numbers for part in report.parts) == report.frozen_numbers + report.trainable_numbers
    assert sum(part.trainable_tensors for part in report.parts) == report.trainable_tensors
    rest = [n for n, m in model.named_modules() if isinstance(m, nn.BatchNorm2d) and "layer4" not in n]
    assert list(report.in_eval) == rest


def test_the_table():
    text = """\
part  tensors  numbers    share  trains
----  -------  -------  -------  -------------
stem        4       56  75.68 %  1 of 4 tensors
head        2       18  24.32 %  yes"""
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    report = freeze(model, keep=["3", "0.bias"])
    lines = str(report).splitlines()
    assert [line.split("  ")[0] for line in lines[:4]] == [line.split("  ")[0] for line in text.splitlines()]
    assert lines[2].endswith("75.68 %  1 of 4 tensors")
    assert lines[4:6] == [
        "frozen:    3 tensors, 48 numbers (64.86 %)",
        "trainable: 3 tensors, 26 numbers (35.14 %)",
    ]
    assert repr(report) == str(report)
    assert not any(line.endswith(" ") for line in lines)


class Words(nn.Module):
    """A model that cannot be run on made-up images: no stages to be told."""

    def __init__(self):
        super().__init__()
        self.embed, self.mark, self.fc = nn.Embedding(9, 4), nn.Parameter(torch.zeros(4)), nn.Linear(4, 2)

    def forward(self, words):
        return self.fc((self.embed(words) + self.mark).mean(1))


def test_a_model_without_stages_is_shown_by_its_modules():
    model = Words()
    report = freeze(model, keep="fc")
    assert [part.name for part in report.parts] == ["mark", "embed", "fc"]
    assert trainable(model) == {"fc.weight", "fc.bias"}


def test_integer_weights_cannot_learn():
    model = nn.Linear(2, 2)
    model.packed = nn.Parameter(torch.ones(3, dtype=torch.int8), requires_grad=False)
    freeze(model)
    unfreeze(model)
    assert trainable(model) == {"weight", "bias"}


@pytest.mark.parametrize(
    ("keep", "says"),
    [
        ("fcc", "nearest: fc"),
        ("layer5", "layer4"),
        ("", "nearest: "),
        (nn.Linear(2, 2), "not part of"),
        (nn.Linear(2, 2).parameters, "a name"),
        (nn.Linear(2, 2).weight, "not part of"),
        (3, "a name"),
    ],
)
def test_a_name_that_is_not_there(keep, says):
    model = torchvision.models.resnet18(num_classes=4)
    with pytest.raises(ModelError, match=says):
        freeze(model, keep=keep)
    with pytest.raises(ModelError, match=says):
        unfreeze(model, keep)
    assert trainable(model) == {n for n, _ in model.named_parameters()}, "an error changes nothing"


def test_a_stage_that_is_not_there_lists_those_that_are():
    with pytest.raises(ModelError, match=r"layer1.*layer4"):
        freeze_to(torchvision.models.resnet18(num_classes=4), "layer9")


NAMES = ["0", "0.0", "0.1", "1", "1.0", "1.1", "4", "4.0", "4.1", "4.3", "5"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["freeze", "unfreeze"]), st.sets(st.sampled_from(NAMES))), max_size=5)
)
def test_any_sequence_of_calls_leaves_flags_and_modes_agreed(calls):
    """A model of the rules in a few lines: sets of names, no look at the code under test."""
    model = small()
    tensors = {n for n, _ in model.named_parameters()}
    layers = {n: m for n, m in model.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)}
    learns, counts = set(tensors), set(layers)
    for verb, names in calls:
        named = {n for n in tensors if any(n.startswith(name + ".") for name in names)}
        opened = {n for n in layers if any(n == name or n.startswith(name + ".") for name in names)}
        if verb == "freeze":
            freeze(model, keep=names)
            learns, counts = named, opened
        else:
            unfreeze(model, *names)
            everything = not names
            learns |= tensors if everything else named
            counts |= set(layers) if everything else opened
        model.train()
        assert trainable(model) == learns
        assert {n for n, m in layers.items() if m.training} == counts
        assert {n for n, m in layers.items() if not rests(m)} == counts


@pytest.mark.parametrize("act", [freeze, unfreeze, param_groups, lambda m: prove_frozen(m, lambda: None)])
def test_a_lazy_layer_must_have_its_shape_first(act):
    model = nn.Sequential(nn.LazyLinear(4), nn.Linear(4, 2))
    with pytest.raises(ModelError, match="no shape yet"):
        act(model)
    assert all(p.requires_grad for p in model.parameters())
