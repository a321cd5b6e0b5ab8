"""Whole precision-recall and ROC curves over a million scores, ours beside scikit-learn's.

    python benchmarks/pr_curve.py                # about a minute; prints medians and their ratio
    python benchmarks/pr_curve.py --size 10000 --rounds 3

The two take turns on the same arrays, so that a busy machine slows both; each first runs once
unmeasured. Every pair of results is compared before a time is printed. A ratio above 1 means that
ours is faster.
"""

import argparse
import statistics
import time

import numpy as np
import sklearn
import sklearn.metrics as reference

from ftlib import measure


def cases(size: int, seed: int = 0):
    """(name, y_true, y_score, options): continuous scores, float32, ties, weights, words."""
    rng = np.random.default_rng(seed)
    score = rng.random(size)
    truth = (rng.random(size) < score).astype(int)
    yield "float64 scores", truth, score, {}
    yield "float32 scores", truth, score.astype(np.float32), {}
    yield "ties: 1,000 values", truth, score.round(3), {}
    yield "weighted", truth, score, {"sample_weight": rng.random(size)}
    yield "2 % positive", (rng.random(size) < 0.04 * score).astype(int), score, {}
    yield "labels are words", np.array(["no", "yes"])[truth], score, {"pos_label": "yes"}


def take_turns(ours, theirs, rounds: int) -> tuple[float, float]:
    """Median seconds of each of two calls that take turns ``rounds`` times."""
    spent = ([], [])
    for call in (ours, theirs):
        call()
    for _ in range(rounds):
        for call, times in zip((ours, theirs), spent):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
    return statistics.median(spent[0]), statistics.median(spent[1])


def compare(name: str, case: str, args, options: dict, rounds: int) -> None:
    """Check that both give the same, then print the line of one function and case."""
    ours = lambda: getattr(measure, name)(*args, **options)
    theirs = lambda: getattr(reference, name)(*args, **options)
    np.testing.assert_allclose(*(_flat(call()) for call in (ours, theirs)))
    mine, other = take_turns(ours, theirs, rounds)
    print(f"{name:26}{case:20}{1e3 * mine:10.1f}{1e3 * other:14.1f}{other / mine:9.2f}")


def _flat(result) -> np.ndarray:
    """One long array of a number or of several arrays."""
    return np.hstack(result if isinstance(result, tuple) else [result])


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=11)
    given = parser.parse_args()
    print(f"{given.size:,} scores, median of {given.rounds} rounds in turns; numpy {np.__version__}, "
          f"scikit-learn {sklearn.__version__}")  # fmt: skip
    print(f"{'function':26}{'case':20}{'ours (ms)':>10}{'sklearn (ms)':>14}{'ratio':>9}")
    for case, truth, score, options in cases(given.size):
        compare("precision_recall_curve", case, (truth, score), options, given.rounds)
        if case in ("float64 scores", "weighted"):
            compare("roc_curve", case, (truth, score), options, given.rounds)
            compare("average_precision_score", case, (truth, score), options, given.rounds)
            compare("roc_auc_score", case, (truth, score), options, given.rounds)


if __name__ == "__main__":
    main()
