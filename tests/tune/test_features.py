"""Cached features, held against a plain forward pass; and keys that never let stale ones through."""

import copy
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from timm.layers import BatchNormAct2d
from timm.layers.conv2d_same import Conv2dSame
from torch import nn
from torch.utils.data import DataLoader, Dataset

from ftlib.errors import DataError
from ftlib.tune import (
    ImageSet,
    TensorSet,
    cache_features,
    digits,
    evaluate,
    extract,
    features,
    find_head,
    fit,
    freeze_to,
    fuse,
    load_backbone,
    replace_head,
    split_at,
    stages,
    store,
)
from ftlib.tune.signature import signature

ROOT = Path(__file__).resolve().parents[2]


class Block(nn.Module):
    """Everything that must not confuse folding: a skip over the norm, a norm used twice, one without affine."""

    def __init__(self, inside: int, outside: int):
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, 3, padding=1)
        self.norm = nn.BatchNorm2d(outside)
        self.twice = nn.Conv2d(outside, outside, 1, bias=False)
        self.shared = nn.BatchNorm2d(outside)
        self.plain = nn.BatchNorm2d(outside, affine=False)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        x = self.conv(x)
        x = x + self.norm(x).relu()
        x = self.shared(self.twice(self.shared(self.twice(x))))
        return self.drop(self.plain(x).relu())


def small(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(inplace=True)),
        Block(4, 8),
        nn.Sequential(nn.Conv2d(8, 8, 3, stride=2, bias=False), nn.BatchNorm2d(8), nn.ReLU()),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 3),
    )
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return model


def pictures(n: int = 21, seed: int = 0) -> ImageSet:
    generator = torch.Generator().manual_seed(seed)
    return ImageSet(
        torch.randint(0, 256, (n, 1, 12, 12), dtype=torch.uint8, generator=generator), torch.arange(n) % 3
    )


@pytest.fixture
def cached(home):
    """cache_features without a bar, in this test's own folder."""
    return lambda model, data, at="head", **kwargs: cache_features(model, data, at, progress=False, **kwargs)


def into(model, module: str, x) -> torch.Tensor:
    """What ``module`` is given when the whole model runs in eval mode: the reference, by a hook."""
    seen, model = [], copy.deepcopy(model).eval()
    model.get_submodule(module).register_forward_pre_hook(lambda _m, args: seen.append(args[0].clone()))
    with torch.no_grad():
        model(x)
    return seen[0]


