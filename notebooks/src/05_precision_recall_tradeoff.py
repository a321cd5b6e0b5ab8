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
# A classifier gives a score, and somebody draws a line: above it, alarm. Move the line, and you trade false alarms for misses.
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
import matplotlib.pyplot as plt
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
# Solar cells again (ELPV dataset, CC BY-NC-SA 4.0). This time the last convolution learns, too. What lies before
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
# It beats the baseline. What it really gives is a score between 0 and 1 for each cell: how defective does it look?
#
# ## Two piles that overlap
#
# If all defective cells scored high and all others low, any line between would do. **Predict** what the two piles look like.

# %%
# NBVAL_IGNORE_OUTPUT
plt.figure(figsize=(5, 3))
for label, style in ((0, "-"), (1, "--")):
    heights, edges = np.histogram(scores[truth == label], bins=20, range=(0, 1))
    plt.stairs(heights / heights.sum(), edges, linestyle=style, linewidth=2, label=solar.classes[label])
plt.xlabel("score")
plt.ylabel("share of the class")
plt.title("The two piles overlap")
plt.legend();

# %%
print("most functional cells score below 0.2:", np.mean(scores[truth == 0] < 0.2) > 0.5)
print("most defective cells score above 0.5: ", np.mean(scores[truth == 1] > 0.5) > 0.5)
print("some defective score below some functional:", scores[truth == 1].min() < scores[truth == 0].max())

# %% [markdown]
# Two piles at the two ends, and between them both kinds. So every line makes mistakes; the question is which.
#
# ## Slide it
#
# Move the threshold, watch the matrix and the point on the curve, set the price of each mistake. (On a page without a kernel you see a still picture.)

# %%
# NBVAL_IGNORE_OUTPUT
measure.ThresholdExplorer(truth, scores)

# %% [markdown]
# **Predict:** when the line falls from 0.7 to 0.3, must recall rise? Must precision fall?

# %%
points = {t: measure.Counts.at(truth, scores, t) for t in (0.7, 0.5, 0.3)}
recalls = [c.recall for c in points.values()]
alarms = [c.tp + c.fp for c in points.values()]
precisions = measure.threshold_sweep(truth, scores).precision[1:]  # from the highest line down
print("recall rises as the line falls:   ", recalls == sorted(recalls) and recalls[0] < recalls[-1])
print("more alarms as the line falls:    ", alarms == sorted(alarms) and alarms[0] < alarms[-1])
print("precision is lowest at the bottom:", min(points, key=lambda t: points[t].precision) == 0.3)
print("precision falls at every step:    ", bool(np.all(np.diff(precisions) <= 0)))

# %% [markdown]
# Recall never falls with the line: no defect that was found gets lost. Precision usually falls, but not at
# *every* step. One good alarm more, and it ticks up.
#
# ## All thresholds at once
#
# The PR curve shows every line you could draw. The dotted level is what a random ranking would reach: the share of defective cells.

# %%
# NBVAL_IGNORE_OUTPUT
measure.plot_pr(truth, scores, threshold=0.5);

# %% [markdown]
# From left to right: more recall, less precision. The marked point is 0.5, one choice among hundreds. The area below the curve,
# the *average precision*, judges all of them together:

# %%
area = measure.average_precision_score(truth, scores)
print(f"share of defective cells: {truth.mean():.2f}")
print("average precision is at least twice that:", area > 2 * truth.mean())

# %% [markdown]
# Elsewhere you will meet the *ROC curve*: recall against the share of functional cells that raise a false alarm. Its area is 0.5 for a random ranking.
# **Predict:** make defects rarer, twenty functional cells for each one before. Which area moves?

# %%
functional, defective = np.flatnonzero(truth == 0), np.flatnonzero(truth == 1)
rarer = np.concatenate([defective, np.repeat(functional, 20)])
roc, roc_rarer = (measure.roc_auc_score(truth[kept], scores[kept]) for kept in (slice(None), rarer))
area_rarer = measure.average_precision_score(truth[rarer], scores[rarer])
print("ROC area stays:                              ", abs(roc - roc_rarer) < 1e-9)
print("average precision falls by a quarter or more:", area_rarer < 0.75 * area)

# %% [markdown]
# The same model, the same scores. ROC looks at each class by itself, so it does not notice that most alarms are false now. Precision does. Where
# what you look for is rare, look at the PR curve.
#
# ## Spam or diagnosis
#
# Which point is right? Think of who suffers. A real letter in the spam folder harms the reader: a **false alarm** is bad, so precision. An illness overlooked harms
# the patient: a **miss** is bad, so recall. We do the second on real data, scikit-learn's breast-cancer set. Positive means *malignant*.

