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
# You fine-tuned a model. Is it good? One number never answers that. We work every metric out of four counts,
# and ask of each what it sees and what it is blind to.
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
# A model looks at 200 solar cells and raises an alarm for 100 of them. "Positive" means defective, what we look for.
#
# | | called defective | called fine |
# |---|---|---|
# | **is defective** | 85 true positives (TP) | 10 false negatives (FN) |
# | **is fine** | 15 false positives (FP) | 90 true negatives (TN) |
#
# As two lists: what is true, and what the model said.

# %%
TP, FP, TN, FN = 85, 15, 90, 10
truth = np.repeat([1, 0, 0, 1], [TP, FP, TN, FN])
guess = np.repeat([1, 1, 0, 0], [TP, FP, TN, FN])
print("cells:", len(truth), "| defective:", truth.sum(), "| alarms:", guess.sum())

# %% [markdown]
# ## Accuracy, precision, recall
#
# Three questions, three fractions. **Predict** which is largest.
#
# - *accuracy*: of all cells, how many were called rightly?
# - *precision*: of the alarms, how many were real?
# - *recall*: of the defective cells, how many were found?

# %%
accuracy = (TP + TN) / (TP + TN + FP + FN)
precision = TP / (TP + FP)
recall = TP / (TP + FN)
print(f"accuracy  = {TP + TN}/{TP + TN + FP + FN} = {accuracy:.4f}")
print(f"precision =  {TP}/{TP + FP} = {precision:.4f}")
print(f"recall    =  {TP}/{TP + FN}  = {recall:.4f}")

# %% [markdown]
# Recall, 0.8947: nearly nine of ten defects are found. Precision, 0.85: of 100 alarms 15 are false. Neither knows TN.
#
# ## F1
#
# F1 joins the two: their harmonic mean, which leans towards the smaller. Multiplied out, it is 2TP / (2TP + FP + FN).

# %%
f1 = 2 * precision * recall / (precision + recall)
print("as a fraction:  ", f"{2 * TP}/{2 * TP + FP + FN}", f"= {f1:.6f}")
print("to four digits: ", round(f1, 4))
print("to three digits:", round(f1, 3))

# %% [markdown]
# F1 is 170/195, or 0.8718. Elsewhere you may find this very example with 0.871: cut off, not rounded.
#
# A doubt: did we mix anything up? Ask our package and scikit-learn:

# %%
for name in ("accuracy_score", "precision_score", "recall_score", "f1_score"):
    ours = getattr(measure, name)(truth, guess)
    theirs = getattr(sklearn.metrics, name)(truth, guess)
    print(f"{name:>15}: {ours:.4f}, scikit-learn the same: {ours == theirs}")

# %% [markdown]
# The same to the last digit, and under the same names: what you learn here works there.
#
# ## Play with the counts
#
# Change the four numbers and watch every fraction. **Predict:** which metrics move if you double TN? (Without a kernel: a still picture.)

# %%
# NBVAL_IGNORE_OUTPUT
measure.ConfusionBuilder(tp=85, fp=15, fn=10, tn=90)

# %%
once = measure.Counts(tp=85, fp=15, fn=10, tn=90)
twice = measure.Counts(tp=85, fp=15, fn=10, tn=180)
for name in ("accuracy", "precision", "recall", "f1"):
    print(f"{name:>9} moves when TN doubles: {getattr(twice, name) != getattr(once, name)}")

# %% [markdown]
# Only accuracy. Easy negatives flatter it: keep this for [lesson 06](06_accuracy_paradox.ipynb).
#
# ## Which metric for which task
#
# It depends on which mistake hurts. A *spam filter* must not hide a real letter: few false alarms, so precision. A *medical test*
# must not miss an illness: few misses, so recall. **Predict** which of two equally accurate models is for the clinic.

# %%
model_a = measure.Counts(tp=70, fp=5, fn=30, tn=95)
model_b = measure.Counts(tp=98, fp=33, fn=2, tn=67)
for name, c in {"A": model_a, "B": model_b}.items():
    print(f"model {name}: accuracy {c.accuracy:.3f}, precision {c.precision:.2f}, recall {c.recall:.2f}")

# %% [markdown]
# Both 0.825. B misses 2 of 100 and raises many false alarms, which a second test sorts out: the clinic's choice. A is the spam filter's.
#
# ## Nothing to divide by
#
# A model that never raises an alarm has TP + FP = 0. **Predict** its precision: 0, 1, or an error?

# %%
silent = np.zeros_like(truth)
print("precision of a silent model:", measure.precision_score(truth, silent))
print("said otherwise:             ", measure.precision_score(truth, silent, zero_division=np.nan))

# %% [markdown]
# 0/0 has no value, so a rule must be chosen and named. Ours is 0, like scikit-learn's; you can ask for `nan`.
#
# ## Ten classes
#
# Real images again: scikit-learn's handwritten digits, and a head on cached features, as in lesson 03.

