"""Grading a class: the table, and every kind of file that must not stop it."""

import csv
import io
import json
import os
import random
import struct
import sys
import zipfile

import pytest
import small_course
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftlib.errors import InputError
from ftlib.learn import collect as collecting
from ftlib.learn.bank import find_question
from ftlib.learn.grade_class import grade_folder
from ftlib.learn.variants import variant

CHOICE, NUMBER, CODE = "02-batchnorm-easy", "02-batchnorm-number", "02-code"


@pytest.fixture(autouse=True)
def course(tmp_path, monkeypatch):
    monkeypatch.setenv("FTLIB_COURSE", str(small_course.write(tmp_path / "course")))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def submission(learner="ada", answers=None, written="2026-03-01T12:00:00Z", **more) -> bytes:
    answers = {CHOICE: "b"} if answers is None else answers
    given = [
        {
            "question": name,
            "seed": a[1] if isinstance(a, tuple) else 0,
            "answer": a[0] if isinstance(a, tuple) else a,
        }
        for name, a in answers.items()
    ]
    whole = dict(
        format="ftlib-submission", version=1, learner=learner, written=written, answers=given, **more
    )
    return json.dumps(whole).encode()


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def graded(folder, **options):
    report = grade_folder(folder, folder.parent / "grades.csv", **options)
    return report, table(report.grades)


def reasons(report):
    return {problem.file: problem.reason for problem in report.problems}


# -- the table


def test_one_row_a_learner_one_column_a_question(folder):
    (folder / "a.json").write_bytes(submission("bea", {CHOICE: "a", NUMBER: "85 %", CODE: "def f(): ..."}))
    (folder / "b.json").write_bytes(submission("ada", {CHOICE: "b", NUMBER: "spam"}))
    report, rows = graded(folder)
    assert (report.graded, report.problems, report.exit_status) == (2, [], 0)
    assert [row["learner"] for row in rows] == ["ada", "bea"]
    ada, bea = rows
    assert (ada[CHOICE], ada[NUMBER], ada[CODE]) == ("1", "invalid", "")
    assert (bea[CHOICE], bea[NUMBER], bea[CODE]) == ("0", "1", "needs review")
    assert (ada["score"], ada["out_of"], ada["percent"], bea["needs_review"]) == ("1", "14", "7.1", "1")
    questions = [name for name in ada if name[:2].isdigit()]
    assert len(questions) == 15
    assert all(name.startswith("02-") for name in questions)  # no lesson that nobody answered


def test_each_variant_is_graded_by_its_own_numbers(folder):
    for seed in range(12):
        right = variant(find_question(NUMBER), seed).answer
        (folder / f"{seed}.json").write_bytes(submission(f"s{seed:02}", {NUMBER: (f"{right:.4f}", seed)}))
        (folder / f"{seed}x.json").write_bytes(
            submission(f"x{seed:02}", {NUMBER: (f"{right:.4f}", seed + 100)})
        )
    _, rows = graded(folder)
    assert [row[NUMBER] for row in rows if row["learner"][0] == "s"] == ["1"] * 12
    assert [row[NUMBER] for row in rows if row["learner"][0] == "x"].count("0") >= 9


def test_recorded_scores_are_not_believed(folder):
    data = json.loads(submission("ada", {CHOICE: "a"}, score=100, verdict="right"))
    data["answers"][0] |= {"score": 1.0, "verdict": "right", "correct": True}
    (folder / "a.json").write_text(json.dumps(data))
    report, [row] = graded(folder)
    assert (row[CHOICE], row["score"], report.exit_status) == ("0", "0", 0)


def test_code_is_never_run(folder, tmp_path):
    code = f"open({str(tmp_path / 'pwned')!r}, 'w')"
    (folder / "a.json").write_bytes(submission("ada", {CODE: code}))
    _, [row] = graded(folder)
    assert (row[CODE], row["score"], row["needs_review"]) == ("needs review", "0", "1")
    assert not (tmp_path / "pwned").exists()


def test_which_question_failed_the_class(folder):
    for n in range(4):
        answers = {CHOICE: "a", "02-flags-easy": "b" if n else "a", CODE: "x"}
        (folder / f"{n}.json").write_bytes(submission(f"s{n}", answers))
    report, _ = graded(folder, questions=[CHOICE, "02-flags-easy", "02-flags-hard", CODE])
    rows = {row["question"]: row for row in table(report.summary)}
    assert list(rows) == [CHOICE, "02-flags-easy", "02-flags-hard", CODE]
    hard = rows[CHOICE]
    assert (hard["mean"], hard["wrong"], hard["misconception"], hard["times"]) == (
        "0.0000",
        "4",
        "forgets-batchnorm",
        "4",
    )
    assert (rows["02-flags-easy"]["mean"], rows["02-flags-easy"]["right"]) == ("0.7500", "3")
    assert (rows["02-flags-hard"]["not_attempted"], rows["02-flags-hard"]["mean"]) == ("4", "0.0000")
    assert (rows[CODE]["needs_review"], rows[CODE]["mean"]) == ("4", "")
    assert f"hard: {CHOICE}: mean 0.00, 4× forgets-batchnorm" in str(report)


