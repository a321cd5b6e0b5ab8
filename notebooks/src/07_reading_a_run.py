# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 07 · Reading a run
#
# Training writes a few columns of numbers. Do they show a run that learns, memorises, diverges or does nothing at all? Most people
# look at one column. We read them together.
#
# **You will**
#
# - train four runs that go well, overfit, diverge and stand still, and tell them apart
# - stop a run early and keep its best epoch
# - compare with a base model before you call anything good
#
# About 12 minutes. Before this: [06 · The accuracy paradox](06_accuracy_paradox.ipynb).

# %%
from statistics import median

import torch
from torch import nn

from ftlib import measure, tune
from ftlib.learn import exercise

tune.seed_everything(0)  # the one seed of this lesson
solar = tune.solar_cells(size=128)  # ELPV dataset, CC BY-NC-SA 4.0
model = tune.load_backbone()
tune.freeze(model, keep=tune.replace_head(model, num_classes=2, seed=0))
cells = tune.cache_features(model, solar, at="head", progress=False).splits
print("features of one image:", tuple(cells.train.features.shape[1:]))

# %% [markdown]
# We train heads on cached features, as in lesson 03: each run takes seconds, and large models are read alike.
#
# ## A good run
#
# A linear head, a moderate learning rate. **Predict** the two losses: which is lower at the end, training or validation?

# %%
def linear_head():
    torch.manual_seed(0)
    return nn.Linear(1280, 2)


good_head = linear_head()
quiet = {"restore_best": False, "progress": False}  # keep the last epoch, so that we see where a run ends
good = tune.fit(good_head, cells.train, cells.val, epochs=20, lr=5e-4, **quiet)

# %%
# NBVAL_IGNORE_OUTPUT
measure.plot_history(good);

# %% [markdown]
# Both losses fall, quickly at first, then slowly, and stay close together. The training loss ends a little lower: the head has seen those images.

# %%
losses_of_good = good["val_loss"]
print("validation loss fell:           ", losses_of_good[-1] < losses_of_good[0])
print("its last value is near its best:", losses_of_good[-1] < 1.05 * min(losses_of_good))
print("training loss ends lower:       ", good["train_loss"][-1] < losses_of_good[-1])

# %% [markdown]
# That is *steady*: falling validation loss, last epoch near the best one, a small gap.
#
# ## Overfitting
#
# A head with a hidden layer, on one image in twenty, for a long time. **Predict:** what will validation loss do while training loss goes to zero?

# %%
few = cells.train.subset(range(0, len(cells.train), 20))
torch.manual_seed(0)
wide_head = nn.Sequential(nn.Linear(1280, 256), nn.ReLU(), nn.Linear(256, 2))
overfit = tune.fit(wide_head, few, cells.val, epochs=60, lr=1e-3, **quiet)

# %%
# NBVAL_IGNORE_OUTPUT
measure.plot_history(overfit);

# %% [markdown]
# The solid training line sinks to nothing. The dashed validation line turns early and climbs: from there on, the head learns these few images by heart.

# %%
losses = overfit["val_loss"]
best = losses.index(min(losses)) + 1
print("training loss went below 0.01:           ", overfit["train_loss"][-1] < 0.01)
print("best epoch was in the first half:        ", best <= 30)
print("validation loss rose by a fifth after it:", losses[-1] > 1.2 * min(losses))

# %% [markdown]
# ## Loss and metrics together
#
# After the best epoch validation *loss* rises. **Predict:** does validation *accuracy* fall just as clearly?

# %%
accuracy = overfit["val_accuracy"]
print("loss is more than half as high again as at its best:", losses[-1] / min(losses) > 1.5)
print("accuracy is less than a tenth lower than then:      ", accuracy[-1] / accuracy[best - 1] > 0.9)

# %% [markdown]
# Hardly. The loss also sees *how sure* the model is: an overfitting one makes about as many mistakes as before, with growing confidence.
# So read the loss for *when to stop*, and the metrics for *what it is worth*.
#
# ## Rate too high
#
# The good run again, with one change: a learning rate 1,000 times as large. **Predict** the shape of the curve.

