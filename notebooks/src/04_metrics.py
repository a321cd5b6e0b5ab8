# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 · Metrics
#
# You fine-tuned a model. Is it good? One number never answers that. This lesson takes four counts, works every metric out of them by hand,
# and asks of each: what does it see, and what is it blind to?
#
# **You will**
#
# - work out accuracy, precision, recall and F1 from four counts, exactly
# - read macro and micro averages on ten classes, and R² on a regression head
# - see why only validation data may judge a model
#
# About 14 minutes. Before this: [03 · Head replacement](03_head_replacement.ipynb).

# %%
import numpy as np
import sklearn.metrics
import torch

from ftlib import measure, tune
from ftlib.learn import exercise

tune.seed_everything(0)  # the one seed of this lesson

# %% [markdown]
# ## Four counts
#
# A model looks at 200 solar cells. It raises an alarm for 100 of them; 85 of these are truly defective. Of the 100 it
# passes, 10 are defective as well. "Positive" means defective, what we look for.
#
# | | called defective | called fine |
# |---|---|---|
# | **is defective** | 85 true positives (TP) | 10 false negatives (FN) |
# | **is fine** | 15 false positives (FP) | 90 true negatives (TN) |
#
# Make the 200 cells real, as two lists: what is true, and what the model said.

# %%
TP, FP, TN, FN = 85, 15, 90, 10
truth = np.repeat([1, 0, 0, 1], [TP, FP, TN, FN])
guess = np.repeat([1, 1, 0, 0], [TP, FP, TN, FN])
print("cells:", len(truth), "| defective:", truth.sum(), "| alarms:", guess.sum())

# %% [markdown]
# ## Accuracy, precision, recall
#
# Three questions, three fractions. **Predict** which of the three is largest.
#
# - *accuracy*: of all cells, how many were called rightly?
# - *precision*: of the alarms, how many were real?
# - *recall*: of the defective cells, how many were found?

# %%
accuracy = (TP + TN) / (TP + TN + FP + FN)
precision = TP / (TP + FP)
recall = TP / (TP + FN)
print(f"accuracy  = 175/200 = {accuracy:.4f}")
print(f"precision =  85/100 = {precision:.4f}")
print(f"recall    =  85/95  = {recall:.4f}")

# %% [markdown]
# Recall is the largest, 0.8947: the model finds nearly nine of ten defects. Precision, 0.85, says that 15 of 100 alarms are false.
# Precision looks at the model's *alarms*, recall at the world's *defects*. Neither knows TN.
#
# ## F1
#
# F1 joins the two. It is their harmonic mean, which leans towards the smaller one. Multiplied out it is a fraction of counts: 2TP / (2TP + FP + FN).

# %%
f1 = 2 * precision * recall / (precision + recall)
print("as a fraction:", f"{2 * TP}/{2 * TP + FP + FN}", f"= {f1:.6f}")
print("to four digits:", round(f1, 4))
print("to three digits:", round(f1, 3))

# %% [markdown]
# F1 is 170/195, or 0.8718. You may find this very example elsewhere with 0.871: there somebody cut the number off instead of rounding it.
# Three digits of 0.871795 are 0.872. When in doubt, show the fraction.
#
# A doubt: did we mix anything up? Ask two others, our package and scikit-learn:

# %%
for name in ("accuracy_score", "precision_score", "recall_score", "f1_score"):
    ours = getattr(measure, name)(truth, guess)
    theirs = getattr(sklearn.metrics, name)(truth, guess)
    print(f"{name:>15}: {ours:.4f}, scikit-learn the same: {ours == theirs}")

# %% [markdown]
# The same to the last digit. `ftlib.measure` bears scikit-learn's names, so what you learn here works there.
#
# ## Play with the counts
#
# Change the four numbers and watch every fraction. **Try:** double TN. Which metrics move? (On a page without a kernel you see a still picture.)

# %%
# NBVAL_IGNORE_OUTPUT
measure.ConfusionBuilder(tp=85, fp=15, fn=10, tn=90)

# %%
twice = measure.Counts(tp=85, fp=15, fn=10, tn=180)
once = measure.Counts(tp=85, fp=15, fn=10, tn=90)
for name in ("accuracy", "precision", "recall", "f1"):
    print(f"{name:>9} moves when TN doubles: {getattr(twice, name) != getattr(once, name)}")

