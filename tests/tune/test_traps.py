"""The traps of fine-tuning: each runs without an error in plain PyTorch, and ftlib's guard must catch it.

Every test first shows the silent failure, then the guard. ``test_without_its_guard_the_trap_is_open`` takes
each guard away and insists that the test goes red.
"""

import math
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torchvision
from timm.optim import param_groups_layer_decay
from torch import nn
from torch.nn import functional as F

from ftlib.errors import DataError, InputError, ModelError
from ftlib.tune import (
    cache_features,
    evaluate,
    features,
    find_head,
    fit,
    folders,
    freeze,
    gradual,
    heads,
    loop,
    optim,
    param_groups,
    partition,
    prove_frozen,
    replace_head,
    resting,
    stages,
    unfreeze,
)
from ftlib.tune import train as training

freezing = sys.modules["ftlib.tune.freeze"]  # the door shows the function of that name
QUIET = {"progress": False, "device": "cpu"}


def seeded(*shape) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


X, Y = seeded(12, 4), torch.arange(12) % 3


def net(norm=nn.BatchNorm1d, **kwargs) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), norm(6, **kwargs), nn.ReLU(), nn.Linear(6, 3))


def flags_only(model) -> nn.Module:
    """How most code freezes: flags, and nothing else."""
    for parameter in model.parameters():
        parameter.requires_grad = False
    for parameter in model[-1].parameters():
        parameter.requires_grad = True
    return model


def train_step(model, optimizer, set_to_none=True):
    model.train()
    optimizer.zero_grad(set_to_none=set_to_none)
    F.cross_entropy(model(X), Y).backward()
    optimizer.step()


def sgd(parameters, **kwargs):
    return torch.optim.SGD(parameters, lr=0.1, **kwargs)


def after_a_step(model, optimizer=None, **kwargs) -> set[str]:
    """Names of what a step moved, buffers included."""
    tensors = dict(model.named_parameters()) | dict(model.named_buffers())
    before = {name: tensor.detach().clone() for name, tensor in tensors.items()}
    train_step(model, optimizer or sgd(model.parameters()), **kwargs)
    return {name for name, tensor in tensors.items() if not torch.equal(tensor, before[name])}


# 1 frozen BatchNorm goes on averaging


@pytest.mark.parametrize("norm", [nn.BatchNorm1d, lambda n: nn.BatchNorm1d(n, affine=False)])
def test_1_statistics_of_frozen_batchnorm_move(norm):
    assert "1.running_mean" in after_a_step(flags_only(net(norm)))
    model = net(norm)
    freeze(model, keep="3")
    assert after_a_step(model) == {"3.weight", "3.bias"}


def test_1_eval_is_undone_by_the_next_train():
    model = flags_only(net())
    model[1].eval()
    assert model.train()[1].training
    freeze(model, keep="3")
    model[1].train()
    model.eval().train()
    assert not model[1].training


# 2 a BatchNorm in eval still learns, and every kind of it counts


def test_2_batchnorm_in_eval_still_trains_its_weight():
    model = net()
    model[1].eval().train = lambda mode=True: model[1]
    assert {"1.weight", "1.bias"} <= after_a_step(model)
    model = net()
    freeze(model, keep=["0", "3"])
    assert after_a_step(model) == {"0.weight", "0.bias", "3.weight", "3.bias"}


def test_2_only_its_weight_trains():
    model = flags_only(net())
    model[1].weight.requires_grad = True
    assert "1.running_mean" in after_a_step(model)
    model = net()
    freeze(model, keep=["1.weight", "3"])
    assert after_a_step(model) == {"1.weight", "3.weight", "3.bias"}


# 3 an optimizer built before the head was replaced


def test_3_optimizer_built_before_the_head():
    model = net()
    optimizer = sgd(model.parameters())
    head = replace_head(model, 3, seed=0)
    freeze(model, keep=head)
    assert after_a_step(model, optimizer) == set(), "no error, and nothing learns"
    proof = prove_frozen(model, lambda: train_step(model, optimizer), optimizer)
    assert not proof.ok
    assert "does not hold it" in proof.reasons["3.weight"]
    with pytest.raises(InputError, match="holds none of the 2 trainable"):
        fit(model, (X, Y), optimizer=optimizer, epochs=1, **QUIET)


