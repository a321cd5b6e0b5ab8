"""The loop, held against a loop written out by hand and against scikit-learn; and its faults."""

import copy
import random
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn import metrics as reference
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, IterableDataset

from ftlib.errors import DataError, InputError
from ftlib.tune import (
    GradualUnfreezing,
    TensorSet,
    batches,
    evaluate,
    fit,
    freeze,
    lr_find,
    param_groups,
    unfreeze,
)
from ftlib.tune.device import pick_device
from ftlib.tune.loop import metrics_of, seed_everything


def points(n: int = 90, classes: int = 3, seed: int = 0) -> TensorSet:
    """Points around one centre a class: learnable, not separable."""
    draw = np.random.default_rng(seed)
    y = draw.integers(0, classes, n)
    centres = np.random.default_rng(99).normal(size=(classes, 4)) * 1.5
    return TensorSet(torch.tensor(centres[y] + draw.normal(size=(n, 4))).float(), torch.tensor(y))


def values(n: int = 60, seed: int = 0) -> TensorSet:
    x = torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))
    return TensorSet(x, x @ torch.tensor([1.0, -2.0, 0.5, 0.0]) + 0.3)


def net(out: int = 3, seed: int = 0, dropout: float = 0.2) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, out)
    )


def quiet(model, train, val=None, **kwargs):
    return fit(model, train, val, **{"progress": False, "epochs": 3, **kwargs})


def untimed(history) -> list[dict]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history.rows]


def state(model) -> list[torch.Tensor]:
    return [value.clone() for value in model.state_dict().values()]


