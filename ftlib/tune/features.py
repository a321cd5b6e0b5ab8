"""Run the frozen part once, keep what it gives on disk, and train the rest from there.

A frozen part gives the same features every epoch, so computing them every epoch is waste: for a head,
nearly all of the time. That holds only while nothing random is in the way: the part runs in eval mode,
and the data must not be augmented.
"""

import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Lock

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ftlib import paths
from ftlib.errors import DataError
from ftlib.tune.checks import check_counts, check_model
from ftlib.tune.device import device_for
from ftlib.tune.extract import SMALL, close, laid_out, prepare, run
from ftlib.tune.inputs import eval_mode, first_tensor
from ftlib.tune.loop import mover
from ftlib.tune.sets import ImageSet, Splits, TensorSet, as_set, batches
from ftlib.tune.signature import signature
from ftlib.tune.split import split_at
from ftlib.tune.store import keep_array, load_array, sha256

FORMAT = 1  # part of every key: raise it when the way features are computed changes their values


@dataclass(frozen=True)
class Cached:
    """Features on disk and in memory, and the rest of the model that takes them.

    ``data`` is a TensorSet, or Splits of TensorSets where splits were given (``splits`` is then the
    same). ``model`` is what is left from ``at`` on; it shares its parameters with the whole model, so
    ``fit(cached.model, ...)`` trains that. Should you train the part before ``at`` later, or want inputs of
    another size, cache again. ``hit`` says whether everything was on disk already, ``seconds`` how long this
    took, ``key`` what the features belong to, ``path`` the folder they lie in.
    """

    data: TensorSet | Splits
    model: nn.Module
    at: str
    key: str
    path: Path
    hit: bool
    seconds: float

    @property
    def splits(self) -> Splits:
        """The splits of features; DataError where one set was given."""
        if isinstance(self.data, Splits):
            return self.data
        raise DataError("one set was cached, not splits; it is in .data")

    def __str__(self) -> str:
        sets = list(self.data.parts.values()) if isinstance(self.data, Splits) else [self.data]
        shape = "×".join(map(str, sets[0].features.shape[1:]))
        megabytes = sum(one.features.nbytes for one in sets) / 1e6
        how = "read from disk" if self.hit else "computed"
        return (
            f"{sum(map(len, sets)):,} samples of {shape} before {self.at!r}, {megabytes:.1f} MB, "
            f"{how} in {self.seconds:.1f} s"
        )

    __repr__ = __str__


def cache_features(
    model: nn.Module,
    data,
    at: str = "head",
    *,
    batch_size: int = 64,
    device=None,
    folder=None,
    progress: bool = True,
) -> Cached:
    """What ``model`` computes before stage ``at``, for every sample, kept on disk.

    Args:
        model: anything ``split_at`` can cut. It is neither moved nor changed.
        data: Splits, one set, any Dataset, or a pair (x, y). Never augmented: DataError if the same
            sample comes out differently twice.
        at: the first stage that is left to train: "head", or any name from ``stages(model)``.
        batch_size: on CUDA and MPS; a CPU works in small batches, one a thread.
        device: default CUDA, else MPS, else CPU; full precision everywhere.
        folder: where to keep them; default ``ftlib.paths.cache() / "features"``.

    The key is a digest of the front part (weights, buffers, structure, code, versions), and of the images
    with their size and normalisation. Another key is another file, so old features are never
    taken for new ones. Files are written in one step and checked when read; a damaged one is computed
    again. Targets are not kept: they come from ``data`` each time.

    On a CPU, BatchNorm is folded into convolutions; features then differ from plain eager in the sixth or
    seventh digit (measured 2e-6 of the largest value, and refused beyond 1e-4).

    >>> from ftlib.tune import cache_features, digits, fit, load_backbone, replace_head
    >>> model = load_backbone()
    >>> _ = replace_head(model, 10, seed=0)
    >>> cached = cache_features(model, digits().val, progress=False)
    >>> cached.data
    TensorSet(269 samples of (1280,))
    >>> history = fit(cached.model, cached.data, epochs=2, progress=False)
    """
    check_model(model, hooks=True)
    check_counts(batch_size=(batch_size, 1))
    started, device = time.perf_counter(), device_for(device)
    folder = Path(folder) if folder is not None else paths.cache() / "features"
    whole = isinstance(data, Splits)
    parts = data.parts if whole else {"data": data}
    move = mover(model, torch.device("cpu"))
    sources = {name: _Source.of(part, move) for name, part in parts.items()}
    first = next(iter(sources.values()))
    home = next((p.device for p in model.parameters()), torch.device("cpu"))
    front, rest = split_at(model, at, first.fetch(torch.arange(min(2, first.count))).to(home))
    front_key = sha256(FORMAT, device.type, signature(front))
    quick = cache(lambda: prepare(front, first.fetch(torch.arange(min(SMALL, first.count))), device))
    with _bar(sum(source.count for source in sources.values()), progress) as bar:
        found = {
            name: _features(quick, front_key, source, folder, batch_size, bar)
            for name, source in sources.items()
        }
    layout = _layout(rest, next(iter(found.values()))[0][:2], device)
    sets = {name: TensorSet(features, sources[name].targets, layout) for name, (features, _) in found.items()}
    return Cached(
        data=replace(data, **sets) if whole else sets["data"],
        model=rest,
        at=at,
        key=sha256(front_key, *(source.fingerprint for source in sources.values())),
        path=folder,
        hit=all(hit for _, hit in found.values()),
        seconds=time.perf_counter() - started,
    )


