"""A made-up course of three lessons for tests that need many questions, none of them the real ones."""

from pathlib import Path

LESSONS = {
    "02_freezing": ("batchnorm", "flags"),
    "04_metrics": ("precision", "recall"),
    "05_tradeoff": ("cost", "f1"),
}
DIFFICULTIES = ("easy", "medium", "hard")
TAGS = ("conceptual", "predict", "model", "hyperparameter", "metric", "debug")


def choice(id, difficulty, concept, tag):
    return f"""
[[question]]
id = "{id}"
kind = "choice"
difficulty = "{difficulty}"
concept = "{concept}"
section = "About {concept}"
prompt = "Which one?"
tags = ["challenge:{tag}"]
hints = ["Look again."]
steps = ["It is b."]
[[question.option]]
key = "a"
text = "this"
feedback = "No: that forgets {concept}."
misconception = "forgets-{concept}"
[[question.option]]
key = "b"
text = "that"
correct = true
"""


def numeric(id, difficulty, concept):
    return f"""
[[question]]
id = "{id}"
kind = "numeric"
difficulty = "{difficulty}"
concept = "{concept}"
section = "About {concept}"
prompt = "tp = {{{{tp}}}}, fp = {{{{fp}}}}: what is tp / (tp + fp)?"
hints = ["Divide."]
steps = ["{{{{= tp / (tp + fp) :.3f}}}}"]
answer = "tp / (tp + fp)"
tolerance = 0.005
vars = {{tp = [40, 95], fp = [5, 30]}}
given = {{tp = 85, fp = 15}}
[[question.wrong]]
value = "fp / (tp + fp)"
feedback = "That is the share of false ones."
misconception = "swaps-{concept}"
"""


def code(id, concept):
    return f"""
[[question]]
id = "{id}"
kind = "code"
difficulty = "hard"
concept = "{concept}"
section = "About {concept}"
prompt = "Write it."
exercise = "{id}"
"""


def bank(lesson, concepts):
    """Twelve questions a lesson, two concepts, three difficulties; one numeric a concept, and one code."""
    number, parts = lesson[:2], []
    for c, concept in enumerate(concepts):
        for d, difficulty in enumerate(DIFFICULTIES):
            tag = TAGS[(3 * c + d) % len(TAGS)]
            parts.append(choice(f"{number}-{concept}-{difficulty}", difficulty, concept, tag))
            parts.append(choice(f"{number}-{concept}-{difficulty}-more", difficulty, concept, tag))
        parts.append(numeric(f"{number}-{concept}-number", "medium", concept))
    parts.append(code(f"{number}-code", concepts[0]))
    return f'schema = 1\nlesson = "{lesson}"\ntitle = "{lesson}"\n' + "".join(parts)


def write(folder: Path) -> Path:
    """The course in ``folder``; set FTLIB_COURSE to it."""
    quizzes, notebooks = folder / "quizzes", folder / "notebooks"
    quizzes.mkdir(parents=True)
    notebooks.mkdir()
    names = [concept for pair in LESSONS.values() for concept in pair]
    titles = "\n".join(f'{name} = "On {name}"' for name in names)
    (quizzes / "concepts.toml").write_text(f"[concepts]\n{titles}\n", encoding="utf-8")
    for lesson, concepts in LESSONS.items():
        (quizzes / f"{lesson}.toml").write_text(bank(lesson, concepts), encoding="utf-8")
        (notebooks / f"{lesson}.ipynb").write_text("{}", encoding="utf-8")
    return folder
