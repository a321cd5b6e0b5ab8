"""Sessions: what a learner does is saved, comes back, and never gives the key away early."""

from pathlib import Path

import pytest

from ftlib.errors import InputError, StoreError
from ftlib.learn.bank import load_bank
from ftlib.learn.progress import Progress
from ftlib.learn.session import Memory, Session
from ftlib.learn.sitting import Sitting, open_store, sit

SAMPLE = Path(__file__).parent / "data" / "sample.toml"
QUESTIONS = {question.id: question for question in load_bank(SAMPLE).questions}
STORES = {"progress": lambda folder: Progress(folder / "progress.sqlite3"), "memory": lambda folder: Memory()}


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    return STORES[request.param](tmp_path)


def session(store, name="99-flag", **options):
    return Session(QUESTIONS[name], store=store, **options)


def test_an_answer_is_graded_saved_and_there_again(store):
    first = session(store)
    assert first.verdict == "not attempted"
    assert first.attempt("b").verdict == "right"
    again = session(store)
    assert (again.verdict, again.draft, again.changed) == ("right", "b", False)
    assert again.result.feedback == first.result.feedback
    assert [a.answer for a in store.attempts(question_id="99-flag")] == ["b"]


def test_nothing_given_and_unreadable_answers_cost_nothing(store):
    asked = session(store, "99-precision")
    assert asked.attempt(None).verdict == "not attempted"
    assert asked.attempt("abc").verdict == "invalid"
    assert (asked.answered, store.attempts()) == (False, [])
    assert session(store, "99-precision").draft == "abc"


def test_steps_stay_closed_until_an_answer_is_checked(store):
    asked = session(store)
    assert asked.show_steps() == asked.steps() == ()
    assert not asked.steps_open
    asked.attempt("a")
    assert asked.show_steps() == QUESTIONS["99-flag"].steps
    assert session(store).steps_open
    session(store).show_steps(False)
    assert not session(store).steps_open


def test_hints_open_one_by_one_and_stay_open(store):
    asked = session(store)
    assert (asked.next_hint(), asked.hints_left) == (QUESTIONS["99-flag"].hints[0], 1)
    later = session(store)
    assert later.hints == QUESTIONS["99-flag"].hints[:1]
    assert later.next_hint() == QUESTIONS["99-flag"].hints[1]
    assert (later.next_hint(), later.hints_left) == (None, 0)


def test_a_draft_comes_back_and_goes_with_the_check(store):
    session(store, "99-word").set_draft("eva")
    again = session(store, "99-word")
    assert (again.draft, again.answered) == ("eva", False)
    again.attempt("eval")
    assert session(store, "99-word").draft == "eval"
    session(store, "99-word").set_draft("train")
    assert session(store, "99-word").changed


def test_new_numbers_are_kept_and_close_the_help(store):
    asked = session(store, "99-precision")
    before = asked.question.prompt
    asked.attempt("0.85")
    asked.next_hint()
    asked.show_steps()
    asked.new_numbers()
    assert asked.question.prompt != before
    assert (asked.answered, asked.hints, asked.steps_open, asked.draft) == (False, (), False, None)
    assert asked.standing == ("right", 1.0), "what was reached still counts"
    again = session(store, "99-precision")
    assert (again.question.prompt, again.seed) == (asked.question.prompt, 1)
    assert again.attempt(str(again.question.answer)).verdict == "right"
    assert store.attempts()[-1].seed == 1


def test_contexts_and_runs_are_kept_apart(store):
    session(store, context="strength", run="one").attempt("b")
    assert not session(store).answered
    assert not session(store, context="strength", run="two").answered
    assert session(store, context="strength", run="one").answered


def test_what_was_left_at_other_numbers_does_not_come_back(store):
    """A draft of an earlier test would fill in the next one's problem, and its hints would be open."""
    for seed, run in ((5, "one"), (9, "two")):
        asked = session(store, "99-precision", seed=seed, context="challenge", run=run)
        assert (asked.draft, asked.hints, asked.changed) == (None, (), False)
        asked.next_hint()
        asked.set_draft("0.9")
    again = session(store, "99-precision", seed=9, context="challenge", run="two")
    assert (again.draft, len(again.hints)) == ("0.9", 1)
    assert session(store, "99-precision", seed=5, context="challenge").draft is None


def test_text_that_no_file_can_hold_is_graded_and_said_to_be_not_saved(tmp_path):
    asked = session(Progress(tmp_path / "progress.sqlite3"), "99-word")
    asked.set_draft("\ud800")
    assert "cannot save" in asked.trouble
    assert asked.attempt("eval\ud800").verdict == "wrong"
    assert "cannot save" in asked.trouble
    assert asked.attempt("eval").verdict == "right"
    assert asked.trouble == ""