def test_3_freezing_after_replacing_freezes_the_head():
    model = net()
    replace_head(model, 3)
    model.requires_grad_(False)
    with pytest.raises(RuntimeError, match="does not require grad"):
        after_a_step(model)
    with pytest.raises(InputError, match="nothing to train"):
        fit(model, (X, Y), epochs=1, **QUIET)
    freeze(model, keep=find_head(model))
    assert after_a_step(model) == {"3.weight", "3.bias"}


# 4 attributes that change nothing


def test_4_attributes_that_do_nothing():
    model = torchvision.models.resnet18(num_classes=4)
    model.requires_grad = False
    for parameter in model.parameters():
        parameter.require_grad = False
    assert sum(p.requires_grad for p in model.parameters()) == 62
    assert prove_frozen(model, lambda: None).checked["frozen parameters"] == 0
    model.fc.out_features = 10
    model.classifier = nn.Linear(512, 10)
    assert model.eval()(seeded(1, 3, 32, 32)).shape == (1, 4)

    model = torchvision.models.resnet18(num_classes=4)
    model.classifier = nn.Linear(512, 10)
    assert find_head(model).names == ("fc",), "what runs counts, not what is called classifier"
    replace_head(model, 10)
    assert model.eval()(seeded(1, 3, 32, 32)).shape == (1, 10)
    assert freeze(model, keep="fc").frozen_tensors == 62  # 60 of the backbone, 2 of the layer nobody calls


# 5 frozen parameters that move, unfrozen ones that do not


@pytest.mark.parametrize(
    "make", [lambda p: sgd(p, momentum=0.9), lambda p: sgd(p, weight_decay=0.1), torch.optim.AdamW]
)
def test_5_old_gradients_move_frozen_parameters(make):
    model = net(nn.LayerNorm)
    optimizer = make(model.parameters())
    train_step(model, optimizer)
    flags_only(model)
    assert "0.weight" in after_a_step(model, optimizer, set_to_none=False)
    freeze(model, keep="3")
    assert after_a_step(model, optimizer, set_to_none=False) == {"3.weight", "3.bias"}


def test_5_unfrozen_later_is_in_no_optimizer():
    model = net(nn.LayerNorm)
    freeze(model, keep="3")
    optimizer = torch.optim.AdamW(filter(lambda p: p.requires_grad, model.parameters()))
    unfreeze(model, "0")
    assert after_a_step(model, optimizer) == {"3.weight", "3.bias"}, "no error"
    assert prove_frozen(model, lambda: train_step(model, optimizer), optimizer).still == (
        "0.weight",
        "0.bias",
    )
    with pytest.warns(UserWarning, match="leaves out 2 of 4"):
        fit(model, (X, Y), optimizer=optimizer, epochs=1, **QUIET)
    assert gradual.add_unfrozen(optimizer, model, 1e-3) == 2
    assert after_a_step(model, optimizer) == {"0.weight", "0.bias", "3.weight", "3.bias"}


def test_5_fit_takes_in_what_a_callback_unfreezes():
    model = net(nn.LayerNorm)
    freeze(model, keep="3")
    old = model[0].weight.detach().clone()
    thaw = lambda row, model: unfreeze(model)
    fit(model, (X, Y), epochs=2, restore_best=False, callbacks=[thaw], **QUIET)
    assert not torch.equal(model[0].weight, old)


def test_5_equal_values_are_not_the_same_parameter():
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
    model[2].load_state_dict(model[0].state_dict())
    by_value = [model[0].weight]
    assert any(torch.equal(model[2].weight, held) for held in by_value), (
        "by value the second seems to be held"
    )
    assert sum(len(group["params"]) for group in param_groups(model)) == 4
    assert gradual.add_unfrozen(sgd(model[0].parameters()), model, 0.1) == 2


