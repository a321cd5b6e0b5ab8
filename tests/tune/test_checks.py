"""Bad input at every door: one error of ours that says what came; nothing was trained, nothing half-done."""

import pytest
import torch
from torch import nn

from ftlib import tune
from ftlib.errors import FtlibError, InputError

X, Y = torch.ones(4, 1), torch.tensor([0, 1, 0, 1])
DOORS = {
    "fit": lambda model: tune.fit(model, (X, Y), progress=False),
    "evaluate": lambda model: tune.evaluate(model, (X, Y)),
    "lr_find": lambda model: tune.lr_find(model, (X, Y)),
    "freeze": tune.freeze,
    "unfreeze": tune.unfreeze,
    "freeze_to": lambda model: tune.freeze_to(model, "head"),
    "unfreeze_next": tune.unfreeze_next,
    "find_head": tune.find_head,
    "replace_head": lambda model: tune.replace_head(model, 2),
    "stages": tune.stages,
    "split_at": lambda model: tune.split_at(model, "head"),
    "cache_features": lambda model: tune.cache_features(model, (X, Y), progress=False),
    "param_groups": tune.param_groups,
    "prove_frozen": lambda model: tune.prove_frozen(model, lambda: None),
}


@pytest.mark.parametrize("model", ["resnet18", None, 3, nn.Linear], ids=str)
@pytest.mark.parametrize("door", DOORS)
def test_what_is_no_model_is_named(door, model):
    with pytest.raises(InputError, match=f"model is {type(model).__name__}, expected a torch.nn.Module"):
        DOORS[door](model)


def test_a_name_is_told_how_to_become_a_model():
    with pytest.raises(InputError, match=r"load_backbone\('resnet18'\)"):
        tune.freeze("resnet18")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("door", ["split_at", "cache_features", "prove_frozen"])
def test_a_scripted_model_cannot_be_looked_into(door):
    scripted = torch.jit.script(nn.Sequential(nn.Linear(1, 2), nn.BatchNorm1d(2)))
    with pytest.raises(InputError, match="ScriptModule"):
        DOORS[door](scripted)


BAD = {
    "seed": [-1, "x", 1.5, True],
    "epochs": [-1, 2.5, "3"],
    "batch_size": [0, None.__class__],
    "callbacks": [3, [3]],
    "scheduler": [3, "cosine"],
    "optimizer": ["adam", torch.optim.AdamW],
    "loss_fn": ["ce", 0.5],
    "device": ["cuda:99", "gpu", 3.5],
    "monitor": ["val_los", "loss"],
    "lr": [-1, 0, "1e-3", float("nan")],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in BAD.items() for v in values], ids=str)
def test_fit_names_the_argument(name, value):
    model = nn.Linear(1, 2)
    before = model.weight.detach().clone()
    with pytest.raises(InputError, match=rf"\b{name.removesuffix('s')}"):
        tune.fit(model, (X, Y), progress=False, **{name: value})
    if name != "monitor":  # which columns there are is known after the first epoch
        assert torch.equal(model.weight, before)


@pytest.mark.parametrize("seed", [-1, "a", 1.5])
@pytest.mark.parametrize("act", [tune.digits, tune.seed_everything], ids=lambda act: act.__name__)
def test_a_seed_is_a_whole_number(act, seed):
    with pytest.raises(FtlibError, match="seed is"):
        act(seed=seed)


@pytest.mark.parametrize("pair", [(torch.tensor(1.0), Y), (X, torch.tensor(1))])
def test_one_number_is_no_set(pair):
    with pytest.raises(FtlibError, match="one number"):
        tune.TensorSet(*pair)


def test_a_folder_is_a_path():
    with pytest.raises(FtlibError, match="path is 3"):
        tune.image_folder(3)