def test_code_is_run_when_checked_and_not_when_restored(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = session(store, "99-recall-by-hand")
    assert asked.attempt("def recall(tp, fn):\n    return tp\n").verdict == "wrong"
    right = (
        "def recall(tp, fn):\n    open('ran', 'a').close()\n    return tp / (tp + fn) if tp + fn else 0.0\n"
    )
    assert asked.attempt(right).verdict == "right"
    Path("ran").unlink()
    assert session(store, "99-recall-by-hand").verdict == "right"
    assert not Path("ran").exists()


def test_right_sides_never_stand_beside_their_left_sides():
    for seed in range(40):
        asked = Session(QUESTIONS["99-match"], seed)
        assert asked.order != [pair.key for pair in QUESTIONS["99-match"].pairs]
        assert sorted(asked.order) == ["fn", "fp", "tp"]


def test_a_store_that_fails_does_not_stop_the_learner():
    class Broken(Memory):
        def record(self, attempt):
            raise StoreError("the disk is full")

    asked = session(Broken())
    assert asked.attempt("b").verdict == "right"
    assert asked.trouble == "the disk is full"
    assert asked.next_hint()
    assert asked.trouble == ""


def test_time_is_counted_from_what_is_shown():
    ticks = iter([10.0, 12.5, 12.5, 20.0, 20.0])
    store = Memory()
    asked = session(store, clock=lambda: next(ticks))
    asked.attempt("a")
    asked.attempt("b")
    assert [a.seconds for a in store.attempts()] == [2.5, 7.5]


# -- a whole quiz -------------------------------------------------------------------------------------------------


def test_score_counts_and_line(store):
    quiz = sit(SAMPLE, store=store)
    quiz.session(0).attempt("b")
    quiz.session(1).attempt(["a", "d"])
    quiz.session(6).attempt({"tp": "tp"})
    assert quiz.counts == {"right": 1, "partly right": 1, "wrong": 1, "not attempted": 7}
    assert quiz.score == pytest.approx(1 + 1 / 3, abs=1e-3)
    assert quiz.line() == "99_sample: 10 questions, 3 answered"
    assert quiz.first_open() == 2
    again = sit(SAMPLE, store=store)
    assert (again.counts, again.score) == (quiz.counts, quiz.score)


def test_new_numbers_keep_the_score_within_and_after(store):
    quiz = sit(SAMPLE, store=store)
    quiz.session(2).attempt("0.85")
    quiz.session(2).new_numbers()
    assert quiz.verdict(2) == sit(SAMPLE, store=store).verdict(2) == "right"


def test_the_second_step_is_locked_until_the_first_is_answered(store):
    import msgspec

    pair = [msgspec.structs.replace(QUESTIONS[name], tags=("self-check",)) for name in ("99-flag", "99-hold")]
    quiz = Sitting([*pair, QUESTIONS["99-word"]], "T", "99_sample", store=store)
    assert [quiz.locked(n) for n in range(3)] == [None, 0, None]
    quiz.session(0).attempt("c")
    assert [quiz.locked(n) for n in range(3)] == [None, None, None]


def test_asking_for_some_questions():
    quiz = sit(SAMPLE, questions=["99-word", "99-flag"], store=Memory())
    assert [question.id for question in quiz.questions] == ["99-word", "99-flag"]
    with pytest.raises(InputError, match="no question '99-wrod'"):
        sit(SAMPLE, questions=["99-wrod"], store=Memory())


def test_the_five_practice_questions_are_a_quiz_of_their_own(store):
    five = sit("practice", store=store)
    assert [q.difficulty for q in five.questions] == ["easy", "easy", "medium", "medium", "hard"]
    assert all(q.steps and q.hints and q.quick_check and q.mistakes for q in five.questions)
    assert five.line() == "practice: 5 questions, 0 answered"
    first = five.questions[0]
    assert five.session(0).attempt(first.key).verdict == "right"
    lesson = sit(first.lesson, questions=[first.id], store=store)
    assert lesson.verdict(0) == "right", "an answer counts in its lesson, too"


def test_a_course_without_practice_questions_says_so(monkeypatch, tmp_path, store):
    (tmp_path / "quizzes").mkdir()
    monkeypatch.setenv("FTLIB_COURSE", str(tmp_path))
    with pytest.raises(InputError, match="no practice questions"):
        sit("practice", store=store)


def test_a_foreign_progress_file_gives_a_message_and_a_quiz(home):
    home.mkdir(parents=True)
    (home / "progress.sqlite3").write_text("my diary")
    store, trouble = open_store()
    assert isinstance(store, Memory)
    assert "not being saved" in trouble
    assert sit(SAMPLE).trouble == trouble
    assert (home / "progress.sqlite3").read_text() == "my diary"
