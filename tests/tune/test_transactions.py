"""The simulator of card transactions: seeded, exact in number, overlapping, and different by pattern."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from ftlib.errors import InputError
from ftlib.tune import card_transactions


def test_numbers_are_exact_and_the_seed_decides_everything():
    one, again, other = (card_transactions(500, 20, seed=s) for s in (3, 3, 4))
    assert (len(one), int(one.y.sum())) == (500, 20)
    assert one.x.dtype == np.float32
    assert one.x.shape == (500, len(one.columns))
    assert np.array_equal(one.x, again.x)
    assert not np.array_equal(one.x, other.x)


def test_frauds_can_be_learnt_but_not_all_of_them():
    train, test = card_transactions(8000, 400, seed=0), card_transactions(8000, 400, seed=1)
    auc = roc_auc_score(
        test.y, LogisticRegression(max_iter=500).fit(train.x, train.y).predict_proba(test.x)[:, 1]
    )
    assert 0.8 < auc < 0.97


def test_a_model_of_one_pattern_finds_less_of_the_other():
    fitted = LogisticRegression(max_iter=500).fit(
        *_xy(card_transactions(8000, 400, seed=0, pattern="card lost"))
    )
    same, new = (
        card_transactions(8000, 400, seed=1),
        card_transactions(8000, 400, seed=1, pattern="number stolen"),
    )
    recall = [fitted.predict(d.x)[d.y == 1].mean() for d in (same, new)]
    assert recall[0] > recall[1] + 0.1


@pytest.mark.parametrize(("n", "frauds"), [(10, 11), (10, -1)])
def test_impossible_numbers_are_refused(n, frauds):
    with pytest.raises(InputError, match="between 0 and n=10"):
        card_transactions(n, frauds)


def test_unknown_pattern_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="card lost"):
        card_transactions(pattern="pickpocket")


def _xy(data):
    return data.x, data.y