# %%
fast = tune.fit(linear_head(), cells.train, cells.val, epochs=20, lr=0.5, **quiet)

# %%
# NBVAL_IGNORE_OUTPUT
measure.plot_history(fast);

# %% [markdown]
# The lines jump, and look at the scale: each step overshoots the valley and lands on the other side.

# %%
ups = sum(later > earlier for earlier, later in zip(fast["val_loss"], fast["val_loss"][1:]))
print("its typical loss is over 5 times the good run's last:", median(fast["val_loss"]) > 5 * losses_of_good[-1])
print("it went up at least 3 times:                         ", ups >= 3)
print("yet accuracy is above 70 % in most epochs:           ", median(fast["val_accuracy"]) > 0.7)

# %% [markdown]
# Accuracy alone would have called this run usable. How do you find a sane rate without guessing? `lr_find` raises the rate step by step, on a copy of the head,
# and suggests a tenth of the rate at which the loss was lowest.

# %%
found = tune.lr_find(linear_head(), cells.train)
print("suggests a rate below 0.1:", found.suggestion < 0.1)

# %% [markdown]
# ## Frozen wrong
#
# The fourth run stands still: its optimizer was built before the head was exchanged. We write its loop by hand, since `tune.fit` refuses to start it.

# %%
old_head = linear_head()
optimizer = torch.optim.AdamW(old_head.parameters(), lr=1e-3)  # holds the old head
head = linear_head()  # the new head; the optimizer never hears of it
flat = {"train_loss": [], "val_loss": []}
for _ in range(5):
    for x, y in tune.batches(cells.train, batch_size=64, shuffle=True):
        optimizer.zero_grad()
        nn.functional.cross_entropy(head(x), y).backward()
        optimizer.step()
    for name, part in (("train_loss", cells.train), ("val_loss", cells.val)):
        flat[name].append(tune.evaluate(head, part).loss)

# %% [markdown]
# **Predict:** will the validation losses of the five epochs be *about* equal, or *exactly* equal?

# %%
print("different validation losses in five epochs:", len(set(flat["val_loss"])))
try:
    tune.fit(head, cells.train, cells.val, optimizer=optimizer, epochs=1, progress=False)
except ValueError as error:
    print("tune.fit:", str(error)[:86], "…")

# %% [markdown]
# Exactly one value. A run that learns badly still wobbles; no wobble means that *no number moves*. Think of the
# optimizer first, of a rate of zero second. The mend is in the wiring: build the optimizer last.
#
# ## Early stopping
#
# The overfitting run again. With `patience`, training ends when validation loss has not improved for that many epochs, and the best epoch's weights are put back.

# %%
torch.manual_seed(0)
stopped_head = nn.Sequential(nn.Linear(1280, 256), nn.ReLU(), nn.Linear(256, 2))
stopped = tune.fit(stopped_head, few, cells.val, epochs=60, lr=1e-3, patience=5, progress=False)
print("stopped before epoch 60:            ", len(stopped) < 60)
print("best epoch was five before the last:", stopped.best_epoch == len(stopped) - 5)

# %% [markdown]
# A doubt: are the weights really those of the best epoch? Evaluate and compare:

# %%
now = tune.evaluate(stopped_head, cells.val).loss
print("validation loss now is the best of the run:", abs(now - min(stopped["val_loss"])) < 1e-4)
print("and lower than at the end of the long run: ", now < overfit["val_loss"][-1])

# %% [markdown]
# ## Good compared with what
#
# A falling curve is not yet a good model. *Good* means better than what you had, on validation data, in the metrics that fit the task. Our base is the linear head; the candidate
# trains the last convolution as well. **Predict:** better in all metrics?