# %% [markdown]
# Only accuracy moves. Adding easy negatives makes accuracy look better, and nothing else. Keep this for [lesson 06](06_accuracy_paradox.ipynb).
#
# ## Which metric for which task
#
# It depends on which mistake hurts. A *spam filter* that hides a real letter does harm, so few false alarms: precision. A *medical test* that
# misses an illness does harm, so few misses: recall. Two models, same accuracy. **Predict** which one is for the clinic.

# %%
model_a = measure.Counts(tp=70, fp=5, fn=30, tn=95)
model_b = measure.Counts(tp=98, fp=33, fn=2, tn=67)
for name, c in {"A": model_a, "B": model_b}.items():
    print(f"model {name}: accuracy {c.accuracy:.3f}, precision {c.precision:.2f}, recall {c.recall:.2f}")

# %% [markdown]
# Equal accuracy, 0.825. B misses 2 of 100 and raises many false alarms: the clinic's choice, where a second test sorts them out. A is the spam filter's.
#
# ## Nothing to divide by
#
# A model that never raises an alarm has TP + FP = 0. **Predict** its precision: 0, 1, or an error?

# %%
silent = np.zeros_like(truth)
print("precision of a silent model:", measure.precision_score(truth, silent))
print("said otherwise:             ", measure.precision_score(truth, silent, zero_division=np.nan))

# %% [markdown]
# 0/0 has no value, so a rule must be chosen. Ours is 0, as in scikit-learn, and you can ask for `nan`. A report should say which rule it used.
#
# ## Ten classes
#
# Real images again: scikit-learn's handwritten digits. We train a head on cached features, as in lesson 03.

# %%
digits = tune.digits()  # 1,797 images, ten classes
backbone = tune.load_backbone()
tune.freeze(backbone, keep=tune.replace_head(backbone, num_classes=10, seed=0))
cached = tune.cache_features(backbone, digits, at="head", progress=False)
tune.fit(cached.model, cached.splits.train, epochs=3, progress=False)
result = tune.evaluate(cached.model, cached.splits.val)
print("ten logits an image:", result.logits.shape[1] == 10)

# %% [markdown]
# With ten classes each class has its own precision and recall: *this digit* against all others. The plot shows whom the model mistakes for whom.

# %%
# NBVAL_IGNORE_OUTPUT
matrix = measure.confusion_matrix(result.targets, result.predictions)
measure.plot_confusion_matrix(matrix);

# %% [markdown]
# The diagonal is right; the rest are mistakes. Some digits are much harder than others, which one overall number hides.
#
# ## Macro and micro
#
# To get one number from ten, average. *Macro*: compute a metric for each class, take the plain mean; every class counts alike. *Micro*: add up the
# counts of all classes first; every image counts alike. **Predict** which of these four are equal.

# %%
y, p = result.targets, result.predictions
micro = [getattr(measure, name)(y, p, average="micro") for name in ("precision_score", "recall_score", "f1_score")]
print("micro precision = recall = F1:", micro[0] == micro[1] == micro[2])
print("and = accuracy:               ", micro[0] == measure.accuracy_score(y, p))
print("macro F1 is the same number:  ", measure.f1_score(y, p, average="macro") == micro[2])

# %% [markdown]
# With one label an image, micro precision, micro recall, micro F1 and accuracy are *one and the same number*. Reporting all four says one thing four times.
# Macro is another number. When classes are rare, the two part company:

# %%
rare = (y != 8) | (np.cumsum(y == 8) <= 3)  # keep three eights only
wrong = np.where(y == 8, 1, y)  # a model that is perfect, but for calling every 8 a 1
print(f"micro recall: {measure.recall_score(y[rare], wrong[rare], average='micro'):.2f}")
print(f"macro recall: {measure.recall_score(y[rare], wrong[rare], average='macro'):.2f}")

# %% [markdown]
# Missing a rare class entirely costs 1 point in micro recall and 10 points in macro recall. If every class matters, look at macro.
#
# ## Batches
#
# A loop computes accuracy for each batch and averages those. It looks right. **Predict:** is the mean of batch accuracies the accuracy?