# 6 heads by many names


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("squeezenet1_1", ("classifier.1",)),
        ("mobilenet_v3_small", ("classifier.3",)),
        ("shufflenet_v2_x0_5", ("fc",)),
        ("timm:deit_tiny_distilled_patch16_224", ("head", "head_dist")),
    ],
)
def test_6_heads_go_by_many_names(name, names):
    library, _, bare = name.rpartition(":")
    model = timm.create_model(bare) if library else torchvision.models.get_model(bare)
    head = replace_head(model, 3, seed=0)
    assert head.names == names
    freeze(model, keep=head)
    images, labels = seeded(2, 3, 224, 224), torch.tensor([0, 2])
    optimizer = torch.optim.AdamW(param_groups(model))

    def step():
        model.train()
        outputs = model(images)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        sum(F.cross_entropy(output, labels) for output in outputs).backward()
        optimizer.step()

    proof = prove_frozen(model, step, optimizer)
    assert proof.ok, proof
    assert proof.checked["trainable parameters"] == 2 * len(names)


# 7 features that differ from call to call


def test_7_frozen_is_not_deterministic():
    def model():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.5), nn.Linear(6, 6), nn.Linear(6, 3))

    plain = flags_only(model()).train()
    assert not torch.equal(plain[:3](X), plain[:3](X))
    ours = model()
    freeze(ours, keep="3")
    ours.train()
    assert torch.equal(ours[:3](X), ours[:3](X))


def noisy() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Linear(6, 6), nn.Linear(6, 3)
    )


