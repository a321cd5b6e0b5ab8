"""Grade a class of 10,000, beside nbgrader autograding the same ten questions.

    python benchmarks/grade.py                   # all of it: some minutes, most of them nbgrader's
    python benchmarks/grade.py --no-nbgrader     # ours alone: under a minute
    python benchmarks/grade.py --sizes 500       # a small class, for a look

Makes submissions with seeded answers (about two thirds right; numeric ones in each learner's own variant), grades
them in fresh processes, and records wall time, peak resident memory and the peak of Python's own allocations.
nbgrader is installed into a temporary virtual environment of its own, gets the same ten questions as autograded
cells (its tests compare with the same keys), and autogrades a class of ten; its time a submission is what is compared.

Writes benchmarks/results/grade.md.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "grade.md"
LESSON, QUESTIONS = "02", 10
CHILD = """
import json, resource, sys, time
begun = time.perf_counter()
from ftlib.learn.grade_class import grade_folder
loaded, busy = time.perf_counter(), time.process_time()
trace = sys.argv[4] == "trace"
if trace:
    import tracemalloc; tracemalloc.start()
report = grade_folder(sys.argv[1], sys.argv[2], questions=sys.argv[3].split(","))
print(json.dumps(dict(seconds=time.perf_counter() - loaded, cpu=time.process_time() - busy, start=loaded - begun, graded=report.graded,
    problems=len(report.problems), rss=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    peak=tracemalloc.get_traced_memory()[1] / 2**20 if trace else None)))
"""


# -- the class


def ten_questions():
    """Ten questions of the lesson that need no code to be run: every one with variants (they cost most) first."""
    from ftlib.learn.bank import load_bank

    usable = [question for question in load_bank(LESSON).questions if question.kind != "code"]
    return sorted(usable, key=lambda question: not question.vars)[:QUESTIONS]


def an_answer(question, seed, source):
    """A learner's answer: right two times in three, else something that can be read and is likely wrong."""
    from ftlib.learn.variants import variant

    key = variant(question, seed).key
    right = source.random() < 2 / 3
    if question.kind in ("choice", "multi"):
        keys = [option.key for option in question.options]
        picked = source.sample(keys, source.randint(1, len(keys)))
        return key if right else (picked[0] if question.kind == "choice" else picked)
    if question.kind == "numeric":
        return f"{key:.6g}" if right else f"{key * source.uniform(0, 2):.4g}"
    if question.kind == "order":
        return key if right else source.sample(key, len(key))
    if question.kind in ("match", "confusion"):
        values = [str(value) for value in key.values()]
        source.shuffle(values)
        return {name: str(value) for name, value in key.items()} if right else dict(zip(key, values))
    return str(key) if right else source.choice(["no", "none", "the other one", "2"])


def submissions(count, seed=0):
    """So many submissions: (file name, bytes)."""
    source, questions = random.Random(seed), ten_questions()
    for number in range(count):
        answers = []
        for question in questions:
            variant_seed = source.randrange(1, 10**6) if question.vars else 0
            answer = an_answer(question, variant_seed, source)
            answers.append({"question": question.id, "seed": variant_seed, "answer": answer})
        whole = {
            "format": "ftlib-submission",
            "version": 1,
            "learner": f"learner{number:05}",
            "written": "2026-03-01T12:00:00.000000Z",
            "versions": {"ftlib": "0.1.0", "python": platform.python_version(), "banks": {}},
            "answers": answers,
        }
        yield f"learner{number:05}.json", json.dumps(whole, indent=2).encode()


def written(folder, count):
    """The class as a folder of files and as one zip; their paths."""
    files, archive = folder / f"class-{count}", folder / f"class-{count}.zip"
    files.mkdir()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in submissions(count):
            (files / name).write_bytes(data)
            packed.writestr(name, data)
    return files, archive


def graded(place, out, trace=False):
    """Grade in a fresh process; its facts."""
    names = ",".join(question.id for question in ten_questions())
    command = [sys.executable, "-c", CHILD, str(place), str(out), names, "trace" if trace else ""]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout)


def ours(folder, sizes):
    """A line for each size and packing."""
    lines = []
    for count in sizes:
        for kind, place in zip(("folder", "zip"), written(folder, count)):
            plain = graded(place, folder / "grades.csv")
            peak = graded(place, folder / "grades.csv", trace=True)["peak"]
            assert (plain["graded"], plain["problems"]) == (count, 0)
            lines.append(dict(plain, count=count, kind=kind, peak=peak))
            print(
                f"{count:>6} {kind:<6} {plain['seconds']:6.2f} s  {plain['rss']:6.0f} MiB  {peak:6.1f} MiB traced"
            )
    return lines


# -- nbgrader


def checks(question):
    """Code that asserts the key of one question, as an author writes it into an autograded cell."""
    key = question.key
    if question.kind == "numeric":
        return f"assert abs(float(answer) - ({question.answer!r})) <= {float(question.tolerance) + 1e-9!r}"
    if question.kind == "multi":
        return f"assert sorted(answer) == {sorted(key)!r}"
    if question.kind == "confusion":
        return f"assert {{k: float(v) for k, v in answer.items()}} == { ({k: float(v) for k, v in key.items()})!r}"
    return f"assert answer == {key!r}"


