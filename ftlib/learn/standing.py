"""What ``ftlib progress`` prints: mastery per concept and what to do next, as plain text."""

from ftlib.learn.bank import load_concepts
from ftlib.learn.ways import next_steps

LEVELS = ("weak", "growing", "strong")


def standing(store, *, banks=None) -> str:
    """A learner's standing as text: attempts, each concept tried (weakest first), next steps.

    ``store`` is a Progress. Reads only; nothing is recorded.
    """
    attempts, known, titles = store.attempts(), store.mastery(), load_concepts()
    if not attempts:
        lines = ["No answers yet. Begin with notebooks/00_start_here.ipynb, or `ftlib quiz 02`."]
    else:
        rows = sorted(known.items(), key=lambda item: (LEVELS.index(item[1].level), item[1].score, item[0]))
        lines = [f"{len(attempts)} answers on {len(known)} concepts", ""]
        lines += [
            f"  {mastery.level:<8} {mastery.score:>4.0%}  {titles.get(slug, slug)}" for slug, mastery in rows
        ]
    steps = next_steps(store, banks=banks)
    return "\n".join([*lines, "", "Next:", *(f"  {step}" for step in steps)])
