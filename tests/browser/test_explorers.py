"""The explorers in a real JupyterLab: slid, typed and tabbed through, and their numbers compared with the functions."""

import re

import numpy as np
import pytest
from driver import _command, open_lab
from playwright.sync_api import expect
from sklearn import metrics as sk

from conftest import write_notebook
from ftlib.measure import Counts, FreezeExplorer
from ftlib.measure.explorers.diagnoses import DIAGNOSES, feedback
from ftlib.measure.explorers.reader import recorded_runs

SET_UP = """import numpy as np
from ftlib.measure import ConfusionBuilder, CurveReader, FreezeExplorer, ThresholdExplorer
rng = np.random.default_rng(0)
y = (rng.random(600) < 0.3).astype(int)
score = 1 / (1 + np.exp(-(rng.normal(size=600) + 2 * y - 1)))"""
CELLS = [
    SET_UP,
    'ThresholdExplorer(y, score, names=("sound", "defect"))',
    "ConfusionBuilder()",
    "FreezeExplorer()",
    'CurveReader(["solar-overfitting", "digits-leak"], seed=None)',
]
TITLES = {
    "threshold": "Where would you draw the line?",
    "confusion": "Four counts, every metric",
    "freeze": "What does freezing save?",
    "curves": "What is wrong with this run?",
}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = (rng.random(600) < 0.3).astype(int)
    return y, 1 / (1 + np.exp(-(rng.normal(size=600) + 2 * y - 1)))


@pytest.fixture(scope="module")
def lab(chromium, server, course):
    """JupyterLab with the four explorers drawn; the tests of this file share it."""
    write_notebook(course / "quizzes" / "explorers.ipynb", ["# Explorers"], CELLS)
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(20_000)
    open_lab(page, server("lab"), "explorers")
    _command(page, "application:toggle-left-area")
    _command(page, "notebook:run-all-cells")
    for title in TITLES.values():
        page.locator(".ftx", has_text=title).locator(".ftx-grid svg").first.wait_for(timeout=90_000)
    yield page
    context.close()


def explorer(page, name):
    """One explorer's part of the page."""
    return page.locator(".ftx", has_text=TITLES[name])


def numbers(part):
    """The table's cells by row head, as shown."""
    rows = part.locator("tbody tr").evaluate_all(
        "rows => rows.map(r => [...r.children].map(c => c.textContent))"
    )
    return {row[0]: row[1:] for row in rows}


def compare(part, y, score):
    """The threshold's numbers on the page against scikit-learn's; returns the threshold shown."""
    caption = part.locator("caption").text_content()
    threshold = float(re.search(r"[\d.]+$", caption).group())
    called, shown = score >= threshold, numbers(part)
    assert shown["precision"][-1] == f"{sk.precision_score(y, called):.4f}"
    assert shown["recall"][-1] == f"{sk.recall_score(y, called):.4f}"
    assert shown["F1"][-1] == f"{sk.f1_score(y, called):.4f}"
    assert shown["accuracy"][-1] == f"{sk.accuracy_score(y, called):.4f}"
    tn, fp, fn, tp = sk.confusion_matrix(y, called).ravel()
    cells = part.locator("figure", has_text="judged wrongly").locator("svg text").all_text_contents()
    assert {str(n) for n in (tn, fp, fn, tp)} <= set(cells)
    return threshold


def test_the_threshold_slides_by_key_and_its_numbers_are_right(lab, data):
    part = explorer(lab, "threshold")
    handle = part.get_by_role("slider", name="Threshold")
    handle.focus()
    for presses, key, shown in ((7, "ArrowRight", "0.57"), (1, "PageDown", "0.52"), (3, "ArrowLeft", "0.49")):
        for _ in range(presses):
            lab.keyboard.press(key)
        expect(part.locator("caption")).to_have_text(f"Numbers at threshold {shown}")
        assert compare(part, *data) == float(shown)
        expect(part.get_by_role("status")).to_contain_text(f"At {shown}")


