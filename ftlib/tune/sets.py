"""Data in memory, batched by indexing: image sets, tensor sets, and the three splits.

A set is a ``torch.utils.data.Dataset`` (a ``DataLoader`` takes it), and it also hands out a
whole batch at once, which is what ``fit`` and ``cache_features`` use: for a small head on
cached features, collecting a batch sample by sample costs more than training on it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, default_collate

from ftlib.errors import DataError
from ftlib.tune.store import sha256

HALF = (0.5, 0.5, 0.5)


class _Batched(Dataset):
    """What both sets share: samples and lists of samples by way of ``batch``."""

    targets: torch.Tensor
    _taken: tuple[int, str] | None = None  # the version of the inputs, and what identifies that version

    def _digest(self, inputs, take) -> str:
        """``take()``, which reads all inputs, remembered until they are changed in place."""
        version = inputs._version if torch.is_tensor(inputs) and not inputs.is_inference() else 0
        if self._taken is None or self._taken[0] != version:
            self._taken = version, take()
        return self._taken[1]

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int):
        if not -len(self) <= index < len(self):
            raise IndexError(f"sample {index} of a set of {len(self)}")
        x, y = self.batch([index % len(self)])
        return x[0], y[0]

    def __getitems__(self, indices: Sequence[int]) -> list:
        return list(zip(*self.batch(indices)))

    def batch(self, indices):
        raise NotImplementedError

    def __repr__(self) -> str:
        x = self[0][0] if len(self) else torch.empty(0)
        return f"{type(self).__name__}({len(self)} samples of {tuple(x.shape)})"


class ImageSet(_Batched):
    """Images kept as bytes, handed out as normalised floats.

    Args:
        images: uint8 (N, 1 or 3, H, W), or anything with a length that gives such a tensor for
            a list of indices (``image_folder`` passes files that are decoded when asked for).
        targets: (N,), int64 classes or float32 values.
        mean, std: three numbers each, for inputs scaled to 0–1.
        files: a name for each image, where there is one.
        fingerprint: what identifies the images, where it is known already; else it is
            computed from their bytes when first asked for.

    A sample is (float32 (3, H, W), target); a gray image has its one channel three times.
    Raises DataError where images and targets do not match in number.

    >>> photos = ImageSet(torch.full((2, 1, 4, 4), 255, dtype=torch.uint8), torch.tensor([0, 1]))
    >>> x, y = photos.batch([1])
    >>> tuple(x.shape), float(x.max()), y.tolist()
    ((1, 3, 4, 4), 1.0, [1])
    """

    def __init__(self, images, targets, *, mean=HALF, std=HALF, files=None, fingerprint=None):
        if len(images) != len(targets):
            raise DataError(
                f"{len(images)} images came with {len(targets)} targets; give one target an image"
            )
        if isinstance(images, torch.Tensor) and (images.dtype != torch.uint8 or images.ndim != 4):
            raise DataError(f"images are {images.dtype} {tuple(images.shape)}; expected uint8 (N, C, H, W)")
        self.images, self.targets = images, torch.as_tensor(targets)
        self.mean, self.std = tuple(map(float, mean)), tuple(map(float, std))
        self.files = None if files is None else tuple(map(str, files))
        self._content = fingerprint
        if fingerprint is not None:
            self._digest(self.images, lambda: fingerprint)
        self._shift = torch.tensor(self.mean).view(1, 3, 1, 1)
        self._scale = torch.tensor(self.std).view(1, 3, 1, 1)

    def batch(self, indices) -> tuple[torch.Tensor, torch.Tensor]:
        """(float32 (B, 3, H, W), targets (B,)) of these indices, in their order."""
        indices = torch.as_tensor(indices, dtype=torch.long)
        x = self.images[indices].float().div_(255)
        if x.shape[1] == 1:
            x = x.expand(-1, 3, -1, -1)
        return (x - self._shift).div_(self._scale), self.targets[indices]

    @property
    def fingerprint(self) -> str:
        """Digest of the images, as they are now, and of how they are normalised; targets do not enter it."""
        return sha256("images", self._pixels(), self.mean, self.std)

    def _pixels(self) -> str:
        whole = lambda: self.images if torch.is_tensor(self.images) else self.images[range(len(self))]
        return self._digest(self.images, lambda: sha256(whole().numpy()))

    def _given(self) -> str | None:
        """The fingerprint that was passed in, as long as it holds."""
        return self._content if self._content is not None and self._pixels() == self._content else None

    def subset(self, indices) -> "ImageSet":
        """The set of these samples, in this order; normalisation is kept."""
        indices = torch.as_tensor(indices, dtype=torch.long)
        files = None if self.files is None else [self.files[i] for i in indices.tolist()]
        content = self._given() and sha256(self._given(), indices.numpy())
        images = self.images[indices] if isinstance(self.images, torch.Tensor) else self.images.take(indices)
        return ImageSet(
            images, self.targets[indices], mean=self.mean, std=self.std, files=files, fingerprint=content
        )

    def normalised(self, mean, std) -> "ImageSet":
        """The same images (shared, not copied) under another mean and std."""
        return ImageSet(
            self.images, self.targets, mean=mean, std=std, files=self.files, fingerprint=self._given()
        )


class TensorSet(_Batched):
    """Features and targets in memory: what ``cache_features`` returns and ``fit`` takes.

    ``features`` is (N, ...), ``targets`` (N,) or (N, K). A batch is one indexing of each, laid out in
    memory as ``memory_format`` says (None: as it comes), which changes no value.

    >>> points = TensorSet(torch.arange(6.0).view(3, 2), torch.tensor([0, 1, 0]))
    >>> points.batch([2, 0])[0].tolist()
    [[4.0, 5.0], [0.0, 1.0]]
    """

    def __init__(self, features, targets, memory_format: torch.memory_format | None = None):
        features, targets = torch.as_tensor(features), torch.as_tensor(targets)
        if not features.ndim or not targets.ndim:
            raise DataError("features or targets are one number; expected a row for each sample, (N, ...)")
        if len(features) != len(targets):
            raise DataError(f"{len(features)} rows of features came with {len(targets)} targets")
        self.features, self.targets, self.memory_format = features, targets, memory_format

    def batch(self, indices) -> tuple[torch.Tensor, torch.Tensor]:
        """(features, targets) of these indices, in their order."""
        indices = torch.as_tensor(indices, dtype=torch.long)
        x = self.features.index_select(0, indices)
        x = x if self.memory_format is None else x.contiguous(memory_format=self.memory_format)
        return x, self.targets.index_select(0, indices)

    @property
    def fingerprint(self) -> str:
        """Digest of the features as they are now; targets do not enter it."""
        return self._digest(self.features, lambda: sha256("tensors", self.features))

    def subset(self, indices) -> "TensorSet":
        """The set of these samples, in this order."""
        return TensorSet(*self.batch(indices), self.memory_format)


@dataclass(frozen=True)
class Splits:
    """Training, validation and test set of one task, and what one must know to use them.

    ``task`` is "classification" or "regression"; ``classes`` names the classes (empty for
    regression); ``licence`` and ``source`` say where the data comes from and on what terms.
    Printing it shows how many samples of each class every split holds.
    """

    name: str
    train: Dataset
    val: Dataset
    test: Dataset
    classes: tuple[str, ...]
    task: str
    licence: str
    source: str
    mean: tuple[float, ...] = HALF
    std: tuple[float, ...] = HALF

    @property
    def parts(self) -> dict[str, Dataset]:
        """The three sets by name, in the order train, val, test."""
        return {"train": self.train, "val": self.val, "test": self.test}

    @property
    def fingerprint(self) -> str:
        """Digest of the three sets' inputs and normalisation."""
        return sha256(*(part.fingerprint for part in self.parts.values()))

    def normalised_for(self, model) -> "Splits":
        """The same splits under the mean and std that ``model`` was trained with.

        Read from ``model.ftlib_info``, which ``load_backbone`` sets. Raises DataError for a
        model without it.
        """
        info = getattr(model, "ftlib_info", None)
        if info is None:
            raise DataError(
                f"{type(model).__name__} does not say how its inputs were normalised; load it with "
                "load_backbone, or use ImageSet.normalised(mean, std)"
            )
        parts = {name: part.normalised(info.mean, info.std) for name, part in self.parts.items()}
        return replace(self, **parts, mean=tuple(info.mean), std=tuple(info.std))

    def __str__(self) -> str:
        rows = [f"{self.name} ({self.task}; {self.licence})"]
        for name, part in self.parts.items():
            rows.append(f"  {name:<6}{len(part):>6} samples   {self._describe(part.targets)}")
        return "\n".join(rows)

    __repr__ = __str__

    def _describe(self, targets: torch.Tensor) -> str:
        if self.task == "regression":
            return f"mean {targets.float().mean():.3f}, range {targets.min():.3g} to {targets.max():.3g}"
        counts = torch.bincount(targets, minlength=len(self.classes)).tolist()
        return ", ".join(f"{name} {count}" for name, count in zip(self.classes, counts))