def test_features_of_the_real_backbone_are_those_of_a_plain_forward(cached):
    model = load_backbone()
    model.train()  # whatever mode the model is in, features are eval features
    data = digits(32).val.subset(range(60))
    found = cached(model, data).data
    expected = into(model, find_head(model).names[0], data.batch(range(60))[0])
    assert (found.features - expected).abs().max() < 1e-5 * expected.abs().max()
    assert torch.equal(found.targets, data.targets)
    at = stages(model)[-4].name
    middle = cached(model, data, at)
    front, _ = split_at(model.eval(), at)
    with torch.no_grad():
        expected = front(data.batch(range(60))[0])
    assert (middle.data.features - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.parametrize("at", [1, 2, -1])
def test_features_at_any_boundary_lead_to_the_model_s_own_output(at, cached):
    model, data = small(), pictures()
    result = cached(model, data, stages(model, torch.zeros(1, 3, 12, 12))[at].name)
    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(
            result.model.eval()(result.data.features), model(data.batch(range(21))[0]), rtol=1e-5, atol=1e-6
        )


def norms_left(model) -> list[str]:
    quick = extract.prepare(model.eval(), torch.randn(4, 3, 12, 12), torch.device("cpu"))
    return [name for name, module in quick.named_modules() if isinstance(module, nn.BatchNorm2d)]


def test_folding_takes_the_pairs_it_may_and_no_other():
    model = small()
    assert norms_left(model) == [
        "0.1",
        "1.norm",
        "1.shared",
        "1.plain",
        "2.1",
    ]  # refused: 1.conv is used twice
    model[1].conv, model[1].norm = nn.Sequential(nn.Conv2d(4, 8, 1), nn.ReLU()), nn.BatchNorm2d(8)
    assert norms_left(model) == ["1.norm", "1.shared", "1.plain"]
    assert isinstance(model[0][1], nn.BatchNorm2d)
    model[0][1].register_forward_hook(lambda _m, _x, out: out + 1)
    assert norms_left(model) == ["0.1", "1.norm", "1.shared", "1.plain"]


def off_by_a_percent(model, _x):
    model[0][0].weight.mul_(1.01)
    return model


def without_onednn(_model, _x):
    raise NotImplementedError("no such operator in this build")


@pytest.mark.parametrize("broken", [off_by_a_percent, without_onednn])
def test_a_quick_copy_that_is_not_right_is_thrown_away(broken, monkeypatch):
    model, x = small().eval(), torch.randn(4, 3, 12, 12)
    monkeypatch.setattr(extract, "fuse", broken)
    assert torch.equal(extract.prepare(model, x, torch.device("cpu"))(x), model(x))


@pytest.mark.parametrize("act", [nn.ReLU, nn.ReLU6, nn.SiLU, nn.Hardswish, nn.GELU, nn.Identity])
@pytest.mark.parametrize("conv", [nn.Conv2d, Conv2dSame])
def test_fused_convolutions_compute_the_same(act, conv):
    torch.manual_seed(0)
    layers = [
        conv(4, 8, 3, stride=2, bias=False),
        BatchNormAct2d(8, act_layer=act),
        conv(8, 8, (3, 5), groups=8, stride=(1, 2), padding=1),
        nn.BatchNorm2d(8),
        act(),
        conv(8, 16, 3, dilation=2, groups=2, padding=2),
        conv(16, 5, 1),
    ]
    model = nn.Sequential(*layers)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    model.eval()
    x = torch.randn(6, 4, 15, 22) * 3
    quick = extract.prepare(model, x, torch.device("cpu"))
    assert sum(isinstance(module, fuse._Quick) for module in quick.modules()) == 4
    with torch.no_grad():
        for part in (x, x[:1], x[..., 1:, 1:]):  # the last batch is often smaller; sizes may differ
            torch.testing.assert_close(quick(extract.laid_out(part)), model(part), rtol=1e-4, atol=1e-4)


def test_nothing_of_the_caller_changes(cached):
    model, data = small().train(), pictures()
    model[1].norm.eval()
    model[0][0].weight.requires_grad_(False)
    state, modes = copy.deepcopy(model.state_dict()), [m.training for m in model.modules()]
    flags, rng, threads = (
        [p.requires_grad for p in model.parameters()],
        torch.get_rng_state(),
        torch.get_num_threads(),
    )
    torch.set_num_threads(3)
    try:
        cached(model, data)
        assert torch.get_num_threads() == 3
        with ThreadPoolExecutor(1) as pool:  # threads started later have as many as before, too
            assert pool.submit(torch.get_num_threads).result() == 3
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert modes == [m.training for m in model.modules()]
    assert flags == [p.requires_grad for p in model.parameters()]
    assert torch.equal(rng, torch.get_rng_state())


def test_the_number_of_threads_does_not_show(cached, tmp_path):
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(cached(small(), pictures(), folder=tmp_path / str(threads)).data.features)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*found)


def test_a_second_call_reads_and_equals(cached, monkeypatch):
    first = cached(small(), pictures())
    monkeypatch.setattr(features, "run", None)  # computing again would fail
    second = cached(small(), pictures())
    assert (first.hit, second.hit, first.key == second.key) == (False, True, True)
    assert torch.equal(first.data.features, second.data.features)
    assert "computed" in str(first)
    assert "read from disk" in str(second)


def edit_weight(model):
    model[0][0].weight.data[0, 0, 0, 0] += 1e-6


def edit_buffer(model):
    model[1].shared.running_var[0] += 1e-6


def edit_setting(model):
    model[1].norm.eps = 2e-5


def edit_stride(model):
    model[2][0].padding = (1, 1)


def edit_layer(model):
    model[0][2] = nn.ReLU6()