def test_the_threshold_slides_by_mouse(lab, data):
    part = explorer(lab, "threshold")
    rail = part.locator(".noUi-target").bounding_box()
    part.get_by_role("slider", name="Threshold").hover()
    lab.mouse.down()
    for share in (0.4, 0.3, 0.2):
        lab.mouse.move(rail["x"] + share * rail["width"], rail["y"] + rail["height"] / 2)
    lab.mouse.up()
    expect(part.locator("caption")).to_have_text(re.compile(r"threshold 0\.(19|2|21)"))
    assert compare(part, *data) == pytest.approx(0.2, abs=0.011)


def test_cost_and_recall_are_asked_for_by_keyboard_alone(lab, data):
    y, score = data
    part = explorer(lab, "threshold")
    part.get_by_role("slider", name="Threshold").focus()
    order = []
    for _ in range(6):
        lab.keyboard.press("Tab")
        order.append(
            lab.evaluate(
                "e => { const a = document.activeElement; return a.ariaLabel || a.labels?.[0]?.textContent || a.textContent }"
            )
        )
    assert order == [
        "Threshold, type a value",
        "Recall at least",
        "Reach this recall",
        "Cost of a false alarm (FP)",
        "Cost of a miss (FN)",
        "Cheapest threshold",
    ]
    part.get_by_label("Recall at least").focus()
    lab.keyboard.press("Control+A")
    lab.keyboard.type("0.9")
    lab.keyboard.press("Tab")
    lab.keyboard.press("Space")
    highest = max(i / 100 for i in range(101) if sk.recall_score(y, score >= i / 100) >= 0.9)
    expect(part.locator("caption")).to_have_text(f"Numbers at threshold {highest:.2f}")
    expect(part.locator("figure", has_text="Recall at least 0.9: met")).to_be_visible()
    assert compare(part, *data) == highest
    part.get_by_label("Cost of a miss (FN)").focus()
    lab.keyboard.press("Control+A")
    lab.keyboard.type("8")
    lab.keyboard.press("Tab")
    lab.keyboard.press("Enter")
    price = lambda t: ((score >= t) & (y == 0)).sum() + 8 * ((score < t) & (y == 1)).sum()
    least = min(price(i / 100) for i in range(101))
    expect(part.locator("figcaption", has_text=f"Cost {least}; least {least} at")).to_be_visible()
    assert numbers(part)["cost"][-1] == str(price(compare(part, *data))) == str(least)


def test_counts_typed_in_give_their_fractions(lab):
    part = explorer(lab, "confusion")
    part.get_by_label("TP, found").focus()
    for key in ("FP", "FN", "TN"):
        lab.keyboard.press("Tab")
        assert lab.evaluate("document.activeElement.labels[0].textContent").startswith(key)
    for label, count in (
        ("TP, found", 12),
        ("FP, false alarm", 12),
        ("FN, missed", 88),
        ("TN, left alone", 4888),
    ):
        part.get_by_label(label).focus()
        lab.keyboard.press("Control+A")
        lab.keyboard.type(str(count))
        lab.keyboard.press("Tab")
    counts, shown = Counts(12, 12, 88, 4888), numbers(part)
    expect(part.get_by_role("status")).to_contain_text("always saying “negative” would reach 0.9800")
    shown = numbers(part)
    for name, key in (
        ("precision", "precision"),
        ("recall", "recall"),
        ("F1", "f1"),
        ("accuracy", "accuracy"),
    ):
        worked = counts.worked[key]
        assert shown[name][2] == f"{worked.numerator:,} / {worked.denominator:,}"
        assert shown[name][-1] == f"{worked.value:.4f}"
    part.get_by_label("TP, found").focus()
    lab.keyboard.press("ArrowUp")
    expect(part.locator("tbody tr", has_text="recall").first).to_contain_text("13 / 101")


