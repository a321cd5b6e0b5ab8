"""Every torchvision classifier and 300+ timm architectures: load, replace the head, freeze, one proved step.

    python benchmarks/sweep.py             # all of them; writes results/sweep.csv and results/sweep.md
    python benchmarks/sweep.py resnet18 timm:vit_tiny_patch16_224     # some, printed
    python benchmarks/sweep.py --resume    # goes on where a sweep was stopped
    python benchmarks/sweep.py --choose    # picks the timm architectures anew (sweep_timm.txt)

Weights are random: what is asked is whether the verbs work on the architecture, not how well it
sees. Inputs are the smallest square the model runs on. One real training step is taken in train()
mode, and prove_frozen compares every frozen parameter and buffer bit by bit. Beside it stands how
many stage boundaries the model can be split at, the split before the head being verified bit by bit.
"""

import argparse
import csv
import gc
import sys
import time
import warnings
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from torch.utils._pytree import tree_leaves

from ftlib.errors import FtlibError, ModelError
from ftlib.tune import freeze, load_backbone, prove_frozen, replace_head, split_at, stages
from ftlib.tune.inputs import example_batch, run_once
from ftlib.tune.split import boundaries

HERE = Path(__file__).resolve().parent
LIST = HERE / "sweep_timm.txt"
RESULTS = HERE / "results"
CLASSES = 5
SIDES = (32, 64, 96, 128, 160, 192, 224)


@dataclass
class Row:
    """What came of one architecture; ``result`` is "pass" or the act that failed and why."""

    name: str
    result: str = ""
    params: int = 0
    side: int = 0
    head: str = ""
    stages: int = 0
    boundaries: int = 0
    split: str = ""
    seconds: float = 0.0


def sweep_one(name: str) -> Row:
    """Take one architecture through it all; a failure is a result, never an exception."""
    row, start = Row(name), time.perf_counter()
    for native in (False, True):
        act = ["load"]
        try:
            _take(row, act, native)
            row.result = "pass"
            break
        except Exception as error:  # whatever an architecture can think of
            row.result = f"{act[0]}: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
    row.seconds = round(time.perf_counter() - start, 2)
    return row


def _take(row: Row, act: list[str], native: bool) -> None:
    model = load_backbone(row.name, weights=None)
    row.params = sum(p.numel() for p in model.parameters())
    if not native:
        _shrink(model)
    row.side = model.ftlib_info.input_size[-1]
    act[0] = "replace_head"
    head = replace_head(model, CLASSES, seed=0)
    row.head = " ".join(head.names)
    act[0] = "freeze"
    freeze(model, keep=head)
    act[0] = "one proved step"
    proof = prove_frozen(model, lambda: _step(model, head))
    if not proof.ok:
        raise AssertionError(proof)
    act[0] = "stages"
    _split(row, model)


def _shrink(model) -> None:
    """Let dummy inputs be the smallest square the model runs on."""
    info = model.ftlib_info
    for side in SIDES:
        if side >= info.input_size[-1]:
            break
        model.ftlib_info = replace(info, input_size=(info.input_size[0], side, side))
        try:
            run_once(model)
            return
        except ModelError:
            model.ftlib_info = info


def _step(model, head) -> None:
    """One step of plain SGD on every output the model gives in training, without weight decay:
    what has no gradient then stays still, and the proof says so."""
    x, y = example_batch(model, 2), torch.tensor([0, CLASSES - 1])
    parameters = [p for module in head.modules for p in module.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.1)
    outputs = [out for out in tree_leaves(model.train()(x)) if isinstance(out, torch.Tensor)]
    sum(cross_entropy(out, y) for out in outputs).backward()
    optimizer.step()


