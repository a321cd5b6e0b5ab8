"""The explorers without a browser: their numbers against scikit-learn and plain counting, their forms, their edges."""

import doctest
import itertools
import json
import re
import subprocess
import sys
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import ipywidgets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from ftlib.errors import InputError
from ftlib.measure import ConfusionBuilder, CurveReader, FreezeExplorer, ThresholdExplorer
from ftlib.measure import explorers as explorers_package
from ftlib.measure.explorers.diagnoses import DIAGNOSES, LOOKS, feedback
from ftlib.measure.explorers.parts import Numbers
from ftlib.measure.explorers.reader import recorded_runs
from ftlib.measure.explorers.svg import LIGHT, nice_ticks, plain

VIEW = "application/vnd.jupyter.widget-view+json"


def scored(n=400, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype(int)
    return y, (1 / (1 + np.exp(-(rng.normal(size=n) + 2 * y - 1)))).astype(dtype)


def explorers():
    y, score = scored()
    return [
        ThresholdExplorer(y, score, names=("sound", "defect")),
        ConfusionBuilder(),
        FreezeExplorer(),
        CurveReader(),
    ]


@pytest.fixture(scope="module", params=range(4), ids=["threshold", "confusion", "freeze", "curves"])
def explorer(request):
    return explorers()[request.param]


class TestEveryExplorer:
    def test_is_made_of_core_widgets_without_output(self, explorer):
        kinds = set()

        def walk(widget):
            kinds.add((widget._model_module, widget._model_name))
            for child in getattr(widget, "children", ()):
                walk(child)

        walk(explorer)
        assert {module for module, _ in kinds} == {"@jupyter-widgets/controls", "@jupyter-widgets/base"} & {
            m for m, _ in kinds
        }
        assert "OutputModel" not in {name for _, name in kinds}

    def test_has_a_widget_view_a_picture_and_text(self, explorer):
        bundle = explorer._repr_mimebundle_()
        assert set(bundle) == {VIEW, "image/svg+xml", "text/plain"}
        assert explorer.title in bundle["text/plain"]
        assert explorer.title in bundle["image/svg+xml"]

    def test_the_static_picture_stands_alone(self, explorer):
        picture = explorer.picture()
        root = ElementTree.fromstring(picture)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "var(" not in picture
        assert "<style" not in picture
        assert "href" not in picture
        assert set(re.findall(r"#[0-9a-f]{6}", picture)) <= set(LIGHT.values())
        width = float(root.get("width"))
        assert all(float(t.get("x")) <= width for t in root.iter("{http://www.w3.org/2000/svg}text"))

    def test_the_same_state_gives_the_same_bytes(self, explorer):
        assert explorer.picture() == explorer.picture()

    def test_numbers_are_a_table_with_headers(self, explorer):
        html = explorer._drawn.value
        assert html.count("<table") == 1
        assert "<caption>" in html
        assert 'scope="col"' in html
        assert 'scope="row"' in html

    def test_each_picture_is_told_in_words(self, explorer):
        html = explorer._drawn.value
        assert html.count("<svg") == html.count('role="img" aria-label="') == html.count("<figcaption>") > 1

    def test_live_parts_are_well_formed(self, explorer):
        for part in (explorer._said.value, explorer._drawn.value):
            ElementTree.fromstring(f"<div>{part}</div>")
            assert "nan" not in part.lower()
            assert "inf" not in re.sub(r"<[^>]*>", "", part)


class TestThreshold:
    @pytest.mark.parametrize("threshold", [0.0, 0.07, 0.5, 0.93, 1.0])
    def test_numbers_are_those_of_scikit_learn(self, threshold):
        y, score = scored()
        explorer = ThresholdExplorer(y, score, threshold=threshold)
        called = (score >= threshold).astype(int)
        assert explorer.counts.matrix.tolist() == sk.confusion_matrix(y, called, labels=[0, 1]).tolist()
        shown = dict((row[0], row[-1]) for row in explorer.view().numbers.rows)
        assert shown["accuracy"] == f"{sk.accuracy_score(y, called):.4f}"
        assert shown["recall"] == f"{sk.recall_score(y, called):.4f}"
        if called.any():
            assert shown["precision"] == f"{sk.precision_score(y, called):.4f}"
            assert shown["F1"] == f"{sk.f1_score(y, called):.4f}"
        else:
            assert shown["precision"] == "undefined"
            assert "no alarm is raised" in explorer.view().say
        assert shown["cost"] == f"{(called != y).sum():,}"

    @settings(max_examples=25, deadline=None)
    @given(
        st.lists(
            st.tuples(st.booleans(), st.sampled_from([0, 0.25, 0.3, 0.5, 0.7, 1])), min_size=2, max_size=30
        ),
        st.integers(0, 100),
    )
    def test_ties_are_counted_as_the_rule_says(self, pairs, step):
        y, score = [int(a) for a, _ in pairs] + [0, 1], np.array([b for _, b in pairs] + [0.3, 0.3])
        explorer = ThresholdExplorer(y, score, threshold=step / 100)
        called = score >= explorer.threshold
        assert explorer.counts.tp == sum(called & np.array(y, bool))
        assert explorer.counts.fp == sum(called & ~np.array(y, bool))

    def test_float32_scores_meet_the_threshold_in_their_own_precision(self):
        y, score = [0, 1, 1], np.array([0.1, 0.7, 0.9], dtype=np.float32)
        assert float(score[1]) < 0.7, "0.7 lies a little lower in float32"
        assert ThresholdExplorer(y, score, threshold=0.7).counts.tp == int((score >= 0.7)[1:].sum()) == 2

    def test_reach_recall_takes_the_highest_position_that_does(self):
        y, score = scored()
        explorer = ThresholdExplorer(y, score)
        for floor in (0.5, 0.8, 0.95, 1.0):
            got = explorer.reach_recall(floor)
            assert sk.recall_score(y, score >= got) >= floor
            assert sk.recall_score(y, score >= got + 0.01) < floor

    def test_cheapest_is_the_least_of_all_positions(self):
        y, score = scored()
        explorer = ThresholdExplorer(y, score, cost_fp=3, cost_fn=7)
        price = lambda t: 3 * ((score >= t) & (y == 0)).sum() + 7 * ((score < t) & (y == 1)).sum()
        got = explorer.cheapest()
        assert price(got) == min(price(t / 100) for t in range(101)) == explorer.cost
        assert f"least {explorer.cost:,.6g} at {got:.2f}" in explorer._drawn.value

    def test_a_button_does_what_its_label_says(self):
        y, score = scored()
        explorer = ThresholdExplorer(y, score, recall_at_least=0.9)
        buttons = {b.description: b for b in _all(explorer, ipywidgets.Button)}
        buttons["Reach this recall"].click()
        assert explorer.threshold == ThresholdExplorer(y, score).reach_recall(0.9)
        buttons["Cheapest threshold"].click()
        assert explorer.threshold == ThresholdExplorer(y, score).cheapest()

    def test_logits_get_a_slider_over_their_own_range(self):
        y, score = scored()
        logits = np.log(score / (1 - score)) * 3
        explorer = ThresholdExplorer(y, logits, threshold=0)
        assert explorer._slider.min <= logits.min()
        assert explorer._slider.max >= logits.max()
        assert explorer.counts.matrix.tolist() == sk.confusion_matrix(y, logits >= 0).tolist()

    def test_a_finer_step_is_kept(self):
        y, score = scored()
        explorer = ThresholdExplorer(y, score / 50, step=0.001, threshold=0.011)
        assert explorer.threshold == 0.011
        assert "0.011" in explorer.view().say

    @pytest.mark.parametrize(
        ("y", "score"),
        [([1, 1], [0.1, 0.2]), ([0, 1], [0.1]), ([0, 1], [0.1, np.nan]), ([0, 2], [0.1, 0.2]), ([], [])],
    )
    def test_what_cannot_be_shown_is_refused(self, y, score):
        with pytest.raises(InputError):
            ThresholdExplorer(y, score)

    def test_names_cannot_smuggle_markup(self):
        explorer = ThresholdExplorer([0, 1], [0.2, 0.8], names=("<b>no", "<script>x</script>"))
        assert "<script" not in explorer._drawn.value + explorer._said.value + explorer.picture()

    def test_equal_scores_everywhere(self):
        explorer = ThresholdExplorer([0, 1, 1], [3.0, 3.0, 3.0], threshold=3)
        assert explorer.counts.tp == 2
        assert explorer.counts.fp == 1
        ElementTree.fromstring(explorer.picture())


class TestConfusionBuilder:
    def test_the_worked_matrix(self):
        rows = {row[0]: row for row in ConfusionBuilder(85, 15, 10, 90).view().numbers.rows}
        assert rows["F1"][3:] == ("170 / 195", "34 / 39", "0.8718")
        assert rows["precision"][3:] == ("85 / 100", "17 / 20", "0.8500")
        assert rows["recall"][3:] == ("85 / 95", "17 / 19", "0.8947")
        assert rows["accuracy"][3:] == ("175 / 200", "7 / 8", "0.8750")

    @settings(max_examples=40, deadline=None)
    @given(*[st.integers(0, 60)] * 4)
    def test_every_value_is_scikit_learns(self, tp, fp, fn, tn):
        y = np.repeat([1, 0, 1, 0], [tp, fp, fn, tn])
        called = np.repeat([1, 1, 0, 0], [tp, fp, fn, tn])
        shown = {row[0]: row for row in ConfusionBuilder(tp, fp, fn, tn).view().numbers.rows}
        if not len(y):
            assert {row[-1] for row in shown.values()} == {"undefined"}
            return
        expected = {
            "precision": sk.precision_score(y, called, zero_division=np.nan),
            "recall": sk.recall_score(y, called, zero_division=np.nan),
            "F1": sk.f1_score(y, called, zero_division=np.nan),
            "F2": sk.fbeta_score(y, called, beta=2, zero_division=np.nan),
            "accuracy": sk.accuracy_score(y, called),
            "specificity": sk.recall_score(y, called, pos_label=0, zero_division=np.nan),
            "neg. predictive value": sk.precision_score(y, called, pos_label=0, zero_division=np.nan),
        }
        if tp + fn and tn + fp:
            expected["balanced accuracy"] = sk.balanced_accuracy_score(y, called)
        if (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn):
            expected["MCC"] = sk.matthews_corrcoef(y, called)
        for name, value in expected.items():
            assert shown[name][-1] == (
                "undefined" if np.isnan(value) else f"{value:.4f}".replace("-0.0000", "0.0000")
            ), name
            if shown[name][4]:
                above, below = shown[name][4].replace(",", "").split(" / ")
                assert float(Fraction(int(above), int(below))) == pytest.approx(value)

    def test_a_known_case_fills_the_boxes_and_editing_leaves_it(self):
        builder = ConfusionBuilder()
        builder._preset.value = "fraud model, 98 % accurate"
        assert tuple(builder.counts) == (12, 12, 88, 4888)
        assert "accuracy 0.9800" in builder.view().say
        builder._boxes["tp"].value = 13
        assert builder._preset.value == "your own"
        assert builder.counts.tp == 13

    def test_the_larger_class_is_named_as_the_rival(self):
        assert (
            "always saying “sound” would reach 0.9800"
            in ConfusionBuilder(12, 12, 88, 4888, names=("sound", "bad")).view().say
        )

    def test_no_case_at_all(self):
        builder = ConfusionBuilder(0, 0, 0, 0)
        assert "0/0" in builder.view().say
        ElementTree.fromstring(builder.picture())


class TestFreezeExplorer:
    def test_numbers_come_from_the_record(self):
        explorer = FreezeExplorer()
        for i, boundary in enumerate(explorer.record["boundaries"]):
            explorer.frozen = i
            rows = {row[0]: row for row in explorer.view().numbers.rows}
            assert rows["numbers that train"][1] == f"{boundary['trainable_numbers']:,}"
            assert explorer.memory_bytes() == boundary["saved_bytes"] + boundary["optimizer_bytes"]

    def test_the_record_adds_up(self):
        record = FreezeExplorer().record
        sizes = [stage["numbers"] for stage in record["stages"]]
        for i, boundary in enumerate(record["boundaries"]):
            assert boundary["trainable_numbers"] == sum(sizes[i:])
            assert boundary["optimizer_bytes"] == 12 * boundary["trainable_numbers"]
        kept = [b["saved_bytes"] for b in record["boundaries"]]
        assert kept == sorted(kept, reverse=True)
        assert record["machine"]
        assert record["command"].startswith("python benchmarks/")

    def test_stored_output_is_another_time(self):
        explorer = FreezeExplorer()
        plain_time = explorer.step_ms()
        explorer.cached = True
        assert explorer.step_ms() == explorer.boundary["cached_step_ms"] < plain_time

    def test_a_line_that_cannot_be_cut_keeps_its_time(self):
        record = FreezeExplorer().record | {}
        record["boundaries"] = [b | {"cached_step_ms": None} for b in record["boundaries"]]
        explorer = FreezeExplorer(record, cached=True)
        assert explorer.step_ms() == explorer.boundary["step_ms"]

    def test_a_path_serves_as_well(self, tmp_path):
        record = FreezeExplorer().record
        file = tmp_path / "mine.json"
        file.write_text(json.dumps(record))
        assert FreezeExplorer(file).record == record

    @pytest.mark.parametrize("record", [{}, {"model": "m", "stages": [{}], "boundaries": []}, [1]])
    def test_a_foreign_record_is_refused(self, record):
        with pytest.raises(InputError):
            FreezeExplorer(record)


class TestCurveReader:
    def test_each_diagnosis_is_among_the_recorded_runs(self):
        runs = recorded_runs()
        assert {run["kind"] for run in runs} == set(DIAGNOSES)
        for run in runs:
            assert run["command"].startswith("python benchmarks/record_runs.py")
            assert run["seed"] == 0
            assert [row["epoch"] for row in run["rows"]] == list(range(1, len(run["rows"]) + 1))

    @pytest.mark.parametrize("run", recorded_runs(), ids=lambda run: run["name"])
    def test_every_recorded_run_shows_what_it_is_said_to_show(self, run):
        """Each run bears the sign its diagnosis names; were the labels mixed up, this would fail."""
        train, val = ([row[key] for row in run["rows"]] for key in ("train_loss", "val_loss"))
        accuracy = [row["val_accuracy"] for row in run["rows"]]
        shaken = sum(max(0, b - a) for a, b in itertools.pairwise(train)) / (max(train) - min(train))
        probe, moved = run["probe_accuracy"], run["rows"][-1].get("statistics_moved", 0)
        signs = {
            "good": val[-1] < 1.1 * min(val) < val[0] and accuracy[-1] > probe,
            "overfitting": shaken < 0.15 and val[-1] > 1.5 * min(val) and train[-1] < 0.1 * train[0],
            "underfitting": accuracy[-1] < probe - 0.05 and train[-1] > 0.75 * train[0],
            "rate_too_high": shaken > 0.3,
            "batchnorm_drift": shaken < 0.15
            and val[-1] > 1.5 * train[-1]
            and accuracy[-1] < probe - 0.05
            and moved > 0,
            "leak": accuracy[-1] > run["test_accuracy"] + 0.1 and accuracy[-1] > probe + 0.1,
        }
        assert signs[run["kind"]], (run["name"], train, val, accuracy)

    def test_every_guess_on_every_run_is_answered_with_its_numbers(self):
        for run in recorded_runs():
            answers = {kind: feedback(run, kind) for kind in DIAGNOSES}
            assert len(set(answers.values())) == len(DIAGNOSES)
            for kind, answer in answers.items():
                assert answer.startswith("Right") == (kind == run["kind"])
                assert re.search(r"\d", answer)
                assert LOOKS[kind] in answer or kind == run["kind"]

    def test_a_wrong_guess_does_not_give_the_answer_away(self):
        for run in recorded_runs():
            for kind in set(DIAGNOSES) - {run["kind"]}:
                assert DIAGNOSES[run["kind"]] not in feedback(run, kind)
                assert run["setup"] not in feedback(run, kind)

    def test_what_is_shown_first_hides_the_diagnosis(self):
        reader = CurveReader()
        for _ in reader.runs:
            first = repr(reader) + reader._drawn.value + reader._said.value
            assert reader.run["kind"] not in first
            assert reader.run["setup"] not in first
            assert reader.run["name"] not in first
            reader.next()

    def test_score_counts_first_guesses(self):
        reader = CurveReader(["solar-overfitting", "solar-leak"], seed=None)
        reader.guess("good")
        reader.guess("overfitting")
        reader.next()
        reader.guess("leak")
        assert reader.score == (1, 2)
        reader.next()
        assert reader.run["name"] == "solar-overfitting"
        assert reader._options.value == "overfitting"
        reader.guess("good")
        assert reader.score == (1, 2)
        assert "Right" in reader.view().say, "a run once named stays named"

    def test_check_without_a_choice_asks_for_one(self):
        reader = CurveReader()
        reader._check.click()
        assert "Choose one" in reader._said.value
        assert reader.score == (0, 0)

    def test_the_epoch_slider_reads_its_epoch(self):
        reader = CurveReader(["solar-good"])
        reader.epoch = 3
        row = reader.run["rows"][2]
        assert f"loss {row['train_loss']:.3f} train, {row['val_loss']:.3f} val" in reader._drawn.value
        assert f"accuracy {row['val_accuracy']:.3f}" in reader._drawn.value

    def test_a_seed_mixes_and_repeats(self):
        names = lambda seed: [run["name"] for run in CurveReader(seed=seed).runs]
        assert names(1) == names(1) != names(2)
        assert sorted(names(1)) == sorted(names(2)) == names(None)

    def test_runs_of_ones_own(self):
        rows = [
            {"epoch": i, "train_loss": 1 / i, "val_loss": i, "val_accuracy": 0.5, "val_f1": 0.4}
            for i in (1, 2, 3)
        ]
        mine = {
            "kind": "overfitting",
            "rows": rows,
            "majority_accuracy": 0.5,
            "probe_accuracy": 0.6,
            "train_images": 9,
        }
        assert CurveReader([mine]).guess("overfitting").startswith("Right")

    @pytest.mark.parametrize("runs", [["none such"], [{"kind": "good"}], []])
    def test_runs_that_cannot_be_shown_are_refused(self, runs):
        with pytest.raises(InputError):
            CurveReader(runs)

    def test_an_unknown_guess_is_refused(self):
        with pytest.raises(InputError, match="overfitting"):
            CurveReader().guess("bad luck")


def test_neither_matplotlib_nor_torch_is_needed():
    code = (
        "import sys; from ftlib.measure import ConfusionBuilder, FreezeExplorer, CurveReader, ThresholdExplorer;"
        "FreezeExplorer(), CurveReader(), ConfusionBuilder(), ThresholdExplorer([0, 1], [0.1, 0.9]);"
        "print(*{'torch', 'matplotlib', 'sklearn', 'scipy', 'pandas'} & set(sys.modules))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == ""
    )


def test_ticks_are_round_and_inside():
    for low, high in [(0, 1), (-7.3, 4), (0, 5000), (0, 1e-3), (3, 3)]:
        ticks = nice_ticks(low, high)
        assert all(low - 1e-9 <= t <= max(high, low + 1) + 1e-9 for t in ticks)
        assert len(ticks) <= 8


def test_a_table_escapes_what_it_shows():
    html = Numbers("<i>caption", ("<b>head", "n"), [("<u>row", "<s>cell")], note="<em>note").html()
    assert all(f"&lt;{tag}&gt;" in html for tag in ("i", "b", "u", "s", "em"))


def test_a_long_table_is_thinned_where_it_cannot_scroll():
    table = Numbers("t", ("a", "b"), [(str(i), "x") for i in range(40)], folded=True)
    assert table.html().count("<tr>") == 41
    drawn = plain(table.drawn(0, 0, 100))
    assert ">0<" in drawn
    assert ">39<" in drawn
    assert drawn.count("<line") == 10


def _all(widget, kind):
    found = [widget] if isinstance(widget, kind) else []
    return found + [w for child in getattr(widget, "children", ()) for w in _all(child, kind)]


@pytest.mark.parametrize(
    "file", sorted(Path(explorers_package.__file__).parent.glob("*.py")), ids=lambda p: p.stem
)
def test_docstring_examples_hold(file):
    found = doctest.testmod(import_module(f"ftlib.measure.explorers.{file.stem}".removesuffix(".__init__")))
    assert found.failed == 0
