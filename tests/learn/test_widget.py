"""The quiz as widgets, without a browser: answers through the real controls, state, secrets, the stand-in page."""

import asyncio
import html
import json
import re
import subprocess
import sys
from pathlib import Path

import ipywidgets as W
import msgspec
import pytest
import small_course

from ftlib.learn import quiz
from ftlib.learn.bank import load_bank
from ftlib.learn.card import VIEW_MIME, QuestionCard
from ftlib.learn.live import LiveMatrix, counted
from ftlib.learn.progress import Progress
from ftlib.learn.render import plain
from ftlib.learn.session import Memory, Session
from ftlib.learn.sitting import Sitting
from ftlib.learn.variants import variant
from ftlib.learn.widget import QuizView

SAMPLE = Path(__file__).parent / "data" / "sample.toml"
QUESTIONS = {question.id: question for question in load_bank(SAMPLE).questions}
RIGHT_CODE = "def recall(tp, fn):\n    return tp / (tp + fn) if tp + fn else 0.0\n"
WRONG = {
    "choice": "a",
    "multi": ["c"],
    "numeric": "0.15",
    "text": "train",
    "order": ["load", "replace", "freeze", "optimise"],
    "match": {"tp": "fp", "fp": "tp", "fn": "tp"},
    "confusion": {"tp": "1", "fn": "2", "fp": "3", "tn": "4"},
    "predict": "4\n['fc.weight', 'fc.bias']",
    "code": "def recall(tp, fn):\n    return tp\n",
}


def right_answer(question):
    made = variant(question)
    texts = {
        "numeric": str(made.answer),
        "code": RIGHT_CODE,
        "confusion": {k: str(v) for k, v in made.matrix.items()},
    }
    return texts.get(made.kind, made.key)


def card(name, store=None, **options):
    return QuestionCard(Session(QUESTIONS[name], store=store or Memory()), **options)


def press(view, words):
    """Click the button with these words, anywhere below ``view``."""
    found = [w for w in widgets(view) if isinstance(w, W.Button) and w.description.startswith(words)]
    assert found, f"no button {words!r}"
    found[0].click()


def widgets(view):
    """A widget and all below it."""
    yield view
    for child in getattr(view, "children", ()):
        yield from widgets(child)


def sent(view):
    """All that the page is sent, as letters and digits: every synced value of every widget."""
    states = [
        {k: v for k, v in w.get_state().items() if k not in ("layout", "style", "children")}
        for w in widgets(view)
    ]
    return letters(json.dumps(states, default=str))


def letters(text):
    text = re.sub(r"\\+u[0-9a-f]{4}|\\+[nt\"]", " ", html.unescape(text))
    return re.sub(r"[^0-9a-zA-Z]+", "", re.sub(r"</?\w[^>]*>", "", text))


def secrets(question):
    made = variant(question)
    texts = [part.feedback for part in (*made.options, *made.wrong, *made.pairs)]
    texts += [*made.steps, made.quick_check, *made.mistakes, *made.hints, *made.aliases]
    texts += [str(made.answer)] if made.kind in ("numeric", "predict") else []
    texts += [part.misconception for part in (*made.options, *made.wrong, *made.pairs)]
    return {words for text in texts if len(words := letters(plain(text))) > 3}


# -- every kind ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_goes_through_the_controls_and_comes_back(name):
    controls = card(name).controls
    assert controls.answer() is None
    for answer in (WRONG[QUESTIONS[name].kind], right_answer(QUESTIONS[name]), None):
        controls.put(answer)
        assert controls.answer() == answer


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("rubbish", [7, "no such thing", ["zz"], {"zz": "q"}, [["a"]], {"tp": 3}, [], True])
def test_rubbish_in_the_store_shows_as_something_harmless(name, rubbish):
    controls = card(name).controls
    controls.put(rubbish)
    controls.answer()


@pytest.mark.parametrize("name", QUESTIONS)
def test_wrong_then_right_then_there_again(name):
    store, made = Memory(), None
    for answer, words in ((WRONG[QUESTIONS[name].kind], "Wrong"), (right_answer(QUESTIONS[name]), "Right")):
        made = card(name, store)
        made.controls.put(answer)
        press(made, "Check answer")
        if words == "Right" or made.session.result.verdict == "wrong":
            assert words in made._feedback.value
    again = card(name, store)
    assert "Right" in again._feedback.value
    assert 'role="alert"' not in again._feedback.value, "only a fresh verdict is announced"
    assert again.controls.answer() == right_answer(QUESTIONS[name])


@pytest.mark.parametrize("name", QUESTIONS)
def test_nothing_entered_is_not_wrong(name):
    made = card(name)
    press(made, "Check answer")
    assert "Not attempted" in made._feedback.value
    assert made.session.store.attempts() == []