def edit_hook(model):
    model[1].register_forward_hook(lambda _m, _x, out: out * 2)


def edit_code(model):
    class Block2(Block):
        def forward(self, x):
            return super().forward(x) * 2

    Block2.__qualname__ = Block.__qualname__
    model[1].__class__ = Block2


@pytest.mark.parametrize(
    "edit", [edit_weight, edit_buffer, edit_setting, edit_stride, edit_layer, edit_hook, edit_code]
)
def test_another_front_never_gets_the_old_features(edit, cached):
    data, model = pictures(), small()
    first = cached(model, data)
    edit(model)
    second = cached(model, data)
    assert not second.hit
    assert second.key != first.key
    x = into(model, "5", data.batch(range(21))[0])
    torch.testing.assert_close(second.data.features, x, rtol=1e-5, atol=1e-6)


def test_other_data_never_gets_the_old_features(cached):
    model, data = small(), pictures()
    keys = {cached(model, data).key}
    pixel = data.images.clone()
    pixel[20, 0, 5, 5] ^= 1
    others = [
        ImageSet(pixel, data.targets),
        data.normalised((0.4,) * 3, (0.5,) * 3),
        data.subset(range(20)),
        data.subset([1, 0, *range(2, 21)]),
    ]
    for other in others:
        found = cached(model, other)
        assert not found.hit
        assert torch.allclose(
            found.data.features, into(model, "5", other.batch(range(len(other)))[0]), atol=1e-5
        )
        keys.add(found.key)
    assert len(keys) == 5


def test_what_does_not_change_features_does_not_change_the_key(cached):
    model, data = small(), pictures()
    cached(model, data)
    model[5].weight.data += 1  # the head
    model.train().requires_grad_(False)
    relabelled = ImageSet(data.images, 2 - data.targets)
    again = cached(model, relabelled)
    assert again.hit
    assert again.data.targets.tolist() == (2 - data.targets).tolist()
    assert cached(copy.deepcopy(model), data).hit


