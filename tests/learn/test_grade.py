"""Grading: any answer gets a result, the right one passes however it is typed, a wrong one never does."""

import itertools
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ftlib.learn.bank import bank_paths, load_bank
from ftlib.learn.grade import VERDICTS, grade
from ftlib.learn.kinds import _longest_run, close
from ftlib.learn.questions import Item, Pair, Question
from ftlib.learn.reading import Unreadable, read_number
from ftlib.learn.variants import variant
from ftlib.learn.words import same_output, same_words

SAMPLE = Path(__file__).parent / "data" / "sample.toml"
QUESTIONS = {q.id: q for q in load_bank(SAMPLE).questions}
EVERY = [q for path in (SAMPLE, *bank_paths()) for q in load_bank(path).questions]
GRADED = [q for q in EVERY if q.kind != "code"]

KEYS = st.sampled_from(["a", "b", "c", "tp", "fn", "load", "freeze", "85", "0.85", ""])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | KEYS
ANSWERS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=8,
)


def numeric(answer, tolerance=0.0, unit="") -> Question:
    return Question(
        "99-n", "numeric", "easy", "recall", "S", "P?", answer=answer, tolerance=tolerance, unit=unit
    )


# -- any answer ------------------------------------------------------------------------------------------------


@given(ANSWERS, st.integers(0, 50))
@settings(max_examples=150, deadline=None)
@example("{{x}}", 0)
@example("9" * 5000, 0)
@example(10**5000, 0)
@example(float("nan"), 0)
@example({"tp": {"x": 1}}, 0)
@example({"load": None}, 0)
@example([["a"]], 0)
@example("\ud800", 0)
@example("\x00", 0)
def test_any_answer_gets_a_result(answer, seed):
    for question in QUESTIONS.values():
        result = grade(question, answer, seed)
        assert result.verdict in VERDICTS
        assert 0 <= result.score <= 1
        assert (result.score == 1) == (result.verdict == "right")
        assert result.counts or result.score == 0
        assert isinstance(result.feedback, str)
        assert result.verdict != "invalid" or result.feedback


class Odd:
    def __eq__(self, other):
        raise RuntimeError("compared")

    __hash__ = object.__hash__


@pytest.mark.parametrize("answer", [Odd(), [Odd()], {"tp": Odd()}, b"85", {1, 2}, object, lambda: 1, 1j])
def test_objects_that_are_no_json_are_invalid_too(answer):
    for question in QUESTIONS.values():
        assert grade(question, answer).verdict == "invalid"


@pytest.mark.parametrize("nothing", [None, "", "  \n", [], (), {}, {"tp": "", "fp": None}, ..., "..."])
def test_nothing_is_not_attempted(nothing):
    for question in QUESTIONS.values():
        result = grade(question, nothing)
        assert (result.verdict, result.score, result.counts) == ("not attempted", 0.0, False)


# -- the right answer, in every variant --------------------------------------------------------------------------


@pytest.mark.parametrize("question", GRADED, ids=lambda q: q.id)
@given(seed=st.integers(0, 10**6))
@settings(max_examples=12, deadline=None)
def test_the_key_passes_and_no_wrong_value_does(question, seed):
    shown = variant(question, seed)
    assert grade(question, shown.key, seed).verdict == "right"
    assert grade(shown, json.loads(json.dumps(shown.key))).score == 1
    for wrong in shown.wrong:
        whole = {**shown.key, **wrong.value} if isinstance(wrong.value, dict) else wrong.value
        result = grade(question, whole, seed)
        assert result.verdict in ("wrong", "partly right")
        assert wrong.misconception in result.misconceptions
        assert wrong.feedback.strip() in result.feedback


@given(
    value=st.floats(0.001, 5000).map(lambda v: round(v, 4)),
    style=st.sampled_from(
        ["{:.4f}", "{:.4f} ", "{:.9e}", "+{:.4f}", "`{:.4f}`", "= {:.4f}", "$ {:.4f} $", "{:.4f}."]
    ),
    comma=st.booleans(),
    minus=st.sampled_from(["", "-", "−", "- "]),
)
@settings(max_examples=200, deadline=None)
def test_a_number_passes_however_it_is_typed(value, style, comma, minus):
    typed = style.format(value)
    typed = (
        typed.replace("+", minus) if style.startswith("+") else minus + typed if style[0] == "{" else typed
    )
    if style[0] not in "{+":
        minus = ""
    typed = typed.replace(".", ",", 1) if comma and "e" not in typed else typed
    key = -value if minus else value
    assert grade(numeric(key, 1e-4), typed).verdict == "right", typed