def test_7_features_are_cached_in_eval_and_never_stale(tmp_path):
    model = noisy().train()
    with torch.no_grad():
        assert not torch.equal(model[:4](X), model[:4](X)), "features taken in training mode are noise"
    before = {name: value.clone() for name, value in model.state_dict().items()}

    def cached():
        return cache_features(model, (X, Y), folder=tmp_path, progress=False, device="cpu").data.features

    def plain():
        with torch.no_grad():
            return noisy_eval(model)[:4](X)

    torch.testing.assert_close(cached(), plain(), rtol=1e-4, atol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    model[1].running_mean += 1.0  # a buffer is part of the key as well
    torch.testing.assert_close(cached(), plain(), rtol=1e-4, atol=1e-5)


def noisy_eval(model) -> nn.Module:
    twin = noisy()
    twin.load_state_dict(model.state_dict())
    return twin.eval()


class Augmented(torch.utils.data.Dataset):
    """Another view of the sample each time it is asked for."""

    targets = Y

    def __len__(self):
        return len(Y)

    def __getitem__(self, index):
        return X[index] + torch.randn(4), Y[index]


def test_7_augmented_data_is_not_cached(tmp_path):
    with pytest.raises(DataError, match="twice"):
        cache_features(noisy(), Augmented(), folder=tmp_path, progress=False, device="cpu")


# 8 a rate that no optimizer reads


def test_8_a_scale_is_not_a_rate():
    model = timm.create_model("vit_tiny_patch16_224", depth=2, num_classes=3)
    groups = param_groups_layer_decay(model, layer_decay=0.5)
    assert len({group["lr_scale"] for group in groups}) > 1
    assert {group["lr"] for group in sgd(groups).param_groups} == {0.1}, "one rate for all, no error"
    ours = param_groups(model, 0.1, layer_decay=0.5)
    rates = {id(p): group["lr"] for group in sgd(ours).param_groups for p in group["params"]}
    assert rates[id(model.head.weight)] == 0.1
    for steps, stage in enumerate(reversed(stages(model))):
        assert {rates[id(p)] for _, p in stage.parameters(model)} == {0.1 * 0.5**steps}


# 9 losses that run and mean nothing


def test_9_one_column_against_a_row():
    x = seeded(64, 3)
    y = x.sum(1)
    model = nn.Linear(3, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrong = F.mse_loss(model(x), y)
    assert wrong != F.mse_loss(model(x)[:, 0], y), "(64, 1) against (64,) became (64, 64)"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model, (x, y), epochs=60, lr=0.05, task="regression", **QUIET)
    assert evaluate(model, (x, y), device="cpu").metrics["r2"] > 0.9


@pytest.mark.parametrize("labels", [torch.arange(12) % 3 + 1, torch.arange(12) % 4, torch.arange(12) % 3 - 1])
def test_9_labels_out_of_range(labels):
    with pytest.raises(InputError, match="number classes from 0"):
        fit(net(), (X, labels), epochs=1, **QUIET)


def test_9_the_first_loss_is_near_ln_c():
    model = net()
    for classes in (2, 10, 100):
        replace_head(model, classes, seed=0)
        loss = evaluate(model, (X, Y % classes), device="cpu").loss
        assert loss == pytest.approx(math.log(classes), abs=0.5)


# 10 a mean of batch means is not the mean


def test_10_the_last_short_batch_counts_for_what_it_is():
    model = nn.Identity()
    outputs, targets = torch.tensor([[9.0, 0.0]] * 5), torch.tensor([0, 0, 0, 0, 1])
    halves = [F.cross_entropy(outputs[i : i + 4], targets[i : i + 4]) for i in (0, 4)]
    result = evaluate(model, (outputs, targets), batch_size=4, device="cpu")
    truth = float(F.cross_entropy(outputs, targets))
    assert float(sum(halves) / 2) > 2 * truth
    assert result.loss == pytest.approx(truth)
    assert result.metrics["accuracy"] == 0.8


# 11 the same sample in training and in test


def test_11_duplicates_stay_in_one_split():
    content = np.repeat(np.arange(100), 2)  # every sample twice
    random = np.random.default_rng(0).permutation(200)
    assert set(content[random[:140]]) & set(content[random[140:]]), "a plain shuffle leaks"
    parts = partition.split_indices([0] * 200, content.tolist())
    seen = [set(content[index]) for index in parts.values()]
    assert sum(map(len, seen)) == len(set.union(*seen)) == 100


def test_11_the_same_picture_in_two_given_splits(tmp_path):
    from PIL import Image

    for split, start in (("train", 0), ("val", 20), ("test", 40)):
        for kind in ("cat", "dog"):
            (tmp_path / split / kind).mkdir(parents=True)
            for i in range(3):
                noise = np.random.default_rng([start + i, kind == "cat"]).integers(
                    0, 256, (9, 9, 3), np.uint8
                )
                Image.fromarray(noise).save(tmp_path / split / kind / f"{i}.png")
    folders.image_folder(tmp_path, 9, progress=False)
    Image.open(tmp_path / "train/cat/0.png").save(tmp_path / "test/cat/other.bmp")
    with pytest.raises(DataError, match="two splits"):
        folders.image_folder(tmp_path, 9, progress=False)


# each guard taken away


def by_value(tensor):
    return hash(tensor.detach().numpy().tobytes()) if isinstance(tensor, torch.Tensor) else id(tensor)


def keep_gradient(parameter, wanted):
    parameter.requires_grad_(wanted)


def mean_of_batch_means(model, data, loss_fn, task, device):
    parts = [honest_predict(model, [batch], loss_fn, task, device) for batch in data]
    losses, outputs, targets = zip(*parts)
    return sum(losses) / len(losses), np.concatenate(outputs), np.concatenate(targets)


def scaled_up(old, num_classes):
    new = honest_like(old, num_classes)
    nn.init.normal_(new.weight, std=9.0)
    return new


def by_name(model, example):
    """The head is what is called so."""
    return ("classifier",) if hasattr(model, "classifier") else ("fc",)


def blind_to_content(strata, digests, seed=0):
    return honest_split(strata, range(len(digests)), seed)


honest_predict, honest_like, honest_split = training.predict, heads._like, partition.split_indices

GUARDS = {
    "a module rests once, not through train()": (
        (resting, "rest", lambda module: module.eval()),
        (test_1_eval_is_undone_by_the_next_train,),
    ),
    "frozen modules rest": (
        (resting, "rest", lambda module: None),
        (
            lambda: test_1_statistics_of_frozen_batchnorm_move(nn.BatchNorm1d),
            lambda: test_1_statistics_of_frozen_batchnorm_move(lambda n: nn.BatchNorm1d(n, affine=False)),
            test_2_only_its_weight_trains,
            test_7_frozen_is_not_deterministic,
        ),
    ),
    "statistics rest where only the weight is kept": (
        (resting, "keeps_statistics", lambda module: False),
        (test_2_only_its_weight_trains,),
    ),
    "flags are set": (
        (freezing, "_set_trainable", lambda parameter, wanted: None),
        (test_2_batchnorm_in_eval_still_trains_its_weight,),
    ),
    "something must be trainable": (
        (training, "check_trainable", lambda model: None),
        (test_3_freezing_after_replacing_freezes_the_head,),
    ),
    "the head is what runs last": (
        (heads, "_last_of_its_width", by_name),
        (test_4_attributes_that_do_nothing,),
    ),
    "a pair of heads is two": (
        (heads, "_named_by_timm", lambda model: ("head",)),
        (
            lambda: test_6_heads_go_by_many_names(
                "timm:deit_tiny_distilled_patch16_224", ("head", "head_dist")
            ),
        ),
    ),
    "the optimizer is checked": (
        (training, "check_optimizer", lambda model, optimizer: None),
        (test_3_optimizer_built_before_the_head, test_5_unfrozen_later_is_in_no_optimizer),
    ),
    "old gradients are dropped": (
        (freezing, "_set_trainable", keep_gradient),
        (lambda: test_5_old_gradients_move_frozen_parameters(torch.optim.AdamW),),
    ),
    "fit takes in what was unfrozen": (
        (training, "add_unfrozen", lambda *_: 0),
        (test_5_fit_takes_in_what_a_callback_unfreezes,),
    ),
    "parameters are told apart by id": (
        (gradual, "id", by_value),
        (test_5_equal_values_are_not_the_same_parameter,),
    ),
    "features are keyed by weights": (
        (features, "signature", lambda front: "the same"),
        (lambda: test_7_features_are_cached_in_eval_and_never_stale(Path(tempfile.mkdtemp())),),
    ),
    "augmented data is refused": (
        (features, "_refuse_random", lambda differs: None),
        (lambda: test_7_augmented_data_is_not_cached(Path(tempfile.mkdtemp())),),
    ),
    "a new head starts small": (
        (heads, "_like", scaled_up),
        (test_9_the_first_loss_is_near_ln_c,),
    ),
    "every sample counts once": (
        (training, "predict", mean_of_batch_means),
        (test_10_the_last_short_batch_counts_for_what_it_is,),
    ),
    "duplicates stay together": (
        (partition, "split_indices", blind_to_content),
        (test_11_duplicates_stay_in_one_split,),
    ),
    "duplicates across given splits are refused": (
        (folders, "_refuse_shared", lambda *_: None),
        (lambda: test_11_the_same_picture_in_two_given_splits(Path(tempfile.mkdtemp())),),
    ),
    "a stage has a real rate": (
        (optim, "_rates", lambda model, lr, *_: {}),
        (test_8_a_scale_is_not_a_rate,),
    ),
    "(N, 1) meets (N,)": (
        (loop, "loss_of", lambda output, y, loss_fn, task: loss_fn(output, y)),
        (test_9_one_column_against_a_row,),
    ),
    "labels are checked": (
        (loop, "check_fits", lambda *_: None),
        (lambda: test_9_labels_out_of_range(Y + 1),),
    ),
}


@pytest.mark.parametrize("guard", GUARDS)
def test_without_its_guard_the_trap_is_open(guard, monkeypatch):
    (module, name, instead), traps = GUARDS[guard]
    monkeypatch.setattr(module, name, instead, raising=name != "id")
    for trap in traps:
        with pytest.raises((AssertionError, pytest.fail.Exception, IndexError, ModelError, UserWarning)):
            trap()
