"""Exercises of lesson 07: early stopping by hand."""

from ftlib.learn.exercise import Exercise, Wrong

STARTER = '''
def best_and_stop(val_loss, patience):
    """(best epoch, epoch after which training stops), both counted from 1."""
    ...
'''

SOLUTION = '''
def best_and_stop(val_loss, patience):
    """(best epoch, epoch after which training stops), both counted from 1."""
    best = 1
    for epoch, loss in enumerate(val_loss, start=1):
        if loss < val_loss[best - 1]:
            best = epoch
        if epoch - best >= patience:
            return best, epoch
    return best, len(val_loss)
'''

WRONG = {
    "counts-from-zero": """
def best_and_stop(val_loss, patience):
    best = 0
    for epoch, loss in enumerate(val_loss):
        if loss < val_loss[best]:
            best = epoch
        if epoch - best >= patience:
            return best, epoch
    return best, len(val_loss) - 1
""",
    "best-of-all-epochs": """
def best_and_stop(val_loss, patience):
    best = min(range(len(val_loss)), key=val_loss.__getitem__) + 1
    return best, min(best + patience, len(val_loss))
""",
    "stops-at-first-rise": """
def best_and_stop(val_loss, patience):
    for epoch in range(1, len(val_loss)):
        if val_loss[epoch] > val_loss[epoch - 1]:
            return epoch, epoch + 1
    return len(val_loss), len(val_loss)
""",
    "compares-with-last-epoch": """
def best_and_stop(val_loss, patience):
    waited, best = 0, 1
    for epoch in range(2, len(val_loss) + 1):
        waited = waited + 1 if val_loss[epoch - 1] >= val_loss[epoch - 2] else 0
        if val_loss[epoch - 1] < val_loss[best - 1]:
            best = epoch
        if waited >= patience:
            return best, epoch
    return best, len(val_loss)
""",
}

WHY = {  # misconception -> what to say beside the numbers
    "counts-from-zero": "Count epochs from 1.",
    "stops-at-first-rise": "One rise is not the end: wait for `patience` epochs without a new best.",
    "best-of-all-epochs": "While training, nobody knows the losses to come.",
    "compares-with-last-epoch": "Compare with the best so far, not with the epoch before.",
    "equal-is-better": "An equal loss is no new best.",
}
CASES = [  # losses, patience, right answer, misconception of whoever fails here first
    ([0.9, 0.8, 0.7], 2, (3, 3), "counts-from-zero"),
    ([0.9, 0.8, 0.82, 0.7, 0.71, 0.72, 0.73], 3, (4, 7), "stops-at-first-rise"),
    ([0.9, 0.5, 0.6, 0.7, 0.8, 0.1], 3, (2, 5), "best-of-all-epochs"),
    ([0.9, 0.5, 0.8, 0.7, 0.6, 0.55], 3, (2, 5), "compares-with-last-epoch"),
    ([0.5, 0.5, 0.5], 2, (1, 3), "equal-is-better"),
]


def check_best_and_stop(best_and_stop):
    for losses, patience, right, misconception in CASES:
        got = best_and_stop(list(losses), patience)
        if not isinstance(got, tuple | list) or len(got) != 2:
            raise Wrong(
                f"it should return two numbers (best epoch, last epoch); it returned {got!r}.", "other-shape"
            )
        if tuple(got) != right:
            raise Wrong(
                f"for {losses} with patience {patience} the best epoch is {right[0]} and training stops after {right[1]}; "
                f"you have {got[0]} and {got[1]}. {WHY[misconception]}",
                misconception,
            )
    return f"right in all {len(CASES)} runs: the best so far counts, and only the past is known."


EXERCISES = {
    "07-early-stopping": Exercise(
        name="best_and_stop", starter=STARTER, solution=SOLUTION, wrong=WRONG, check=check_best_and_stop
    )
}
