"""Your own images: a folder with one sub-folder a class."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from ftlib.errors import DataError
from ftlib.tune.partition import split_indices
from ftlib.tune.sets import ImageSet, Splits
from ftlib.tune.store import sha256

SUFFIXES = {".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
SPLIT_NAMES = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
IN_MEMORY = 1 << 30  # bytes of decoded images that are kept; larger folders are decoded when asked for


def image_folder(path, size: int = 224, seed: int = 0, progress: bool = True) -> Splits:
    """Splits from a folder with one sub-folder a class, or with train / val / test above these.

    Args:
        path: the folder. Hidden files and folders, and files that are no images (by suffix), are passed over.
        size: side in pixels; the shorter side is scaled to it and the centre is cut out.
        seed: of the split 70 / 15 / 15, stratified by class, identical images kept together. Where
            ``train`` is given and ``val`` or ``test`` is not, 15 % of the training images stand in.

    Every image is decoded once to check it and to find duplicates; up to 1 GiB of decoded images
    stays in memory, beyond that they are decoded again when they are asked for. A picture that lies in
    two classes at once stays with both labels and in one split, so no score is flattered; a warning names
    the files.

    Raises DataError: missing folder, no or only one class, a class without images, a file that
    cannot be decoded, a class that is not among the training classes, the same picture in two of
    the given splits. The message names the file or folder.
    """
    if not isinstance(path, str | os.PathLike):
        raise DataError(f"path is {path!r}, expected the path of a folder of images")
    root, size = _folder(Path(path).expanduser()), side(size)
    given = {name: _first(root, names) for name, names in SPLIT_NAMES.items()}
    given = {name: folder for name, folder in given.items() if folder}
    if not given:
        given = {"all": root}
    elif "train" not in given:
        raise DataError(
            f"{root} holds {sorted(given)} and no folder 'train'; add it, or give class folders alone"
        )
    classes = _classes(given.get("train", root))
    found = {name: _labelled(folder, classes) for name, folder in given.items()}
    files = [file for part in found.values() for file, _ in part]
    targets = torch.tensor([target for part in found.values() for _, target in part])
    images, digests = _scan(files, size, progress)
    homes = [name for name, part in found.items() for _ in part]
    _refuse_shared(files, digests, homes)
    _warn_of_two_labels(files, digests, targets.tolist())
    content = [sha256(d, size) for d in digests]
    sets = {}
    for name, indices in _parts(homes, targets, digests, seed, classes).items():
        sets[name] = ImageSet(
            images[indices] if torch.is_tensor(images) else images.take(indices),
            targets[indices],
            files=[files[i] for i in indices],
            fingerprint=sha256(*(content[i] for i in indices)),
        )
    about = {"licence": "your own: state it", "source": str(root)}
    return Splits(f"{root.name}, {size} px", **sets, classes=classes, task="classification", **about)


def side(size: int) -> int:
    """``size`` where it can be the side of an image in pixels; DataError where not."""
    if not isinstance(size, int) or size < 8:
        raise DataError(f"size={size!r}; expected a whole number of pixels, 8 or more")
    return size


def decode(file: Path, size: int, mode: str = "RGB") -> torch.Tensor:
    """One image as uint8 (3 or 1, size, size): upright, shorter side scaled, centre cut out.

    Raises DataError naming a file that cannot be decoded.
    """
    return _to_size(_open(file, mode), size)


class Files:
    """Images on disk that are decoded when indexed: ``files[[0, 5]]`` is uint8 (2, 3, size, size)."""

    def __init__(self, files: list[Path], size: int):
        self.files, self.size = list(files), size

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, indices) -> torch.Tensor:
        chosen = [self.files[int(i)] for i in indices]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return torch.stack(list(pool.map(lambda file: decode(file, self.size), chosen)))

    def take(self, indices) -> "Files":
        """These files only, in this order."""
        return Files([self.files[int(i)] for i in indices], self.size)


def _open(file: Path, mode: str) -> Image.Image:
    try:
        with Image.open(file) as image:
            return _eight_bits(ImageOps.exif_transpose(image)).convert(mode)
    except FileNotFoundError as error:
        raise DataError(f"image not found: {file}") from error
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise DataError(f"cannot decode {file} ({error}); repair or remove this file") from error


def _eight_bits(image: Image.Image) -> Image.Image:
    """Pillow cuts deeper grays off at 255, so that a picture of 16 bits comes out white: it is scaled here."""
    if image.mode in ("I", "F"):
        raise ValueError("numbers of 32 bits have no range that is white; save it with 8 or 16 bits")
    return Image.fromarray((np.asarray(image) // 257).astype(np.uint8)) if "16" in image.mode else image


def _to_size(image: Image.Image, size: int) -> torch.Tensor:
    if image.size != (size, size):
        image = ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR)
    array = np.array(image)
    return torch.from_numpy(array[None] if array.ndim == 2 else array.transpose(2, 0, 1).copy())


def _scan(files: list[Path], size: int, progress: bool):
    """Decode every file once: (images, as a tensor or as Files; digest of each one's full pixels)."""
    from tqdm.auto import tqdm

    keep = len(files) * 3 * size * size <= IN_MEMORY

    def look(file):
        image = _open(file, "RGB")
        return sha256(np.asarray(image)), _to_size(image, size) if keep else None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(tqdm(pool.map(look, files), "images", len(files), disable=not progress, leave=False))
    digests = [digest for digest, _ in results]
    return (torch.stack([image for _, image in results]) if keep else Files(files, size)), digests


def _parts(homes, targets, digests, seed, classes) -> dict[str, np.ndarray]:
    """Indices of train, val and test; what the folder does not give is taken from its training part."""
    homes = np.array(homes)
    if homes[0] == "all":
        return split_indices([classes[t] for t in targets], digests, seed)
    parts = {name: np.flatnonzero(homes == name) for name in SPLIT_NAMES}
    missing = [name for name in ("val", "test") if not len(parts[name])]
    if missing:
        own = parts["train"]
        shares = {"train": 1 - 0.15 * len(missing), **dict.fromkeys(missing, 0.15)}
        dealt = split_indices([classes[targets[i]] for i in own], [digests[i] for i in own], seed, shares)
        parts.update({name: own[indices] for name, indices in dealt.items()})
    return parts


def _clashes(files, digests, marks) -> list[str]:
    """ "a and b" for every file b that shows the same picture as an earlier a under another mark."""
    seen, found = {}, []
    for file, digest, mark in zip(files, digests, marks):
        first, other = seen.setdefault(digest, (file, mark))
        if other != mark:
            found.append(f"{first} and {file}")
    return found


def _refuse_shared(files, digests, homes) -> None:
    if clashes := _clashes(files, digests, homes):
        raise DataError(
            f"the same picture lies in two splits, so the score would be flattered: {clashes[0]}"
            + (f" (and {len(clashes) - 1} more)" if len(clashes) > 1 else "")
            + "; remove one of each pair"
        )


def _warn_of_two_labels(files, digests, targets) -> None:
    """A warning and no error: the score can only suffer, and large collections have some of these."""
    if clashes := _clashes(files, digests, targets):
        warnings.warn(
            f"the same picture lies in two classes: {'; '.join(clashes[:3])} ({len(clashes)} such pairs). "
            "At most one label is right: remove the other file",
            stacklevel=3,
        )


def _folder(path: Path) -> Path:
    if not path.is_dir():
        what = "is a file, not a folder" if path.exists() else "does not exist"
        raise DataError(f"folder {path} {what}; expected a folder with one sub-folder a class")
    return path


def _first(root: Path, names: tuple[str, ...]) -> Path | None:
    """The sub-folder with one of these names, however it is capitalised."""
    return next((sub for sub in _sub_folders(root) if sub.name.lower() in names), None)


def _sub_folders(folder: Path) -> list[Path]:
    return sorted(sub for sub in folder.iterdir() if sub.is_dir() and not sub.name.startswith("."))


def _classes(folder: Path) -> tuple[str, ...]:
    names = tuple(sub.name for sub in _sub_folders(folder))
    if len(names) < 2:
        raise DataError(
            f"{folder} has {len(names)} class folders ({', '.join(names) or 'none'}); expected 2 or more"
        )
    return names


def _labelled(folder: Path, classes: tuple[str, ...]) -> list[tuple[Path, int]]:
    """(file, class index) of every image below ``folder``, in the order of names."""
    found = []
    for sub in _sub_folders(folder):
        if sub.name not in classes:
            raise DataError(f"{sub} is no class of the training folder; its classes are {', '.join(classes)}")
        files = sorted(f for f in sub.rglob("*") if _is_image(f, sub))
        if not files:
            raise DataError(f"class folder {sub} holds no image ({', '.join(sorted(SUFFIXES))})")
        found += [(file, classes.index(sub.name)) for file in files]
    return found


def _is_image(file: Path, below: Path) -> bool:
    """Whether this is an image by its suffix, and neither it nor a folder on the way to it is hidden."""
    hidden = any(part.startswith(".") for part in file.relative_to(below).parts)
    return file.suffix.lower() in SUFFIXES and not hidden and file.is_file()