def test_lesson_and_questions_limit_the_columns(folder):
    (folder / "a.json").write_bytes(submission("ada", {CHOICE: "b", "04-recall-easy": "b"}))
    (folder / "b.json").write_bytes(submission("bea", {CHOICE: "b"}))
    report, rows = graded(folder, lesson="04")
    assert [(row["learner"], row["score"]) for row in rows] == [("ada", "1"), ("bea", "0")]
    assert all(name.startswith("04-") for name in rows[0] if name[:2].isdigit())
    assert report.exit_status == 0
    with pytest.raises(InputError, match="no bank has"):
        graded(folder, questions=["02-nowhere"])


def test_the_same_whatever_the_order_and_the_packing(tmp_path):
    """Files shuffled, renamed by nothing but their folder, in zips or not: the same bytes come out."""
    source = random.Random(1)
    files = {}
    for n in range(30):
        answers = {CHOICE: source.choice("abx"), NUMBER: (f"0.{source.randrange(100)}", source.randrange(5))}
        written = f"2026-03-0{1 + n % 3}T00:00:00Z"
        files[f"{n}.json"] = submission(f"s{n % 20}", answers, written)
    files |= {f"broken{n}.json": b"{" for n in range(12)}
    results = []
    for turn in range(3):
        names = list(files)
        source.shuffle(names)
        place = tmp_path / f"turn{turn}" / "in"
        (place / "all.zip").mkdir(parents=True) if turn == 0 else place.mkdir(parents=True)
        if turn == 0:  # a folder that is merely named so
            for name in names:
                (place / "all.zip" / name).write_bytes(files[name])
        else:
            with zipfile.ZipFile(
                place / "all.zip", "w", zipfile.ZIP_DEFLATED if turn == 2 else zipfile.ZIP_STORED
            ) as z:
                for name in names:
                    z.writestr(name, files[name])
        report, _ = graded(place)
        assert report.exit_status == 1
        results.append([path.read_bytes() for path in (report.grades, report.summary, report.listed)])
    assert results[0] == results[1] == results[2]


def test_outputs_within_the_folder_are_passed_over(folder):
    (folder / "a.json").write_bytes(submission())
    for _ in range(2):
        assert grade_folder(folder, folder / "grades.csv").exit_status == 0


def test_one_file_or_one_zip_can_be_given(folder):
    (folder / "a.json").write_bytes(submission())
    assert graded(folder / "a.json")[0].graded == 1
    with zipfile.ZipFile(folder / "a.zip", "w") as z:
        z.writestr("a.json", submission())
    assert graded(folder / "a.zip")[0].graded == 1
    with pytest.raises(InputError, match="does not exist"):
        graded(folder / "nowhere")


def test_nothing_there_is_said(folder):
    report, rows = graded(folder)
    assert (rows, report.exit_status, report.problems[0].reason) == ([], 1, "empty")


def test_another_version_of_the_bank_is_noted_and_no_fault(folder):
    (folder / "a.json").write_bytes(submission(versions={"banks": {"02_freezing": "0123456789ab", "x": 1}}))
    report, _ = graded(folder)
    assert report.notes == ["1 of these submissions were written with another version of 02_freezing"]
    assert report.exit_status == 0


# -- the same learner twice


def test_of_two_the_later_is_graded_and_the_other_listed(folder):
    (folder / "z.json").write_bytes(submission("ada", {CHOICE: "a"}, "2026-03-01T12:00:00Z"))
    (folder / "a.json").write_bytes(submission(" ada ", {CHOICE: "b"}, "2026-03-01T15:00:00+02:00"))
    report, [row] = graded(folder)
    assert (row[CHOICE], row["file"]) == ("1", "a.json")
    assert [str(p) for p in report.problems] == [
        "z.json: duplicate: ada wrote another one later: a.json is graded"
    ]


def test_the_same_answers_twice_are_a_copy(folder):
    for name in ("a.json", "b.json"):
        (folder / name).write_bytes(submission())
    report, rows = graded(folder)
    assert (len(rows), rows[0]["file"]) == (1, "a.json")
    assert "handed in the same answers again" in str(report)


