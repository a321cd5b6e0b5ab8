"""Train the runs that CurveReader shows, and store them: twelve real ones, six diagnoses on two data sets.

    python benchmarks/record_runs.py                 # all twelve, a few minutes on 2 cores
    python benchmarks/record_runs.py solar-leak      # those whose name holds "solar-leak"

Each becomes ftlib/measure/data/runs/NAME.json with its seed and command. The faults are made on purpose,
and nothing in the numbers is touched. Each run also knows what a linear probe reaches on the same training images.
"""

import json
import sys
from pathlib import Path

import torch
from torch import nn

from ftlib.tune import (
    TensorSet,
    batches,
    cache_features,
    digits,
    evaluate,
    fit,
    load_backbone,
    replace_head,
    solar_cells,
)

FOLDER = Path(__file__).resolve().parents[1] / "ftlib" / "measure" / "data" / "runs"
SHOWN = ("epoch", "train_loss", "val_loss", "val_accuracy", "val_precision", "val_recall", "val_f1", "lr")
SEED = 0
DATA = {
    "solar": ("solar cells, sound or defect", solar_cells, 96),
    "digits": ("handwritten digits, ten classes", digits, 32),
}


def pictures(name: str):
    """The splits of one data set, small enough for a CPU."""
    _, load, size = DATA[name]
    return load(size=size, seed=SEED)


def features(name: str, at: str = "head"):
    """(splits of EfficientNet-Lite0 features before stage ``at``, the rest of the model from there on)."""
    splits = pictures(name)
    model = load_backbone()
    replace_head(model, len(splits.classes), seed=SEED)
    cached = cache_features(model, splits, at=at, progress=False)
    return cached.splits, cached.model, len(splits.classes)


def some(data, count: int):
    """``count`` samples of a set, drawn by the seed."""
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(SEED))
    return data.subset(order[:count])


def small_net(inputs: int, classes: int) -> nn.Module:
    """One hidden layer: enough to learn a few hundred images by heart."""
    return nn.Sequential(nn.Linear(inputs, 512), nn.ReLU(), nn.Linear(512, classes))


def good(name: str):
    """The last stages fine-tuned at a small rate."""
    splits, rest, _ = features(name, "blocks.6")
    for module in rest.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.02
    history = fit(
        rest, splits.train, splits.val, epochs=10, lr=1e-4, seed=SEED, restore_best=False, progress=False
    )
    setup = "the last three stages of EfficientNet-Lite0 fine-tuned with AdamW at rate 0.0001"
    return history, setup, len(splits.train), evaluate(rest, splits.test)


def overfitting(name: str):
    """A net that is large for the few images it sees, trained for long."""
    splits, _, classes = features(name)
    count, epochs, rate = {"solar": (300, 40, 2e-3), "digits": (60, 60, 5e-3)}[name]
    train, net = some(splits.train, count), small_net(1280, classes)
    history = fit(
        net, train, splits.val, epochs=epochs, lr=rate, seed=SEED, restore_best=False, progress=False
    )
    setup = (
        f"a hidden layer of 512 on frozen features, {count} images, {epochs} epochs of AdamW at rate {rate:g}"
    )
    return history, setup, len(train), evaluate(net, splits.test)


def underfitting(name: str):
    """A linear layer on two numbers a picture: mean and spread of its brightness."""
    splits, classes = pictures(name), len(pictures(name).classes)
    parts = {}
    for key, part in splits.parts.items():
        x = part.images.float().flatten(1) / 255
        parts[key] = TensorSet(torch.stack([x.mean(1), x.std(1)], dim=1), part.targets)
    net = nn.Linear(2, classes)
    history = fit(
        net, parts["train"], parts["val"], epochs=20, lr=3e-2, seed=SEED, restore_best=False, progress=False
    )
    setup = "a linear layer on the mean and the spread of a picture's brightness: two numbers an image"
    return history, setup, len(parts["train"]), evaluate(net, parts["test"])


def rate_too_high(name: str):
    """SGD with momentum at a rate tens of times too large."""
    splits, _, classes = features(name)
    torch.manual_seed(SEED)
    net, rate, what = {
        "solar": (nn.Linear(1280, classes), 0.05, "a linear layer"),
        "digits": (small_net(1280, classes), 0.4, "a hidden layer of 512"),
    }[name]
    optimizer = torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9)
    history = fit(
        net,
        splits.train,
        splits.val,
        epochs=16,
        optimizer=optimizer,
        seed=SEED,
        restore_best=False,
        progress=False,
    )
    setup = f"{what} on frozen features, SGD with momentum 0.9 at rate {rate:g}"
    return history, setup, len(splits.train), evaluate(net, splits.test)


