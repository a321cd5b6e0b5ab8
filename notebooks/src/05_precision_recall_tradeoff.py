# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 · Precision–recall trade-off
#
# A classifier does not say yes or no. It gives a score, and somebody draws a line. Move the line, and you trade false alarms for misses.
# Where should it be? Not at 0.5 by habit.
#
# **You will**
#
# - slide the threshold of a fine-tuned model and read what it costs
# - choose a threshold by price and by a floor for recall, on validation data
# - measure how much you fool yourself when you choose on the test data
#
# About 14 minutes. Before this: [04 · Metrics](04_metrics.ipynb).

# %%
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ftlib import measure, tune
from ftlib.learn import exercise

tune.seed_everything(0)  # the one seed of this lesson

# %% [markdown]
# ## A model with scores
#
# Solar cells again (ELPV dataset, CC BY-NC-SA 4.0). This time we train more than the head: the last convolution learns, too. What lies before
# it is frozen, so it runs once and is cached.

# %%
solar = tune.solar_cells(size=128)
model = tune.load_backbone()
tune.replace_head(model, num_classes=2, seed=0)
report = tune.freeze_to(model, "conv_head")
print(f"trainable: {report.trainable_tensors} tensors, {report.trainable_numbers:,} numbers")

# %%
cached = tune.cache_features(model, solar, at="conv_head", progress=False)
tune.fit(cached.model, cached.splits.train, cached.splits.val, epochs=6, lr=5e-4, progress=False)
val = tune.evaluate(cached.model, cached.splits.val)
scores, truth = val.probabilities[:, 1], val.targets

majority = 1 - truth.mean()
print("more accurate than 'always functional' by 10 points:", val.metrics["accuracy"] > majority + 0.10)

# %% [markdown]
# The model beats the baseline. What it really gives us is a score between 0 and 1 for each cell: how defective does it look?
#
# ## Two piles that overlap
#
# If all defective cells scored high and all others low, any line between would do. **Predict** what the two piles look like.

# %%
bins = np.linspace(0, 1, 6)
for name, label in (("functional", 0), ("defective", 1)):
    share = np.histogram(scores[truth == label], bins)[0] / (truth == label).sum()
    print(f"{name:>10} below 0.2: most" if share[0] > 0.5 else f"{name:>10} below 0.2: fewer than half")
print("some defective cells score below some functional ones:", scores[truth == 1].min() < scores[truth == 0].max())

# %% [markdown]
# They overlap. So every line makes mistakes, and the question is only which ones. Lower the line: more defects found, more false alarms.
# Raise it: the other way round.
#
# ## Slide it
#
# Move the threshold. Watch the matrix, and the point on the curve. Set the price of each mistake. (On a page without a kernel you see a still picture.)

# %%
# NBVAL_IGNORE_OUTPUT
measure.ThresholdExplorer(truth, scores)

# %% [markdown]
# **Predict:** from a threshold of 0.7 down to 0.3, which of recall and precision must rise, and which may do as it likes?

# %%
points = {t: measure.Counts.at(truth, scores, t) for t in (0.7, 0.5, 0.3)}
recalls = [c.recall for c in points.values()]
alarms = [c.tp + c.fp for c in points.values()]
print("recall rises as the line falls:   ", recalls == sorted(recalls) and recalls[0] < recalls[-1])
print("more alarms as the line falls:    ", alarms == sorted(alarms))
print("precision is lowest at the bottom:", min(points, key=lambda t: points[t].precision) == 0.3)

# %% [markdown]
# Recall can only rise when the line falls: no defect that was found gets lost. Precision usually falls, but nothing forces it to fall at
# *every* step. One good alarm more, and it ticks up.
#
# ## All thresholds at once
#
# The PR curve shows every line you could draw. The dotted level is what a random ranking would reach: the share of defective cells.

# %%
# NBVAL_IGNORE_OUTPUT
measure.plot_pr(truth, scores, threshold=0.5);

# %% [markdown]
# Walk along the curve from left to right: more recall, and less and less precision. The marked point is 0.5, one choice among hundreds.

# %%
ap = measure.average_precision_score(truth, scores)
print("average precision is at least twice the random level:", ap > 2 * truth.mean())

# %% [markdown]
# ## Spam or diagnosis
#
# Which point is right? Think of who suffers. A letter in the spam folder harms the reader: a **false alarm** is bad, so precision. An illness overlooked harms
# the patient: a **miss** is bad, so recall. Let us do the second on real medical data, scikit-learn's breast-cancer set. Positive means *malignant*.

# %%
data = load_breast_cancer()
malignant = (data.target == 0).astype(int)  # in this set 0 is malignant; we look for it, so it becomes 1
x_fit, x_rest, y_fit, y_rest = train_test_split(data.data, malignant, test_size=0.6, stratify=malignant, random_state=0)
x_val, x_test, y_val, y_test = train_test_split(x_rest, y_rest, test_size=0.5, stratify=y_rest, random_state=0)
clinic = make_pipeline(StandardScaler(), LogisticRegression(C=0.01)).fit(x_fit, y_fit)
clinic_val = clinic.predict_proba(x_val)[:, 1]
at_half = measure.Counts.at(y_val, clinic_val, 0.5)
print(f"at 0.5: {at_half.fn:.0f} of {at_half.tp + at_half.fn:.0f} malignant cases are missed, precision {at_half.precision:.2f}")

