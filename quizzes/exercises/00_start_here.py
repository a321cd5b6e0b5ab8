"""Exercise of lesson 00: the share of numbers that train."""

from ftlib.learn.exercise import Exercise, Wrong

STARTER = '''
def share_trainable(model):
    """Share of all numbers (not tensors) of the model's parameters that will be trained, 0 to 1."""
    ...
'''

SOLUTION = '''
def share_trainable(model):
    """Share of all numbers (not tensors) of the model's parameters that will be trained, 0 to 1."""
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return trainable / sum(p.numel() for p in model.parameters())
'''

WRONG = {
    "counts-tensors-not-numbers": """
def share_trainable(model):
    flags = [p.requires_grad for p in model.parameters()]
    return sum(flags) / len(flags)
""",
    "count-for-share": """
def share_trainable(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
""",
    "frozen-for-trainable": """
def share_trainable(model):
    frozen = sum(p.numel() for p in model.parameters() if not p.requires_grad)
    return frozen / sum(p.numel() for p in model.parameters())
""",
}


def check_share(share_trainable):
    from torch import nn

    model = nn.Sequential(nn.Linear(30, 8), nn.ReLU(), nn.Linear(8, 2))
    model[0].requires_grad_(False)
    right, tensors, frozen = 18 / 266, 2 / 4, 248 / 266
    got = share_trainable(model)
    if not isinstance(got, (int, float)):
        raise Wrong(f"it returned {got!r}; return a number between 0 and 1.", "other-share")
    if abs(got - tensors) < 1e-9:
        raise Wrong(
            "0.5 is the share of *tensors*, 2 of 4. Count numbers: `p.numel()`.", "counts-tensors-not-numbers"
        )
    if abs(got - frozen) < 1e-9:
        raise Wrong(f"{got:.3f} is the share that is frozen; the rest is trained.", "frozen-for-trainable")
    if got > 1:
        raise Wrong(
            f"{got:.0f} is a count. Divide by all numbers to get a share between 0 and 1.", "count-for-share"
        )
    if abs(got - right) > 1e-9:
        raise Wrong(f"expected 18 of 266 numbers, {right:.4f}; you have {got:.4f}.", "other-share")
    model.requires_grad_(True)
    if abs(share_trainable(model) - 1) > 1e-9:
        raise Wrong("with everything trainable the share must be 1.", "other-share")
    return "18 of 266 numbers, and all of them once everything trains."


EXERCISES = {
    "00-share-trainable": Exercise(
        name="share_trainable", starter=STARTER, solution=SOLUTION, wrong=WRONG, check=check_share
    )
}