def cell(kind, source, number, **more):
    """A notebook cell with nbgrader's metadata."""
    about = dict(grade=False, locked=False, solution=False, task=False, schema_version=3)
    about |= more
    about["grade_id"] = f"q{number}-{'test' if about['grade'] else 'answer'}"
    data = dict(cell_type=kind, id=about["grade_id"], metadata=dict(nbgrader=about), source=source)
    return data | (dict(execution_count=None, outputs=[]) if kind == "code" else {})


def notebook(answers=None):
    """The ten questions as an nbgrader assignment; with answers, a learner's submission of it."""
    from ftlib.learn.variants import variant

    cells = []
    for number, question in enumerate(ten_questions()):
        answer = "None" if answers is None else repr(answers[number])
        begin, end = ("### BEGIN SOLUTION\n", "\n### END SOLUTION") if answers is None else ("", "")
        cells.append(cell("code", f"{begin}answer = {answer}{end}", number, solution=True))
        cells.append(cell("code", checks(variant(question, 0)), number, grade=True, locked=True, points=1))
    about = dict(kernelspec=dict(name="python3", display_name="Python 3", language="python"))
    return json.dumps(dict(cells=cells, metadata=about, nbformat=4, nbformat_minor=5))


def agreement(course, answers):
    """How many of the answers nbgrader and ours judge alike (wholly right or not): (alike, all)."""
    from ftlib.learn.grade import grade

    alike = []
    for learner, given in answers.items():
        cells = json.loads((course / "autograded" / learner / "quiz" / "quiz.ipynb").read_text())["cells"]
        tests = [cell for cell in cells if cell["metadata"]["nbgrader"]["grade"]]
        for question, answer, test in zip(ten_questions(), given, tests):
            passed = not any(output["output_type"] == "error" for output in test["outputs"])
            alike.append(passed == (grade(question, answer).verdict == "right"))
    return sum(alike), len(alike)


def nbgrader(folder, learners):
    """Install nbgrader apart, autograde so many notebooks: version, seconds a submission, (alike, all) judged."""
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "nbgrader", "ipykernel"], check=True)
    course = folder / "course"
    (course / "source" / "quiz").mkdir(parents=True)
    (course / "source" / "quiz" / "quiz.ipynb").write_text(notebook())
    (course / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'course'\n")
    environment = {
        **os.environ,
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
    }
    run = lambda *words: subprocess.run(
        [python, "-m", "nbgrader", *words], cwd=course, env=environment, capture_output=True, text=True
    )
    made = run("generate_assignment", "quiz")
    assert made.returncode == 0, made.stderr[-2000:]
    answers = {}
    for number in range(learners):
        source = random.Random(number)
        place = course / "submitted" / f"learner{number}" / "quiz"
        place.mkdir(parents=True)
        answers[f"learner{number}"] = [an_answer(question, 0, source) for question in ten_questions()]
        (place / "quiz.ipynb").write_text(notebook(answers[f"learner{number}"]))
    begun = time.perf_counter()
    done = run("autograde", "quiz")
    seconds = (time.perf_counter() - begun) / learners
    grades = list((course / "autograded").glob("*/quiz/quiz.ipynb"))
    assert len(grades) == learners, done.stderr[-2000:]
    version = subprocess.run([python, "-m", "pip", "show", "nbgrader"], capture_output=True, text=True).stdout
    return version.split("Version:")[1].split()[0], seconds, agreement(course, answers)


# -- the page


def page(lines, other, load):
    """The results as markdown."""
    machine = f"{os.cpu_count()} cores of {processor()}, Python {platform.python_version()}"
    rows = [
        f"| {r['count']:,} | {r['kind']} | {r['seconds']:.2f} s | {r['cpu']:.2f} s | {1e3 * r['seconds'] / r['count']:.2f} ms | "
        f"{r['rss']:.0f} MiB | {r['peak']:.1f} MiB |"
        for r in lines
    ]
    text = f"""# Grading a class

`python benchmarks/grade.py` on {machine}. Ten questions of lesson {LESSON} a submission, two thirds of the answers
right, numeric ones each in the learner's own variant. One process; nothing of a submission is run.

| submissions | as | wall time | processor time | each | peak resident | peak allocated by Python |
|---:|---|---:|---:|---:|---:|---:|
{chr(10).join(rows)}

Load average at the start: {load:.1f}; on busy cores read the processor time. Peak resident includes the interpreter
and ftlib. Of a folder it is flat, since rows wait in a temporary database on disk; of a zip, Python holds the table
of contents (about 0.6 KB an entry).
"""
    if other:
        version, seconds, (alike, judged), learners = other
        best = max(lines, key=lambda r: r["count"])
        each = best["seconds"] / best["count"]
        text += f"""
nbgrader {version}, in a virtual environment of its own, autograding the same ten questions as ten answer cells and
ten test cells with the same keys: **{seconds:.2f} s a submission** ({learners} submissions; 10,000 would take
{seconds * 10_000 / 3600:.1f} hours). It starts a kernel and runs each notebook, which is what lets it grade code;
ours grades answers as data: {seconds / each:,.0f} times as fast for questions that have keys. The two judged
{alike} of {judged} answers alike.
"""
    return text


def processor():
    """The processor's own name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine()
    )


def main():
    """Measure, print, write."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 30_000])
    options.add_argument("--no-nbgrader", action="store_true")
    options.add_argument("--learners", type=int, default=10, help="submissions for nbgrader")
    chosen = options.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        lines = ours(folder, chosen.sizes)
        other = None if chosen.no_nbgrader else (*nbgrader(folder, chosen.learners), chosen.learners)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(page(lines, other, load), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
