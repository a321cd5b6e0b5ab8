"""Exercises of lesson 06: judge a model by what its mistakes cost."""

from ftlib.learn.exercise import Exercise, Wrong

STARTER = '''
def verdict(tp, fp, fn, tn, cost_fn, cost_fp):
    """ "ship" if the model's mistakes cost less than missing every positive does, else "keep"."""
    ...
'''

SOLUTION = '''
def verdict(tp, fp, fn, tn, cost_fn, cost_fp):
    """ "ship" if the model's mistakes cost less than missing every positive does, else "keep"."""
    with_model = fn * cost_fn + fp * cost_fp
    without = (tp + fn) * cost_fn
    return "ship" if with_model < without else "keep"
'''

WRONG = {
    "accuracy-is-enough": """
def verdict(tp, fp, fn, tn, cost_fn, cost_fp):
    return "ship" if (tp + tn) / (tp + fp + fn + tn) > 0.95 else "keep"
""",
    "costs-are-swapped": """
def verdict(tp, fp, fn, tn, cost_fn, cost_fp):
    return "ship" if fn * cost_fp + fp * cost_fn < (tp + fn) * cost_fn else "keep"
""",
    "mistakes-cost-the-same": """
def verdict(tp, fp, fn, tn, cost_fn, cost_fp):
    return "ship" if fn + fp < tp + fn else "keep"
""",
    "no-baseline": """
def verdict(tp, fp, fn, tn, cost_fn, cost_fp):
    return "ship" if fn * cost_fn < fp * cost_fp else "keep"
""",
}

WHY = {  # misconception -> what to say beside the numbers
    "no-baseline": "Compare the cost of all its mistakes with that of doing nothing.",
    "mistakes-cost-the-same": "A missed fraud and a false alarm have different prices.",
    "costs-are-swapped": "A missed fraud is an FN, a false alarm an FP.",
    "accuracy-is-enough": "Accuracy does not enter; equal cost is no reason to ship.",
}
CASES = [  # counts, costs, misconception of a function that fails here first
    ((80, 10, 20, 4890), (200, 5), "no-baseline"),
    ((90, 60, 210, 640), (5, 50), "mistakes-cost-the-same"),
    ((60, 100, 40, 4800), (200, 5), "costs-are-swapped"),
    ((0, 0, 100, 4900), (200, 5), "accuracy-is-enough"),
    ((12, 12, 88, 4888), (200, 5), "accuracy-is-enough"),
    ((12, 12, 88, 4888), (5, 200), "costs-are-swapped"),
    ((90, 10, 10, 4890), (5, 50), "mistakes-cost-the-same"),
]


def check_verdict(verdict):
    for (tp, fp, fn, tn), (cost_fn, cost_fp), misconception in CASES:
        right = "ship" if fn * cost_fn + fp * cost_fp < (tp + fn) * cost_fn else "keep"
        got = verdict(tp, fp, fn, tn, cost_fn, cost_fp)
        if got not in ("ship", "keep"):
            raise Wrong(f"it should return 'ship' or 'keep', and returned {got!r}.", "other-answer")
        if got != right:
            raise Wrong(
                f"with TP {tp}, FP {fp}, FN {fn}, TN {tn}, {cost_fn} a missed fraud and {cost_fp} a false alarm, the model "
                f"costs {fn * cost_fn + fp * cost_fp:,} and doing nothing {(tp + fn) * cost_fn:,}: {right!r}, not {got!r}. {WHY[misconception]}",
                misconception,
            )
    return f"right in all {len(CASES)} cases, and accuracy was not asked once."


EXERCISES = {
    "06-ship-or-keep": Exercise(
        name="verdict", starter=STARTER, solution=SOLUTION, wrong=WRONG, check=check_verdict
    )
}
