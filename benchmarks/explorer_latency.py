"""From slider move to new picture, in Chromium on a real JupyterLab: explorers against interact + matplotlib.

    python benchmarks/explorer_latency.py            # about three minutes, writes benchmarks/results/explorers.md
    python benchmarks/explorer_latency.py 5          # a quick look with 5 moves each, written nowhere

The clock runs in the browser: from the key press on the slider (the event's own time stamp) to the first frame
painted with the new picture in the page. For matplotlib that is the frame after the new image is decoded. Both sit in one
notebook on one kernel, are moved by the same keys, and show the same four panels and numbers of 2,000 scores.

Two ways of moving: *steps*, a third of a second apart, and *held*, the next step as soon as the last is drawn and the
kernel idle. Held is run twice, on a JupyterLab as installed and on one started as ``make lab`` does (ftlib/jupyter.py).
"""

import json
import os
import platform
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

import driver  # noqa: E402
from find_chromium import find_chromium  # noqa: E402

import conftest  # noqa: E402

SET_UP = """import warnings; warnings.simplefilter("ignore")
import numpy as np
from ftlib.measure import FreezeExplorer, ThresholdExplorer
rng = np.random.default_rng(0)
y = (rng.random(2000) < 0.31).astype(int)
score = 1 / (1 + np.exp(-(rng.normal(size=2000) * 1.3 + 2.2 * y - 1.2)))"""

MATPLOTLIB = """%matplotlib inline
import matplotlib.pyplot as plt
from ipywidgets import FloatSlider, interact
from ftlib.measure import Counts, precision_recall_curve
precision, recall, _ = precision_recall_curve(y, score)
grid = np.arange(101) / 100
costs = np.array([((score >= t) != y).sum() for t in grid])
bins = np.linspace(0, 1, 33)

def counts_at(t):
    return Counts.of(y, (score >= t).astype(int))

def pr_panel(axes, c):
    axes.step(recall, precision, where="post")
    axes.plot(c.recall, c.precision, "ko")
    axes.set(xlabel="recall", ylabel="precision", title=f"precision {c.precision:.4f}, recall {c.recall:.4f}")"""

FULL = """@interact(t=FloatSlider(value=0.5, min=0, max=1, step=0.01, description="t"))
def full(t):
    c = counts_at(t)
    figure, axes = plt.subplots(2, 3, figsize=(10.4, 5.4), layout="constrained")
    figure.suptitle(f"threshold {t:.2f}")
    heights = [np.histogram(score[y == k], bins)[0] for k in (1, 0)]
    for sign, height, hue in zip((1, -1), heights, ("C0", "C1")):
        judged = bins[:-1] >= t if sign > 0 else bins[:-1] < t
        axes[0, 0].bar(bins[:-1], sign * height, 1 / 32, align="edge", edgecolor=hue, color=[hue if j else "w" for j in judged])
    axes[0, 0].axvline(t, color="k")
    pr_panel(axes[0, 1], c)
    axes[0, 2].imshow(c.matrix, cmap="Blues")
    for (i, j), n in np.ndenumerate(c.matrix):
        axes[0, 2].text(j, i, n, ha="center")
    axes[1, 0].plot(grid, costs)
    axes[1, 0].plot(t, c.fp + c.fn, "ko")
    for a in axes[1, 1:]:
        a.axis("off")
    lines = [str(c.worked[k]) for k in ("precision", "recall", "f1", "accuracy", "specificity")]
    axes[1, 1].text(0, 0.2, "\\n".join(lines))
    plt.show()"""

ALONE = """@interact(t=FloatSlider(value=0.5, min=0, max=1, step=0.01, description="t"))
def alone(t):
    figure, axes = plt.subplots(figsize=(5, 3))
    figure.suptitle(f"threshold {t:.2f}")
    pr_panel(axes, counts_at(t))
    plt.show()"""

CASES = {  # name: (notebook cell, where its slider and picture are)
    "ThresholdExplorer, four panels and the numbers": (
        'ThresholdExplorer(y, score, names=("sound", "defect"))',
        ".ftx:has-text('Where would you draw the line?')",
    ),
    "FreezeExplorer, three panels and the numbers": (
        "FreezeExplorer(frozen=4)",
        ".ftx:has-text('What does freezing save?')",
    ),
    "interact + matplotlib, the same four panels and numbers": (FULL, ".widget-interact >> nth=0"),
    "interact + matplotlib, the precision-recall panel alone": (ALONE, ".widget-interact >> nth=1"),
}

# Resolves with the milliseconds between the next key press inside `part` and the frame that shows its new picture.
CLOCK = """part => new Promise(done => {
  let start = 0;
  const pictured = () => part.querySelector('.widget-output') ? part.querySelector('.widget-output img')?.src
                                                              : part.querySelector('caption')?.textContent;
  const before = pictured();
  part.addEventListener('keydown', event => { start = event.timeStamp }, { capture: true, once: true });
  const observer = new MutationObserver(async () => {
    const now = pictured();
    if (!start || !now || now === before) return;
    observer.disconnect();
    const image = part.querySelector('.widget-output img');
    if (image) await image.decode().catch(() => {});
    requestAnimationFrame(() => { const channel = new MessageChannel();
      channel.port1.onmessage = () => done(performance.now() - start); channel.port2.postMessage(0) });
  });
  observer.observe(part, { childList: true, subtree: true, characterData: true, attributes: true });
})"""