def test_the_signature_is_the_same_in_another_process():
    code = (
        "from ftlib.tune.signature import *; from ftlib.tune import load_backbone as l; print(signature(l()))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == signature(load_backbone())


def damaged(raw: bytes):
    yield raw[:-1]
    yield raw[: len(raw) // 2]
    yield raw[:-1] + bytes([raw[-1] ^ 1])
    yield raw + b"more"
    yield b""
    yield b"{}\n"
    yield b'{"shape": [2], "dtype": "<f4", "sha256": "0"}\n12345678'
    yield (
        b'{"shape": [2], "dtype": "O", "sha256": "0"}\n' + b"\x01" * 16
    )  # read as pointers, this was a crash
    yield b'{"shape": [2], "dtype": "<08", "sha256": "0"}\n12345678'  # np.dtype raises SyntaxError
    yield b"[" * 9000 + b"\n"


def test_a_damaged_file_is_computed_again(cached):
    model, data = small(), pictures()
    first = cached(model, data)
    (file,) = first.path.glob("*.array")
    whole = file.read_bytes()
    for raw in damaged(whole):
        file.write_bytes(raw)
        again = cached(model, data)
        assert not again.hit
        assert torch.equal(again.data.features, first.data.features)
        assert file.read_bytes() == whole


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_interrupted_write_leaves_no_file(step, cached, monkeypatch):
    def stop(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store.os, step, stop)
        with pytest.raises(KeyboardInterrupt):
            cached(small(), pictures())
    folder = features.paths.cache() / "features"
    assert not list(folder.iterdir())
    assert not cached(small(), pictures()).hit


def test_a_full_disk_costs_the_file_and_not_the_features(cached, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    expected = cached(small(), pictures(seed=2)).data.features
    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.warns(UserWarning, match="No space left"):
        found = cached(small(), pictures(seed=3))
    assert found.data.features.shape == expected.shape


def test_a_file_that_cannot_be_read_stops_it_by_name(cached, tmp_path):
    from PIL import Image

    from ftlib.tune.folders import Files

    paths = [tmp_path / f"{i}.png" for i in range(30)]
    for path in paths:
        Image.new("RGB", (12, 12)).save(path)
    data = ImageSet(Files(paths, 12), torch.zeros(30).long(), fingerprint="fixed")
    paths[17].write_bytes(b"")
    with pytest.raises(DataError, match=r"17\.png"):
        cached(small(), data)
    assert not list((features.paths.cache() / "features").glob("*"))


class Own(Dataset):
    """A dataset as a learner would write it; ``shift`` stands for a random augmentation."""

    def __init__(self, data, shift=0.0):
        self.data, self.shift = data, shift

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        x, y = self.data[i]
        return x + self.shift * torch.rand(()), int(y)


def test_a_dataset_of_one_s_own_gets_the_same_features(cached):
    data = pictures()
    own, ours = cached(small(), Own(data)), cached(small(), data)
    assert torch.equal(own.data.features, ours.data.features)
    assert torch.equal(own.data.targets, ours.data.targets)
    assert cached(small(), Own(data)).hit
    assert not cached(small(), Own(pictures(seed=1))).hit


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (Own(pictures(), shift=0.1), "augmented"),
        (DataLoader(pictures(), 4), "pass its dataset"),
        (TensorSet(torch.zeros(0, 3, 12, 12), torch.zeros(0)), "no sample"),
    ],
)
def test_data_that_cannot_be_cached_is_refused(data, words, cached):
    with pytest.raises(DataError, match=words):
        cached(small(), data)


def test_splits_come_back_as_splits(cached):
    splits = digits(size=12)
    result = cached(small(), splits)
    assert result.splits.classes == splits.classes
    assert [len(part) for part in result.splits.parts.values()] == [1259, 269, 269]
    with pytest.raises(DataError, match="one set was cached"):
        _ = cached(small(), pictures()).splits


def test_training_from_the_cache_equals_training_the_frozen_model(cached):
    """The usual loop over images, front frozen, and the loop over features end in the same weights."""
    data, usual = pictures(40), small()
    boundary = stages(usual, torch.zeros(1, 3, 12, 12))[-2].name
    freeze_to(usual, boundary)
    ours = copy.deepcopy(usual)
    fit(usual, data, epochs=3, lr=0.01, progress=False)
    result = cached(ours, data, boundary)
    fit(result.model, result.data, epochs=3, lr=0.01, progress=False)
    start = small().state_dict()
    assert not torch.equal(ours[5].weight, start["5.weight"])
    for (name, one), other in zip(usual.state_dict().items(), ours.state_dict().values()):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4, msg=name)


def test_the_rest_shares_its_parameters_with_the_model(cached):
    model, data = small(), pictures()
    replace_head(model, 3, seed=1)
    result = cached(model, data)
    before = evaluate(model, data).logits
    fit(result.model, result.data, epochs=2, lr=0.1, progress=False)
    after = evaluate(model, data).logits
    assert abs(after - before).max() > 0.01
    assert abs(after - evaluate(result.model, result.data).logits).max() < 1e-4


class Viewing(nn.Module):
    """A rest written by hand: ``view`` refuses what does not lie in memory channel by channel."""

    def __init__(self):
        super().__init__()
        self.conv, self.last = nn.Conv2d(4, 8, 3), nn.Linear(8 * 8 * 8, 8)

    def forward(self, x):
        x = self.conv(x)
        return self.last(x.view(len(x), -1))


def test_batches_are_laid_out_for_convolutions_where_the_rest_takes_it(cached):
    data = pictures()
    maps = cached(small(), data, stages(small(), torch.zeros(1, 3, 12, 12))[1].name).data
    for part in (maps, maps.subset([3, 1, 2])):
        x, _ = part.batch(range(3))
        assert x.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(x, part.features[:3])
    assert cached(small(), data).data.memory_format is None, "a head on features has no channels to lay out"

    model = nn.Sequential(small()[0], Viewing(), nn.Linear(8, 3))
    with pytest.raises(RuntimeError, match="view"), torch.no_grad():
        model[1](maps.features[:2].contiguous(memory_format=torch.channels_last))
    viewed = cached(model, data, stages(model, torch.zeros(1, 3, 12, 12))[1].name)
    assert viewed.data.memory_format is None
    assert len(fit(viewed.model, viewed.data, epochs=1, progress=False)) == 1