# %%
digits = tune.digits()  # 1,797 images, ten classes
backbone = tune.load_backbone()
tune.freeze(backbone, keep=tune.replace_head(backbone, num_classes=10, seed=0))
cached = tune.cache_features(backbone, digits, at="head", progress=False)
tune.fit(cached.model, cached.splits.train, epochs=3, progress=False)
result = tune.evaluate(cached.model, cached.splits.val)
print("ten logits an image:", result.logits.shape[1] == 10)

# %% [markdown]
# Each class has its own precision and recall: *this digit* against all others. Whom does the model mistake for whom?

# %%
# NBVAL_IGNORE_OUTPUT
matrix = measure.confusion_matrix(result.targets, result.predictions)
measure.plot_confusion_matrix(matrix);

# %% [markdown]
# The diagonal is right; the title names the worst mistake. One overall number would hide it.
#
# ## Macro and micro
#
# One number from ten: average. *Macro*: a metric for each class, then the plain mean; every class counts alike. *Micro*: add up the
# counts of all classes first; every image counts alike. **Predict** which are equal.

# %%
y, p = result.targets, result.predictions
precision = measure.precision_score(y, p, average="micro")
recall = measure.recall_score(y, p, average="micro")
f1 = measure.f1_score(y, p, average="micro")
print("micro precision = recall = F1:", precision == recall == f1)
print("and = accuracy:               ", f1 == measure.accuracy_score(y, p))
print("macro F1 is the same number:  ", f1 == measure.f1_score(y, p, average="macro"))

# %% [markdown]
# With one label an image, micro precision, recall, F1 and accuracy are *one number*; reporting all four says it four times.
# When a class is rare, macro parts company:

# %%
rare = y[(y != 8) | (np.cumsum(y == 8) <= 3)]  # keep three eights only
wrong = np.where(rare == 8, 1, rare)  # a model that is perfect, but for calling every 8 a 1
for average in ("micro", "macro"):
    print(f"{average} recall: {measure.recall_score(rare, wrong, average=average):.2f}")

# %% [markdown]
# A class missed entirely: 0.99 micro, 0.90 macro. If every class matters, look at macro.
#
# ## Batches
#
# A loop averages the accuracies of its batches. It looks right. **Predict:** is that the accuracy?

# %%
batches = [slice(0, 64), slice(64, 128), slice(128, 192), slice(192, 200)]  # the last one is short
order = np.random.default_rng(1).permutation(200)
by_batch = [measure.accuracy_score(truth[order][b], guess[order][b]) for b in batches]
print("mean of batch accuracies:", round(float(np.mean(by_batch)), 4))
print("accuracy:                ", measure.accuracy_score(truth, guess))

# %% [markdown]
# No: the last batch of 8 counted as much as one of 64. The mend: add up *counts*, and divide once at the end.

# %%
running = measure.Running()
for b in batches:
    running.update(truth[order][b], guess[order][b])
print("from running counts:", running.compute()["accuracy"])

# %% [markdown]
# ## A number instead of a class
#
# The solar-cell data also states a *probability* of defect. Predicting it is regression: one output, and mean squared error (MSE) as the loss.

# %%
solar = tune.solar_cells(size=128, task="probability")  # ELPV dataset, CC BY-NC-SA 4.0
net = tune.load_backbone()
tune.freeze(net, keep=tune.replace_head(net, num_classes=1, seed=0))
cached = tune.cache_features(net, solar, at="head", progress=False)
history = tune.fit(cached.model, cached.splits.train, cached.splits.val, epochs=15, progress=False)
result = tune.evaluate(cached.model, cached.splits.val)
print("values to predict:", sorted({round(y, 2) for y in result.targets.tolist()}))
print("metrics:", sorted(result.metrics))

# %% [markdown]
# Is an MSE of 0.1 good? Compare with the simplest model, which always says the mean: R² is
# 1 − MSE / MSE of the mean. **Predict** the R² of "always the mean".

# %%
y = result.targets
always_mean = np.full_like(y, y.mean())
print(f"R² of always saying the mean: {measure.r2_score(y, always_mean):.1f}")
mse, mse_of_mean = (measure.mean_squared_error(y, guess) for guess in (result.predictions, always_mean))
by_hand = 1 - mse / mse_of_mean
print("R² by hand is our R²:", np.isclose(by_hand, result.metrics["r2"]))
print("the head explains over a third of the variance:", result.metrics["r2"] > 1 / 3)

# %% [markdown]
# 0 is the baseline, 1 is perfect, below 0 is worse than the mean. Our head explains more than a third of the variance.
#
# ## Why validation, and not training
#
# The mistake that makes every metric lie: a head trained much too long on few images, and judged on them. **Predict** its training accuracy.

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
# 100 % on what it has seen, far less on what it has not. The training number measures memory. Watch
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
# For classes, report accuracy, precision, recall and F1; for numbers, MSE and R². Say on which data, and against which baseline.
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
