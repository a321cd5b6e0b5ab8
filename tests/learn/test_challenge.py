"""The challenge against a clock that the test moves: time, tries, badge, and taking it up again."""

import math
from datetime import UTC, datetime, timedelta

import pytest
import small_course
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftlib.errors import InputError
from ftlib.learn.challenge import SECONDS, badges, challenge
from ftlib.learn.progress import Progress


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.time = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self):
        return self.time

    def pass_(self, seconds):
        self.time += timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def course(tmp_path, monkeypatch, home):
    monkeypatch.setenv("FTLIB_COURSE", str(small_course.write(tmp_path / "course")))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    return Progress(tmp_path / "progress.sqlite3", clock=clock)


def right(game):
    question = game.session(game.current).question
    return {"choice": "b", "numeric": repr(question.answer)}[question.kind]


def test_five_problems_of_five_kinds(store):
    for seed in range(6):
        game = challenge(seed, store=store)
        assert len(game) == 5
        assert len({item.label for item in game.items}) == 5
        assert len({item.question for item in game.items}) == 5
    assert (
        challenge(3, store=store).items == challenge(3, store=store).items != challenge(4, store=store).items
    )


def test_all_right_at_once_wins_gold(store):
    game = challenge(1, store=store)
    for number in range(5):
        problem = game.open()
        assert (problem.number, problem.state, problem.tries_left) == (number, "open", 2)
        assert game.answer(right(game)).state == "solved"
    assert (game.points, game.badge, game.finished) == (10, "gold", True)
    assert game.open() is game.answer("b") is game.skip() is None
    assert badges(store) == {"gold": 1}
    assert "10 of 10 points: gold badge" in str(game)


def test_a_second_try_is_worth_one_point_and_there_is_no_third(store):
    game = challenge(1, store=store)
    game.open()
    answer = right(game)
    bad = "a" if answer == "b" else "0.0001"
    first = game.answer(bad)
    assert (first.state, first.problem.tries_left, first.result.verdict) == ("open", 1, "wrong")
    assert game.answer(answer).problem.points == 1
    game.open()
    bad = "a" if right(game) == "b" else "0.0001"
    game.answer(bad)
    assert game.answer(bad).state == "missed"
    assert game.current == 2


def test_what_cannot_be_read_costs_no_try(store):
    game = challenge(1, store=store)
    game.open()
    for nothing in ("", "zzz", None, ["?"]):
        outcome = game.answer(nothing)
        assert outcome.result.verdict in ("invalid", "not attempted")
        assert (outcome.state, outcome.problem.tries_left) == ("open", 2)


def test_too_late_is_neither_graded_nor_saved(store, clock):
    game = challenge(1, store=store)
    limit = game.open().seconds_left
    assert limit == SECONDS[game.session(0).question.difficulty]
    answer = right(game)
    clock.pass_(limit + 1)
    outcome = game.answer(answer)
    assert (outcome.result, outcome.state, outcome.problem.points) == (None, "time up", 0)
    assert store.attempts() == []
    assert game.open().number == 1


def test_an_answer_in_the_last_second_counts(store, clock):
    game = challenge(1, store=store)
    limit = game.open().seconds_left
    clock.pass_(limit - 1)
    assert game.problem(0).seconds_left == 1
    assert game.answer(right(game)).state == "solved"
    clock.pass_(1000)
    assert game.problem(0).state == "solved"


def test_going_on_after_time_up_answers_the_next_problem(store, clock):
    game = challenge(1, store=store)
    game.open()
    clock.pass_(1000)
    assert game.open().number == 1
    assert game.answer(right(game)).problem.number == 1


def test_time_runs_only_while_a_problem_is_open(store, clock):
    game = challenge(1, store=store)
    clock.pass_(10_000)
    assert game.open().state == "open"
    game.answer(right(game))
    clock.pass_(10_000)
    assert game.open().state == "open"


def test_a_new_kernel_neither_stops_nor_resets_the_time(store, clock):
    game = challenge(store=store)
    limit = game.open().seconds_left
    clock.pass_(20)
    again = challenge(store=Progress(store.path, clock=clock))
    assert again.open().seconds_left == limit - 20
    assert again.items == game.items