WAYS = {  # way of moving: (pause in ms before the next move, the server's connection class)
    "steps": (330, None),
    "held": (0, None),
    "held, server as make lab starts it": (0, "ftlib.jupyter.PromptConnection"),
}


def moves(page, where: str, count: int, pause: int) -> list[float]:
    """Milliseconds of ``count`` single steps of a slider, there and back, after four to warm up."""
    part = page.locator(where)
    handle = part.locator(".noUi-handle").first
    handle.scroll_into_view_if_needed()
    handle.focus()
    found = []
    for i in range(count + 4):
        page.evaluate("window.ftlibTime = null")
        part.evaluate(f"part => {{ ({CLOCK})(part).then(ms => {{ window.ftlibTime = ms }}) }}")
        page.wait_for_timeout(pause)
        page.keyboard.press("ArrowRight" if i % 2 else "ArrowLeft")
        page.wait_for_function("window.ftlibTime !== null", timeout=60_000)
        page.wait_for_function(driver.IDLE)
        found.append(page.evaluate("window.ftlibTime"))
    return found[4:]


def measure(count: int) -> dict[tuple[str, str], list[float]]:
    """(way, case) → times. One JupyterLab for each connection class."""
    times = {}
    for connection in dict.fromkeys(connection for _, connection in WAYS.values()):
        ways = {way: pause for way, (pause, wanted) in WAYS.items() if wanted == connection}
        times |= measure_on_server(connection, ways, count)
    return times


def measure_on_server(connection: str | None, ways: dict[str, int], count: int) -> dict:
    """Run the notebook in a JupyterLab of its own and time every case in every way."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        root, config = Path(folder, "course"), Path(folder, "config")
        (root / "quizzes").mkdir(parents=True)
        config.mkdir()
        conftest.configure(config)
        if connection:
            settings = config / "jupyter_server_config.json"
            held = json.loads(settings.read_text())
            held["ServerApp"]["kernel_websocket_connection_class"] = connection
            settings.write_text(json.dumps(held))
        cells = [SET_UP, MATPLOTLIB, *(cell for cell, _ in CASES.values())]
        conftest.write_notebook(root / "quizzes" / "latency.ipynb", ["# Latency"], cells)
        address, process = conftest._start("lab", root, config)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=find_chromium(), args=conftest.OFFLINE)
                page = browser.new_page(viewport={"width": 1400, "height": 1000})
                driver.open_lab(page, address, "latency")
                driver._command(page, "notebook:run-all-cells")
                page.locator(".widget-interact img").nth(1).wait_for(timeout=180_000)
                page.wait_for_function(driver.IDLE, timeout=60_000)
                return {
                    (way, name): moves(page, where, count, pause)
                    for way, pause in ways.items()
                    for name, (_, where) in CASES.items()
                }
        finally:
            process.terminate()
            process.wait(timeout=30)


def report(times: dict[tuple[str, str], list[float]], count: int) -> str:
    """The measurement as a page of Markdown."""
    import ipywidgets
    import jupyterlab
    import matplotlib

    medians = {key: statistics.median(found) for key, found in times.items()}
    names = list(CASES)
    ours, theirs = medians["steps", names[0]], medians["steps", names[2]]
    rows = [
        f"| {way} | {name} | {medians[way, name]:.1f} | {statistics.quantiles(found, n=10)[8]:.1f} | {min(found):.1f} |"
        for (way, name), found in times.items()
    ]
    return "\n".join(
        [
            "# From slider move to new picture",
            "",
            f"Milliseconds in Chromium on JupyterLab {jupyterlab.__version__}, {count} moves each, from the key press on the "
            "slider to the first frame painted with the new picture. *Steps* are a third of a second apart; *held* is the next "
            "step as soon as the last is drawn.",
            "",
            "| moved by | what is redrawn | median | 90 % within | least |",
            "|---|---|---:|---:|---:|",
            *rows,
            "",
            f"By steps, the ThresholdExplorer's median is under 50 ms: **{ours < 50}** ({ours:.1f} ms), and at least five times "
            f"as fast as interact redrawing the same figure: **{theirs >= 5 * ours}** ({theirs / ours:.1f} times).",
            "",
            "Held keys add up to 40 ms on a Jupyter server as installed, to either: it leaves Nagle's algorithm on, so the "
            "kernel's second message waits for the browser's delayed acknowledgement of the first. The connection class "
            "`ftlib.jupyter.PromptConnection` turns that off.",
            "",
            f"ipywidgets {ipywidgets.__version__}, matplotlib {matplotlib.__version__}, Python {platform.python_version()}, "
            f"{os.cpu_count()} cores, load average at the end {os.getloadavg()[0]:.1f}. "
            "Command: `python benchmarks/explorer_latency.py`.",
            "",
        ]
    )


def main() -> None:
    """Measure, print, and (for a full run) write the report."""
    count = int(sys.argv[1]) if sys.argv[1:] else 40
    text = report(measure(count), count)
    print(text)
    if not sys.argv[1:]:
        target = ROOT / "benchmarks" / "results" / "explorers.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
