"""prove_frozen: it must see every way in which a frozen tensor moves, and leave nothing changed behind."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ftlib.errors import InputError
from ftlib.tune import freeze, param_groups, prove_frozen, unfreeze
from ftlib.tune.snapshot import same_bits

X, Y = torch.randn(8, 4, generator=torch.Generator().manual_seed(0)), torch.arange(8) % 3


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.3), nn.Linear(6, 3))


def adam(model, **kwargs):
    return torch.optim.AdamW(model.parameters(), lr=1e-2, **kwargs)


def stepper(model, optimizer, set_to_none: bool = True):
    def step():
        model.train()
        optimizer.zero_grad(set_to_none=set_to_none)
        F.cross_entropy(model(X), Y).backward()
        optimizer.step()

    return step


def test_a_frozen_model_is_proved():
    model = net()
    freeze(model, keep="4")
    optimizer = adam(model)
    proof = prove_frozen(model, stepper(model, optimizer), optimizer)
    assert proof.ok
    assert bool(proof)
    assert (proof.moved, proof.still) == ((), ())
    assert proof.checked == {"frozen parameters": 4, "frozen buffers": 3, "trainable parameters": 2}
    assert str(proof).splitlines() == [
        "Proved: one step, every tensor compared bit by bit",
        "frozen:    4 parameters and 3 buffers; 0 moved",
        "trainable: 2 parameters; 2 moved, 0 stayed still",
    ]


def test_flags_alone_are_not_enough():
    model = net().requires_grad_(False)
    model[4].requires_grad_(True)
    optimizer = adam(model)
    proof = prove_frozen(model, stepper(model, optimizer), optimizer)
    assert not proof.ok
    assert proof.moved == ("1.running_mean", "1.running_var", "1.num_batches_tracked")
    assert proof.by["1.num_batches_tracked"] == 1
    assert "training mode" in proof.reasons["1.running_mean"]
    assert "1.running_var by " in str(proof)


def test_batchnorm_without_weights_is_seen_too():
    model = nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6, affine=False), nn.Linear(6, 3), nn.BatchNorm1d(3, affine=False)
    )
    model[0].requires_grad_(False)
    optimizer = adam(model)
    proof = prove_frozen(model, stepper(model, optimizer), optimizer)
    assert {name.partition(".")[0] for name in proof.moved} == {"1"}, (
        "the last one follows a layer that trains"
    )
    assert (
        prove_frozen(model.requires_grad_(True), stepper(model, optimizer), optimizer).checked[
            "frozen buffers"
        ]
        == 0
    )


@pytest.mark.parametrize("make", [adam, lambda m: torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9)])
def test_an_old_gradient_moves_what_is_frozen(make):
    model = net()
    optimizer = make(model)
    stepper(model, optimizer)()  # trained before: gradients and the optimizer's state are there
    model.requires_grad_(False)
    model[4].requires_grad_(True)
    proof = prove_frozen(model, stepper(model, optimizer, set_to_none=False), optimizer)
    assert {"0.weight", "1.weight", "1.bias"} <= set(proof.moved)
    assert "gradient from before" in proof.reasons["0.weight"]
    freeze(model, keep="4")
    assert prove_frozen(model, stepper(model, optimizer, set_to_none=False), optimizer).ok


def test_a_hand_that_writes_is_seen():
    model = net()
    freeze(model, keep="4")
    optimizer = adam(model)

    def step():
        stepper(model, optimizer)()
        model[0].weight.data[0, 0] += 1e-6
        model[1].running_mean = model[1].running_mean.clone() + 2  # a new tensor in the old one's place

    before = copy.deepcopy(model.state_dict())
    proof = prove_frozen(model, step, optimizer)
    assert proof.moved == ("0.weight", "1.running_mean")
    assert proof.by["1.running_mean"] == 2
    assert all(same_bits(value, before[name]) for name, value in model.state_dict().items())


def test_turning_the_flag_back_on_is_seen():
    model = net()
    freeze(model, keep="4")

    def step():
        model[0].requires_grad_(True)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        stepper(model, optimizer)()

    proof = prove_frozen(model, step)
    assert set(proof.moved) == {"0.weight", "0.bias"}
    assert "back to True" in proof.reasons["0.weight"]
    assert not model[0].weight.requires_grad


def test_an_optimizer_without_the_parameters():
    model = net()
    optimizer = adam(model)
    model[4] = nn.Linear(6, 3)  # the head is replaced after the optimizer was built
    freeze(model, keep="4")
    proof = prove_frozen(model, stepper(model, optimizer), optimizer)
    assert not proof.ok
    assert proof.still == ("4.weight", "4.bias")
    assert "does not hold it" in proof.reasons["4.weight"]
    untold = prove_frozen(model, stepper(model, optimizer))
    assert not untold.ok
    assert "pass optimizer=" in untold.reasons["4.weight"]


def test_a_bias_before_batchnorm_is_no_false_alarm():
    """BatchNorm takes the mean away again, so that bias has a gradient of rounding errors only."""
    model = net()
    proof = prove_frozen(model, stepper(model, torch.optim.SGD(model.parameters(), lr=1e-3)))
    assert proof.still in {("0.bias",), ()}
    assert proof.ok


def test_parameters_unfrozen_later_are_in_no_optimizer():
    model = net()
    freeze(model, keep="4")
    optimizer = torch.optim.AdamW(param_groups(model))
    unfreeze(model, "0")
    proof = prove_frozen(model, stepper(model, optimizer), optimizer)
    assert not proof.ok
    assert proof.still == ("0.weight", "0.bias")


def test_layers_with_equal_values_are_told_apart():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].load_state_dict(model[0].state_dict())
    optimizer = torch.optim.SGD(model[1].parameters(), lr=0.1)
    proof = prove_frozen(model, stepper(model, optimizer), optimizer)
    assert proof.still == ("0.weight", "0.bias")
    assert "does not hold it" in proof.reasons["0.bias"]


@pytest.mark.parametrize(
    ("change", "reason", "ok"),
    [
        (
            lambda m, o: m.register_parameter("spare", nn.Parameter(torch.ones(2))),
            "no gradient reached it",
            True,
        ),
        (lambda m, o: m.register_forward_hook(lambda m, x, y: y * 0), "exactly zero", False),
        (lambda m, o: o.param_groups[0].update(lr=0), "is 0", False),
        (lambda m, o: o.param_groups[0].update(lr=1e-30), "rounds to nothing", True),
    ],
    ids=["unused", "zero gradient", "rate 0", "tiny rate"],
)
def test_why_a_trainable_tensor_stays_still(change, reason, ok):
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    change(model, optimizer)
    if hasattr(model, "spare"):
        optimizer.add_param_group({"params": [model.spare]})
    proof = prove_frozen(model, stepper(model, optimizer), optimizer)
    name = "spare" if hasattr(model, "spare") else "0.weight"
    assert name in proof.still
    assert reason in proof.reasons[name]
    assert proof.ok is ok


def test_a_step_that_forgets_backward():
    model = net()
    optimizer = adam(model)
    proof = prove_frozen(model, lambda: optimizer.step(), optimizer)
    assert not proof.ok
    assert "backward() was not called" in proof.reasons["0.weight"]


def snapshot(model, optimizer):
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return {
        "ids": {name: id(t) for name, t in tensors.items()},
        "bytes": {name: t.detach().numpy().tobytes() for name, t in tensors.items()},
        "grads": {
            n: None if p.grad is None else p.grad.numpy().tobytes() for n, p in model.named_parameters()
        },
        "flags": {name: t.requires_grad for name, t in tensors.items()},
        "modes": {name: m.training for name, m in model.named_modules()},
        "hooks": {n: p._backward_hooks for n, p in model.named_parameters() if p._backward_hooks},
        "optimizer": repr(optimizer.state_dict()),
        "rng": torch.get_rng_state().numpy().tobytes(),
    }


@pytest.mark.parametrize("warm", [False, True], ids=["fresh optimizer", "used optimizer"])
@pytest.mark.parametrize("fails", [False, True], ids=["step", "step that raises"])
def test_everything_is_put_back(warm, fails):
    model = net()
    freeze(model, keep="4")
    optimizer = adam(model)
    step = stepper(model, optimizer)
    if warm:
        step()
    model.eval()
    before = snapshot(model, optimizer)

    def failing():
        step()
        raise KeyError("in the middle of training")

    if fails:
        with pytest.raises(KeyError):
            prove_frozen(model, failing, optimizer)
    else:
        assert prove_frozen(model, step, optimizer).ok
    assert snapshot(model, optimizer) == before


def test_training_goes_on_as_if_nothing_was_proved():
    runs = []
    for prove in (False, True):
        model = net()
        freeze(model, keep="4")
        optimizer = adam(model)
        step = stepper(model, optimizer)
        torch.manual_seed(5)
        for _ in range(3):
            if prove:
                prove_frozen(model, step, optimizer)
            step()
        runs.append(model.state_dict())
    assert all(same_bits(value, runs[1][name]) for name, value in runs[0].items())


def test_without_restore_the_step_stays():
    model = net()
    freeze(model, keep="4")
    old = model[4].weight.detach().clone()
    optimizer = adam(model)
    proof = prove_frozen(model, stepper(model, optimizer), optimizer, restore=False)
    assert proof.ok
    assert not torch.equal(model[4].weight, old)


def test_with_everything_frozen_backward_raises_and_comes_through():
    model = net()
    freeze(model)
    with pytest.raises(RuntimeError, match="does not require grad"):
        prove_frozen(model, stepper(model, adam(model)))


def test_a_model_that_only_predicts_is_frozen():
    model = net()
    freeze(model)
    proof = prove_frozen(model, lambda: model.train()(X))
    assert proof.ok
    assert proof.checked["trainable parameters"] == 0


def test_step_must_be_a_function():
    with pytest.raises(InputError, match="without arguments"):
        prove_frozen(net(), torch.tensor(1.0))


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (torch.tensor(float("nan")), torch.tensor(float("nan")), True),
        (torch.tensor(0.0), torch.tensor(-0.0), False),
        (torch.ones(2, 3).T, torch.ones(3, 2), True),
        (torch.ones(3), torch.ones(3, dtype=torch.float64), False),
        (torch.zeros(3), torch.zeros(3, dtype=torch.int32), False),
        (torch.ones(3), torch.ones(1, 3), False),
        (torch.ones(3, dtype=torch.bfloat16), torch.ones(3, dtype=torch.bfloat16), True),
        (torch.tensor([True]), torch.tensor([False]), False),
        (torch.ones(2, dtype=torch.complex64), torch.ones(2, dtype=torch.complex64), True),
        (torch.zeros(0), torch.zeros(0), True),
    ],
)
def test_same_bits(a, b, same):
    assert same_bits(a, b) is same


def test_a_trainable_layer_taken_out_is_no_proof():
    model = net()
    freeze(model, keep="4")

    def step():
        del model[4]

    proof = prove_frozen(model, step, restore=False)
    assert not proof.ok
    assert proof.still == ("4.weight", "4.bias")
    assert "took it out" in proof.reasons["4.weight"]


@pytest.mark.parametrize("exchange", [lambda t: torch.zeros(2, 2), lambda t: t.double()])
def test_a_tensor_of_another_shape_or_precision_is_put_back(exchange):
    model = net()
    freeze(model, keep="4")
    before, weight = copy.deepcopy(model.state_dict()), model[0].weight

    def step():
        model[0].weight.data = exchange(model[0].weight.data)

    assert "0.weight" in prove_frozen(model, step).moved
    assert model[0].weight is weight
    assert all(same_bits(value, before[name]) for name, value in model.state_dict().items())