# %% [markdown]
# At 0.5 few alarms are false (precision 0.95), and 8 malignant cases go home. For a first test that is the wrong way round.
#
# ## Ask for recall
#
# State what you need: "find at least 98 % of the malignant cases". `best_threshold` takes the line that keeps this and costs the least precision.

# %%
choice = measure.best_threshold(y_val, clinic_val, by="recall", at_least=0.98)
print(f"threshold {choice.threshold:.2f}: {choice.counts.fn:.0f} missed, precision {choice.counts.precision:.2f}")

# %% [markdown]
# The line falls to 0.39. One malignant case is missed instead of 8, and precision pays: 0.89, so more healthy people are called back. The clinic can decide
# whether that is worth it. Nothing was retrained.
#
# ## Put a price on each mistake
#
# Back to the solar plant. A defective cell that goes unnoticed costs 50 €, a needless inspection 10 €. **Predict:** should the threshold lie above or below 0.5?

# %%
cheap = measure.best_threshold(truth, scores, by="cost", cost_fn=50, cost_fp=10)
half = measure.Counts.at(truth, scores, 0.5)
print("threshold is below 0.5:", cheap.threshold < 0.5)
print("saves money against 0.5:", cheap.cost < 50 * half.fn + 10 * half.fp)

# %% [markdown]
# Below: misses are five times as dear, so it pays to raise more alarms. For *calibrated* probabilities there is even a formula that needs no data:

# %%
print(f"10 / (10 + 50) = {measure.cost_threshold(cost_fp=10, cost_fn=50):.3f}")

# %% [markdown]
# Raise an alarm as soon as the probability of a defect is above 1/6. But does a score of 0.2 mean a probability of 0.2? Look before you trust it:

# %%
# NBVAL_IGNORE_OUTPUT
measure.plot_calibration(truth, scores, n_bins=5);

# %% [markdown]
# On the diagonal, scores mean what they say. Where the line leaves it, the formula would mislead you, and choosing by data is safer.
#
# ## Choose on validation, report on test
#
# We chose the line where it looked best *on these cells*. Part of that is luck. How much? An experiment: cut our validation and test cells into two halves, at random, 300 times.
# Each time choose the best F1 threshold on half A. Then read F1 on A, and on B.

# %%
test = tune.evaluate(cached.model, cached.splits.test)
all_scores = np.concatenate([scores, test.probabilities[:, 1]])
all_truth = np.concatenate([truth, test.targets])
rng, on_a, on_b = np.random.default_rng(0), [], []
for _ in range(300):
    half_a = rng.permutation(len(all_truth)) < 120  # a small set, as is common
    best = measure.best_threshold(all_truth[half_a], all_scores[half_a], by="fbeta")
    on_a.append(best.counts.f1)
    on_b.append(best.apply(all_truth[~half_a], all_scores[~half_a]).f1)

# %% [markdown]
# **Predict:** by how many points is F1 higher on the half where the line was chosen?

# %%
gap = np.mean(on_a) - np.mean(on_b)
print("F1 looks better where it was chosen:", gap > 0)
print("by at least one point on average:   ", gap > 0.01)
print("higher on A in most draws:          ", np.mean(np.array(on_a) > np.array(on_b)) > 0.5)

# %% [markdown]
# The model is the same and the line is the same. Only the luck of half A is missing on B. A threshold chosen on the test set makes your report this much too good, and no error tells you.
# So: **choose on validation, report on test, once.**

# %%
final = cheap.apply(test.targets, test.probabilities[:, 1])
kept = 50 * final.fn + 10 * final.fp
without = 50 * measure.Counts.at(test.targets, test.probabilities[:, 1], 0.5).fn + 10 * measure.Counts.at(test.targets, test.probabilities[:, 1], 0.5).fp
print("still cheaper than 0.5 on test:", kept < without)

# %% [markdown]
# ## How sure is a recall?
#
# One more doubt. The test part holds some 120 defective cells. With others, recall would be a little different. The bootstrap asks how much: draw 1,000 test sets from ours, with replacement, and
# see where recall falls in 95 of 100.

# %%
flags = (test.probabilities[:, 1] >= cheap.threshold).astype(int)
interval = measure.bootstrap_interval(measure.recall_score, test.targets, flags, seed=0)
width = interval.high - interval.low
print("the interval holds our recall:    ", interval.low <= final.recall <= interval.high)
print("it is more than 8 points wide:    ", width > 0.08)

# %% [markdown]
# More than eight points wide, from 120 positives. So a rival that claims two points more recall on a test set this small has shown nothing yet. Report the interval with the number.
#
# ## What we saw
#
# In this notebook we
#
# - lowered the line: recall rose, alarms grew, precision paid
# - cut the clinic's misses from 8 to 1 by moving one number
# - chose a threshold by price, and it saved money on the test set, too
# - measured that a line looks better where it was chosen, by a point of F1 or more
# - put an interval around recall, and it was wider than most improvements people report
#
# A model gives scores. The threshold is *your* decision. Make it by what mistakes cost, on validation data.
#
# ## Exercise
#
# Write `threshold_for_recall(truth, scores, floor)`: the highest threshold whose recall is at least `floor`. Every score at or above it counts as positive.

# %% tags=["exercise:05-threshold-for-recall"]
exercise("05-threshold-for-recall").check(threshold_for_recall)

# %% [markdown]
# Then take the [quiz](../quizzes/05_precision_recall_tradeoff.ipynb): about ten minutes.
#
# Next: [06 · The accuracy paradox](06_accuracy_paradox.ipynb), where 98 % accuracy hides 88 missed frauds.
