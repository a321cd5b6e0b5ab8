"""The course's own data: solar cells, digits, two photos; and how they are split.

Everything here comes with the installed packages and needs no network. Bring your own images
with ``image_folder``.
"""

import csv
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata, util
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ftlib import paths
from ftlib.errors import DataError
from ftlib.tune.folders import decode, image_folder, side
from ftlib.tune.partition import split_indices
from ftlib.tune.sets import HALF, ImageSet, Splits, TensorSet, batches
from ftlib.tune.store import keep_array, load_array, sha256

__all__ = [
    "ImageSet",
    "Splits",
    "TensorSet",
    "batches",
    "digits",
    "image_folder",
    "imagenet_labels",
    "sample_photos",
    "solar_cells",
]


def solar_cells(size: int = 128, task: str = "defect", seed: int = 0) -> Splits:
    """2,624 electroluminescence images of solar cells, 70 / 15 / 15.

    Args:
        size: side of the square images in pixels (300 at the source, downscaled with averaging).
        task: "defect" (classification: is the defect probability 0.5 or more?) or
            "probability" (regression on the probability itself: 0, 1/3, 2/3 or 1).
        seed: of the split. It is stratified by probability and by cell type (mono, poly), the same
            for both tasks, and identical images always lie in the same split.

    The decoded images are kept in the cache folder (``ftlib.paths.cache()``), so only the
    first call at a size reads the 2,624 files.

    Source: Buerhop-Lutz et al., "A Benchmark for Visual Identification of Defective Solar Cells
    in Electroluminescence Imagery", EU PVSEC 2018; package ``elpv-dataset``, images CC BY-NC-SA 4.0.
    """
    if task not in ("defect", "probability"):
        raise DataError(f"task={task!r}; expected 'defect' (classes) or 'probability' (regression)")
    files, probability, kinds = _elpv_labels()
    images = torch.from_numpy(_elpv_images(files, side(size)))
    digests = [sha256(image) for image in images.numpy()]
    strata = [f"{kind} {p:.2f}" for kind, p in zip(kinds, probability)]
    is_defect = task == "defect"
    return _three(
        ImageSet(
            images[:, None],
            torch.tensor(probability >= 0.5).long() if is_defect else torch.tensor(probability).float(),
            files=[file.name for file in files],
        ),
        split_indices(strata, digests, seed),
        name=f"solar cells, {size} px",
        classes=("functional", "defective") if is_defect else (),
        task="classification" if is_defect else "regression",
        licence="CC BY-NC-SA 4.0",
        source="elpv-dataset: Buerhop-Lutz et al. 2018, Deitsch et al. 2019",
    )


def digits(size: int = 32, seed: int = 0) -> Splits:
    """1,797 handwritten digits of ten classes, 70 / 15 / 15, stratified by class.

    The originals are 8×8 with 17 levels of gray; they are enlarged to ``size``×``size`` pixels.

    Source: scikit-learn's ``load_digits`` (UCI Optical Recognition of Handwritten Digits, CC BY 4.0).

    >>> splits = digits(size=16)
    >>> len(splits.train), len(splits.val), len(splits.test), tuple(splits.train[0][0].shape)
    (1259, 269, 269, (3, 16, 16))
    """
    from sklearn.datasets import load_digits  # late: only this function pays for scikit-learn

    small, targets = load_digits(return_X_y=True)
    bytes_ = np.round(small.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    shape = (side(size), size)
    large = [np.asarray(Image.fromarray(one).resize(shape, Image.Resampling.BILINEAR)) for one in bytes_]
    return _three(
        ImageSet(torch.from_numpy(np.stack(large))[:, None], torch.from_numpy(targets).long()),
        split_indices(targets.tolist(), [sha256(one) for one in bytes_], seed),
        name=f"digits, {size} px",
        classes=tuple("0123456789"),
        task="classification",
        licence="CC BY 4.0",
        source="scikit-learn load_digits: UCI Optical Recognition of Handwritten Digits",
    )


def sample_photos(size: int = 224) -> ImageSet:
    """scikit-learn's two photos, a Chinese palace and a flower, cropped square at the centre.

    ``files`` holds their names, ``targets`` their ImageNet classes (698 palace, 985 daisy).
    Source: scikit-learn's ``load_sample_images`` (CC BY 2.0, by Raphaël Gaudin and Alexandre Fedotov).
    """
    import sklearn.datasets

    folder = Path(sklearn.datasets.__file__).parent / "images"
    files = [folder / "china.jpg", folder / "flower.jpg"]
    images = torch.stack([decode(file, side(size)) for file in files])
    return ImageSet(images, torch.tensor([698, 985]), files=[file.name for file in files])


def imagenet_labels() -> list[str]:
    """The names of the 1,000 ImageNet classes, in the order of a classifier's outputs.

    >>> labels = imagenet_labels()
    >>> len(labels), labels[698], labels[985]
    (1000, 'palace', 'daisy')
    """
    from timm.data import ImageNetInfo

    described = ImageNetInfo()
    return [described.index_to_description(i).split(",")[0] for i in range(described.num_classes())]


def _three(whole: ImageSet, parts: dict[str, np.ndarray], **about) -> Splits:
    sets = {name: whole.subset(indices) for name, indices in parts.items()}
    return Splits(**sets, **about, mean=HALF, std=HALF)


def _elpv_labels() -> tuple[list[Path], np.ndarray, list[str]]:
    found = util.find_spec("elpv_dataset")
    if found is None:
        raise DataError("the package elpv-dataset is not installed; pip install elpv-dataset")
    folder = Path(found.origin).parent / "data"
    try:
        with open(folder / "labels.csv", newline="") as file:
            rows = [row.split() for (row,) in csv.reader(file) if row.strip()]
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {folder / 'labels.csv'} ({error}); reinstall elpv-dataset") from error
    return (
        [folder / row[0] for row in rows],
        np.array([float(row[1]) for row in rows]),
        [row[2] for row in rows],
    )


def _elpv_images(files: list[Path], size: int) -> np.ndarray:
    """uint8 (N, size, size), from the cache folder or, the first time at this size, from the files."""
    path = paths.cache() / "images" / f"elpv-{metadata.version('elpv-dataset')}-{size}px.array"
    images = load_array(path)
    if images is None or images.shape != (len(files), size, size) or images.dtype != np.uint8:
        with ThreadPoolExecutor() as pool:  # Pillow decodes and resizes outside Python's lock
            images = np.stack(list(pool.map(lambda file: decode(file, size, "L")[0].numpy(), files)))
        keep_array(path, images)
    return images
