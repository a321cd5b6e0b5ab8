"""Data: independent references for decoding and normalising, properties of the splits, faults that name their file."""

import io
import tempfile
from collections import Counter
from importlib import util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset

from ftlib.errors import DataError
from ftlib.tune import (
    ImageSet,
    TensorSet,
    batches,
    digits,
    folders,
    image_folder,
    imagenet_labels,
    sample_photos,
    solar_cells,
    store,
)
from ftlib.tune import data as data_module
from ftlib.tune.partition import split_indices

SIZE = 24


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Solar cells, decoded once for this file, in a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FTLIB_HOME", str(tmp_path_factory.mktemp("home")))
        yield solar_cells(SIZE)


def labels() -> dict[str, tuple[float, str]]:
    folder = Path(util.find_spec("elpv_dataset").origin).parent / "data"
    rows = [line.split() for line in (folder / "labels.csv").read_text().splitlines()]
    return {Path(path).name: (float(p), kind) for path, p, kind in rows}


def hashes(part) -> set[bytes]:
    return {image.numpy().tobytes() for image in part.images}


def test_solar_cells_are_the_files_and_the_labels(cells):
    truth, seen = labels(), []
    for part in cells.parts.values():
        seen += part.files
        assert [truth[file][0] >= 0.5 for file in part.files] == part.targets.bool().tolist()
    assert sorted(seen) == sorted(truth)
    assert len(seen) == 2624


def test_a_solar_cell_is_the_decoded_file_normalised(cells):
    file = Path(util.find_spec("elpv_dataset").origin).parent / "data" / "images" / cells.val.files[3]
    with Image.open(file) as image:
        small = np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BILINEAR), dtype=np.float64)
    x, _ = cells.val[3]
    assert x.dtype == torch.float32
    assert x.shape == (3, SIZE, SIZE)
    np.testing.assert_allclose(x.numpy(), np.stack([small / 255 * 2 - 1] * 3), atol=1e-6)


def test_solar_cells_are_stratified_by_probability_and_kind(cells):
    truth = labels()
    whole = Counter(truth.values())
    for name, share in {"train": 0.7, "val": 0.15, "test": 0.15}.items():
        found = Counter(truth[file] for file in cells.parts[name].files)
        assert all(abs(found[stratum] - share * n) <= 1 for stratum, n in whole.items())


def test_solar_cells_share_no_image_between_splits(cells):
    train, val, test = map(hashes, cells.parts.values())
    assert not train & val
    assert not train & test
    assert not val & test


def test_both_tasks_have_the_same_images_and_seeds_differ(cells, monkeypatch):
    regression, other = solar_cells(SIZE, "probability"), solar_cells(SIZE, seed=1)
    assert regression.fingerprint == cells.fingerprint
    assert regression.train.files == cells.train.files
    assert regression.train.targets.dtype == torch.float32
    assert sorted({round(p, 2) for p in regression.test.targets.tolist()}) == [0, 0.33, 0.67, 1]
    assert other.train.files != cells.train.files
    assert solar_cells(SIZE, seed=1).train.files == other.train.files


def test_solar_cells_are_decoded_once_and_again_when_the_kept_file_is_damaged(cells, monkeypatch):
    decoded = []
    real = data_module.decode
    monkeypatch.setattr(data_module, "decode", lambda *args: decoded.append(1) or real(*args))
    solar_cells(SIZE)
    assert not decoded
    (kept,) = (data_module.paths.cache() / "images").glob(f"*-{SIZE}px.array")
    kept.write_bytes(kept.read_bytes()[:-1000])
    assert solar_cells(SIZE).fingerprint == cells.fingerprint
    assert len(decoded) == 2624