@dataclass(frozen=True)
class _Source:
    """A set as the extraction needs it: batches of inputs by index, targets, and what identifies it."""

    fetch: object
    count: int
    targets: Tensor
    fingerprint: str

    @classmethod
    def of(cls, data, move) -> "_Source":
        """``move`` is what inputs go through on their way to the model."""
        if isinstance(data, DataLoader):
            raise DataError("a DataLoader may shuffle, and features must keep their order; pass its dataset")
        data = as_set(data)
        if not len(data):
            raise DataError("there is no sample to compute features of")
        if getattr(type(data), "batch", None) in (ImageSet.batch, TensorSet.batch):
            fetch = lambda indices: move(data.batch(indices)[0])
            return cls(fetch, len(data), data.targets, data.fingerprint)
        return cls._of_stranger(data, move)

    @classmethod
    def _of_stranger(cls, data, move) -> "_Source":
        """A dataset of the caller's own, by one thread at a time. It is read once to know what is in it; whatever
        is read again must be the same."""
        lock, few = Lock(), range(min(8, len(data)))
        digests = _digests(_inputs(data, few))
        _refuse_random(digests != _digests(_inputs(data, few)))
        digests, targets = [], []
        for x, y in batches(data, 64):
            digests += _digests(x)
            targets.append(y)

        def fetch(indices):
            with lock:
                x = _inputs(data, indices)
            _refuse_random(_digests(x) != [digests[i] for i in indices])
            return move(x)

        return cls(fetch, len(data), torch.cat(targets), sha256(*digests))


def _inputs(data, indices) -> Tensor:
    return next(iter(batches(torch.utils.data.Subset(data, [int(i) for i in indices]), len(indices))))[0]


def _digests(x: Tensor) -> list[str]:
    return [sha256(one) for one in x]


def _refuse_random(differs: bool) -> None:
    if differs:
        raise DataError(
            "the same samples came out differently twice, so the data is augmented or random; features "
            "would freeze one draw of it. Pass the data without augmentation"
        )


def _features(quick, front_key, source, folder, batch_size, bar) -> tuple[Tensor, bool]:
    """(features, whether they were on disk) of one set."""
    path = folder / f"{sha256(front_key, source.fingerprint)}.array"
    kept = load_array(path)
    if kept is not None and len(kept) == source.count:
        bar.update(source.count)
        return torch.from_numpy(kept), True
    features = run(quick(), source.fetch, source.count, batch_size, bar.update)
    keep_array(path, features.numpy())
    return features, False


def _layout(rest: nn.Module, few: Tensor, device: torch.device) -> torch.memory_format | None:
    """How batches are laid out for the rest: channels last, in which a CPU's convolutions train about a
    quarter faster, unless the rest does not take it (a ``view`` in a forward refuses) or gives another output.
    """
    if device.type != "cpu" or few.ndim != 4:
        return None
    with eval_mode(rest):
        try:
            same = close(first_tensor(rest(laid_out(few))), first_tensor(rest(few)))
        except RuntimeError:
            return None
    return torch.channels_last if same else None


def _bar(total: int, progress: bool):
    from tqdm.auto import tqdm

    return tqdm(total=total, desc="features", unit="image", leave=False, disable=not progress)
