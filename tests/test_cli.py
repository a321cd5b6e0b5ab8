"""The ``ftlib`` command: each verb does its room's work, bad input is one line and a status."""

import json

import pytest
from typer.testing import CliRunner

from ftlib.cli import app, main
from ftlib.errors import StoreError
from ftlib.learn.grade import grade
from ftlib.learn.progress import Progress
from ftlib.learn.records import Attempt

run = CliRunner().invoke


def answer_one(question_id="02-bn-drift", answer="b"):
    from ftlib.learn.bank import find_question

    question = find_question(question_id)
    result = grade(question, answer)
    Progress().record(
        Attempt(
            lesson="02_freezing", question_id=question_id, concept=question.concept, kind=question.kind, context="quiz",
            seed=0, answer=answer, verdict=result.verdict, score=result.score, misconceptions=result.misconceptions,
        )
    )  # fmt: skip


def test_progress_of_a_newcomer_says_where_to_begin(home):
    out = run(app, ["progress"]).output
    assert "No answers yet" in out
    assert "Next:" in out


def test_progress_shows_concepts_and_exports_both_formats(home, tmp_path):
    answer_one()
    assert "BatchNorm in a frozen backbone" in run(app, ["progress"]).output
    done = run(app, ["progress", "--export", "--to", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert "02-bn-drift" in (tmp_path / "out" / "progress.csv").read_text()
    assert json.loads((tmp_path / "out" / "progress.json").read_text())


def test_a_damaged_file_is_named_and_set_aside_only_when_asked(home):
    answer_one()
    file = next(home.glob("progress.sqlite3"))
    file.write_bytes(b"not a database, but somebody's bytes")
    refused = run(app, ["progress"])
    assert isinstance(refused.exception, StoreError)
    assert "--start-afresh" in str(refused.exception)
    assert file.read_bytes().startswith(b"not a database")
    assert "No answers yet" in run(app, ["progress", "--start-afresh"]).output
    assert any(p.read_bytes().startswith(b"not a database") for p in home.iterdir() if p != file)


def test_submit_then_grade_goes_round(home, tmp_path):
    answer_one()
    handed_in = tmp_path / "in" / "ada.json"
    handed_in.parent.mkdir()
    assert run(app, ["submit", "--learner", "ada", "--to", str(handed_in)]).exit_code == 0
    graded = run(
        app, ["grade", str(handed_in.parent), "--out", str(tmp_path / "grades.csv"), "--lesson", "02"]
    )
    assert graded.exit_code == 0, graded.output
    header, row = (tmp_path / "grades.csv").read_text().splitlines()
    assert row.startswith("ada,")
    assert dict(zip(header.split(","), row.split(",")))["02-bn-drift"].startswith("1")


def test_every_right_answer_of_the_course_survives_handing_in(home, tmp_path):
    """Every kind, each with numbers of its own, lesson by lesson as the button writes them."""
    import csv

    from ftlib.learn.bank import load_banks
    from ftlib.learn.session import Session

    store, banks = Progress(), load_banks()
    for bank in banks:
        for n, question in enumerate(bank.questions):
            session = Session(question, n, store=store)
            if question.kind == "code":  # recorded as the notebook does, without running it here
                about = dict(
                    question_id=question.id, lesson=bank.lesson, concept=question.concept, kind="code"
                )
                store.record(
                    Attempt(**about, answer="def f(): ...", verdict="right", score=1.0, context="exercise")
                )
            else:
                session.attempt(session.question.key)
        to = str(tmp_path / "in" / f"{bank.lesson}.json")
        assert run(app, ["submit", "--learner", "ada", "--lesson", bank.lesson, "--to", to]).exit_code == 0
    done = run(app, ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "grades.csv")])
    assert done.exit_code == 0, done.output
    [row] = csv.DictReader((tmp_path / "grades.csv").open(encoding="utf-8", newline=""))
    for question in (q for bank in banks for q in bank.questions):
        assert row[question.id] == ("needs review" if question.kind == "code" else "1"), question.id
    assert row["score"] == row["out_of"]
    assert row["percent"] == "100.0"


def test_grade_says_by_its_status_that_a_file_was_left_out(home, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "torn.json").write_text('{"format": ')
    assert run(app, ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "grades.csv")]).exit_code == 1


def test_check_passes_the_banks_of_this_course():
    done = run(app, ["check"])
    assert done.exit_code == 0, done.output
    assert "no faults" in done.output


def test_bad_input_is_one_line_and_status_2(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["ftlib", "quiz", "99"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("ftlib: ")
    assert "99" in error
    assert "\n" not in error


def test_doctor_finds_all_well(home):
    done = run(app, ["doctor"])
    assert done.exit_code == 0, done.output
    assert "All is well" in done.output
    assert "MEND" not in done.output


def test_doctor_names_what_to_mend(monkeypatch):
    import ftlib.doctor

    def broken():
        raise RuntimeError("the file is torn")

    monkeypatch.setattr(ftlib.doctor, "_weights", broken)
    monkeypatch.setattr(ftlib.doctor, "_images", lambda: "fine")
    report = ftlib.doctor.examine()
    assert not report.ok
    assert "MEND Pretrained weights: RuntimeError: the file is torn" in str(report)
    assert "make setup" in str(report)


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_lab_opens_lesson_00_from_the_course_and_passes_options_on(monkeypatch, user, allowed):
    seen = {}
    monkeypatch.setattr("os.execv", lambda python, words: seen.update(python=python, words=words))
    monkeypatch.setattr("os.geteuid", lambda: user, raising=False)
    assert run(app, ["lab", "--no-browser"]).exit_code == 0
    assert "--no-browser" in seen["words"]
    assert any(word.endswith("/lab/tree/notebooks/00_start_here.ipynb") for word in seen["words"])
    assert ("--allow-root" in seen["words"]) == allowed