@given(st.integers(0, 10**9), st.sampled_from([" ", "\u202f", "\u00a0", "_", "'", ",", ""]))
@settings(max_examples=100, deadline=None)
def test_thousands_may_be_grouped(value, sign):
    assert grade(numeric(value), f"{value:,}".replace(",", sign)).verdict == "right"


@given(st.integers(0, 500), st.integers(1, 500))
@settings(max_examples=100, deadline=None)
def test_fractions_and_percents_of_a_share(part, rest):
    share = part / (part + rest)
    question = numeric(share, 0.0005)
    for typed in (
        f"{part}/{part + rest}",
        f"{part} / {part + rest}",
        f"{100 * share:.3f}%",
        f"{100 * share:.3f} percent",
    ):
        assert grade(question, typed).verdict == "right", typed
    in_percent = numeric(100 * share, 0.05, "%")
    for typed in (f"{100 * share:.2f}", f"{100 * share:.2f} %", f"{share:.4f}".replace(".", ",")):
        assert grade(in_percent, typed).verdict == "right", typed


READ = {
    ("0,85", ""): (0.85,),
    (" 85 % ", ""): (0.85,),
    ("85%", ""): (0.85,),
    (".85", ""): (0.85,),
    ("1e-3", ""): (0.001,),
    ("1 000", ""): (1000,),
    ("1,000", ""): (1000, 1),
    ("0,895", ""): (0.895,),
    ("1.000", ""): (1,),
    ("1.000.000", ""): (1e6,),
    ("1,234.5", ""): (1234.5,),
    ("1.234,5", ""): (1234.5,),
    ("17/20", ""): (0.85,),
    ("17⁄20", ""): (0.85,),
    ("−2", ""): (-2,),
    ("３.５", ""): (3.5,),
    ("1.5×10^-3", ""): (0.0015,),
    ("10^-3", ""): (0.001,),
    ("3.4M", ""): (3.4e6,),
    ("12k", ""): (12000,),
    ("12 s", "s"): (12,),
    ("12", "s"): (12,),
    ("1500 ms", "s"): (1.5,),
    ("2 minutes", "s"): (120,),
    ("5 epoch", "epochs"): (5,),
    ("5 epochs", "epoch"): (5,),
    ("≈0.85", ""): (0.85,),
    ("about 0.85", ""): (0.85,),
    ("approx. 0.85", ""): (0.85,),
    ("(0.85)", ""): (0.85,),
    ("0.85 (rounded)", ""): (0.85,),
    ("0.85 (85 %)", ""): (0.85,),
    ("85 (%)", ""): (0.85,),
    ("0.85…", ""): (0.85,),
    ("recall: 0.85", ""): (0.85,),
    ("F1 = 85/100 = 0.85", ""): (0.85,),
    ("½", ""): (0.5,),
    ("⅓ %", "%"): (1 / 3,),
    ("0·85", ""): (0.85,),
    ("-0", ""): (0,),
    ("+.5", ""): (0.5,),
    ("%85", ""): (0.85,),
    ("\u200b0.85", ""): (0.85,),
    ("\u200f85 %\u200e", ""): (0.85,),
    ("\ufeff0.85\u2060", ""): (0.85,),
    ("3.4 million", "numbers"): (3.4e6,),
    ("€500", "€"): (500,),
    ("-€500", "€"): (-500,),
    ("1 250,5 EUR", "€"): (1250.5,),
    ("8 %", "points"): (8,),
    ("8 percentage points", "points"): (8,),
    ("12 (ms)", "s"): (0.012,),
    ("0.85", "%"): (0.85, 85),
    ("0.85 %", "%"): (0.85,),
    ("85", "%"): (85,),
    (0.5, ""): (0.5,),
    (3, ""): (3,),
}


@pytest.mark.parametrize("typed", READ, ids=str)
def test_how_a_number_is_read(typed):
    assert read_number(*typed) == pytest.approx(READ[typed])


UNREAD = [
    "abc",
    "-",
    "1/0",
    "1,2,3",
    "1 2",
    "12 s",
    "0.8 or 0.9",
    "2 3/4",
    "1e999",
    "nan",
    "inf",
    "0x10",
    "1__0",
    "٪",
    "1½",
    "½½",
    "2·3",
    "85 of 100",
    "2^10",
    "5-3",
    "--5",
    "0.85 👍",
    "\u200b",
    "=",
    "()",
]


@pytest.mark.parametrize("typed", [*UNREAD, True, float("inf"), 10**400, "1" * 90])
def test_what_is_no_number_is_invalid_and_says_so(typed):
    with pytest.raises(Unreadable, match="number"):
        read_number(typed)
    result = grade(numeric(1), typed)
    assert (result.verdict, result.counts) == ("invalid", False)