def as_set(data):
    """``data`` as something that ``batches`` can walk: a pair of tensors or arrays becomes a TensorSet."""
    if isinstance(data, (tuple, list)) and any(isinstance(one, (torch.Tensor, np.ndarray)) for one in data):
        if len(data) != 2 or not all(isinstance(one, (torch.Tensor, np.ndarray)) for one in data):
            kinds = ", ".join(type(one).__name__ for one in data)
            raise DataError(f"expected a pair (inputs, targets) of tensors or arrays, got ({kinds})")
        return TensorSet(*data)
    if isinstance(data, Splits):
        raise DataError("this takes one set, and three came; pass splits.train, splits.val or splits.test")
    if isinstance(data, IterableDataset):
        raise DataError("an IterableDataset has no length to shuffle; wrap it in a DataLoader and pass that")
    countable = hasattr(data, "__getitem__") and hasattr(data, "__len__")
    if isinstance(data, DataLoader) or (countable and not isinstance(data, dict | str)):
        return data
    raise DataError(
        f"cannot read samples from {type(data).__name__}; pass a Dataset, a DataLoader or a pair (x, y)"
    )


def batches(data, batch_size: int = 64, shuffle: bool = False, seed: int = 0) -> Iterator[tuple]:
    """Yield (x, y) batches of any set, dataset, ``DataLoader`` or pair of tensors.

    Shuffled, the order follows from ``seed`` alone, and a last batch of one sample joins the
    batch before it: no sample is dropped, and BatchNorm never has to normalise a single one.
    A ``DataLoader`` keeps its own batch size and order.

    >>> [len(y) for x, y in batches((torch.zeros(9, 2), torch.zeros(9)), 4)]
    [4, 4, 1]
    >>> [len(y) for x, y in batches((torch.zeros(9, 2), torch.zeros(9)), 4, shuffle=True)]
    [4, 5]
    """
    data = as_set(data)
    if isinstance(data, DataLoader):
        yield from (_pair(batch) for batch in data)
        return
    for indices in _chunks(len(data), batch_size, shuffle, seed):
        yield data.batch(indices) if hasattr(data, "batch") else _pair(_collate(data, indices.tolist()))


def _chunks(count: int, batch_size: int, shuffle: bool, seed: int) -> list[torch.Tensor]:
    if batch_size < 1:
        raise DataError(f"batch_size is {batch_size}; expected 1 or more")
    if not count:
        return []
    if not shuffle:
        return list(torch.arange(count).split(batch_size))
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    chunks = list(order.split(batch_size))
    if len(chunks) > 1 and len(chunks[-1]) == 1 and batch_size > 1:
        chunks[-2:] = [torch.cat(chunks[-2:])]
    return chunks


def _collate(data, indices: list[int]):
    fetch = getattr(data, "__getitems__", None)
    return default_collate(fetch(indices) if fetch else [data[i] for i in indices])


def _pair(batch) -> tuple:
    if isinstance(batch, (tuple, list)) and len(batch) == 2:
        return tuple(batch)
    raise DataError(f"a batch came as {type(batch).__name__}; expected a pair (inputs, targets)")