def _split(row: Row, model) -> None:
    """Count the boundaries that can be cut; verify the one before the head and one in the middle."""
    works = boundaries(model)
    row.stages, row.boundaries = len(stages(model)), len(works)
    try:
        for stage in {"head", works[len(works) // 2] if works else "head"}:
            split_at(model, stage)
        row.split = "works"
    except FtlibError as error:
        row.split = " ".join(str(error).split())[:300]


def names() -> list[str]:
    """All torchvision classifiers and the chosen timm architectures."""
    import torchvision

    ours = torchvision.models.list_models(module=torchvision.models)
    return [f"torchvision:{n}" for n in ours] + [f"timm:{n}" for n in LIST.read_text().split()]


def choose() -> list[str]:
    """The smallest architectures of each timm family: one always, three up to 60 M parameters, six up
    to 25 M; and the smallest of each way timm names its heads."""
    import timm

    families, heads = defaultdict(list), {}
    for name in timm.list_models():
        with torch.device("meta"):
            model = timm.create_model(name)
        size = sum(p.numel() for p in model.parameters())
        families[type(model).__module__].append((size, name))
        kind = str(model.pretrained_cfg.get("classifier"))
        heads[kind] = min(heads.get(kind, (size, name)), (size, name))
    chosen = {name for _, name in heads.values()}
    for family in families.values():
        for rank, (size, name) in enumerate(sorted(family)[:6]):
            if rank == 0 or size < 25e6 or (rank < 3 and size < 60e6):
                chosen.add(name)
    return sorted(chosen)


def report(rows: list[Row]) -> str:
    """The results as markdown."""
    lines = ["# Sweep: load → replace_head → freeze(keep=head) → one proved step", ""]
    minutes = sum(row.seconds for row in rows) / 60
    lines += [f"Random weights; torch {torch.__version__}; {minutes:.0f} minutes on a shared 2-core machine."]
    lines += ["`python benchmarks/sweep.py` reruns it.", ""]
    lines += ["| library | architectures | pass | split at head and middle | stage boundaries that split |"]
    lines += ["|---|---|---|---|---|"]
    for library in ("torchvision", "timm"):
        mine = [r for r in rows if r.name.startswith(library)]
        passed = sum(r.result == "pass" for r in mine)
        head = sum(r.split == "works" for r in mine)
        inner, total = sum(r.boundaries for r in mine), sum(r.stages for r in mine)
        lines += [f"| {library} | {len(mine)} | {passed} | {head} | {inner} of {total} |"]
    lines += ["", "## Why the others do not pass", ""]
    failed = [r for r in rows if r.result != "pass"]
    lines += [f"- `{r.name}` {r.result}" for r in failed] or ["None failed."]
    lines += ["", "## Heads, by name", ""]
    kinds = Counter(r.head for r in rows if r.head)
    lines += ["| head | architectures |", "|---|---|", *(f"| `{k}` | {n} |" for k, n in kinds.most_common())]
    lines += ["", "## Cannot be split", ""]
    stuck = [r for r in rows if r.result == "pass" and r.split != "works"]
    lines += [f"- `{r.name}` {r.split}" for r in stuck] or ["None."]
    return "\n".join(lines) + "\n"


def read(path: Path) -> list[Row]:
    """The rows of an earlier sweep."""
    if not path.exists():
        return []
    kinds = {field.name: field.type for field in fields(Row)}
    with path.open(newline="") as file:
        return [Row(**{k: kinds[k](v) for k, v in line.items()}) for line in csv.DictReader(file)]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--choose", action="store_true")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    if args.choose:
        LIST.write_text("\n".join(choose()) + "\n")
        return
    if args.names:
        for name in args.names:
            print(sweep_one(name))
        return
    RESULTS.mkdir(exist_ok=True)
    table = RESULTS / "sweep.csv"
    rows = read(table) if args.resume else []
    done = {row.name for row in rows}
    with table.open("a" if args.resume else "w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)])
        if not rows:
            writer.writeheader()
        for name in [n for n in names() if n not in done]:
            rows.append(sweep_one(name))
            writer.writerow(asdict(rows[-1]))
            file.flush()
            print(f"{len(rows):4d} {rows[-1].seconds:7.1f} s  {name}: {rows[-1].result}", file=sys.stderr)
            gc.collect()
    (RESULTS / "sweep.md").write_text(report(rows))


if __name__ == "__main__":
    main()