def test_a_clock_set_back_gives_no_extra_time(store, clock):
    game = challenge(1, store=store)
    limit = game.open().seconds_left
    clock.pass_(-500)
    assert game.problem(0).seconds_left == limit


def test_an_answer_given_past_the_time_by_another_way_does_not_count(store, clock):
    game = challenge(1, store=store)
    limit = game.open().seconds_left
    answer = right(game)
    clock.pass_(limit + 1)
    game.session(0).attempt(answer)
    assert game.problem(0).points == 0


@pytest.mark.parametrize(("pace", "seconds"), [(2.0, 2.0), (0.5, 0.5), (math.inf, math.inf)])
def test_the_pace_can_be_chosen_and_is_kept(store, pace, seconds):
    game = challenge(1, store=store, pace=pace)
    assert game.open().seconds_left == SECONDS[game.session(0).question.difficulty] * seconds
    assert challenge(store=store).problem(0).seconds_left == game.problem(0).seconds_left


@pytest.mark.parametrize("pace", [0, -1, math.nan])
def test_a_pace_that_leaves_no_time_is_refused(store, pace):
    with pytest.raises(InputError, match="pace"):
        challenge(1, store=store, pace=pace)
    with pytest.raises(InputError, match="pace"):
        challenge(1, store=store).set_pace(pace)


def test_without_a_clock_nothing_is_late(store, clock):
    game = challenge(1, store=store, pace=math.inf)
    game.open()
    clock.pass_(10**7)
    assert game.answer(right(game)).state == "solved"


def test_skipping_after_time_up_does_not_skip_the_next_problem_unseen(store, clock):
    game = challenge(1, store=store)
    game.open()
    clock.pass_(1000)
    assert (game.skip().number, game.problem(0).state) == (0, "time up")
    assert (game.current, game.problem(1).state) == (1, "waiting")
    assert game.skip().state == "skipped"
    assert game.current == 2


ACTS = st.lists(
    st.sampled_from(["open", "right", "wrong", "unread", "skip", "wait", "back", "kernel"]), max_size=30
)


@given(ACTS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_done_no_problem_is_lost_and_no_try_is_given_back(store, clock, acts):
    game, seen = challenge(7, store=store), {}
    for act in acts:
        number = game.current
        if act == "wait":
            clock.pass_(70)
        elif act == "back":
            clock.pass_(-70)
        elif act == "kernel":
            game = type(game)(store, store.runs("challenge")[-1], game.questions)
        elif number is not None:
            wanted = right(game)
            answers = {"right": wanted, "wrong": "a" if wanted == "b" else "0.0001", "unread": "zzz"}
            _ = game.answer(answers[act]) if act in answers else getattr(game, act)()
        for p in game.problems():
            before = seen.get(p.number)
            clock_says = (
                act == "back" and before and before.state == "time up"
            )  # seen, and not yet written down
            if before and before.state not in ("waiting", "open") and not clock_says:
                assert (p.state, p.points) == (before.state, before.points)
            assert not before or p.tries_left <= before.tries_left
            seen[p.number] = p
        begun = [p.state != "waiting" for p in seen.values()]
        assert begun == sorted(begun, reverse=True), "none was passed by unseen"
        assert game.points == sum(p.points for p in game.problems()) <= 10


def test_skipping_and_badges_by_points(store):
    expected = {0: "gold", 1: "silver", 2: "bronze", 3: "", 5: ""}
    for skipped, badge in expected.items():
        game = challenge(2, store=store)
        for number in range(5):
            game.open()
            if number < skipped:
                assert game.skip().state == "skipped"
            else:
                game.answer(right(game))
        assert (game.points, game.badge) == (10 - 2 * skipped, badge)
    assert badges(store) == {"gold": 1, "silver": 1, "bronze": 1}


def test_the_next_challenge_is_another(store):
    first = challenge(store=store)
    while first.open():
        first.skip()
    second = challenge(store=store)
    assert second.run.seed == first.run.seed + 1
    assert not second.finished
