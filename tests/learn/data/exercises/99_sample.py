"""The sample bank's exercise."""

from ftlib.learn.exercise import Exercise, Wrong


def check_recall(recall):
    """3 found, 1 missed; then nothing to find at all."""
    got = recall(3, 1)
    if got == 3:
        raise Wrong("recall(3, 1) gave 3: divide by all there was to find.", "count-for-share")
    if got != 0.75:
        raise Wrong(f"recall(3, 1) gave {got!r}; 3 of 4 were found.")
    try:
        nothing = recall(0, 0)
    except ZeroDivisionError:
        raise Wrong("recall(0, 0) divides by zero; return 0.0 there.", "zero-division-forgotten") from None
    if nothing != 0.0:
        raise Wrong(f"recall(0, 0) gave {nothing!r}; the rule here is 0.0.")
    return "3 of 4, and 0.0 where there is nothing to find."


EXERCISES = {
    "99-recall-by-hand": Exercise(
        name="recall",
        starter='''
def recall(tp, fn):
    """The share of real cases that were found."""
    ...
''',
        solution='''
def recall(tp, fn):
    """The share of real cases that were found."""
    return tp / (tp + fn) if tp + fn else 0.0
''',
        wrong={
            "count-for-share": "def recall(tp, fn):\n    return tp\n",
            "zero-division-forgotten": "def recall(tp, fn):\n    return tp / (tp + fn)\n",
        },
        check=check_recall,
    )
}