SHARPNESS = 1.0


def helper(x):
    return x * SHARPNESS


class Scaled(nn.Module):
    """Its forward calls a method, a function outside, a constant of its class and what plain attributes hold."""

    factor = 1.0

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.table, self.hidden, self.kind = np.ones(1), [nn.BatchNorm2d(4).eval()], Kind.PLAIN
        self.settings = SimpleNamespace(gain=1.0)

    def forward(self, x):
        return helper(self.body(x)) * self.factor * self.settings.gain

    def body(self, x):
        x = self.hidden[0](self.conv(x)) * float(self.table[0])
        return x if self.kind is Kind.PLAIN else -x


class Kind(Enum):
    PLAIN, NEGATIVE = 1, 2


def scaled() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(Scaled(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))


def hook(k):
    return lambda _m, _x, out: out * k


AROUND = {
    "a constant its function names": lambda m, patch: patch.setitem(globals(), "SHARPNESS", 2.0),
    "the function it calls": lambda m, patch: patch.setitem(globals(), "helper", lambda x: x * 2),
    "its method": lambda m, patch: patch.setattr(Scaled, "body", lambda self, x: self.conv(x) * 2),
    "its class": lambda m, patch: patch.setattr(Scaled, "factor", 2.0),
    "an array": lambda m, patch: m[0].table.fill(2.0),
    "an enum": lambda m, patch: setattr(m[0], "kind", Kind.NEGATIVE),
    "a namespace": lambda m, patch: setattr(m[0].settings, "gain", 2.0),
    "a layer in a plain list": lambda m, patch: m[0].hidden[0].running_mean.add_(1),
}


@pytest.mark.parametrize("around", AROUND)
def test_what_a_module_calls_is_part_of_the_key(around, cached, monkeypatch):
    data, model = pictures(), scaled()
    model[0].register_forward_hook(hook(1.0))
    first = cached(model, data)
    assert cached(scaled_twin(model), data).hit, "control: an equal model finds the file"
    AROUND[around](model, monkeypatch)
    second = cached(model, data)
    assert not second.hit
    assert second.key != first.key
    torch.testing.assert_close(
        second.data.features, into(model, "3", data.batch(range(21))[0]), rtol=1e-5, atol=1e-6
    )


def scaled_twin(model) -> nn.Sequential:
    twin = scaled()
    twin.load_state_dict(model.state_dict())
    twin[0].register_forward_hook(hook(1.0))
    return twin


def test_the_closure_of_a_hook_is_part_of_the_key(cached):
    keys = []
    for k in (1.0, 2.0):
        model = scaled()
        model[0].register_forward_hook(hook(k))
        keys.append(cached(model, pictures()).key)
    assert keys[0] != keys[1]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.complex64, torch.bool, torch.float64])
@pytest.mark.parametrize("shape", [(), (0,), (1, 1), (2, 3)])
def test_tensors_of_every_kind_have_a_digest(dtype, shape):
    one = torch.ones(shape).to(dtype)
    other = one.real if one.is_complex() else one.to(torch.float32)
    digests = {store.sha256(one), store.sha256(one.reshape(-1)), store.sha256(other)}
    assert len(digests) == (2 if shape == (0,) else 3)
    assert store.sha256(one) == store.sha256(one.clone())


def test_images_changed_in_place_are_other_images(cached):
    model, data = small(), pictures()
    given = ImageSet(data.images.clone(), data.targets, fingerprint="of a file")
    cached(model, data), cached(model, given)
    for i, one in enumerate((data, given, given.normalised((0.5,) * 3, (0.5,) * 3))):
        one.images[i] ^= 255
        found = cached(model, one)
        assert not found.hit
        torch.testing.assert_close(
            found.data.features, into(model, "5", one.batch(range(21))[0]), rtol=1e-5, atol=1e-6
        )
    points = TensorSet(torch.zeros(3, 2), torch.zeros(3))
    before = points.fingerprint
    points.features += 1
    assert points.fingerprint != before


