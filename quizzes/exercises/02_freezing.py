"""Exercises of lesson 02: freeze a backbone by hand, and see whom an optimizer forgot."""

from ftlib.learn.exercise import Exercise, Wrong

STARTER = '''
import torch


def freeze_backbone(model, head_name):
    """Freeze everything but the module called head_name, so that it holds through model.train()."""
    ...
'''

SOLUTION = '''
import torch


def freeze_backbone(model, head_name):
    """Freeze everything but the module called head_name, so that it holds through model.train()."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith(head_name + ".")
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm) and not name.startswith(head_name):
            module.eval()
            module.train = lambda mode=True, module=module: module
'''

WRONG = {
    "model-attribute-freezes": """
def freeze_backbone(model, head_name):
    model.requires_grad = False
    getattr(model, head_name).requires_grad = True
""",
    "freeze-includes-head": """
def freeze_backbone(model, head_name):
    for parameter in model.parameters():
        parameter.requires_grad = False
""",
    "flag-freezes-batchnorm": """
def freeze_backbone(model, head_name):
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith(head_name + ".")
""",
    "eval-once-is-enough": """
def freeze_backbone(model, head_name):
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith(head_name + ".")
    model.eval()
""",
    "eval-freezes-parameters": """
import torch
def freeze_backbone(model, head_name):
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
            module.train = lambda mode=True, module=module: module
""",
    "batch-statistics-are-frozen": """
import torch
def freeze_backbone(model, head_name):
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith(head_name + ".")
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.track_running_stats = False
""",
}


def _small_network():
    import torch
    from torch import nn

    torch.manual_seed(0)
    backbone = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    model = nn.Sequential()
    model.add_module("backbone", backbone)
    model.add_module("head", nn.Linear(4, 2))
    return model


def _moved_in_two_steps(model):
    """Names of what changed, bit by bit, in two ordinary training steps."""
    import torch

    before = {name: value.clone() for name, value in model.state_dict().items()}
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trainable, lr=0.1) if trainable else None
    for _ in range(2):
        model.train()
        loss = torch.nn.functional.cross_entropy(model(torch.randn(8, 3, 8, 8)), torch.arange(8) % 2)
        if optimizer:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}


def check_freeze_by_hand(freeze_backbone):
    model = _small_network()
    freeze_backbone(model, "head")
    flags = {name: p.requires_grad for name, p in model.named_parameters()}
    frozen = [name for name, flag in flags.items() if not flag]
    if not frozen:
        name = "eval-freezes-parameters" if not model.backbone[1].training else "model-attribute-freezes"
        raise Wrong(
            "no parameter is frozen: every requires_grad is still True. The flag lives on each parameter.",
            name,
        )
    if not flags["head.weight"] or not flags["head.bias"]:
        raise Wrong(
            "the head is frozen too, so nothing could learn. Leave out the names below head_name.",
            "freeze-includes-head",
        )
    moved = _moved_in_two_steps(model)
    strays = sorted(name for name in moved if not name.startswith("head."))
    buffers = [name for name in strays if name not in flags]
    if len(strays) > len(buffers):
        raise Wrong(f"after two steps {strays[0]} had moved: it still trains.", "freezes-too-little")
    if buffers:
        undone = _was_eval(freeze_backbone)
        why = "model.train() undid your eval()" if undone else "BatchNorm in train mode averages on"
        raise Wrong(
            f"after two steps {buffers[0]} had moved: {why}. The frozen layers must stay in eval through train().",
            "eval-once-is-enough" if undone else "flag-freezes-batchnorm",
        )
    if not {"head.weight", "head.bias"} <= moved:
        raise Wrong("the head did not move in two steps, though it should learn.", "freeze-includes-head")
    if not _answers_as_in_eval(model):
        raise Wrong(
            "nothing moved, but in train mode the backbone answers otherwise than in eval: BatchNorm uses the "
            "statistics of the batch. The frozen layers must stay in eval through train().",
            "batch-statistics-are-frozen",
        )
    return "two training steps moved the head and not one bit of the backbone."


def _answers_as_in_eval(model):
    """True if the backbone says the same of a batch after ``model.train()`` as after ``model.eval()``."""
    import torch

    x = torch.randn(8, 3, 8, 8)
    with torch.no_grad():
        in_train = model.train().backbone(x)
        in_eval = model.eval().backbone(x)
    return torch.allclose(in_train, in_eval)


def _was_eval(freeze_backbone):
    """True if the function leaves BatchNorm in eval before anybody calls train()."""
    model = _small_network()
    model.train()
    freeze_backbone(model, "head")
    return not model.backbone[1].training


ORPHANS_STARTER = '''
def orphans(model, optimizer):
    """Names of trainable parameters that no group of the optimizer holds, in the model's order."""
    ...
'''

ORPHANS_SOLUTION = '''
def orphans(model, optimizer):
    """Names of trainable parameters that no group of the optimizer holds, in the model's order."""
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    return [name for name, p in model.named_parameters() if p.requires_grad and id(p) not in held]
'''

ORPHANS_WRONG = {
    "compares-by-value": """
def orphans(model, optimizer):
    held = [p for group in optimizer.param_groups for p in group["params"]]
    same = lambda p: any(p.shape == q.shape and bool((p == q).all()) for q in held)
    return [name for name, p in model.named_parameters() if p.requires_grad and not same(p)]
""",
    "first-group-only": """
def orphans(model, optimizer):
    held = {id(p) for p in optimizer.param_groups[0]["params"]}
    return [name for name, p in model.named_parameters() if p.requires_grad and id(p) not in held]
""",
    "counts-frozen-as-orphans": """
def orphans(model, optimizer):
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    return [name for name, p in model.named_parameters() if id(p) not in held]
""",
}


def check_orphans(orphans):
    import torch
    from torch import nn

    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.BatchNorm1d(3), nn.Linear(3, 2))
    model[0].requires_grad_(False)
    groups = [{"params": model[1].parameters()}, {"params": [model[3].weight], "lr": 0.01}]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    got = list(orphans(model, optimizer))
    if "0.weight" in got:
        raise Wrong(
            "0.weight is frozen on purpose; only trainable parameters can be orphans.",
            "counts-frozen-as-orphans",
        )
    if "3.weight" in got:
        raise Wrong(
            "3.weight is in the optimizer's second group. Look through every group.", "first-group-only"
        )
    if "2.weight" not in got:
        raise Wrong(
            "2.weight is in no group, but 1.weight, which is, has equal values. Compare by id(), not by value.",
            "compares-by-value",
        )
    if got != ["2.weight", "2.bias", "3.bias"]:
        raise Wrong(f"expected ['2.weight', '2.bias', '3.bias'], got {got}.", "other-names")
    return "it names the three parameters that no group holds, and is not fooled by equal values."


EXERCISES = {
    "02-freeze-by-hand": Exercise(
        name="freeze_backbone", starter=STARTER, solution=SOLUTION, wrong=WRONG, check=check_freeze_by_hand
    ),
    "02-find-orphans": Exercise(
        name="orphans",
        starter=ORPHANS_STARTER,
        solution=ORPHANS_SOLUTION,
        wrong=ORPHANS_WRONG,
        check=check_orphans,
    ),
}
