"""Gradual unfreezing inside the training loop."""

import pytest
import torch
from torch import nn

from ftlib.errors import InputError
from ftlib.tune import GradualUnfreezing, fit, freeze, param_groups
from ftlib.tune.gradual import add_unfrozen

X, Y = torch.randn(24, 4, generator=torch.Generator().manual_seed(0)), torch.arange(24) % 2


def net() -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    freeze(model, keep="4")
    return model


class Watch:
    """What each layer's weight did during each epoch, seen from a callback."""

    def __init__(self, model):
        self.last, self.moves = self.look(model), []

    def look(self, model):
        return {name: p.detach().clone() for name, p in model.named_parameters()}

    def __call__(self, row, model):
        now = self.look(model)
        self.moves.append({name[0] for name, value in now.items() if not torch.equal(value, self.last[name])})
        self.last = now


@pytest.mark.parametrize("own", [False, True], ids=["optimizer of fit", "own optimizer"])
def test_one_stage_more_each_time(own):
    model = net()
    optimizer = torch.optim.AdamW(param_groups(model, 1e-2)) if own else None
    watch, thaw = Watch(model), GradualUnfreezing(model, every=2, optimizer=optimizer)
    fit(
        model,
        (X, Y),
        epochs=5,
        optimizer=optimizer,
        callbacks=[watch, thaw],
        progress=False,
        restore_best=False,
    )
    assert watch.moves == [{"4"}, {"4"}, {"2", "4"}, {"2", "4"}, {"0", "2", "4"}]
    assert [report.started for report in thaw.reports] == [("2.weight", "2.bias"), ("0.weight", "0.bias")]
    assert "2 stages" in repr(thaw)


def test_new_groups_have_a_real_rate_and_come_once():
    model = net()
    optimizer = torch.optim.AdamW(param_groups(model, 1e-2, weight_decay=0.2))
    thaw = GradualUnfreezing(model, optimizer=optimizer, decay=0.1)
    for epoch in range(1, 6):
        thaw({"epoch": epoch}, model)
    held = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in model.parameters())
    rates = {id(p): (g["lr"], g["weight_decay"]) for g in optimizer.param_groups for p in g["params"]}
    for name, parameter in model.named_parameters():
        rate = {"4": 1e-2, "2": 1e-3, "0": 1e-4}[name[0]]
        assert rates[id(parameter)] == (pytest.approx(rate), 0.2 if "weight" in name else 0.0), name


def test_equal_values_are_not_the_same_parameter():
    model = net()
    model[2].load_state_dict(model[0].state_dict())
    optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
    model.requires_grad_(True)
    assert add_unfrozen(optimizer, model, 0.1) == 4
    assert add_unfrozen(optimizer, model, 0.1) == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda epoch: 0.9**epoch),
        lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 2),
        lambda o: torch.optim.lr_scheduler.StepLR(o, 1),
    ],
)
def test_an_optimizer_over_everything_suits_every_scheduler(make):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    watch, thaw = Watch(model), GradualUnfreezing(model, optimizer=optimizer)
    callbacks = [watch, thaw]
    fit(
        model, (X, Y), epochs=3, optimizer=optimizer, scheduler=make, callbacks=callbacks, progress=False,
        restore_best=False,
    )  # fmt: skip
    assert watch.moves == [{"4"}, {"2", "4"}, {"0", "2", "4"}]
    assert len(optimizer.param_groups) == 1


def test_the_starting_rate_counts_not_what_a_scheduler_made_of_it():
    model = net()
    optimizer = torch.optim.SGD(model[4].parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.01)
    optimizer.step()
    scheduler.step()
    thaw = GradualUnfreezing(model, optimizer=optimizer)
    thaw({"epoch": 1}, model)
    assert optimizer.param_groups[-1]["lr"] == pytest.approx(0.05)
    optimizer.step()
    scheduler.step()
    thaw({"epoch": 2}, model)
    assert optimizer.param_groups[-1]["lr"] == pytest.approx(0.025)


def test_stages_before_the_cache_stay_frozen():
    model = net()
    rest = model[2:]  # shares its layers with the model
    thaw = GradualUnfreezing(model)
    for epoch in (1, 2, 3):
        thaw({"epoch": epoch}, rest)
    assert [report.started for report in thaw.reports] == [("2.weight", "2.bias")]
    assert not model[0].weight.requires_grad


@pytest.mark.parametrize("wrong", [{"every": 0}, {"every": 1.5}, {"decay": 0}, {"decay": 2}, {"lr": 0.1}])
def test_arguments_that_make_no_sense(wrong):
    with pytest.raises(InputError):
        GradualUnfreezing(net(), **wrong)


SCHEDULES = {
    "LambdaLR": lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda epoch: 0.9**epoch),
    "OneCycleLR": lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=60),
    "CyclicLR": lambda o: torch.optim.lr_scheduler.CyclicLR(o, 0.01, 0.1, cycle_momentum=False),
    "CosineAnnealingWarmRestarts": lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 2),
    "ReduceLROnPlateau": lambda o: torch.optim.lr_scheduler.ReduceLROnPlateau(
        o, patience=0, threshold=1, min_lr=[1e-6] * 2
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_scheduler_that_cannot_serve_late_groups_says_what_to_do(name):
    model = net()
    with pytest.raises(InputError, match=rf"{name} was built for 2 groups.*optimizer over all parameters"):
        fit(
            model,
            (X, Y),
            epochs=6,
            scheduler=SCHEDULES[name],
            callbacks=GradualUnfreezing(model),
            progress=False,
        )


def test_a_scheduler_s_own_fault_comes_through():
    schedule = lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=2)
    with pytest.raises(ValueError, match="Tried to step"):
        fit(net(), (X, Y), epochs=6, scheduler=schedule, progress=False)
