"""From a fresh kernel to a quiz on the page, beside an empty ipywidgets box.

    python benchmarks/quiz_start.py                 # under a minute; prints medians
    python benchmarks/quiz_start.py --lesson 02 --rounds 3

Each round starts a new kernel and runs one cell: import, make, display. The two take turns, so that a busy
machine slows both. Wanted: under 0.7 s for the quiz, with neither torch nor matplotlib imported.
"""

import argparse
import json
import os
import statistics
import tempfile

from jupyter_client.manager import start_new_kernel

WANTED = 0.7
CELL = """
import time
begun = time.perf_counter(), time.process_time()
{work}
from IPython.display import display
display(shown)
spent = time.perf_counter() - begun[0], time.process_time() - begun[1]
import json, sys
heavy = [name for name in ("torch", "matplotlib") if name in sys.modules]
print("measured", json.dumps([*spent, heavy]))
"""
QUIZ = 'from ftlib.learn import quiz\nshown = quiz("{lesson}")'
EMPTY = "import ipywidgets\nshown = ipywidgets.VBox([ipywidgets.HTML('quiz')])"


def measure(work: str) -> tuple[float, float, list]:
    """Wall seconds, processor seconds and heavy modules of one cell in a fresh kernel."""
    manager, client = start_new_kernel()
    said = []
    try:
        client.execute_interactive(
            CELL.format(work=work), timeout=120, output_hook=lambda m: said.append(_text(m))
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    line = next((line for line in "".join(said).splitlines() if line.startswith("measured")), None)
    if line is None:
        raise SystemExit("the cell failed:\n" + "".join(said))
    return tuple(json.loads(line.removeprefix("measured")))


def _text(message):
    content = message["content"]
    return content.get("text") or "\n".join(content.get("traceback", []))


def main():
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lesson", default="02")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    os.environ["FTLIB_HOME"] = tempfile.mkdtemp()
    works = {"quiz": QUIZ.format(lesson=given.lesson), "empty ipywidgets box": EMPTY}
    found = {name: [] for name in works}
    for _ in range(given.rounds):
        for name, work in works.items():
            found[name].append(measure(work))
    print(f"median of {given.rounds} fresh kernels")
    print(f"{'what':24}{'wall (s)':>10}{'processor (s)':>15}")
    for name, rounds in found.items():
        wall, busy = (statistics.median(one[part] for one in rounds) for part in (0, 1))
        print(f"{name:24}{wall:>10.2f}{busy:>15.2f}")
    wall = statistics.median(one[0] for one in found["quiz"])
    print(f"quiz under {WANTED} s: {wall < WANTED}; heavy modules: {found['quiz'][0][2] or 'none'}")


if __name__ == "__main__":
    main()