def batchnorm_drift(name: str):
    """requires_grad=False on the backbone, and train() that lets its running statistics move."""
    splits, model = pictures(name), load_backbone()
    head = replace_head(model, len(splits.classes), seed=SEED)
    model.requires_grad_(False)
    head.modules[0].requires_grad_(True)
    train, drift, before = some(splits.train, 240), [], model.bn1.running_mean.clone()
    callback = lambda row, model: drift.append((model.bn1.running_mean - before).abs().mean().item())
    history = fit(
        model, train, splits.val, epochs=10, lr=3e-3, batch_size=16, seed=SEED, restore_best=False, progress=False,
        callbacks=[callback],
    )  # fmt: skip
    for row, moved in zip(history.rows, drift):
        row["statistics_moved"] = moved
    setup = f"backbone “frozen” by requires_grad=False alone, head trained on {len(train)} images in batches of 16"
    return history, setup, len(train), evaluate(model, splits.test)


def leak(name: str):
    """Four in five validation images are among the training images, too."""
    splits, _, classes = features(name)
    few = some(splits.train, {"solar": 300, "digits": 100}[name])
    x, y = next(batches(few, len(few)))
    copies, labels = next(batches(some(splits.val, round(0.8 * len(splits.val))), len(splits.val)))
    train, net = TensorSet(torch.cat([x, copies]), torch.cat([y, labels])), small_net(1280, classes)
    history = fit(net, train, splits.val, epochs=25, lr=1e-3, seed=SEED, restore_best=False, progress=False)
    setup = f"{len(few)} training images to which {len(copies)} of the {len(splits.val)} validation images were added"
    return history, setup, len(few), evaluate(net, splits.test)


TRAINED = {  # what a learner is told before guessing
    "good": "The last three stages of the backbone and the head are trained.",
    "overfitting": "A hidden layer and a head are trained on the features of the frozen backbone.",
    "underfitting": "A small model of its own is trained, without the backbone.",
    "rate_too_high": "Only layers on top of the frozen backbone's features are trained.",
    "batchnorm_drift": "Only the head is trained, on a backbone said to be frozen.",
    "leak": "A hidden layer and a head are trained on the features of the frozen backbone.",
}
KINDS = {
    "good": good,
    "overfitting": overfitting,
    "underfitting": underfitting,
    "rate_too_high": rate_too_high,
    "batchnorm_drift": batchnorm_drift,
    "leak": leak,
}


def probe_accuracy(name: str, count: int) -> float:
    """Best validation accuracy of a linear probe on ``count`` training images: the base model."""
    splits, _, classes = features(name)
    train = splits.train if count == len(splits.train) else some(splits.train, count)
    history = fit(nn.Linear(1280, classes), train, splits.val, epochs=20, lr=2e-3, seed=SEED, progress=False)
    return max(history["val_accuracy"])


def record(name: str, kind: str) -> dict:
    """Train one run and describe it in plain values."""
    torch.manual_seed(SEED)
    history, setup, count, test = KINDS[kind](name)
    val = pictures(name).val.targets
    rows = [
        {k: round(v, 5) for k, v in row.items() if k in (*SHOWN, "statistics_moved")} for row in history.rows
    ]
    return {
        "name": f"{name}-{kind}",
        "kind": kind,
        "task": DATA[name][0],
        "trained": TRAINED[kind],
        "setup": setup,
        "train_images": count,
        "val_images": len(val),
        "majority_accuracy": round((val.bincount().max() / len(val)).item(), 4),
        "probe_accuracy": round(probe_accuracy(name, count), 4),
        "test_accuracy": round(test.metrics["accuracy"], 4),
        "test_loss": round(test.loss, 5),
        "seed": SEED,
        "command": f"python benchmarks/record_runs.py {name}-{kind}",
        "rows": rows,
    }


def main() -> None:
    """Record every run whose name holds one of the arguments (all without any)."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in DATA:
        for kind in KINDS:
            run = f"{name}-{kind}"
            if sys.argv[1:] and not any(wanted in run for wanted in sys.argv[1:]):
                continue
            found = record(name, kind)
            text = json.dumps(found | {"rows": None}, indent=1, ensure_ascii=False)
            rows = ",\n  ".join(json.dumps(row) for row in found["rows"])
            (FOLDER / f"{run}.json").write_text(
                text.replace('"rows": null', f'"rows": [\n  {rows}\n ]') + "\n", "utf-8"
            )
            last, best = found["rows"][-1], max(row["val_accuracy"] for row in found["rows"])
            print(f"{run:24} train {last['train_loss']:.3f} val {last['val_loss']:.3f} acc {last['val_accuracy']:.3f} "
                  f"best {best:.3f} test {found['test_accuracy']:.3f} probe {found['probe_accuracy']:.3f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