def test_freezing_shows_the_recorded_numbers(lab):
    part, record = explorer(lab, "freeze"), FreezeExplorer().record
    part.get_by_role("slider", name="Stages frozen").focus()
    lab.keyboard.press("Home")
    for i, boundary in enumerate(record["boundaries"]):
        expect(part.locator("caption")).to_have_text(f"{i} of {len(record['stages'])} stages frozen")
        assert numbers(part)["numbers that train"][0] == f"{boundary['trainable_numbers']:,}"
        lab.keyboard.press("ArrowRight")
    before = numbers(part)["time of a step"][0]
    part.get_by_label("store the frozen part").focus()
    lab.keyboard.press("Space")
    expect(part.locator("tbody tr", has_text="time of a step").locator("td").first).not_to_have_text(before)


def test_a_wrong_guess_is_told_why_and_a_right_one_is_praised(lab):
    part = explorer(lab, "curves")
    run = next(run for run in recorded_runs() if run["name"] == "solar-overfitting")
    for kind in ("underfitting", "overfitting"):
        choice = part.get_by_label(DIAGNOSES[kind], exact=True)
        choice.focus()
        lab.keyboard.press("Space")
        part.get_by_role("button", name="Check").focus()
        lab.keyboard.press("Enter")
        expect(part.get_by_role("status")).to_contain_text(feedback(run, kind))
    part.get_by_role("button", name="Next run").focus()
    lab.keyboard.press("Enter")
    expect(part.get_by_role("status")).to_contain_text("Run 2 of 2 · 0 of 1 named at first guess")
    assert part.locator("input[type=radio]:checked").count() == 0
    part.get_by_role("slider", name="Read at epoch").focus()
    lab.keyboard.press("Home")
    leak = next(run for run in recorded_runs() if run["name"] == "digits-leak")["rows"][0]
    expect(part.locator("figcaption").first).to_have_text(
        f"Epoch 1: loss {leak['train_loss']:.3f} train, {leak['val_loss']:.3f} val"
    )


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_serious_in_either_theme(lab, theme):
    from axe_playwright_python.sync_playwright import Axe

    _command(lab, "apputils:change-theme", {"theme": theme})
    lab.wait_for_selector(
        f'body[data-jp-theme-light="{str(theme.endswith("Light")).lower()}"]', state="attached"
    )
    for part in lab.locator(".ftx").all():
        part.scroll_into_view_if_needed()
        expect(part.locator(".ftx-grid")).to_be_visible()
    found = Axe().run(lab, context=".ftx").response["violations"]
    grave = [
        (v["id"], v["impact"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")
    ]
    assert not grave
    ink, paper = lab.locator(".ftx").first.evaluate(
        "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    )
    assert (_light(ink) < 0.5 < _light(paper)) is theme.endswith("Light")


@pytest.mark.parametrize("width", [480, 760, 1000, 1400])
def test_nothing_sticks_out_at_any_width(lab, width):
    lab.set_viewport_size({"width": width, "height": 1000})
    for name in TITLES:
        part = explorer(lab, name)
        part.scroll_into_view_if_needed()
        wide = part.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert wide[0] <= wide[1] + 1, (name, wide)
    lab.set_viewport_size({"width": 1400, "height": 1000})


def test_it_works_in_voila_too(chromium, server, lab, data):
    context = chromium.new_context(viewport={"width": 1200, "height": 1000})
    page = context.new_page()
    page.goto(f"{server('voila')}/voila/render/quizzes/explorers.ipynb")
    part = explorer(page, "threshold")
    part.locator(".ftx-grid svg").first.wait_for(timeout=90_000)
    part.get_by_role("slider", name="Threshold").focus()
    page.keyboard.press("ArrowRight")
    expect(part.locator("caption")).to_have_text("Numbers at threshold 0.51")
    compare(part, *data)
    context.close()


def _light(colour):
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / (
        3 if colour.startswith("color(") else 3 * 255
    )