class Flipped(ImageSet):
    """An image set with an augmentation of its own, which inherits the fingerprint of the plain one."""

    def batch(self, indices):
        x, y = super().batch(indices)
        return x.flip(-1), y


def test_a_set_that_changes_its_batches_has_other_features(cached):
    model, data = small(), pictures()
    flipped = Flipped(data.images, data.targets)
    cached(model, data)
    found = cached(model, flipped)
    assert not found.hit
    assert torch.allclose(found.data.features, into(model, "5", flipped.batch(range(21))[0]), atol=1e-5)


class Seldom(Own):
    """An augmentation that leaves all but one sample as they are."""

    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return (x + torch.rand(()) if i == 20 else x), y


def test_an_augmentation_of_few_samples_is_refused_too(cached):
    with pytest.raises(DataError, match="augmented"):
        cached(small(), Seldom(pictures()))


def test_a_model_of_another_input_is_cut_by_the_data_s_own(cached):
    """One channel, 12 pixels: nothing in the model says so, the data does."""
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 8), nn.Linear(8, 2)
    ).eval()
    x, y = torch.randn(9, 1, 12, 12), torch.arange(9) % 2
    result = cached(model, (x, y))
    with torch.no_grad():
        torch.testing.assert_close(result.model(result.data.features), model(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_model_of_another_precision_is_cached_and_trained(dtype, cached):
    model, data = small().to(dtype), pictures()
    result = cached(model, data)
    expected = into(model, "5", data.batch(range(21))[0].to(dtype)).float()
    torch.testing.assert_close(result.data.features, expected, rtol=1e-2, atol=1e-2)
    assert len(fit(result.model, result.data, epochs=1, progress=False)) == 1
    assert cached(model, data).hit


def test_a_folder_that_cannot_be_written_costs_the_file_alone(cached, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="could not be kept"):
        found = cached(small(), pictures(), folder=tmp_path / "file" / "features")
    assert len(found.data) == 21


def test_two_processes_at_once_both_end_with_the_features(tmp_path):
    code = (
        "import sys, torch; sys.path.insert(0, 'tests/tune'); from test_features import *;"
        f"found = cache_features(small(), pictures(), folder={str(tmp_path)!r}, progress=False);"
        "print(store.sha256(found.data.features))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = {process.communicate()[0] for process in processes}
    assert len(said) == 1
    assert said == {store.sha256(cache_features(small(), pictures(), folder=tmp_path).data.features) + "\n"}
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 0), (3, 2)])
def test_arrays_of_any_shape_are_read_as_they_were_written(shape, tmp_path):
    array = np.array(np.random.default_rng(0).normal(size=shape), order="F")
    store.save_array(tmp_path / "one.array", array)
    kept = store.load_array(tmp_path / "one.array")
    assert kept.shape == shape
    assert np.array_equal(kept, array)


class Tokens(nn.Module):
    """Tokens and the size of their picture go from stage to stage, so a cut holds for one size of picture."""

    class Stage(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x, size):
            return self.fc(x), size

    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Conv2d(3, 4, 2, 2), nn.Linear(4, 2)
        self.stages = nn.ModuleList([self.Stage() for _ in range(3)])

    def forward(self, x):
        x = self.embed(x)
        size = [x.shape[2], x.shape[3]]
        x = x.flatten(2).transpose(1, 2)
        for stage in self.stages:
            x, size = stage(x, size)
        x = x.transpose(1, 2).unflatten(2, size)
        return self.head(x.cumsum(3).mean((2, 3)))  # tall and wide pictures differ


def test_a_cut_is_made_for_the_size_of_the_data(cached):
    model = Tokens().eval()
    for sides in ((8, 12), (12, 8), (6, 6)):
        x = torch.randn(9, 3, *sides)
        result = cached(model, (x, torch.arange(9) % 2), at="stages.2")
        with torch.no_grad():
            torch.testing.assert_close(result.model(result.data.features), model(x), rtol=1e-5, atol=1e-6)
