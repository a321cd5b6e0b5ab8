"""Splitting samples into train, validation and test: seeded, stratified, duplicates together."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from ftlib.errors import DataError
from ftlib.tune.checks import check_counts

SHARES = {"train": 0.70, "val": 0.15, "test": 0.15}


def split_indices(
    strata: Sequence[Hashable], digests: Sequence[Hashable], seed: int = 0, shares: dict[str, float] = SHARES
) -> dict[str, np.ndarray]:
    """Sorted indices of each split.

    Every stratum (a class, say) is divided by ``shares``; samples with equal ``digests`` are
    duplicates and stay together, in the stratum of the first of them. Only ``seed`` decides which
    go where. Raises DataError for a stratum with fewer distinct samples than there are splits.

    >>> parts = split_indices(["a"] * 20 + ["b"] * 20, range(40))
    >>> {name: len(indices) for name, indices in parts.items()}
    {'train': 28, 'val': 6, 'test': 6}
    """
    check_counts(seed=(seed, 0))
    groups = defaultdict(list)  # digest -> indices
    for index, digest in enumerate(digests):
        groups[digest].append(index)
    by_stratum = defaultdict(list)  # stratum -> groups
    for members in groups.values():
        by_stratum[strata[members[0]]].append(members)
    order, parts = np.random.default_rng(seed), {name: [] for name in shares}
    for stratum in sorted(by_stratum, key=str):
        _deal(stratum, by_stratum[stratum], order, shares, parts)
    return {name: np.array(sorted(indices), dtype=np.int64) for name, indices in parts.items()}


def _deal(stratum, groups: list[list[int]], order: np.random.Generator, shares: dict, parts: dict) -> None:
    """Put this stratum's groups into ``parts``, in place: at least one into each."""
    if len(groups) < len(shares):
        raise DataError(
            f"class {stratum!r} has {len(groups)} distinct samples; {len(shares)} splits need one each at least"
        )
    shuffled = [groups[i] for i in order.permutation(len(groups))]
    first, *others = shares
    for name in others:
        count = max(1, round(len(groups) * shares[name]))
        for members in shuffled[:count]:
            parts[name] += members
        shuffled = shuffled[count:]
    for members in shuffled:
        parts[first] += members
