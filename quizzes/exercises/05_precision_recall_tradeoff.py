"""Exercises of lesson 05: the highest threshold that keeps a recall."""

from ftlib.learn.exercise import Exercise, Wrong

STARTER = '''
import numpy as np


def threshold_for_recall(truth, scores, floor):
    """The highest threshold at which recall is at least floor; scores >= threshold count as positive."""
    ...
'''

SOLUTION = '''
import math

import numpy as np


def threshold_for_recall(truth, scores, floor):
    """The highest threshold at which recall is at least floor; scores >= threshold count as positive."""
    positives = np.sort(np.asarray(scores)[np.asarray(truth) == 1])[::-1]
    needed = max(1, math.ceil(floor * len(positives) - 1e-9))
    return positives[needed - 1]
'''

WRONG = {
    "threshold-is-half": """
def threshold_for_recall(truth, scores, floor):
    return 0.5
""",
    "lowest-not-highest": """
import numpy as np
def threshold_for_recall(truth, scores, floor):
    return float(np.min(scores))
""",
    "precision-recall-swap": """
import numpy as np
def threshold_for_recall(truth, scores, floor):
    truth, scores = np.asarray(truth), np.asarray(scores)
    good = [t for t in np.unique(scores) if truth[scores >= t].mean() >= floor]
    return max(good)
""",
    "strictly-above": """
import numpy as np
def threshold_for_recall(truth, scores, floor):
    truth, scores = np.asarray(truth), np.asarray(scores)
    return max(t for t in np.unique(scores) if (scores > t)[truth == 1].mean() >= floor)
""",
}


def check_threshold(threshold_for_recall):
    import numpy as np

    cases = [([1, 1, 1, 1, 0, 0], [0.9, 0.7, 0.6, 0.2, 0.8, 0.1], 0.75)]
    for seed in range(4):
        rng = np.random.default_rng(seed)
        truth = (rng.random(60) < 0.3).astype(int)
        cases.append((truth, np.round(0.4 * truth + rng.random(60), 2), (0.5, 0.8, 0.9, 1.0)[seed]))
    for truth, scores, floor in cases:
        truth, scores = np.asarray(truth), np.asarray(scores)
        got = threshold_for_recall(truth, scores, floor)
        if np.ndim(got) or not isinstance(got, (int, float, np.number)):
            raise Wrong(f"it returned {got!r}; return one threshold, a number.", "other-shape")
        recalls = {t: (scores >= t)[truth == 1].mean() for t in np.unique(scores)}
        best = max(t for t, recall in recalls.items() if recall >= floor - 1e-12)
        recall = (scores >= got)[truth == 1].mean()
        if abs(got - best) < 1e-9:
            continue
        if got == 0.5:
            raise Wrong(
                f"0.5 is a habit; here {best:.2f} is the highest threshold with recall {floor:.2f}.",
                "threshold-is-half",
            )
        if got == scores.min():
            raise Wrong(
                f"{got:.2f} keeps the recall and raises every alarm there is. {best:.2f} keeps it, too.",
                "lowest-not-highest",
            )
        if recall >= floor - 1e-12:
            below = max((t for t in recalls if t < best), default=None)
            raise Wrong(
                f"{got:.2f} keeps the recall, and so does the higher {best:.2f}. A score equal to the threshold counts as positive.",
                "strictly-above" if got == below else "lowest-not-highest",
            )
        raise Wrong(
            f"at {got:.2f} recall is {recall:.2f}, below the floor of {floor:.2f}. Recall looks at the true positives only.",
            "precision-recall-swap",
        )
    return f"the highest threshold in all {len(cases)} cases, ties included."


EXERCISES = {
    "05-threshold-for-recall": Exercise(
        name="threshold_for_recall", starter=STARTER, solution=SOLUTION, wrong=WRONG, check=check_threshold
    )
}