# %%
data = load_breast_cancer()
malignant = (data.target == 0).astype(int)  # in this set 0 is malignant; we look for it, so it becomes 1
x_fit, x_rest, y_fit, y_rest = train_test_split(
    data.data, malignant, test_size=0.6, stratify=malignant, random_state=0
)
x_val, _, y_val, _ = train_test_split(x_rest, y_rest, test_size=0.5, stratify=y_rest, random_state=0)
clinic = make_pipeline(StandardScaler(), LogisticRegression(C=0.01)).fit(x_fit, y_fit)
clinic_val = clinic.predict_proba(x_val)[:, 1]
half = measure.Counts.at(y_val, clinic_val, 0.5)
print(f"at 0.5: {half.fn:.0f} of {half.tp + half.fn:.0f} malignant missed, precision {half.precision:.2f}")

# %% [markdown]
# Few alarms are false (precision 0.95), and 8 malignant cases go home. For a first test that is the wrong way round.
#
# ## Ask for recall
#
# State what you need: "find at least 98 % of the malignant cases". `best_threshold` takes the line that keeps this and costs the least precision.

# %%
choice = measure.best_threshold(y_val, clinic_val, by="recall", at_least=0.98)
after = choice.counts
print(f"at {choice.threshold:.2f}: {after.fn:.0f} missed, precision {after.precision:.2f}")

# %% [markdown]
# At 0.39 one malignant case is missed instead of 8, and precision pays: 0.89, so more healthy people are called back. The clinic can decide
# whether that is worth it. Nothing was retrained.
#
# ## Put a price on each mistake
#
# Back to the solar plant. A defect unnoticed costs 50 €, a needless inspection 10 €. **Predict:** should the threshold lie above or below 0.5?

# %%
def price(counts):
    return 50 * counts.fn + 10 * counts.fp


cheap = measure.best_threshold(truth, scores, by="cost", cost_fn=50, cost_fp=10)
print("threshold is below 0.5:", cheap.threshold < 0.5)
print("saves money against 0.5:", price(cheap.counts) < price(points[0.5]))
print(f"by formula: 10 / (10 + 50) = {measure.cost_threshold(cost_fp=10, cost_fn=50):.3f}")

# %% [markdown]
# Below: misses are five times as dear. For *calibrated* probabilities the formula needs no data: raise an alarm as soon as a defect is
# more likely than 0.167. But does a score of 0.2 mean a probability of 0.2? Look before you trust it:

# %%
# NBVAL_IGNORE_OUTPUT
measure.plot_calibration(truth, scores, n_bins=5);

# %% [markdown]
# On the diagonal, scores mean what they say, and this line stays close to it. Where a model's line leaves it, choose by data.
#
# ## Choose on validation, report on test
#
# We chose the line where it looked best *on these cells*. Part of that is luck. How much? Cut our validation and test cells in two, at random, 300 times.
# Each time choose the best F1 threshold on part A, then read F1 on A and on B. **Predict:** by how many points is it higher on A?

# %%
test = tune.evaluate(cached.model, cached.splits.test)
all_scores = np.concatenate([scores, test.probabilities[:, 1]])
all_truth = np.concatenate([truth, test.targets])
rng, on_a, on_b = np.random.default_rng(0), [], []
for _ in range(300):
    a = rng.permutation(len(all_truth)) < 120  # a small set, as is common
    best = measure.best_threshold(all_truth[a], all_scores[a], by="fbeta")
    on_a.append(best.counts.f1)
    on_b.append(best.apply(all_truth[~a], all_scores[~a]).f1)

# %%
print("by at least one point on average:", np.mean(on_a) - np.mean(on_b) > 0.01)
print("higher on A in most draws:       ", np.mean(np.array(on_a) > np.array(on_b)) > 0.5)

# %% [markdown]
# The same model and the same line; only the luck of part A is missing on B. A threshold chosen on the test set makes your report that much too good, and no error tells you.
# So: **choose on validation, report on test, once.** Does our price still hold?

# %%
at_half = measure.Counts.at(test.targets, test.probabilities[:, 1], 0.5)
final = cheap.apply(test.targets, test.probabilities[:, 1])
print("still cheaper than 0.5 on test:", price(final) < price(at_half))
print(f"defective test cells: {final.tp + final.fn:.0f}")

# %% [markdown]
# ## How sure is a recall?
#
# One more doubt: 123 defective cells are not many. With others, recall would differ. The bootstrap asks how much: draw 1,000 test sets from ours, with replacement, and
# see where recall falls in 95 of 100.

# %%
flags = (test.probabilities[:, 1] >= cheap.threshold).astype(int)
interval = measure.bootstrap_interval(measure.recall_score, test.targets, flags, seed=0)
print("the interval holds our recall:", interval.low <= final.recall <= interval.high)
print("it is over 8 points wide:     ", interval.high - interval.low > 0.08)

# %% [markdown]
# More than eight points. A rival that claims two points more recall on a test set this small has not shown much. Report the interval with the number.
#
# ## What we saw
#
# In this notebook we
#
# - lowered the line: recall rose, alarms grew, precision paid
# - cut the clinic's misses from 8 to 1 by moving one number
# - chose a threshold by price, and it saved money on the test set, too
# - measured that a line looks better where it was chosen, by a point of F1 or more
# - put an interval around recall: over eight points wide
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