def test_names_do_not_decide_between_two_of_the_same_moment(tmp_path):
    seen = set()
    for names in (("a.json", "b.json"), ("b.json", "a.json")):
        place = tmp_path / names[0] / "in"
        place.mkdir(parents=True)
        for name, answer in zip(names, "ab"):
            (place / name).write_bytes(submission("ada", {CHOICE: answer}))
        seen.add(graded(place)[1][0][CHOICE])
    assert len(seen) == 1


def test_lessons_handed_in_one_by_one_are_put_together(folder):
    """The button below a quiz writes one file a lesson: the later must not wipe out the earlier."""
    (folder / "a.json").write_bytes(submission("ada", {CHOICE: "b"}, "2026-03-01T12:00:00Z"))
    (folder / "b.json").write_bytes(submission("ada", {"04-recall-easy": "b"}, "2026-03-02T12:00:00Z"))
    report, [row] = graded(folder)
    assert (row[CHOICE], row["04-recall-easy"], row["score"], row["file"]) == (
        "1",
        "1",
        "2",
        "a.json; b.json",
    )
    assert (report.problems, report.graded) == ([], 1)
    report, [row] = graded(folder, lesson="02")
    assert (row[CHOICE], row["score"], row["file"], report.exit_status) == ("1", "1", "a.json", 0)


def test_a_file_that_still_counts_in_part_says_where_it_does_not(folder):
    both = {CHOICE: "a", "04-recall-easy": "b"}
    (folder / "a.json").write_bytes(submission("ada", both, "2026-03-01T12:00:00Z"))
    (folder / "b.json").write_bytes(submission("ada", {CHOICE: "b"}, "2026-03-02T12:00:00Z"))
    report, [row] = graded(folder)
    assert (row[CHOICE], row["04-recall-easy"]) == ("1", "1")
    assert [str(p) for p in report.problems] == [
        "a.json: duplicate: ada wrote another one later: b.json is graded in 02_freezing"
    ]


def test_ids_that_differ_only_in_case_are_noted(folder):
    for n, name in enumerate(("Ada", "ada", "ADA ", "bea")):
        (folder / f"{n}.json").write_bytes(submission(name))
    report, rows = graded(folder)
    assert len(rows) == 4
    assert report.notes == ["ids that differ only in case have a row each: ADA, Ada, ada"]
    assert report.exit_status == 0


@pytest.mark.parametrize(
    "answer", [b"1e400", b"-0", b"9" * 5000, b'{"a":1,"a":2}', b"[" * 900 + b"]" * 900, b'"\\ud800"', b"NaN"]
)
def test_odd_json_in_an_answer_stops_nothing(folder, answer):
    odd = submission("eve", {NUMBER: "X", CHOICE: "b"}).replace(b'"X"', answer)
    (folder / "odd.json").write_bytes(odd)
    (folder / "good.json").write_bytes(submission("ada"))
    report, rows = graded(folder)
    assert rows[0][CHOICE] == "1"
    assert len(rows) + len(report.problems) == 2
    assert all(row.get(NUMBER) in ("", "0", "invalid") for row in rows)


# -- files that must not stop the others


