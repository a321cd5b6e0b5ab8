"""Exercises of lesson 03: replace the last linear layer, however deep it sits."""

from ftlib.learn.exercise import Exercise, Wrong

STARTER = '''
import torch


def replace_last(model, num_classes):
    """Replace the last nn.Linear of named_modules() by a fresh one with num_classes outputs; return its name."""
    ...
'''

SOLUTION = '''
import torch


def replace_last(model, num_classes):
    """Replace the last nn.Linear of named_modules() by a fresh one with num_classes outputs; return its name."""
    name, old = [(n, m) for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)][-1]
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, torch.nn.Linear(old.in_features, num_classes))
    return name
'''

WRONG = {
    "out-features-resizes": """
import torch
def replace_last(model, num_classes):
    name, old = [(n, m) for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)][-1]
    old.out_features = num_classes
    return name
""",
    "dotted-name-is-an-attribute": """
import torch
def replace_last(model, num_classes):
    name, old = [(n, m) for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)][-1]
    model.__dict__[name] = torch.nn.Linear(old.in_features, num_classes)
    return name
""",
    "head-is-always-fc": """
import torch
def replace_last(model, num_classes):
    model.fc = torch.nn.Linear(16, num_classes)
    return "fc"
""",
    "first-layer-is-the-head": """
import torch
def replace_last(model, num_classes):
    name, old = [(n, m) for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)][0]
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, torch.nn.Linear(old.in_features, num_classes))
    return name
""",
}


def _models():
    from torch import nn

    flat = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 5))
    deep = nn.Sequential()
    deep.add_module("body", nn.Sequential(nn.Linear(6, 12), nn.ReLU()))
    deep.add_module(
        "heads", nn.Sequential(nn.Dropout(0.1), nn.Sequential(nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 5)))
    )
    return {"2": flat, "heads.1.2": deep}


def check_replace_last(replace_last):
    import torch

    for name, model in _models().items():
        model.eval()
        before = {n: id(p) for n, p in model.named_parameters()}
        got = replace_last(model, 3)
        if hasattr(model, "fc"):
            raise Wrong(
                "you set model.fc, and this model has none: nobody calls it. Find the layer's own name.",
                "head-is-always-fc",
            )
        try:
            shape = tuple(model(torch.zeros(4, 6)).shape)
        except RuntimeError as error:
            raise Wrong(
                f"the forward pass breaks: {error}. The new layer does not fit its place.",
                "first-layer-is-the-head",
            ) from None
        if shape != (4, 3):
            loose = name in vars(model)
            raise Wrong(
                f"a forward pass still gives logits of shape {shape}, expected (4, 3)."
                + (
                    f" An attribute named {name!r} is not the module at that path."
                    if loose
                    else " The weight itself must be a new one."
                ),
                "dotted-name-is-an-attribute" if loose else "out-features-resizes",
            )
        if got != name:
            raise Wrong(
                f"it should return the layer's name {name!r}, and returned {got!r}.", "returns-another-name"
            )
        changed = {n for n, p in model.named_parameters() if id(p) != before.get(n)}
        if changed != {f"{name}.weight", f"{name}.bias"}:
            raise Wrong(
                f"only {name}.weight and {name}.bias should be new; new are {sorted(changed)}.",
                "replaces-too-much",
            )
    return "two models, one shallow and one deep: the right layer was replaced, and nothing else."


EXERCISES = {
    "03-replace-last": Exercise(
        name="replace_last", starter=STARTER, solution=SOLUTION, wrong=WRONG, check=check_replace_last
    )
}
