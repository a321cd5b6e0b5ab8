"""A sample of the sweep over architectures: each goes through load, replace, freeze and one proved step."""

import csv
import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from ftlib.errors import ModelError
from ftlib.tune.freeze import freeze

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def sweep():
    spec = importlib.util.spec_from_file_location("sweep", BENCHMARKS / "sweep.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SAMPLE = [
    "efficientnet_lite0",
    "torchvision:googlenet",
    "torchvision:mobilenet_v3_small",
    "torchvision:resnet18",
    "torchvision:shufflenet_v2_x0_5",
    "torchvision:squeezenet1_1",
    "timm:convnext_atto",
    "timm:deit_tiny_distilled_patch16_224",
    "timm:ghostnet_050",
    "timm:levit_128s",
    "timm:resnetv2_18",
    "timm:test_vit",
]


@pytest.mark.parametrize("name", SAMPLE)
def test_sample_passes(sweep, name):
    row = sweep.sweep_one(name)
    assert row.result == "pass"
    assert row.split == "works"
    assert row.boundaries == row.stages


def test_a_backbone_that_moves_is_caught(sweep, monkeypatch):
    """The sweep can fail: with the gradients alone stopped, BatchNorm drifts and the proof says so."""

    def gradients_only(model, keep):
        model.requires_grad_(False)
        for module in keep.modules:
            module.requires_grad_(True)

    monkeypatch.setattr(sweep, "freeze", gradients_only)
    assert "running_mean" in sweep.sweep_one("torchvision:resnet18").result


def test_a_head_that_stays_still_is_caught(sweep, monkeypatch):
    monkeypatch.setattr(sweep, "freeze", lambda model, keep: freeze(model))
    assert sweep.sweep_one("torchvision:resnet18").result.startswith("one proved step")


def test_a_failure_is_a_result(sweep, monkeypatch):
    def fail(*_args, **_kwargs):
        raise ModelError("no head found")

    monkeypatch.setattr(sweep, "replace_head", fail)
    assert sweep.sweep_one("torchvision:resnet18").result == "replace_head: ModelError: no head found"


def test_the_sweep_covers_what_it_says(sweep):
    names = sweep.names()
    assert sum(name.startswith("torchvision:") for name in names) >= 80
    assert sum(name.startswith("timm:") for name in names) >= 300
    assert len(set(names)) == len(names)


def test_the_report_counts_and_lists_failures(sweep, tmp_path):
    rows = [
        sweep.Row("torchvision:a", "pass", 1, 64, "fc", 3, 3, "works", 0.1),
        sweep.Row("timm:b", "freeze: ModelError: broken", 1, 64, "head", 0, 0, "", 0.1),
    ]
    text = sweep.report(rows)
    assert "| torchvision | 1 | 1 | 1 | 3 of 3 |" in text
    assert "| timm | 1 | 0 | 0 | 0 of 0 |" in text
    assert "- `timm:b` freeze: ModelError: broken" in text
    with (tmp_path / "s.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(vars(rows[0])))
        writer.writeheader()
        writer.writerows(map(vars, rows))
    assert sweep.read(tmp_path / "s.csv") == rows
    assert torch.__version__ in text
