"""What freezing costs, measured: against plain counting, and without a trace on the caller's model."""

import copy
import doctest

import pytest
import torch
from torch import nn

from ftlib.errors import InputError
from ftlib.measure import FreezeExplorer
from ftlib.tune import freeze_cost
from ftlib.tune.freeze_cost import measure_freezing, saved_bytes


def small_cnn():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 2)
    )  # fmt: skip


@pytest.fixture(scope="module")
def record():
    return measure_freezing(small_cnn(), torch.randn(4, 3, 16, 16), steps=1, name="small", device="cpu")


def test_numbers_are_those_of_the_stages(record):
    total = sum(p.numel() for p in small_cnn().parameters())
    sizes = [stage["numbers"] for stage in record["stages"]]
    assert sum(sizes) == total
    for i, boundary in enumerate(record["boundaries"]):
        assert boundary["frozen_stages"] == i
        assert boundary["trainable_numbers"] == sum(sizes[i:])
        assert boundary["optimizer_bytes"] == 3 * 4 * sum(sizes[i:])
        assert boundary["step_ms"] > 0


def test_freezing_keeps_fewer_activations(record):
    kept = [boundary["saved_bytes"] for boundary in record["boundaries"]]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] > 2 * kept[-1]


def test_only_what_lies_behind_something_frozen_can_be_stored(record):
    times = [boundary["cached_step_ms"] for boundary in record["boundaries"]]
    assert times[0] is None
    assert all(time > 0 for time in times[1:])


def test_the_model_is_left_as_it_came():
    model = small_cnn().train()
    model[0].weight.requires_grad_(False)
    before = copy.deepcopy(model)
    measure_freezing(model, torch.randn(4, 3, 16, 16), steps=1, device="cpu")
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), before.state_dict().values()))
    assert [p.requires_grad for p in model.parameters()] == [p.requires_grad for p in before.parameters()]
    assert model.training
    assert all(p.grad is None for p in model.parameters())


def test_saved_bytes_counts_what_a_linear_layer_must_keep():
    """A linear layer's backward needs its input (for the weight); the product's, its two factors."""
    layer, x = nn.Linear(8, 3), torch.randn(5, 8)
    assert saved_bytes(layer, lambda: layer(x)) == x.nbytes
    layer.requires_grad_(False)
    assert saved_bytes(layer, lambda: layer(x)) == 0
    a, b = torch.randn(7, requires_grad=True), torch.randn(7, requires_grad=True)
    assert saved_bytes(layer, lambda: a * b) == a.nbytes + b.nbytes


def test_the_explorer_takes_the_record(record):
    explorer = FreezeExplorer(record, frozen=1)
    assert explorer.boundary["trainable_numbers"] == record["boundaries"][1]["trainable_numbers"]
    assert "small" in repr(explorer)


def test_no_step_is_refused():
    with pytest.raises(InputError, match="steps=0"):
        measure_freezing(small_cnn(), steps=0)


def test_docstring_example_holds():
    assert doctest.testmod(freeze_cost).failed == 0