def equal(one, other) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_fit_is_the_plain_loop():
    model, data = net(dropout=0), points()
    plain = copy.deepcopy(model)
    model.eval()  # whatever mode it comes in, it is trained in training mode
    history = quiet(model, data, lr=0.01, batch_size=16)
    decayed = [p for p in plain.parameters() if p.ndim > 1]
    bare = [p for p in plain.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW([{"params": decayed}, {"params": bare, "weight_decay": 0.0}], lr=0.01)
    optimizer.param_groups[0]["weight_decay"] = 0.01
    losses = []
    for epoch in (1, 2, 3):
        plain.train()
        total = 0.0
        for x, y in batches(data, 16, shuffle=True, seed=epoch):
            loss = F.cross_entropy(plain(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        losses.append(total / len(data))
    assert history["train_loss"] == pytest.approx(losses, rel=1e-5)
    for one, other in zip(state(model), state(plain)):
        torch.testing.assert_close(one, other)
    assert not model.training


def test_losses_average_over_samples_and_not_over_batches():
    model, data = nn.Linear(4, 3), points(50)
    model.requires_grad_(True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    row = quiet(model, data, data, epochs=1, batch_size=47, optimizer=optimizer).rows[0]
    with torch.no_grad():
        exact = F.cross_entropy(model(data.features), data.targets).item()
        means = [F.cross_entropy(model(x), y).item() for x, y in batches(data, 47)]
    assert row["train_loss"] == pytest.approx(exact, rel=1e-5)
    assert row["val_loss"] == pytest.approx(exact, rel=1e-5)
    assert abs(np.mean(means) - exact) > 1e-3  # the two do differ here


@pytest.mark.parametrize("classes", [2, 3])
def test_validation_metrics_are_scikit_learns(classes):
    train, val = points(classes=classes), points(41, classes, seed=1)
    model = net(classes)
    row = quiet(model, train, val, epochs=1, batch_size=16).rows[-1]
    with torch.no_grad():
        guesses = model(val.features).argmax(1)
    average = "binary" if classes == 2 else "macro"
    p, r, f, _ = reference.precision_recall_fscore_support(
        val.targets, guesses, average=average, zero_division=0
    )
    expected = [reference.accuracy_score(val.targets, guesses), p, r, f]
    assert [row[f"val_{n}"] for n in ("accuracy", "precision", "recall", "f1")] == pytest.approx(expected)


def test_regression_metrics_are_scikit_learns_and_shapes_do_not_broadcast():
    train, val = values(), values(31, seed=1)
    model = net(1)
    row = quiet(model, train, val, epochs=40, lr=0.02, restore_best=False).rows[-1]
    with torch.no_grad():
        guesses = model(val.features)[:, 0]
    assert row["val_mse"] == pytest.approx(reference.mean_squared_error(val.targets, guesses), rel=1e-5)
    assert row["val_r2"] == pytest.approx(reference.r2_score(val.targets, guesses), rel=1e-5)
    assert row["val_loss"] == pytest.approx(row["val_mse"], rel=1e-5)
    assert row["val_r2"] > 0.8  # (N, 1) against (N,) would stay at the mean, r2 near 0
    found = evaluate(model, val)
    assert found.task == "regression"
    assert found.predictions.shape == (31,)
    with pytest.raises(InputError, match="no probabilities"):
        _ = found.probabilities


def test_the_same_seed_gives_the_same_history_and_the_generators_go_on_as_before():
    histories, models = [], []
    for _ in range(2):
        torch.rand(3), np.random.rand(3), random.random()
        models.append(net())
        _, keys, position, *_ = np.random.get_state()
        before = torch.get_rng_state(), keys.copy(), random.getstate(), position
        histories.append(quiet(models[-1], points(), points(30, seed=1)))
        assert torch.equal(before[0], torch.get_rng_state())
        assert (before[1] == np.random.get_state()[1]).all()
        assert before[3] == np.random.get_state()[2]
        assert before[2] == random.getstate()
    assert untimed(histories[0]) == untimed(histories[1])
    assert str(histories[0]) == str(histories[1])
    assert equal(*map(state, models))
    orders = [quiet(net(dropout=0), points(), seed=seed)["train_loss"] for seed in (0, 1)]
    assert orders[0] != orders[1]


def test_the_number_of_threads_does_not_show_in_a_small_head():
    x, y = torch.randn(400, 1280), torch.arange(400) % 2
    before, found, inside = torch.get_num_threads(), [], []
    watch = lambda _row, _model: inside.append(torch.get_num_threads())
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            torch.manual_seed(0)
            model = nn.Linear(1280, 2)
            history = quiet(model, (x, y), (x, y), epochs=2, callbacks=[watch])
            assert inside.pop() == inside.pop() == 1
            assert torch.get_num_threads() == threads
            quiet(nn.Linear(1280, 100), (x, y), epochs=1, callbacks=[watch])
            assert inside.pop() == threads
            found.append([untimed(history), evaluate(model, (x, y)).logits.tolist()])
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]


def test_loaders_and_datasets_give_what_tensors_give():
    data = points()

    class Own(Dataset):
        def __len__(self):
            return len(data)

        def __getitem__(self, i):
            return data.features[i], int(data.targets[i])

    one = quiet(net(), data, (data.features, data.targets))
    assert untimed(quiet(net(), Own(), data)) == untimed(one)
    loaded = [quiet(net(), DataLoader(Own(), 32, shuffle=True), DataLoader(data, 7)) for _ in range(2)]
    assert untimed(loaded[0]) == untimed(loaded[1])
    assert loaded[0]["val_loss"] != one["val_loss"]


def spoil_after(epoch: int):
    def callback(row, model):
        if row["epoch"] == epoch:
            for p in model.parameters():
                p.data += 3

    return callback


def test_the_best_epoch_is_restored():
    train, val, model = points(), points(40, seed=1), net()
    history = quiet(model, train, val, epochs=5, lr=1e-2, callbacks=[spoil_after(2)])
    assert history.best_epoch == 2 == 1 + int(np.argmin(history["val_loss"]))
    assert evaluate(model, val).loss == pytest.approx(history.best["val_loss"], rel=1e-6)
    last = net()
    history = quiet(last, train, val, epochs=5, lr=1e-2, callbacks=[spoil_after(2)], restore_best=False)
    assert evaluate(last, val).loss == pytest.approx(history["val_loss"][-1], rel=1e-6)


def test_patience_stops_and_monitor_decides():
    train, val = points(), points(40, seed=1)
    history = quiet(net(), train, val, epochs=20, lr=1e-2, callbacks=[spoil_after(3)], patience=2)
    assert len(history) == 5
    assert history.stopped == "stopped: no better val_loss for 2 epochs"
    assert history.stopped in str(history)
    history = quiet(net(), train, val, epochs=4, monitor="val_f1")
    assert history.best_epoch == 1 + int(np.argmax(history["val_f1"]))
    assert quiet(net(), train, epochs=4, monitor="train_loss", patience=1)
    with pytest.raises(InputError, match="no validation data"):
        quiet(net(), train, patience=1)
    with pytest.raises(InputError, match=r"'val_auc' is no column; there are epoch, train_loss"):
        quiet(net(), train, val, monitor="val_auc")


def test_a_loss_that_becomes_nan_stops_the_run():
    history = quiet(
        net(), points(), points(30), epochs=9, loss_fn=lambda output, y: output.sum() * float("nan")
    )
    assert len(history) == 1
    assert history.best_epoch is None
    assert "became nan in epoch 1" in history.stopped


def test_nothing_trainable_is_said():
    model = net().requires_grad_(False)
    with pytest.raises(InputError, match="all 6 parameter tensors are frozen"):
        quiet(model, points())


def test_an_optimizer_built_before_the_head_is_refused_and_one_that_lacks_some_is_not():
    model = net()
    optimizer = torch.optim.SGD(model[4].parameters(), lr=0.1)
    with pytest.warns(UserWarning, match=r"leaves out 4 of 6 trainable tensors: 0\.weight"):
        quiet(model, points(), optimizer=optimizer, epochs=1)
    model[4] = nn.Linear(16, 3)
    freeze(model, keep="4")
    with pytest.raises(InputError, match=r"holds none of the 2 trainable tensors \(4\.weight, 4\.bias\)"):
        quiet(model, points(), optimizer=optimizer)


def test_equal_values_do_not_pass_for_the_same_parameter():
    model = nn.Sequential(nn.BatchNorm1d(4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    optimizer = torch.optim.SGD([*model[0].parameters(), *model[2].parameters()], lr=0.1)
    with pytest.warns(UserWarning, match=r"1\.weight, 1\.bias"):
        quiet(model, points(), optimizer=optimizer, epochs=1)


def test_what_a_callback_unfreezes_is_trained_from_then_on():
    model = net()
    freeze(model, keep="4")
    first = model[0].weight.clone()
    seen = []

    def watch(row, model):
        seen.append(torch.equal(model[0].weight, first))
        if row["epoch"] == 2:
            unfreeze(model, "0")

    quiet(model, points(), epochs=4, lr=0.01, callbacks=[watch])
    assert seen == [True, True, False, False]
    model = net()
    freeze(model, keep="4")
    thaw = GradualUnfreezing(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quiet(model, points(), epochs=3, callbacks=[thaw])
    assert thaw.reports


def test_frozen_parts_do_not_move_through_a_fit():
    model = net()
    freeze(model, keep="4")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    quiet(model, points(), points(20), lr=0.1)
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"4.weight", "4.bias"}


def test_a_lone_last_sample_is_no_trouble_for_batchnorm():
    quiet(net(), points(33), batch_size=16)
    with pytest.warns(UserWarning, match="batch of one sample"):
        quiet(net(), DataLoader(points(33), 16))
    with pytest.warns(UserWarning, match="one sample"), pytest.raises(DataError, match="two samples or more"):
        quiet(net(), points(1))
    quiet(nn.Linear(4, 3), points(1))


@pytest.mark.parametrize(
    ("model", "data", "words"),
    [
        (net(2), points(), "targets run from 0 to 2 and the model has outputs for 0 to 1"),
        (net(3), TensorSet(points().features, points().targets - 1), "from -1 to 1"),
        (net(3), values(), r"gives \(60, 3\) for targets \(60,\)"),
        (net(1), TensorSet(values().features, torch.ones(60, 2)), r"gives \(60, 1\) for targets \(60, 2\)"),
    ],
)
def test_targets_that_do_not_fit_are_refused(model, data, words):
    with pytest.raises(InputError, match=words):
        quiet(model, data)
    with pytest.raises(InputError, match=words):
        evaluate(model, data)


def test_an_unknown_task_is_refused():
    with pytest.raises(InputError, match="expected 'classification' or 'regression'"):
        quiet(net(), points(), task="ranking")


class Auxiliary(nn.Module):
    """Two heads in training, one in eval, as Inception has."""

    def __init__(self):
        super().__init__()
        self.main, self.aux = nn.Linear(4, 3), nn.Linear(4, 3)

    def forward(self, x):
        return (self.main(x), self.aux(x)) if self.training else self.main(x)


def test_auxiliary_heads_are_trained_with_a_small_weight():
    model, data = Auxiliary(), points(40)
    plain = copy.deepcopy(model)
    row = quiet(model, data, data, epochs=1, optimizer=torch.optim.SGD(model.parameters(), 0.1)).rows[0]
    loss = F.cross_entropy(plain.main(data.features), data.targets)
    aux = F.cross_entropy(plain.aux(data.features), data.targets)
    assert row["train_loss"] == pytest.approx((loss + 0.3 * aux).item(), rel=1e-5)
    (0.3 * aux).backward()
    torch.testing.assert_close(model.aux.weight, plain.aux.weight - 0.1 * plain.aux.weight.grad)


def test_schedulers_step_by_epoch_or_by_batch():
    data = points(64)
    sched = torch.optim.lr_scheduler
    halved = quiet(net(), data, lr=0.8, scheduler=lambda o: sched.StepLR(o, 1, 0.5), epochs=3)
    assert halved["lr"] == pytest.approx([0.8, 0.4, 0.2])
    model = net()
    optimizer = torch.optim.SGD(param_groups(model), lr=0.1)
    cycle = sched.OneCycleLR(optimizer, 0.1, total_steps=12)
    quiet(model, data, batch_size=16, optimizer=optimizer, scheduler=cycle)
    assert cycle.last_epoch == 12
    flat = quiet(
        net(), data, data, lr=0.8, epochs=4, scheduler=lambda o: sched.ReduceLROnPlateau(o, patience=0)
    )
    assert flat["lr"][0] == 0.8


def test_evaluate_keeps_modes_and_order():
    model, data = net(), points(50)
    model.train()
    model[1].eval()
    modes, before = [m.training for m in model.modules()], state(model)
    found = evaluate(model, data, batch_size=7)
    assert modes == [m.training for m in model.modules()]
    assert equal(before, state(model))
    with torch.no_grad():
        expected = copy.deepcopy(model).eval()(data.features)
    np.testing.assert_allclose(found.logits, expected, atol=1e-6)
    np.testing.assert_allclose(found.probabilities, expected.softmax(1), atol=1e-6)
    assert found.predictions.tolist() == expected.argmax(1).tolist()
    assert found.loss == pytest.approx(F.cross_entropy(expected, data.targets).item(), rel=1e-5)
    assert "50 samples: loss" in str(found)
    with pytest.raises(DataError, match="no sample"):
        evaluate(model, (torch.zeros(0, 4), torch.zeros(0).long()))
    with pytest.raises(DataError, match="no sample"):
        quiet(model, (torch.zeros(0, 4), torch.zeros(0).long()))


def test_one_output_is_a_binary_classifier():
    data = points(classes=2)
    model = net(1)
    quiet(model, data, epochs=30, lr=0.02)
    found = evaluate(model, data)
    with torch.no_grad():
        logits = model(data.features)[:, 0]
    assert found.loss == pytest.approx(
        F.binary_cross_entropy_with_logits(logits, data.targets.float()).item(), rel=1e-5
    )
    np.testing.assert_allclose(found.probabilities[:, 1], logits.sigmoid(), atol=1e-6)
    assert found.predictions.tolist() == (logits > 0).long().tolist()
    assert found.metrics["accuracy"] > 0.7


def test_metrics_are_taken_over_all_samples_at_once():
    outputs = np.eye(2)[[1, 1, 0, 1, 0]]
    found = metrics_of(outputs, np.array([1, 0, 0, 1, 1]), "classification")
    assert found == pytest.approx({"accuracy": 3 / 5, "precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3})


def test_history_prints_no_time_and_knows_its_columns():
    history = quiet(net(), points(), points(20))
    assert "seconds" not in str(history)
    assert all(row["seconds"] > 0 for row in history.rows)
    with pytest.raises(InputError, match="no column 'val_auc'; there are epoch, train_loss, val_loss"):
        history["val_auc"]
    assert str(quiet(net(), points(), epochs=0)) == "no epoch ran"


def test_lr_find_leaves_everything_as_it_was():
    model, data = net(), points()
    F.cross_entropy(model(data.features), data.targets).backward()
    grads = [p.grad.clone() for p in model.parameters()]
    model.eval()
    before, rng = state(model), torch.get_rng_state()
    found = lr_find(model, data, steps=60)
    assert equal(before, state(model))
    assert equal(grads, [p.grad for p in model.parameters()])
    assert torch.equal(rng, torch.get_rng_state())
    assert not any(m.training for m in model.modules())
    assert len(found.lrs) == len(found.losses) <= 60
    assert found.lrs[0] == pytest.approx(1e-6)
    assert found.suggestion == pytest.approx(found.lrs[found.losses.argmin()] / 10)


def test_lr_find_suggests_a_rate_that_trains():
    model, data = net(), points(300)
    suggestion = lr_find(model, data).suggestion
    loss = {
        lr: quiet(net(), data, epochs=5, lr=lr)["train_loss"][-1] for lr in (suggestion, suggestion / 1000)
    }
    assert loss[suggestion] < 0.8 * loss[suggestion / 1000]
    with pytest.raises(InputError, match="expected 0 < lowest < highest"):
        lr_find(model, data, lowest=1, highest=0.1)


def test_seeding_seeds_all_three_generators():
    drawn = []
    for _ in range(2):
        seed_everything(7)
        drawn.append((random.random(), np.random.rand(), torch.rand(1).item()))
    assert drawn[0] == drawn[1]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_mixed_precision_on_cuda():
    model, data = net(), points()
    history = quiet(model, data, data, epochs=20, lr=0.01)
    assert pick_device().type == next(model.parameters()).device.type == "cuda"
    assert next(model.parameters()).dtype == torch.float32
    assert history["val_loss"][-1] < history["val_loss"][0]


def test_an_interrupt_leaves_the_best_so_far():
    """Stopped by hand in epoch 4, after epoch 3 went wrong: the model is what it was after epoch 2, in eval."""
    train, val, model = points(), points(40, seed=1), net()
    best = []

    def watch(row, model):
        if row["epoch"] == 2:
            best.extend(state(model))
            spoil_after(2)(row, model)
        if row["epoch"] == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quiet(model, train, val, epochs=9, lr=1e-2, callbacks=watch)
    assert not any(module.training for module in model.modules())
    assert equal(state(model), best)


def test_one_callback_needs_no_list():
    seen = []
    quiet(net(), points(), callbacks=lambda row, _model: seen.append(row["epoch"]))
    assert seen == [1, 2, 3]


@pytest.mark.parametrize("wrong", [{"epochs": -1}, {"epochs": "5"}, {"batch_size": 0}, {"batch_size": 2.5}])
def test_counts_must_be_counts(wrong):
    with pytest.raises(InputError, match=f"{next(iter(wrong))} is .*expected a whole number"):
        quiet(net(), points(), **wrong)


def test_no_patience_at_all_is_refused():
    with pytest.raises(InputError, match="patience is 0"):
        quiet(net(), points(), points(20), patience=0)


class Stream(IterableDataset):
    def __iter__(self):
        return zip(points().features, points().targets)


def test_a_stream_in_a_loader_trains_with_a_bar(capsys):
    history = fit(net(), DataLoader(Stream(), 16), epochs=2, progress=True)
    assert len(history) == 2


@pytest.mark.parametrize("form", [lambda x: x.double(), lambda x: x.double().numpy(), lambda x: x.half()])
def test_inputs_of_another_precision_are_those_of_the_model(form):
    data, model = points(), net(dropout=0)
    given = (
        form(data.features),
        data.targets.numpy() if isinstance(form(data.features), np.ndarray) else data.targets,
    )
    ours = quiet(copy.deepcopy(model), given, given)
    assert ours["val_loss"] == pytest.approx(quiet(model, data, data)["val_loss"], rel=1e-2)
    assert evaluate(model.double(), data).loss == pytest.approx(evaluate(model, given).loss, rel=1e-2)
    assert lr_find(model, given, steps=10).suggestion > 0


def test_three_tensors_are_no_pair():
    x, y = points().batch(range(90))
    with pytest.raises(DataError, match=r"expected a pair .*got \(Tensor, Tensor, Tensor\)"):
        quiet(net(), (x, y, y))
    with pytest.raises(DataError, match=r"got \(Tensor, list\)"):
        quiet(net(), (x, y.tolist()))


class Named(nn.Module):
    """Returns a record with the logits in it, as the models of transformers do."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        return SimpleNamespace(logits=self.fc(x))


def test_logits_in_a_record_are_trained_as_they_are_evaluated():
    model, data = Named(), points()
    row = quiet(model, data, data, epochs=1).rows[0]
    assert evaluate(model, data).loss == pytest.approx(row["val_loss"])
    assert lr_find(model, data, steps=10).suggestion > 0


class Counted(nn.Linear):
    """Keeps a number beside its tensors in the state dict."""

    def get_extra_state(self):
        return {"calls": 1}

    def set_extra_state(self, state):
        self.restored = state["calls"]


def test_state_that_is_no_tensor_is_restored_too():
    model = Counted(4, 3)
    quiet(model, points(), points(20))
    assert model.restored == 1


def test_lr_find_says_what_stops_it():
    model, data = net(), points()
    with pytest.raises(InputError, match="first loss is nan"):
        lr_find(model, data, loss_fn=lambda output, y: output.sum() * float("nan"))
    with pytest.raises(DataError, match="no batch"):
        lr_find(model, DataLoader(points(5), 16, drop_last=True))
    with pytest.warns(UserWarning, match="one sample"), pytest.raises(DataError, match="no batch"):
        lr_find(model, points(1))
    with pytest.raises(InputError, match="number classes from 0"):
        lr_find(net(2), data)


@pytest.mark.parametrize("form", [lambda y: y[:, None], lambda y: F.one_hot(y)])
def test_targets_in_columns_are_refused_with_what_to_write(form):
    data = points()
    with pytest.raises(InputError, match=r"expected the number of a class for each sample.*y\[:, 0\]"):
        quiet(net(), (data.features, form(data.targets)))


def test_a_regression_that_diverges_stops_like_any_other():
    data = values()
    history = quiet(net(1), data, data, epochs=9, loss_fn=lambda output, y: output.sum() * float("nan"))
    assert "became nan in epoch 1" in history.stopped
    assert np.isnan(history["val_mse"][0])


def test_lr_find_passes_over_a_lone_sample():
    with pytest.warns(UserWarning, match="batch of one sample"):
        assert len(lr_find(net(), DataLoader(points(33), 16), steps=12).lrs) == 12


@pytest.mark.parametrize("data", [{"x": 1}, "data.csv"])
def test_what_is_no_dataset_is_said(data):
    with pytest.raises(DataError, match=f"cannot read samples from {type(data).__name__}"):
        quiet(net(), data)
