"""Simulated card transactions: nobody's data, made by a seeded formula, and said to be simulated.

Real card data is private, and the public samples are scrambled beyond reading. These columns can be
read, and the share of fraud is yours to choose.
"""

from dataclasses import dataclass

import numpy as np

from ftlib.errors import InputError

COLUMNS = (
    "log_amount", "hour", "km_from_home", "minutes_since_last", "merchant_risk", "is_online", "is_foreign", "new_device",
)  # fmt: skip
LICENCE = "simulated by ftlib; no licence needed"


@dataclass(frozen=True)
class Transactions:
    """Simulated transactions: ``x`` float32 (N, 8), standardised by fixed numbers; ``y`` int64 (N,), 1 = fraud."""

    x: np.ndarray
    y: np.ndarray
    columns: tuple[str, ...] = COLUMNS

    def __len__(self) -> int:
        return len(self.y)

    def __str__(self) -> str:
        return (
            f"{len(self):,} simulated transactions, {int(self.y.sum()):,} of them fraud ({self.y.mean():.1%})"
        )


def card_transactions(
    n: int = 5000, frauds: int = 100, *, seed: int = 0, pattern: str = "card lost"
) -> Transactions:
    """Simulate ``n`` card transactions with exactly ``frauds`` frauds, in random order.

    ``pattern`` says how the thieves work: ``"card lost"`` (large sums far from home, at night) or
    ``"number stolen"`` (online, from a new device, at ordinary sums). Most frauds of either pattern look
    much like honest purchases: the classes overlap, so no model can find them all.

    Raises InputError unless 0 <= frauds <= n and the pattern is one of the two.

    >>> print(card_transactions(1000, 20, seed=1))
    1,000 simulated transactions, 20 of them fraud (2.0%)
    """
    if not 0 <= frauds <= n:
        raise InputError(f"frauds must be between 0 and n={n}, got {frauds}")
    if pattern not in _SHIFT:
        raise InputError(f"pattern {pattern!r}: expected one of {', '.join(map(repr, _SHIFT))}")
    rng = np.random.default_rng([seed, *map(ord, pattern)])
    y = np.zeros(n, dtype=np.int64)
    y[rng.permutation(n)[:frauds]] = 1
    x = _honest(rng, n)
    boldness = rng.random(n) * y  # 0 = looks honest, 1 = the full pattern
    x += boldness[:, None] * _SHIFT[pattern]
    return Transactions(x.astype(np.float32), y)


_SHIFT = {  # in standard deviations of each column, for a fraud that hides nothing
    "card lost": np.array([4.4, 2.7, 4.4, -1.4, 2.4, -0.7, 2.0, 0.0]),
    "number stolen": np.array([1.0, 0.7, 0.3, -3.4, 3.7, 3.1, 1.0, 3.7]),
}


def _honest(rng: np.random.Generator, n: int) -> np.ndarray:
    """Honest purchases: correlated normal columns, then heavy tails, for people do odd things."""
    z = rng.standard_normal((n, len(COLUMNS)))
    z[:, 2] += 0.5 * z[:, 6]  # abroad is far from home
    z[:, 5] -= 0.4 * z[:, 2]  # online purchases are made at home
    odd = rng.random((n, 1)) < 0.06
    return np.where(odd, 1.8 * z, z)