def test_the_learner_s_own_changes_are_drafts_and_outdate_the_verdict():
    store = Memory()
    made = card("99-word", store)
    made.controls.fields[0].value = "train"
    made.check()
    assert "statistics move" in made._feedback.value
    made.controls.fields[0].value = "ev"
    assert "changed your answer" in made._feedback.value
    again = card("99-word", store)
    assert again.controls.answer() == "ev"
    assert "changed your answer" in again._feedback.value


def test_typing_is_saved_once_it_pauses():
    async def typing():
        made = card("99-word")
        for text in ("e", "ev", "eva"):
            made.controls.fields[0].value = text
        assert made.session.store.view("99-word").draft is None
        made.leave()
        return made.session.store.view("99-word").draft

    assert asyncio.run(typing()) == "eva"


def test_a_click_that_overtakes_the_last_letters_waits_for_them():
    """As front ends do it: the second change of a field comes after the click that followed it."""

    async def hurry():
        made = card("99-word")
        made.controls.fields[0].value = "eva"
        press(made, "Check answer")
        assert not made.session.answered
        made.controls.fields[0].value = "eval"
        made._echo.set_state({"value": 1})  # the page has nothing more to say
        return [attempt.answer for attempt in made.session.store.attempts()]

    assert asyncio.run(hurry()) == ["eval"]


def test_enter_in_a_field_checks():
    made = card("99-word")
    made.controls.put("eval")
    made.controls.fields[0]._handle_custom_msg({"event": "submit"}, [])
    assert "Right" in made._feedback.value


def test_lines_move_and_stay_moved():
    store = Memory()
    made = card("99-order", store)
    before = list(made.controls.shown)
    made.controls.down[0].click()
    assert made.controls.answer() == [before[1], before[0], *before[2:]]
    assert made.controls.up[0].disabled
    assert made.controls.down[-1].disabled
    assert card("99-order", store).controls.shown == made.controls.shown
    names = [field.description for field in made.controls.up]
    assert names[1].startswith(f"Move up, place 2: {made.controls.items[before[0]][:10]}")


def test_parts_are_marked_in_words_and_symbols():
    made = card("99-match")
    made.controls.put({"tp": "tp", "fp": "fn"})
    made.check()
    said = [left.value for left in made.controls.lefts]
    assert "✓ right" in said[0]
    assert "✗ wrong" in said[1]
    assert "right" not in said[2].replace("ftl-right", "")
    multi = card("99-hold")
    multi.controls.put(["a", "c"])
    multi.check()
    assert multi.controls.over.value.count("✓ holds") == 1
    assert multi.controls.over.value.count("✗ does not hold") == 1


def test_a_failing_disk_is_said(tmp_path):
    store = Progress(tmp_path / "progress.sqlite3")
    made = card("99-flag", store)
    store.path.write_bytes(b"not a database at all, but long enough to be read as one" * 40)
    made.controls.put("b")
    made.check()
    assert "Right" in made._feedback.value
    assert "Not saved." in made._feedback.value


# -- a quiz -------------------------------------------------------------------------------------------------------


@pytest.fixture
def view(tmp_path):
    return quiz(SAMPLE, store=Progress(tmp_path / "progress.sqlite3"))


def test_it_prints_one_line(capsys, tmp_path):
    quiz(SAMPLE, store=Memory())
    assert capsys.readouterr().out == "99_sample: 10 questions, 0 answered\n"


def test_score_row_of_buttons_and_end(view):
    for number, question in enumerate(QUESTIONS.values()):
        view.go(number)
        view.card.controls.put(right_answer(question) if number else "a")
        view.card.check()
    assert "9 of 10 points" in view._head.value
    assert "9 right · 1 wrong · all answered" in view._head.value
    assert [pill.description for pill in view._pills[:2]] == ["1 ✗", "2 ✓"]
    assert view._pills[1].tooltip == "Question 2: right"
    assert "Question 1" in view._summary.value
    view.go(10)
    assert view.sitting.here == 0, "past the end it goes on at the start"


def test_it_opens_at_the_first_open_question(view):
    view.card.controls.put("b")
    view.card.check()
    again = QuizView(Sitting(QUESTIONS.values(), "T", "99_sample", store=view.sitting.store))
    assert again.sitting.here == 1


def test_nothing_secret_is_sent_before_an_answer_is_checked(view):
    seen = ""
    for number in range(len(QUESTIONS)):
        view.go(number)
        seen += sent(view)
    assert letters("Which line stops training from") in seen
    told = {name: [s for s in secrets(question) if s in seen] for name, question in QUESTIONS.items()}
    assert not any(told.values()), told


def test_a_wrong_answer_tells_why_but_not_what_is_right(view):
    view.card.controls.put("c")
    view.card.check()
    seen = sent(view)
    assert letters("PyTorch does not read it") in seen
    for hidden in ("The step reads this very flag", "reads this very flag", QUESTIONS["99-flag"].steps[0]):
        assert letters(plain(hidden)) not in seen
    press(view, "Show steps")
    assert letters(plain(QUESTIONS["99-flag"].steps[0])) in sent(view)