def test_words_of_the_question_may_stand_beside_the_number():
    prompt = "How many tensors have changed after which epoch?"
    for typed in ("147 tensors", "147 tensor", "tensors: 147", "epoch 147", "147 epochs"):
        assert read_number(typed, "", prompt) == (147,)
    for typed in ("147 layers", "147 s", "147 tensors or so", "147 or 148"):
        with pytest.raises(Unreadable):
            read_number(typed, "", prompt)
    assert read_number("85 %", "", prompt) == (0.85,), "a unit stays a unit"
    asked = msgspec.structs.replace(numeric(147), prompt=prompt)
    assert grade(asked, "147 tensors").verdict == "right"


def test_rounding_to_the_digits_of_the_tolerance_passes_on_both_sides():
    question = numeric("7/8", 0.005)
    assert [grade(question, typed).verdict for typed in ("0.87", "0.88", "0.8701", "0.869", "0.881")] == [
        "right",
        "right",
        "right",
        "wrong",
        "wrong",
    ]
    assert "round only at the end" in grade(question, "0.881").feedback


@given(st.floats(-1e6, 1e6), st.floats(0, 10), st.floats(-1, 1))
@settings(max_examples=100, deadline=None)
def test_tolerance_is_a_distance(key, tolerance, share):
    assert close(key + share * tolerance, key, tolerance)
    assert not close(key + 1.01 * tolerance + 1e-3 + 1e-8 * abs(key), key, tolerance)


# -- parts -------------------------------------------------------------------------------------------------------


def test_choice_takes_the_key_as_people_type_it():
    question = QUESTIONS["99-flag"]
    assert {grade(question, typed).verdict for typed in ("b", " B ", "b)", "(b)", "b.")} == {"right"}
    wrong = grade(question, "a")
    assert (wrong.verdict, wrong.misconceptions, wrong.parts) == (
        "wrong",
        ("typo-in-attribute",),
        {"a": False},
    )
    assert grade(question, "z").verdict == "invalid"


@pytest.mark.parametrize(
    "picked", [c for n in range(1, 5) for c in itertools.combinations("abcd", n)], ids="".join
)
def test_multi_gives_credit_for_right_picks_less_wrong_ones(picked):
    """The bank's key is a and b."""
    result = grade(QUESTIONS["99-hold"], list(picked))
    right = len({"a", "b"} & set(picked))
    assert result.score == max(0, right - (len(picked) - right)) / 2
    assert len(result.misconceptions) == len(picked) - right
    assert grade(QUESTIONS["99-hold"], [*reversed(picked), picked[0]]).score == result.score
    assert ("more that" in result.feedback) == (right < 2)


@given(st.permutations(range(5)))
@settings(max_examples=60, deadline=None)
def test_order_is_scored_by_the_longest_run_already_in_order(order):
    longest = max(
        n
        for n in range(1, 6)
        for picked in itertools.combinations(order, n)
        if list(picked) == sorted(picked)
    )
    assert _longest_run(order) == longest
    question = Question(
        "99-o", "order", "easy", "recall", "S", "P?", items=tuple(Item(f"k{i}", str(i)) for i in range(5))
    )
    credit = (longest - 1) / 4
    assert grade(question, [f"k{i}" for i in order]).score == (credit if credit >= 0.5 else 0)


def test_order_needs_every_item_once():
    question = QUESTIONS["99-order"]
    for answer in (["load"], ["load", "load", "freeze", "replace"], "load", {"load": 1}, [1, 2, 3, 4]):
        assert grade(question, answer).verdict == "invalid"


def test_match_counts_pairs_and_names_the_swap():
    question = QUESTIONS["99-match"]
    swapped = grade(question, {"tp": "tp", "fp": "fn", "fn": "fp"})
    assert (swapped.score, swapped.misconceptions) == (
        pytest.approx(1 / 3, abs=1e-4),
        ("second-word-is-truth",),
    )
    assert swapped.parts == {"tp": True, "fp": False, "fn": False}
    assert grade(question, {"tp": "tp", "fp": "fp"}).verdict == "partly right"
    assert grade(question, {"tp": "nowhere"}).verdict == "invalid"


def test_pairs_that_share_a_right_side_may_be_exchanged():
    pairs = [dict(key=k, left=k, right=r) for k, r in (("x", "frozen"), ("y", "frozen"), ("z", "trained"))]
    question = msgspec.convert(
        dict(id="99-m", kind="match", difficulty="easy", concept="c", section="S", prompt="P", pairs=pairs),
        Question,
    )
    assert grade(question, {"x": "y", "y": "x", "z": "z"}).verdict == "right"
    assert grade(question, {"x": "z", "y": "x", "z": "z"}).score == pytest.approx(2 / 3, abs=1e-4)


