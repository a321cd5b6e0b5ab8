"""Measure what caching the frozen part saves, side by side in one run, and write the figures down.

    python benchmarks/speed.py              # everything, about fifteen minutes on two idle cores
    python benchmarks/speed.py head half    # some of: head half extract imports
    python benchmarks/speed.py --quick      # few images, one round: does it run?

- head     20 epochs of a new head on the solar cells at 128 px: the usual loop (frozen backbone run every
           epoch) against cache_features + fit, with an empty cache and with a full one. Each side ends with
           its test accuracy, so nothing is saved by doing less.
- half     one epoch of the later half of the stages: the same model with requires_grad=False in the
           usual loop, and after freeze_to in fit, against fit on activations cached at the boundary.
- extract  features of the same images: cache_features' extraction, plain eager, and onnxruntime on the same
           model exported to ONNX, in turns; onnxruntime at several batch sizes, the best of which counts.
- imports  fresh interpreters: ftlib, ftlib.tune, ftlib.tune with all its names; torch + torchvision + timm.

Needs the extra ``bench`` for onnxruntime. Writes benchmarks/results/speed.json and speed.md.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"


def seconds(act) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def median(numbers) -> float:
    return round(statistics.median(numbers), 4)


def cells(quick: bool):
    from ftlib.tune import Splits, solar_cells

    splits = solar_cells(128)
    if not quick:
        return splits
    few = {name: part.subset(range(96)) for name, part in splits.parts.items()}
    return Splits("few", **few, classes=splits.classes, task=splits.task, licence="", source="")


def network():
    from ftlib.tune import load_backbone, replace_head

    model = load_backbone()
    return model, replace_head(model, 2, seed=0)


def usual_epoch(model, loader, optimizer, frozen_in_eval: bool = False) -> None:
    """One epoch as tutorials write it; ``model.train()`` and all."""
    import torch

    model.train(not frozen_in_eval)
    for x, y in loader:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()


def accuracy(model, loader) -> float:
    import torch

    model.eval()
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    return right / len(loader.dataset)


def usual_head(splits, epochs: int) -> dict:
    """The usual transfer-learning loop: requires_grad=False on all but the head, images every epoch."""
    import torch
    from torch.utils.data import DataLoader

    model, head = network()
    for parameter in model.parameters():
        parameter.requires_grad = False
    for module in head.modules:
        module.requires_grad_(True)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
    torch.manual_seed(0)
    train = DataLoader(splits.train, 64, shuffle=True)
    val, test = DataLoader(splits.val, 64), DataLoader(splits.test, 64)
    each = []
    for epoch in range(epochs):
        each.append(seconds(lambda: (usual_epoch(model, train, optimizer), accuracy(model, val))))
        print(f"  usual loop, epoch {epoch + 1} of {epochs}: {each[-1]:.1f} s", flush=True)
    started = time.perf_counter()
    score = accuracy(model, test)
    total = sum(each) + time.perf_counter() - started
    return {"total_s": round(total, 2), "epoch_s": median(each), "test_accuracy": round(score, 4)}


def our_head(splits, epochs: int, folder: Path) -> dict:
    """Loading nothing but images: freeze, cache, fit, evaluate."""
    from ftlib.tune import cache_features, evaluate, fit, freeze

    model, head = network()
    started = time.perf_counter()
    freeze(model, keep=head)
    cached = cache_features(model, splits, folder=folder, progress=False)
    fit(cached.model, cached.splits.train, cached.splits.val, epochs=epochs, progress=False)
    found = evaluate(cached.model, cached.splits.test)
    total = time.perf_counter() - started
    return {"total_s": total, "hit": cached.hit, "test_accuracy": round(found.metrics["accuracy"], 4)}


def head(quick: bool) -> dict:
    epochs, splits = (2 if quick else 20), cells(quick)
    first, later = [], []
    for _ in range(1 if quick else 3):
        with tempfile.TemporaryDirectory() as folder:
            first.append(our_head(splits, epochs, Path(folder)))
            later += [our_head(splits, epochs, Path(folder)) for _ in range(3)]
    assert not any(run["hit"] for run in first)
    assert all(run["hit"] for run in later)
    usual = usual_head(splits, epochs)
    first_s, later_s = (median(run["total_s"] for run in runs) for runs in (first, later))
    return {
        "epochs": epochs,
        "usual": usual,
        "first_run": {"total_s": first_s, "times_faster": round(usual["total_s"] / first_s, 1)},
        "later_runs": {"total_s": later_s, "times_faster": round(usual["total_s"] / later_s, 1)},
        "our_test_accuracy": first[0]["test_accuracy"],
        "goal": "first run at least 25 times as fast, later runs at least 300 times",
    }


def half(quick: bool) -> dict:
    import torch
    from torch.utils.data import DataLoader

    from ftlib.tune import cache_features, fit, freeze_to, param_groups, stages

    splits, rounds = cells(quick), (1 if quick else 3)
    models = [network()[0] for _ in range(3)]
    names = [stage.name for stage in stages(models[0])]
    boundary = names[len(names) // 2]
    plain, frozen, ours = models
    freeze_to(plain, boundary)
    flags = [p.requires_grad for p in plain.parameters()]
    plain = network()[0]  # without freeze's hold on BatchNorm: flags alone
    for parameter, flag in zip(plain.parameters(), flags):
        parameter.requires_grad = flag
    optimizer = torch.optim.AdamW(param_groups(plain, 2e-4))
    loader = DataLoader(splits.train, 64, shuffle=True, generator=torch.Generator().manual_seed(0))
    freeze_to(frozen, boundary)
    freeze_to(ours, boundary)
    setting = {"epochs": 1, "lr": 2e-4, "progress": False}
    found = {"requires_grad": [], "freeze_to": [], "cache": []}
    with tempfile.TemporaryDirectory() as folder:
        cached = cache_features(ours, splits, boundary, folder=folder, progress=False)
        for _ in range(rounds):
            found["requires_grad"].append(seconds(lambda: usual_epoch(plain, loader, optimizer)))
            found["freeze_to"].append(seconds(lambda: fit(frozen, splits.train, **setting)))
            found["cache"].append(seconds(lambda: fit(cached.model, cached.splits.train, **setting)))
            print("  " + ", ".join(f"{name} {times[-1]:.1f} s" for name, times in found.items()), flush=True)
    epoch_s = {name: median(times) for name, times in found.items()}
    return {
        "boundary": boundary,
        "stages": names,
        "epoch_s": epoch_s,
        "times_faster": round(epoch_s["requires_grad"] / epoch_s["cache"], 2),
        "once_s": round(cached.seconds, 2),
        "goal": "at least 2.5 times as fast an epoch",
    }


def onnx_session(front, x, folder: str):
    """The same module exported, in onnxruntime with as many threads as PyTorch has."""
    import onnxruntime
    import torch

    file = str(Path(folder) / "front.onnx")
    torch.onnx.export(front, (x[:2],), file, dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "n"}})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def extract(quick: bool) -> dict:
    import warnings

    import numpy as np
    import torch

    from ftlib.tune import split_at
    from ftlib.tune.extract import prepare, run

    count, rounds = (32, 2) if quick else (512, 7)
    front, _ = split_at(network()[0].eval(), "head")
    x = cells(quick).train.batch(range(count))[0]
    prepared_s = seconds(lambda: prepare(front, x[:2], torch.device("cpu")))
    quick_front = prepare(front, x[:2], torch.device("cpu"))

    def eager(size):
        with torch.inference_mode():
            return torch.cat([front(part) for part in x.split(size)])

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = onnx_session(front, x, folder)
        sides = {
            "ftlib": lambda: run(quick_front, lambda indices: x[indices], count, 64),
            "eager, batches of 64": lambda: eager(64),
            **{f"onnxruntime, batches of {n}": lambda n=n: onnx(session, x, n) for n in (1, 4, 8, 16, 64)},
        }
        expected = eager(64).numpy()
        apart = {
            name: float(np.abs(np.asarray(side()) - expected).max() / np.abs(expected).max())
            for name, side in sides.items()
        }
        times = {name: [] for name in sides}
        for _ in range(rounds):
            for name, side in sides.items():
                times[name].append(seconds(side))
    rates = {name: round(count / median(taken), 1) for name, taken in times.items()}
    best = max(rate for name, rate in rates.items() if name.startswith("onnx"))
    return {
        "images": count,
        "images_per_s": rates,
        "largest_relative_difference_from_eager": {name: float(f"{d:.2g}") for name, d in apart.items()},
        "against_onnxruntime_at_its_best": round(rates["ftlib"] / best, 3),
        "preparing_s": round(prepared_s, 2),
        "goal": "at least 1.0 times onnxruntime's images per second",
    }


def onnx(session, x, size: int):
    import numpy as np

    return np.concatenate([session.run(None, {"x": part.numpy()})[0] for part in x.split(size)])


def imports(quick: bool) -> dict:
    statements = {
        "ftlib": "import ftlib",
        "ftlib.tune": "import ftlib.tune",
        "ftlib.tune, every name": "import ftlib.tune\nfor n in ftlib.tune.__all__: getattr(ftlib.tune, n)",
        "torch + torchvision + timm": "import torch, torchvision, timm",
    }
    found = {name: [] for name in statements}
    for _ in range(1 if quick else 7):
        for name, statement in statements.items():
            code = f"import time; t = time.perf_counter()\n{statement}\nprint(time.perf_counter() - t)"
            ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            found[name].append(float(ran.stdout))
    return {
        "seconds": {name: median(times) for name, times in found.items()},
        "goal": "ftlib under 0.1 s; ftlib.tune no more than torch + torchvision + timm",
    }


def machine() -> dict:
    import torch

    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    name = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "load_before": load,
    }


def table(report: dict) -> str:
    """The figures as a page to read."""
    about = ", ".join(f"{name} {value}" for name, value in report["machine"].items())
    lines = [
        "# Speed",
        "",
        "`python benchmarks/speed.py` measures all of it, one part after the other; parts may",
    ]
    lines += [
        "come from separate runs, but within a part both sides ran on one machine in one run. The latest was",
        "",
    ]
    lines += [f"`{report['command']}`: {about}.", ""]
    for name in ("head", "half", "extract", "imports"):
        if name in report:
            lines += [f"## {name}", "", "```json", json.dumps(report[name], indent=2), "```", ""]
    return "\n".join(lines)


def main() -> None:
    """Measure what was asked for, print it, and keep it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    measures = {"head": head, "half": half, "extract": extract, "imports": imports}
    parser.add_argument("what", nargs="*", choices=[*measures, []], default=[])
    parser.add_argument("--quick", action="store_true", help="few images, one round; nothing is written")
    arguments = parser.parse_args()
    command = " ".join(["python benchmarks/speed.py", *sys.argv[1:]])
    report = {"command": command, "machine": machine()}
    for name in arguments.what or measures:
        print(name, flush=True)
        report[name] = measures[name](arguments.quick)
        print(json.dumps(report[name], indent=2), flush=True)
    if not arguments.quick:
        RESULTS.mkdir(exist_ok=True)
        kept = RESULTS / "speed.json"
        report = {**(json.loads(kept.read_text()) if kept.exists() else {}), **report}
        kept.write_text(json.dumps(report, indent=2) + "\n")
        (RESULTS / "speed.md").write_text(table(report))


if __name__ == "__main__":
    main()