# %%
batches = [slice(0, 64), slice(64, 128), slice(128, 192), slice(192, 200)]  # the last one is short
order = np.random.default_rng(1).permutation(200)
by_batch = [measure.accuracy_score(truth[order][b], guess[order][b]) for b in batches]
print("mean of batch accuracies:", round(float(np.mean(by_batch)), 4))
print("accuracy:                ", measure.accuracy_score(truth, guess))

# %% [markdown]
# Not the same: the short last batch of 8 counted as much as one of 64. For precision it is worse still. Add up *counts*, and divide once at the end:

# %%
running = measure.Running()
for b in batches:
    running.update(truth[order][b], guess[order][b])
print("from running counts:", running.compute()["accuracy"])

# %% [markdown]
# ## A number instead of a class
#
# The solar-cell data also states a *probability* of defect: 0, 1/3, 2/3 or 1. Predicting it is regression. The head has one output, the loss is the mean squared error (MSE).

# %%
solar = tune.solar_cells(size=128, task="probability")  # ELPV dataset, CC BY-NC-SA 4.0
net = tune.load_backbone()
tune.freeze(net, keep=tune.replace_head(net, num_classes=1, seed=0))
cached = tune.cache_features(net, solar, at="head", progress=False)
history = tune.fit(cached.model, cached.splits.train, cached.splits.val, epochs=15, progress=False)
result = tune.evaluate(cached.model, cached.splits.val)
print("metrics:", sorted(result.metrics))

# %% [markdown]
# An MSE by itself says little: is 0.1 good? Compare with the simplest model, which always says the mean. R² does exactly that:
# 1 − MSE / MSE of the mean. **Predict** the R² of "always the mean".

# %%
y = result.targets
mse_of_mean = measure.mean_squared_error(y, np.full_like(y, y.mean()))
print(f"R² of always saying the mean: {measure.r2_score(y, np.full_like(y, y.mean())):.1f}")
by_hand = 1 - measure.mean_squared_error(y, result.predictions) / mse_of_mean
print("R² by hand is our R²:", np.isclose(by_hand, result.metrics["r2"]))
print("the head explains over a third of the variance:", result.metrics["r2"] > 1 / 3)

# %% [markdown]
# 0 is the baseline, 1 is perfect, and below 0 is worse than the mean. Our head explains more than a third of the variance, with a frozen backbone.
#
# ## Why validation, and not training
#
# Now the mistake that makes every metric lie. We train a head much too long on few images, with no brake. **Predict** its training accuracy.

# %%
cells = tune.cache_features(net, tune.solar_cells(size=128), at="head", progress=False).splits
few = cells.train.subset(range(0, len(cells.train), 20))
greedy = torch.nn.Sequential(torch.nn.Linear(1280, 256), torch.nn.ReLU(), torch.nn.Linear(256, 2))
tune.fit(greedy, few, epochs=60, progress=False)
on_train = tune.evaluate(greedy, few).metrics["accuracy"]
on_val = tune.evaluate(greedy, cells.val).metrics["accuracy"]
print(f"training accuracy: {on_train:.0%}")
print("validation accuracy is over 15 points lower:", on_val < on_train - 0.15)

# %% [markdown]
# 100 % on what it has seen, far less on what it has not. The training number measures memory. The aim is to do the *new task on new images*, so watch
# validation loss and validation metrics, and keep a test set for the very end.
#
# ## What we saw
#
# In this notebook we
#
# - worked out 0.875, 0.85, 0.8947 and 170/195 = 0.8718 from four counts, and scikit-learn agreed to the last digit
# - doubled TN, and only accuracy moved
# - found micro precision, recall, F1 and accuracy to be one number, and macro another
# - saw a mean of batch means miss the true accuracy
# - gave R² its meaning: 0 is "always the mean"
# - got 100 % on training images, and much less on validation images
#
# A metric is a question. Say which one you ask, on which data, and against which baseline.
#
# ## Exercise
#
# Write `worked(tp, fp, fn, tn)`: a dict with accuracy, precision, recall and f1 as floats. Where there is nothing to divide by, the value is 0.

# %% tags=["exercise:04-worked-metrics"]
exercise("04-worked-metrics").check(worked)

# %% [markdown]
# Then take the [quiz](../quizzes/04_metrics.ipynb): about ten minutes.
#
# Next: [05 · Precision–recall trade-off](05_precision_recall_tradeoff.ipynb), where you choose between the two mistakes.
