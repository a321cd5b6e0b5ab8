"""Quizzes, exercises, progress and grading: ``from ftlib.learn import quiz``.

Nothing is imported until it is named, so a quiz opens at once; this room never
imports torch (exercises and proofs do, when they run).

>>> import ftlib.learn
>>> "quiz" in ftlib.learn.__all__
True
"""

import sys
from importlib import import_module
from types import ModuleType

PARTS = {
    "bank": "Bank Fault Item Option Pair Question Wrong bank_paths display_order find_question load_bank "
    "load_banks load_concepts variant",
    "challenge": "challenge",
    "check": "check_bank check_banks",
    "exercise": "Exercise exercise",
    "grade": "Result grade",
    "grade_class": "grade_folder",
    "pages": "progress_page",
    "progress": "Attempt Mastery Progress",
    "proof": "prove",
    "review": "review",
    "session": "Session",
    "strength": "strength_test",
    "submit": "write_submission",
    "text": "text_quiz",
    "widget": "QuestionCard QuizView quiz",
}
HOMES = {name: part for part, names in PARTS.items() for name in names.split()}
__all__ = sorted(HOMES)


def __getattr__(name: str):
    if name not in HOMES:
        raise AttributeError(
            f"module 'ftlib.learn' has no attribute {name!r}; it offers {', '.join(__all__)}"
        )
    found = getattr(import_module(f"ftlib.learn.{HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__


class _Door(ModuleType):
    """Keeps ``learn.grade`` the function, also after someone imported the module ``ftlib.learn.grade``."""

    def __setattr__(self, name, value):
        if not (name in HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Door