def test_core_widgets_only_and_never_an_output(view):
    for number in range(len(QUESTIONS)):
        view.go(number)
        for widget in widgets(view):
            assert widget._view_module in ("@jupyter-widgets/controls", "@jupyter-widgets/base")
            assert not isinstance(widget, W.Output | W.Dropdown | W.Select)
            assert not getattr(widget, "description_allow_html", False)


def test_the_stand_in_reads_well_and_holds_no_key(view):
    before = view._repr_mimebundle_()
    assert before[VIEW_MIME]["model_id"] == view.model_id
    text, page = before["text/plain"], before["text/html"]
    for question in map(variant, QUESTIONS.values()):
        for part in (question.prompt, *(o.text for o in question.options), *(i.text for i in question.items)):
            assert letters(plain(part)) in letters(page)
            assert letters(plain(part)) in letters(text)
        assert not [s for s in secrets(question) if s in letters(page) + letters(text)]
    assert not re.search(r"<(script|style|img|input|button)|class=|style=", page)
    view.card.controls.put("b")
    view.card.check()
    after = view._repr_mimebundle_()
    assert {k: v for k, v in after.items() if k != VIEW_MIME} == {
        k: v for k, v in before.items() if k != VIEW_MIME
    }


def test_a_fresh_quiz_is_light():
    code = (
        "import sys\nfrom ftlib.learn import quiz\nfrom ftlib.learn.session import Memory\n"
        f"quiz({str(SAMPLE)!r}, store=Memory())._repr_mimebundle_()\nprint(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "matplotlib", "numpy", "sklearn", "scipy", "pandas", "fsrs", "typer"} & set(loaded)


# -- the self-check -----------------------------------------------------------------------------------------------


def self_check():
    pair = [msgspec.structs.replace(QUESTIONS[name], tags=("self-check",)) for name in ("99-flag", "99-hold")]
    return QuizView(Sitting(pair, "T", "99_sample", store=Memory()))


def test_the_second_step_opens_once_the_first_is_answered():
    view = self_check()
    view.go(1)
    assert view.card is None
    press(view, "Go to question 1")
    view.card.controls.put("c")
    view.card.check()
    view.go(1)
    assert view.card.session.question.id == "99-hold"


def test_the_matrix_behind_the_numbers_is_live():
    view = self_check()
    matrix = next(w for w in widgets(view) if isinstance(w, LiveMatrix))
    press(matrix, "Show the confusion matrix")
    assert all(
        number in matrix._table.value for number in (">12<", ">88<", ">4,888<", "98.0 %", "12.0 %", "50.0 %")
    )
    matrix._caught.value = 60
    assert all(number in matrix._table.value for number in (">60<", ">40<", "60.0 %"))
    press(matrix, "Hide the confusion matrix")
    assert len(matrix.children) == 1


@pytest.mark.parametrize(("caught", "alarms"), [(12, 12), (0, 0), (100, 0), (37, 4900)])
def test_the_matrix_agrees_with_scikit_learn(caught, alarms):
    from sklearn import metrics as sk

    y = [1] * 100 + [0] * 4900
    said = [1] * caught + [0] * (100 - caught) + [1] * alarms + [0] * (4900 - alarms)
    cells, shown = counted(caught, 100, alarms, 4900)
    assert [cells[c] for c in ("tn", "fp", "fn", "tp")] == sk.confusion_matrix(
        y, said, labels=[0, 1]
    ).ravel().tolist()
    assert shown["Accuracy"] == f"{100 * sk.accuracy_score(y, said):.1f} %"
    assert shown["Recall"] == f"{100 * sk.recall_score(y, said):.1f} %"
    precision = f"{100 * sk.precision_score(y, said):.1f} %" if caught + alarms else "not defined"
    assert shown["Precision"] == precision


# -- handing in ---------------------------------------------------------------------------------------------------


def test_the_answers_are_written_to_a_file(tmp_path, monkeypatch, home):
    monkeypatch.setenv("FTLIB_COURSE", str(small_course.write(tmp_path / "course")))
    monkeypatch.chdir(tmp_path)
    for name in ("FTLIB_LEARNER", "JUPYTERHUB_USER"):
        monkeypatch.delenv(name, raising=False)
    view = quiz("02")
    press(view, "Hand in")
    press(view, "Write the file")
    form = view.children[-1]
    assert "Nothing was written" in form.said.value
    view.card.controls.put("b")
    view.card.check()
    form.name.value = "ada"
    press(view, "Write the file")
    assert "submission-ada-02_freezing.json" in form.said.value
    answers = json.loads((tmp_path / "submission-ada-02_freezing.json").read_text())["answers"]
    assert [given["answer"] for given in answers] == ["b"]


def test_practice_shows_five_questions_and_hands_nothing_in(home):
    from ftlib.learn import quiz

    shown = quiz("practice")
    assert len(shown.sitting) == 5
    assert not [child for child in shown.children if type(child).__name__ == "HandIn"]