def test_nearly_all_is_not_right():
    pairs = tuple(Pair(f"k{i}", f"left {i}", f"right {i}") for i in range(12))
    question = Question("99-m", "match", "easy", "recall", "S", "P?", pairs=pairs)
    result = grade(question, {**question.key, "k0": "k1"})
    assert (result.verdict, result.score) == ("partly right", 0.9167)


def test_confusion_counts_cells():
    question = QUESTIONS["99-matrix"]
    right = {"tp": "12", "fp": "12", "fn": "88", "tn": "4,888"}
    assert grade(question, right).verdict == "right"
    swapped = grade(question, {**right, "fp": "88", "fn": 12})
    assert (swapped.score, swapped.misconceptions) == (0.5, ("second-word-is-truth",))
    assert grade(question, {"tp": "12"}).score == 0.25
    assert grade(question, {**right, "tp": "twelve"}).verdict == "invalid"
    assert grade(question, {"tq": "12"}).verdict == "invalid"


WORDS = {
    "eval": ["Eval", " EVAL() ", "`eval`", "'eval'", "the eval", "eval.", "ev\u200bal", "\u200eeval\ufeff"],
    "no_grad": ["no grad", "no-grad", "torch.no_grad"[6:], "NO_GRAD()"],
    "fine-tuning": ["fine tuning", "finetuning", "Fine‑Tuning!"],
    "model.fc": ["Model.fc", "`model.fc`"],
}


@pytest.mark.parametrize("wanted", WORDS)
def test_words_as_people_type_them(wanted):
    assert all(same_words(typed, wanted) for typed in WORDS[wanted])
    assert not any(
        same_words(other, wanted) for other in ("modelfc", "evaluate", "grad", "tuning", "fc", "5-3")
    )


@given(st.text(max_size=40))
def test_words_equal_themselves_in_any_case_and_spacing(text):
    assert same_words(f"  {text} ", text)
    assert same_words(text, text.casefold())


OUTPUTS = {
    "2\n['fc.weight', 'fc.bias']\n": [
        '2\n["fc.weight","fc.bias"]',
        "\n2  \r\n['fc.weight',  'fc.bias' ]\n\n",
        "`2\n['fc.weight', 'fc.bias']`",
        "2\n[‘fc.weight’, “fc.bias”]",
        "2\u200b\n['fc.weight', 'fc.bias']\u200e",
    ],
    "[-1.0, 509.0]": ["[−1.0, 509.0]", "[–1.0,509.0]"],
    "True\n": ["true", " True ", "'True'", '"True"'],
    "torch.Size([2, 3])": ["torch.Size([2,3])", "torch.Size( [ 2, 3 ] )"],
}


@pytest.mark.parametrize("wanted", OUTPUTS)
def test_output_as_people_type_it(wanted):
    assert all(same_output(typed, wanted) for typed in OUTPUTS[wanted])
    assert not any(
        same_output(other, wanted)
        for other in ("", "2", "2 ['fc.weight', 'fc.bias']", "False", "torch.Size([23])")
    )
    assert not same_output("1 2", "12")
    assert not same_output("2.0", "2")


def test_predict_says_which_line_differs():
    question = QUESTIONS["99-prints"]
    assert "Line 2" in grade(question, "2\n['fc.weight']").feedback
    assert "2 lines; you wrote 1" in grade(question, "2").feedback
    assert grade(question, "4\n['fc.weight', 'fc.bias']").misconceptions == ("tensors-are-numbers",)


# -- code, purity -------------------------------------------------------------------------------------------


def test_code_is_never_run_unless_asked(tmp_path):
    question = QUESTIONS["99-recall-by-hand"]
    trap = f"open({str(tmp_path / 'trap')!r}, 'w').close()\ndef recall(tp, fn): return 0\n"
    assert grade(question, trap).verdict == "invalid"
    assert not (tmp_path / "trap").exists()
    right = grade(question, "def recall(tp, fn):\n    return tp / (tp + fn) if tp else 0.0\n", run_code=True)
    assert (right.verdict, right.question_id) == ("right", question.id)
    assert grade(question, ["x"], run_code=True).verdict == "invalid"


def test_grading_is_pure():
    before = msgspec.json.encode(list(QUESTIONS.values()))
    answer = {"tp": ["12"], "fp": "12"}
    results = [grade(q, answer, 3) for q in QUESTIONS.values()]
    assert results == [grade(q, answer, 3) for q in QUESTIONS.values()]
    assert answer == {"tp": ["12"], "fp": "12"}
    assert msgspec.json.encode(list(QUESTIONS.values())) == before