# %%
candidate = tune.load_backbone()
tune.replace_head(candidate, num_classes=2, seed=0)
tune.freeze_to(candidate, "conv_head")
cached = tune.cache_features(candidate, solar, at="conv_head", progress=False)
run = tune.fit(cached.model, cached.splits.train, cached.splits.val, epochs=6, lr=5e-4, progress=False)

base = tune.evaluate(good_head, cells.val)
new = tune.evaluate(cached.model, cached.splits.val)

# %%
# NBVAL_IGNORE_OUTPUT
measure.plot_before_after(base.metrics, new.metrics, names=("linear head", "fine-tuned"));

# %% [markdown]
# Hollow is the base, filled the candidate. Read every row: a gain in recall can be paid for in precision.

# %%
print("validation loss is lower:", new.loss < base.loss)
for name in ("accuracy", "recall", "f1"):
    print(f"{name:>8} is higher:      {new.metrics[name] > base.metrics[name]}")

# %% [markdown]
# Lower loss, and higher accuracy, recall and F1: keep it. Had only one of them risen, we would ask what it cost.
#
# ## A checklist
#
# | good sign | bad sign | think of |
# |---|---|---|
# | validation loss falls steadily | it falls, turns, climbs | overfitting: stop early, more data, smaller head |
# | losses of ordinary size | jumps, huge values | rate too high |
# | curves wobble a little | one value, to the last digit | wiring: optimizer, freezing |
# | both losses fall together | both stay high | underfitting: train more, unfreeze more |
# | accuracy, precision, recall, F1 beat the base | no better than the base | wrong features, wrong labels |
# | precision and recall balanced where both matter | one very high, the other very low, without a reason | threshold, rare class |
#
# Five pitfalls to check beside it: the accuracy paradox, leaked data, overfitting, a trade-off ignored, validation metrics not watched.
#
# Write the first rows as a function, so that judgement does not depend on mood:

# %%
def read(train_loss, val_loss):
    if len(set(val_loss)) == 1:
        return "stands still"
    ups = sum(later > 1.5 * earlier for earlier, later in zip(val_loss, val_loss[1:]))
    if ups >= 2 or max(val_loss) > 5:
        return "rate too high"
    if val_loss[-1] > 1.2 * min(val_loss) and train_loss[-1] < train_loss[0]:
        return "overfitting"
    return "steady" if val_loss[-1] < 0.95 * val_loss[0] else "learns little"


for name, one in {"good": good, "overfit": overfit, "fast": fast, "flat": flat}.items():
    print(f"{name:>7}: {read(one['train_loss'], one['val_loss'])}")

# %% [markdown]
# Four runs, four verdicts. Such rules are crude: a first look, and the picture is the second.
#
# ## Runs you have not seen
#
# Real runs, recorded. Say what is wrong with each before you press the button. Some look *too* good. (Without a kernel: a still picture.)

# %%
# NBVAL_IGNORE_OUTPUT
measure.CurveReader()

# %% [markdown]
# ## What we saw
#
# In this notebook we
#
# - trained a steady run: falling validation loss, last epoch near its best
# - overfitted on one image in twenty: validation loss turned and climbed, while accuracy hardly moved
# - set the rate 1,000 times too high: losses that jump, and accuracy that still looked usable
# - wired the optimizer wrongly: one loss, to the last digit
# - stopped early and got the best epoch back
# - called a model better only after comparing it with a base, in every metric
#
# Judge by a balanced improvement of validation loss, precision, recall and F1 that fits the task.
#
# ## Exercise
#
# Write `best_and_stop(val_loss, patience)`: the best epoch (counted from 1) and the epoch after which training stops, when it stops after `patience` epochs
# without a new best.

# %% tags=["exercise:07-early-stopping"]
exercise("07-early-stopping").check(best_and_stop)

# %% [markdown]
# Then take the [quiz](../quizzes/07_reading_a_run.ipynb).
#
# This is the last lesson so far. Next: back to [00 · Start here](00_start_here.ipynb), whose strength test draws ten questions from all of them.
