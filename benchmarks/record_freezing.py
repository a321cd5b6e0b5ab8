"""Measure what freezing saves on EfficientNet-Lite0 and store it for FreezeExplorer.

    python benchmarks/record_freezing.py            # about a minute; one thread, so that figures are steady

Writes ftlib/measure/data/freezing_efficientnet_lite0.json, machine and command included.
"""

import json
import os
import platform
from pathlib import Path

import torch

from ftlib.tune import load_backbone, replace_head
from ftlib.tune.freeze_cost import measure_freezing

TARGET = (
    Path(__file__).resolve().parents[1] / "ftlib" / "measure" / "data" / "freezing_efficientnet_lite0.json"
)


def processor() -> str:
    """The processor's own name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )


def main() -> None:
    """Measure and write."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = load_backbone()
    replace_head(model, num_classes=2, seed=0)
    record = measure_freezing(
        model, torch.randn(16, 3, 128, 128), steps=10, name="EfficientNet-Lite0", device="cpu"
    )
    record["machine"] = (
        f"one thread of {os.cpu_count()} cores, {processor()}, torch {torch.__version__.split('+')[0]}"
    )
    record["command"] = "python benchmarks/record_freezing.py"
    TARGET.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    for boundary in record["boundaries"]:
        print(
            {
                k: boundary[k]
                for k in ("train_from", "trainable_numbers", "step_ms", "cached_step_ms", "saved_bytes")
            }
        )


if __name__ == "__main__":
    main()
