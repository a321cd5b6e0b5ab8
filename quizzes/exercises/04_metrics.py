"""Exercises of lesson 04: every metric from four counts."""

from ftlib.learn.exercise import Exercise, Wrong

STARTER = '''
def worked(tp, fp, fn, tn):
    """{"accuracy": ..., "precision": ..., "recall": ..., "f1": ...}; 0 where there is nothing to divide by."""
    ...
'''

SOLUTION = '''
def worked(tp, fp, fn, tn):
    """{"accuracy": ..., "precision": ..., "recall": ..., "f1": ...}; 0 where there is nothing to divide by."""
    def ratio(above, below):
        return above / below if below else 0.0

    return {
        "accuracy": ratio(tp + tn, tp + fp + fn + tn),
        "precision": ratio(tp, tp + fp),
        "recall": ratio(tp, tp + fn),
        "f1": ratio(2 * tp, 2 * tp + fp + fn),
    }
'''

_WRONG = """
def worked(tp, fp, fn, tn):
    ratio = lambda a, b: a / b if b else 0.0
    p, r = ratio(tp, {precision}), ratio(tp, {recall})
    return {{"accuracy": ratio({right}, tp + fp + fn + tn), "precision": p, "recall": r, "f1": {f1}}}
"""
_RIGHT = {"precision": "tp + fp", "recall": "tp + fn", "right": "tp + tn", "f1": "ratio(2 * p * r, p + r)"}

WRONG = {
    "precision-recall-swap": _WRONG.format(**_RIGHT | {"precision": "tp + fn", "recall": "tp + fp"}),
    "f1-is-plain-mean": _WRONG.format(**_RIGHT | {"f1": "(p + r) / 2"}),
    "accuracy-is-about-positives": _WRONG.format(**_RIGHT | {"right": "tp"}),
    "zero-division-ignored": """
def worked(tp, fp, fn, tn):
    p, r = tp / (tp + fp), tp / (tp + fn)
    return {"accuracy": (tp + tn) / (tp + fp + fn + tn), "precision": p, "recall": r, "f1": 2 * p * r / (p + r)}
""",
}

WHY = {  # metric -> (misconception, what to say)
    "accuracy": ("accuracy-is-about-positives", "accuracy counts every right call, the true negatives too"),
    "precision": ("precision-recall-swap", "precision divides by the alarms, TP + FP"),
    "recall": ("precision-recall-swap", "recall divides by the real positives, TP + FN"),
    "f1": ("f1-is-plain-mean", "F1 is the harmonic mean, 2TP / (2TP + FP + FN)"),
}


def check_worked(worked):
    from sklearn import metrics

    for counts in [
        (85, 15, 10, 90),
        (12, 12, 88, 4888),
        (3, 9, 1, 2),
        (0, 0, 10, 90),
        (0, 5, 0, 5),
        (0, 0, 0, 7),
    ]:
        try:
            got = worked(*counts)
        except ZeroDivisionError:
            raise Wrong(
                f"it divides by zero for TP, FP, FN, TN = {counts}. There the value is 0.",
                "zero-division-ignored",
            ) from None
        tp, fp, fn, tn = counts
        truth, guess = [1] * tp + [0] * fp + [1] * fn + [0] * tn, [1] * (tp + fp) + [0] * (fn + tn)
        for name, (misconception, why) in WHY.items():
            if not isinstance(got, dict) or name not in got:
                raise Wrong(f"it should return a dict with {name!r}; it returned {got!r}.", "other-shape")
            options = {} if name == "accuracy" else {"zero_division": 0}
            want = getattr(metrics, f"{name}_score")(truth, guess, **options)
            if abs(got[name] - want) > 1e-9:
                raise Wrong(
                    f"for TP, FP, FN, TN = {counts} {name} is {want:.4f}, and you have {got[name]:.4f}: {why}.",
                    misconception,
                )
    return "six matrices, four metrics each, all equal to scikit-learn's."


EXERCISES = {
    "04-worked-metrics": Exercise(
        name="worked", starter=STARTER, solution=SOLUTION, wrong=WRONG, check=check_worked
    )
}