def test_a_folder_that_cannot_be_written_costs_no_image(home, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    files, *_ = data_module._elpv_labels()
    with pytest.warns(UserWarning, match=r"could not be kept .*No space left"):
        images = data_module._elpv_images(files[:3], SIZE)
    assert images.shape == (3, SIZE, SIZE)


def test_a_corrupt_solar_cell_is_named(cells, monkeypatch, tmp_path):
    bad = tmp_path / "cell0001.png"
    bad.write_bytes(b"\x89PNG broken")
    monkeypatch.setattr(data_module, "_elpv_labels", lambda: ([bad], np.array([1.0]), ["mono"]))
    with pytest.raises(DataError, match=r"cell0001\.png"):
        solar_cells(SIZE)


@pytest.mark.parametrize(
    "call", [lambda: solar_cells(task="crack"), lambda: solar_cells(size=0), lambda: digits(2.5)]
)
def test_wrong_arguments_are_refused(call):
    with pytest.raises(DataError, match=r"expected"):
        call()


def test_digits_are_the_originals_enlarged():
    from sklearn.datasets import load_digits

    splits = digits(size=8)
    original = {
        np.round(image * 255 / 16).astype(np.uint8).tobytes(): t
        for image, t in zip(*load_digits(return_X_y=True))
    }
    for part in splits.parts.values():
        assert all(
            original[image.numpy().tobytes()] == target for image, target in zip(part.images, part.targets)
        )
        shares = torch.bincount(part.targets).double() / len(part)
        assert shares.min() > 0.09
        assert shares.max() < 0.11
    assert len(splits.train) + len(splits.val) + len(splits.test) == 1797
    assert "CC BY 4.0" in str(splits)
    assert "test" in str(splits)


def test_photos_are_labelled():
    photos = sample_photos(64)
    assert [imagenet_labels()[t] for t in photos.targets.tolist()] == ["palace", "daisy"]
    assert photos.batch([0, 1])[0].shape == (2, 3, 64, 64)


@given(
    strata=st.lists(st.integers(0, 2), min_size=12, max_size=80),
    repeats=st.integers(1, 4),
    seed=st.integers(0, 5),
)
@settings(max_examples=40, deadline=None)
def test_splitting_partitions_and_keeps_duplicates_together(strata, repeats, seed):
    digests = [i // repeats if i % 3 else -i for i in range(len(strata))]  # some alone, some in groups
    try:
        parts = split_indices(strata, digests, seed)
    except DataError:
        return  # a stratum with fewer than three distinct samples
    together = np.concatenate(list(parts.values()))
    assert sorted(together) == list(range(len(strata)))
    homes = [{digests[i] for i in indices} for indices in parts.values()]
    assert sum(map(len, homes)) == len(set().union(*homes))
    assert all(len(indices) for indices in parts.values())
    again = split_indices(strata, digests, seed)
    assert all(np.array_equal(parts[name], again[name]) for name in parts)


def test_a_stratum_too_small_to_split_is_named():
    with pytest.raises(DataError, match=r"'rare' has 2 distinct samples"):
        split_indices(["rare", "rare", "rare", *["often"] * 20], [0, 0, *range(1, 22)])


@pytest.fixture
def folder(tmp_path):
    """Two classes of twelve different small pictures each, wide ones, in tmp_path/pets."""
    return write(tmp_path / "pets", {"cat": range(12), "dog": range(100, 112)})


def write(root, classes, side=(20, 12)):
    for name, seeds in classes.items():
        (root / name).mkdir(parents=True)
        for seed in seeds:
            noise = np.random.default_rng(seed).integers(0, 256, (side[1], side[0], 3), dtype=np.uint8)
            Image.fromarray(noise).save(root / name / f"{seed}.png")
    return root


def test_image_folder_reads_classes(folder):
    (folder / "cat" / ".DS_Store").write_bytes(b"x")
    (folder / "cat" / "notes.txt").write_text("no image")
    splits = image_folder(folder, size=16, progress=False)
    assert splits.classes == ("cat", "dog")
    assert sum(len(part) for part in splits.parts.values()) == 24
    for part in splits.parts.values():
        assert [Path(file).parent.name for file in part.files] == [splits.classes[t] for t in part.targets]
        assert set(part.targets.tolist()) == {0, 1}


def test_image_folder_scales_the_shorter_side_and_cuts_the_centre(tmp_path):
    picture = np.zeros((10, 30, 3), np.uint8)
    picture[:, 10:20] = 200
    root = write(tmp_path / "p", {"a": range(3), "b": range(9, 12)})
    Image.fromarray(picture).save(root / "a" / "wide.png")
    x = folders.decode(root / "a" / "wide.png", 10)
    assert (x == 200).all()


def test_pictures_are_turned_upright(tmp_path):
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[0] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.fromarray(picture).save(tmp_path / "turned.png", exif=exif)
    assert folders.decode(tmp_path / "turned.png", 8)[:, -1].min() == 255


def test_large_folders_are_decoded_when_asked_for(folder, monkeypatch):
    held = image_folder(folder, size=16, progress=False)
    monkeypatch.setattr(folders, "IN_MEMORY", 0)
    lazy = image_folder(folder, size=16, progress=False)
    assert isinstance(lazy.train.images, folders.Files)
    assert torch.equal(lazy.train.batch([2, 0])[0], held.train.batch([2, 0])[0])
    assert torch.equal(lazy.train.subset([3, 1])[0][0], held.train[3][0])
    assert lazy.fingerprint == held.fingerprint


def test_a_changed_picture_changes_the_fingerprint(folder):
    before = image_folder(folder, size=16, progress=False).fingerprint
    assert image_folder(folder, size=18, progress=False).fingerprint != before
    write(folder.parent / "other", {"cat": [500]})
    (folder.parent / "other" / "cat" / "500.png").replace(folder / "cat" / "3.png")
    assert image_folder(folder, size=16, progress=False).fingerprint != before


def test_duplicates_stay_in_one_split(folder):
    for i in range(10):
        (folder / "cat" / f"copy{i}.png").write_bytes((folder / "cat" / f"{i % 3}.png").read_bytes())
    for seed in range(4):
        parts = [hashes(part) for part in image_folder(folder, 16, seed, progress=False).parts.values()]
        assert sum(map(len, parts)) == len(set().union(*parts)) == 24


def test_the_same_picture_in_two_given_splits_is_refused(tmp_path):
    for name, start in {"train": 0, "val": 50, "test": 90}.items():
        write(tmp_path / name, {"cat": range(start, start + 4), "dog": range(start + 10, start + 14)})
    splits = image_folder(tmp_path, 16, progress=False)
    assert [len(part) for part in splits.parts.values()] == [8, 8, 8]
    leaked = tmp_path / "test" / "dog" / "leak.bmp"  # other bytes, same pixels
    Image.open(tmp_path / "train" / "cat" / "1.png").save(leaked)
    with pytest.raises(DataError) as error:
        image_folder(tmp_path, 16, progress=False)
    assert str(leaked) in str(error.value)
    assert str(tmp_path / "train" / "cat" / "1.png") in str(error.value)


def test_a_missing_split_is_taken_from_training(tmp_path):
    write(tmp_path / "train", {"cat": range(20), "dog": range(30, 50)})
    write(tmp_path / "valid", {"cat": range(60, 64), "dog": range(70, 74)})
    splits = image_folder(tmp_path, 16, progress=False)
    assert [len(part) for part in splits.parts.values()] == [34, 8, 6]
    assert all("valid" in file for file in splits.val.files)
    assert all("train" in file for file in splits.test.files)


def test_faults_of_a_folder_are_named(folder, tmp_path):
    with pytest.raises(DataError, match=r"nowhere does not exist"):
        image_folder(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"is a file, not a folder"):
        image_folder(folder / "cat" / "0.png")
    with pytest.raises(DataError, match=r"cat has 0 class folders"):
        image_folder(folder / "cat")
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match=r"class folder .*empty holds no image"):
        image_folder(folder)
    (folder / "empty").rmdir()
    whole = (folder / "dog" / "105.png").read_bytes()
    for broken in (b"", b"not an image", whole[: len(whole) // 2]):
        (folder / "dog" / "105.png").write_bytes(broken)
        with pytest.raises(DataError, match=r"cannot decode .*105\.png"):
            image_folder(folder, progress=False)


def test_faults_of_given_splits_are_named(tmp_path):
    write(tmp_path / "val", {"cat": range(3), "dog": range(5, 8)})
    with pytest.raises(DataError, match=r"no folder 'train'"):
        image_folder(tmp_path)
    write(tmp_path / "train", {"cat": range(10, 13), "cow": range(15, 18)})
    with pytest.raises(DataError, match=r"val/dog is no class"):
        image_folder(tmp_path)


def images(n=10, seed=0, channels=1) -> ImageSet:
    pixels = torch.randint(
        0, 256, (n, channels, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed)
    )
    return ImageSet(pixels, torch.arange(n) % 2)


def test_an_image_set_serves_data_loaders_and_batches_alike():
    data = images()
    (x, y), (fast, _) = next(iter(DataLoader(data, 4))), next(batches(data, 4))
    assert torch.equal(x, fast)
    assert y.tolist() == [0, 1, 0, 1]
    assert torch.equal(data[-1][0], data[9][0])
    assert len(list(data)) == 10
    with pytest.raises(IndexError):
        data[10]


def test_channels_are_normalised_each_by_its_own_numbers():
    data = ImageSet(
        torch.full((1, 3, 2, 2), 255, dtype=torch.uint8), [0], mean=(0.1, 0.2, 0.3), std=(1, 2, 4)
    )
    assert data[0][0][:, 0, 0].tolist() == pytest.approx([0.9, 0.4, 0.175])


def test_fingerprints_follow_the_inputs_alone():
    data = images()
    relabelled = ImageSet(data.images, 1 - data.targets)
    assert relabelled.fingerprint == data.fingerprint == images().fingerprint
    changed = data.images.clone()
    changed[3, 0, 1, 1] ^= 1
    others = [
        ImageSet(changed, data.targets),
        data.normalised((0, 0, 0), (1, 1, 1)),
        data.subset([1, 0]),
        images(9),
    ]
    assert len({data.fingerprint, *(other.fingerprint for other in others)}) == 5
    assert data.subset(range(10)).fingerprint == data.fingerprint


def test_splits_take_the_normalisation_of_a_model():
    info = SimpleNamespace(mean=(0.4, 0.5, 0.6), std=(0.2, 0.2, 0.2))
    splits = digits(size=8)
    other = splits.normalised_for(SimpleNamespace(ftlib_info=info))
    expected = (
        splits.val.images[:2].expand(-1, 3, -1, -1) / 255 - torch.tensor(info.mean).view(3, 1, 1)
    ) / 0.2
    torch.testing.assert_close(other.val.batch([0, 1])[0], expected)
    assert other.mean == info.mean
    assert other.train.fingerprint != splits.train.fingerprint
    with pytest.raises(DataError, match="load_backbone"):
        splits.normalised_for(torch.nn.Linear(1, 1))


class Own(Dataset):
    """A dataset as a learner would write it."""

    def __len__(self):
        return 7

    def __getitem__(self, i):
        return torch.full((2,), float(i)), i % 2


@example(n=9, size=4, shuffle=True, seed=0)
@given(n=st.integers(1, 40), size=st.integers(1, 12), shuffle=st.booleans(), seed=st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_batches_hold_every_sample_once(n, size, shuffle, seed):
    data = TensorSet(torch.arange(n).float()[:, None], torch.arange(n))
    found = list(batches(data, size, shuffle, seed))
    order = torch.cat([y for _, y in found]).tolist()
    assert sorted(order) == list(range(n))
    assert shuffle or order == list(range(n))
    assert all(torch.equal(x[:, 0].long(), y) for x, y in found)
    if shuffle and size > 1 and n > 1:
        assert min(len(y) for _, y in found) > 1
    again = torch.cat([y for _, y in batches(data, size, shuffle, seed)]).tolist()
    assert order == again


def test_batches_take_what_learners_have():
    loader = DataLoader(Own(), 3)
    for data in (Own(), loader, (torch.arange(7.0)[:, None].expand(7, 2), torch.arange(7) % 2)):
        found = list(batches(data, 3))
        assert [len(y) for _, y in found] == [3, 3, 1]
        assert torch.cat([x for x, _ in found])[:, 0].tolist() == list(range(7))


class Stream(IterableDataset):
    def __iter__(self):
        return iter(())


class Triples(Own):
    def __getitem__(self, i):
        return 1, 2, 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (Stream(), "DataLoader"),
        (Triples(), "expected a pair"),
        (5, "cannot read samples from int"),
        (digits(size=8), r"splits\.train"),
    ],
)
def test_batches_refuse_what_they_cannot_walk(data, words):
    with pytest.raises(DataError, match=words):
        list(batches(data))


def test_sets_refuse_what_does_not_match():
    with pytest.raises(DataError, match="3 images came with 2 targets"):
        ImageSet(torch.zeros(3, 1, 2, 2, dtype=torch.uint8), [0, 1])
    with pytest.raises(DataError, match="expected uint8"):
        ImageSet(torch.zeros(2, 1, 2, 2), [0, 1])
    with pytest.raises(DataError, match="3 rows"):
        TensorSet(torch.zeros(3, 1), [0, 1])
    with pytest.raises(DataError, match="batch_size is 0"):
        list(batches(images(), 0))


def test_given_splits_may_be_capitalised(tmp_path):
    for name, start in {"Train": 0, "VAL": 50, "Testing": 90}.items():
        write(tmp_path / name, {"cat": range(start, start + 4), "dog": range(start + 10, start + 14)})
    splits = image_folder(tmp_path, 16, progress=False)
    assert splits.classes == ("cat", "dog")
    assert [len(part) for part in splits.parts.values()] == [8, 8, 8]


@pytest.mark.parametrize("size", [0, -3, 16.0, "16", None])
def test_sizes_that_make_no_sense(folder, size):
    with pytest.raises(DataError, match="expected a whole number of pixels"):
        image_folder(folder, size)


def test_one_picture_in_two_classes_is_said_and_kept_together(folder):
    copy = folder / "dog" / "stray.bmp"  # other bytes, same pixels
    Image.open(folder / "cat" / "3.png").save(copy)
    for seed in range(4):
        with pytest.warns(UserWarning, match="same picture lies in two classes") as said:
            splits = image_folder(folder, 16, seed, progress=False)
        assert str(copy) in str(said[0].message)
        assert str(folder / "cat" / "3.png") in str(said[0].message)
        parts = [hashes(part) for part in splits.parts.values()]
        assert sum(map(len, parts)) == len(set().union(*parts)) == 24
        assert sum(len(part) for part in splits.parts.values()) == 25


def test_what_lies_about_in_a_folder_is_passed_over(folder):
    (folder / "cat" / ".ipynb_checkpoints").mkdir()
    (folder / "cat" / ".ipynb_checkpoints" / "0-checkpoint.png").write_bytes(
        (folder / "cat" / "0.png").read_bytes()
    )
    (folder / "cat" / "album.png").mkdir()
    (folder / "cat" / "more").mkdir()
    (folder / "cat" / "0.png").rename(folder / "cat" / "more" / "größe 猫.png")
    (folder / "cat" / "more" / "loop").symlink_to(folder / "cat", target_is_directory=True)
    splits = image_folder(folder, 16, progress=False)
    names = [Path(file).name for part in splits.parts.values() for file in part.files]
    assert len(names) == len(set(names)) == 24
    assert "größe 猫.png" in names


MODES = {
    "L": lambda a: Image.fromarray(a[..., 0]),
    "RGBA": lambda a: Image.fromarray(np.dstack([a, np.full_like(a[..., :1], 255)])),
    "LA": lambda a: Image.fromarray(a[..., 0]).convert("LA"),
    "P": lambda a: Image.fromarray(a).quantize(256),
    "1": lambda a: Image.fromarray(a[..., 0]).convert("1"),
    "I;16": lambda a: Image.fromarray(a[..., 0].astype(np.uint16) * 257),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_kind_of_picture_comes_out_in_its_own_brightness(mode, tmp_path):
    pixels = np.repeat(np.linspace(10, 240, 64).astype(np.uint8).reshape(8, 8, 1), 3, axis=2)
    MODES[mode](pixels).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == mode
    x = folders.decode(tmp_path / "a.png", 8)
    assert x.shape == (3, 8, 8)
    assert x.dtype == torch.uint8
    if mode != "1":
        assert np.abs(x.numpy().astype(int) - pixels.transpose(2, 0, 1)).max() <= 2


def test_cmyk_and_the_first_picture_of_a_film(tmp_path):
    Image.new("CMYK", (9, 9), (0, 255, 255, 0)).save(tmp_path / "red.jpg")
    red = folders.decode(tmp_path / "red.jpg", 9).float().mean((1, 2))
    assert red[0] > 200 > 60 > red[1:].max()
    frames = [Image.new("RGB", (9, 9), (shade, 0, 0)) for shade in (255, 0)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    assert folders.decode(tmp_path / "film.gif", 9)[0].min() > 250


@pytest.mark.parametrize("kind", ["F", "I"])
def test_numbers_without_a_range_are_no_picture(kind, tmp_path):
    values = np.linspace(0, 1, 64).reshape(8, 8) * (1 if kind == "F" else 1e6)
    Image.fromarray(values.astype(np.float32 if kind == "F" else np.int32)).save(tmp_path / "scan.tif")
    with pytest.raises(DataError, match=r"scan\.tif.*8 or 16 bits"):
        folders.decode(tmp_path / "scan.tif", 8)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["png", "jpeg", "gif", "bmp", "tiff", "webp", "ppm"]),
    places=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6
    ),
)
def test_a_garbled_file_gives_a_picture_or_an_error_by_name(kind, places):
    raw = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    Image.fromarray(noise).save(raw, kind, exif=Image.Exif())
    raw = bytearray(raw.getvalue())
    for place, byte in places:
        raw[int(place * min(len(raw), 200))] = byte
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "odd.img"
        file.write_bytes(raw)
        try:
            said, x = None, folders.decode(file, 8)
        except DataError as error:
            said, x = str(error), None
    assert x.shape == (3, 8, 8) if said is None else "odd.img" in said