def zipped(*entries, **kinds):
    """A zip of (name or ZipInfo, bytes) pairs, as bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return file.getvalue()


def link_entry():
    info = zipfile.ZipInfo("link.json")
    info.external_attr = 0o120777 << 16
    return zipped((info, b"/etc/passwd"))


def pipe_entry():
    info = zipfile.ZipInfo("pipe.json")
    info.external_attr = 0o010644 << 16
    return zipped((info, b"x"))


def encrypted():
    data = bytearray(zipped(("a.json", submission("eve"))))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    return bytes(data)


def lying_size():
    """Claims to unpack to few bytes, and holds many."""
    data = bytearray(zipped(("a.json", b" " * 60_000 + submission("eve"))))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(mark) + place, 100)
    return bytes(data)


def overlapping():
    """Many entries that share one body."""
    data = zipped(*((f"{n}.json", random.Random(0).randbytes(3000)) for n in range(2)))
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    first = data[start : data.index(b"PK\x01\x02", start + 4)]
    directory = b"".join(first.replace(b"0.json", f"{n}.json".encode()) for n in range(10))
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 10, 10, len(directory), start, 0)
    return data[:start] + directory + tail + data[end + 22 :]


def huge_directory():
    return b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 9, 9, 40_000_000, 0, 0)


def bzip():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.json", submission("eve"))
    return file.getvalue()


def wrong_sum():
    data = bytearray(zipped(("a.json", submission("eve"))))
    data[data.index(b"PK\x03\x04") + 36 + 10] ^= 0xFF
    return bytes(data)


ZIPS = {
    "bomb.zip": (zipped(("a.json", b"0" * 900_000)), "zip bomb", "/a.json"),
    "bigger.zip": (zipped(("a.json", random.Random(0).randbytes(1_000_500))), "oversized", "/a.json"),
    "lies.zip": (lying_size(), "malformed", "/a.json"),
    "overlap.zip": (overlapping(), "zip bomb", ""),
    "directory.zip": (huge_directory(), "zip bomb", ""),
    "climbs.zip": (zipped(("../../out.json", submission("eve"))), "climbs out", "/../../out.json"),
    "absolute.zip": (zipped(("/etc/out.json", submission("eve"))), "climbs out", "//etc/out.json"),
    "windows.zip": (zipped(("..\\out.json", submission("eve"))), "climbs out", None),
    "drive.zip": (zipped(("C:out.json", submission("eve"))), "climbs out", "/C:out.json"),
    "link.zip": (link_entry(), "link", "/link.json"),
    "pipe.zip": (pipe_entry(), "unreadable", "/pipe.json"),
    "locked.zip": (encrypted(), "encrypted", "/a.json"),
    "bzip.zip": (bzip(), "unreadable", "/a.json"),
    "sum.zip": (wrong_sum(), "malformed", "/a.json"),
    "nested.zip": (zipped(("in.zip", zipped(("a.json", submission("eve"))))), "nested zip", "/in.zip"),
    "foreign.zip": (zipped(("readme.txt", b"hello")), "foreign", "/readme.txt"),
    "short.zip": (zipped(("a.json", submission("eve")))[:-30], "malformed", ""),
    "empty.zip": (b"", "malformed", ""),
    "text.zip": (b"this is no zip", "malformed", ""),
    "inner.zip": (zipped(("a.json", b"{")), "truncated", "/a.json"),
}
FILES = {
    "cut.json": (submission("eve")[:-9], "truncated"),
    "empty.json": (b"", "truncated"),
    "noise.json": (random.Random(3).randbytes(500), "malformed"),
    "other.json": (b'{"nbformat": 4}', "foreign"),
    "essay.docx": (b"essay", "foreign"),
    "newer.json": (submission("eve").replace(b'"version": 1', b'"version": 9'), "newer"),
    "large.json": (submission("eve", {CHOICE: "b" * 1_000_001}), "oversized"),
    "deep.json": (b'{"a":' * 100_000, "malformed"),
    "strange.json": (submission("eve", {"99-none": "b"}), "unknown question"),
}


@pytest.mark.parametrize("name", [*ZIPS, *FILES])
def test_a_bad_file_is_listed_and_the_rest_graded(folder, name):
    data, reason, *where = ZIPS.get(name) or FILES[name]
    (folder / name).write_bytes(data)
    (folder / "good.json").write_bytes(submission("ada"))
    report, rows = graded(folder)
    assert [row["learner"] for row in rows] == ["ada"]
    assert rows[0][CHOICE] == "1"
    assert [problem.reason for problem in report.problems] == [reason]
    assert report.problems[0].detail
    if where != [None]:
        assert report.problems[0].file == name + (where[0] if where else "")
    assert report.exit_status == 1
    assert table(report.listed)[0]["reason"] == reason


def test_all_of_them_at_once(folder):
    for name, (data, *_) in {**ZIPS, **FILES}.items():
        (folder / name).write_bytes(data)
    good = zipped(
        ("x/ada.json", submission("ada")), ("../eve.json", submission("eve")), ("bea.json", submission("bea"))
    )
    (folder / "good.zip").write_bytes(good)
    report, rows = graded(folder)
    assert [row["learner"] for row in rows] == ["ada", "bea"]
    assert len(report.problems) == len(ZIPS) + len(FILES) + 1
    assert f"and {len(report.problems) - 20} more" in str(report)


def test_nothing_is_written_where_a_zip_climbs_out(folder, tmp_path):
    (folder / "climbs.zip").write_bytes(ZIPS["climbs.zip"][0])
    before = sorted(tmp_path.rglob("*"))
    graded(folder)
    assert set(tmp_path.rglob("*")) - set(before) == set(tmp_path.glob("grades*.csv"))


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes")
def test_links_and_pipes_are_not_followed(folder, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "eve.json").write_bytes(submission("eve"))
    (folder / "link.json").symlink_to(secret / "eve.json")
    (folder / "folder").symlink_to(secret)
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.json")
    (folder / "good.json").write_bytes(submission("ada"))
    report, rows = graded(folder)
    assert [row["learner"] for row in rows] == ["ada"]
    assert reasons(report) == {
        "link.json": "link",
        "folder": "link",
        "loop": "link",
        "pipe.json": "unreadable",
    }


def test_an_unknown_question_is_listed_and_the_others_graded(folder):
    (folder / "a.json").write_bytes(submission("ada", {CHOICE: "b", "02-gone": "b"}))
    report, [row] = graded(folder)
    assert (row[CHOICE], reasons(report)) == ("1", {"a.json": "unknown question"})


def test_what_systems_leave_behind_is_passed_over(folder):
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "._ada.json").write_bytes(b"x")
    (folder / "a.zip").write_bytes(
        zipped(("ada.json", submission()), ("__MACOSX/._ada.json", b"x"), ("d/", b""))
    )
    report, rows = graded(folder)
    assert (len(rows), report.problems) == (1, [])


@pytest.mark.parametrize(
    "name", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", '=HYPERLINK("http://x";"y")']
)
def test_cells_that_begin_like_a_formula_are_neutralised(folder, name):
    (folder / "=evil.json").write_bytes(submission(name))
    (folder / "@bad.json").write_bytes(b"{")
    report, [row] = graded(folder)
    assert (row["learner"], row["file"]) == ("'" + name, "'=evil.json")
    assert table(report.listed)[0]["file"] == "'@bad.json"
    for path in (report.grades, report.listed):
        with open(path, newline="", encoding="utf-8") as file:
            assert not any(cell[:1] in "=+@-" for row in csv.reader(file) for cell in row if cell)


def test_a_long_answer_is_not_read(folder):
    (folder / "a.json").write_bytes(submission("ada", {CHOICE: "b" + " " * 30_000, NUMBER: "9" * 19_000}))
    _, [row] = graded(folder)
    assert (row[CHOICE], row[NUMBER]) == ("invalid", "invalid")


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_a_name_that_is_no_text(folder):
    with open(os.fsencode(folder) + b"/\xff\n\x1b[31m.json", "wb") as file:
        file.write(b"{")
    report, _ = graded(folder)
    assert report.problems[0].file == "\\udcff\\n\\x1b[31m.json"
    str(report).encode()


# -- robustness: any bytes, any JSON


FAST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(st.binary(max_size=600), st.binary(max_size=300), st.integers(0, 2000))
@FAST
def test_any_bytes_are_graded_or_listed(folder, noise, patch, place):
    good = zipped(("a.json", submission("ada")), ("b.json", submission("bea")))
    patched = bytearray(good)
    patched[place % len(good) : place % len(good) + len(patch)] = patch
    for name, data in (
        ("n.json", noise),
        ("n.zip", noise),
        ("p.zip", bytes(patched)),
        ("g.json", submission("zoe")),
    ):
        (folder / name).write_bytes(data)
    _, rows = graded(folder)
    assert rows[-1]["learner"] == "zoe"


ANSWER = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([CHOICE, NUMBER, CODE]), ANSWER),
    st.integers(0, 2**53),
    st.text(max_size=20),
)
@FAST
def test_any_answer_of_any_type_gives_a_row(folder, answers, seed, learner):
    (folder / "a.json").write_bytes(submission(learner, {name: (a, seed) for name, a in answers.items()}))
    report, rows = graded(folder)
    assert len(rows) + len(report.problems) == 1
    if rows:
        assert {rows[0].get(name, "") for name in answers} <= {"0", "1", "", "invalid", "needs review"}


# -- memory


def test_memory_does_not_grow_with_the_class(tmp_path):
    """Ten times the learners: peak memory of grading grows by far less than what was read."""
    import tracemalloc

    peaks = []
    for learners in (150, 1500):
        with zipfile.ZipFile(tmp_path / f"{learners}.zip", "w") as z:
            for n in range(learners):
                z.writestr(
                    f"{n}.json",
                    submission(f"s{n}", {CHOICE: "b", NUMBER: f"0.{n}", "02-flags-easy": "x" * 2000}),
                )
        graded(tmp_path / f"{learners}.zip")  # first the caches
        tracemalloc.start()
        grade_folder(tmp_path / f"{learners}.zip", tmp_path / "out.csv")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    read = 1350 * 2200
    assert peaks[1] - peaks[0] < read / 2


def test_limits_are_what_the_documentation_says():
    assert (collecting.LARGEST, collecting.MOST_ENTRIES) == (1_000_000, 100_000)
