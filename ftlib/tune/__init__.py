"""Fine-tuning in PyTorch: load, look, freeze, replace, cache, train.

>>> from ftlib.tune import freeze, load_backbone, replace_head
>>> model = load_backbone()
>>> head = replace_head(model, num_classes=2, seed=0)
>>> report = freeze(model, keep=head)
"""

from importlib import import_module
from importlib.util import find_spec

_WHERE = {
    "data": "ImageSet Splits TensorSet batches digits image_folder imagenet_labels sample_photos solar_cells",
    "device": "pick_device",
    "features": "Cached cache_features",
    "freeze": "FreezeReport freeze freeze_to unfreeze unfreeze_next",
    "gradual": "GradualUnfreezing",
    "heads": "Head find_head replace_head",
    "history": "Evaluation History",
    "loop": "seed_everything",
    "lr": "LRFind lr_find",
    "model": "BackboneInfo load_backbone",
    "optim": "ParamGroups param_groups",
    "prove": "Proof prove_frozen",
    "split": "split_at",
    "stages": "Stage stages",
    "train": "evaluate fit",
    "transactions": "Transactions card_transactions",
}
_HOME = {name: module for module, names in _WHERE.items() for name in names.split()}
__all__ = sorted(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'ftlib.tune' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(f"ftlib.tune.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


# A function that shares its module's name is bound now, before anyone imports that module: importing a
# submodule sets it as an attribute here, and __getattr__ would then never be asked.
for _name, _module in _HOME.items():
    if _name == _module and find_spec(f"ftlib.tune.{_module}"):
        __getattr__(_name)
