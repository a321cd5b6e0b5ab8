# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 · Why fine-tune
#
# You have some hundred labelled images and a network that has never seen anything like them. Why start from it, and not
# from nothing? What does it bring along, how many labels does that save, and how could you spoil it?
#
# **You will**
#
# - ask a pretrained network about real photos, and feed it wrongly without any error
# - compare its features with those of a network that has learnt nothing
# - measure how accuracy grows with the number of labelled images
#
# About 12 minutes. Needs nothing but this laptop: weights and images came with the installation.
# Before this: [00 · Start here](00_start_here.ipynb).

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from ftlib import measure, tune
from ftlib.learn import exercise

tune.seed_everything(0)  # the one seed of this lesson
plt.rcParams["figure.figsize"] = (5, 3)

# %% [markdown]
# ## A network that knows photos
#
# It was trained on ImageNet: photos from the web, each filed under one of its classes. We show it two photos from
# elsewhere; they come with scikit-learn.

# %%
model = tune.load_backbone()
photos = tune.sample_photos()
labels = tune.imagenet_labels()
print(model.ftlib_info)
print("some of its classes:", labels[::125])

# %%
# NBVAL_IGNORE_OUTPUT
fig, axes = plt.subplots(1, 2)
for ax, image, file in zip(axes, photos.images, photos.files):
    ax.imshow(image.permute(1, 2, 0))
    ax.set_title(file)
    ax.axis("off")

# %% [markdown]
# A pavilion by a lake, and an orange flower with many petals. **Predict:** what will it call them? It must pick
# from its own list.


# %%
def ask(model, inputs):
    with torch.no_grad():
        chances = model(inputs).softmax(dim=1)
    for file, row in zip(photos.files, chances):
        best = row.argmax().item()
        print(f"{file:>10}: {labels[best]} ({row[best]:.1f})")


inputs, _ = photos.batch([0, 1])
ask(model, inputs)

# %% [markdown]
# "Palace" and "daisy". Fair answers, and neither is certain: it gives 0.3 to one and 0.2 to the other. This flower is no
# daisy; it took something near from its list.
#
# ## Fed wrongly, without an error
#
# A photo is stored as numbers from 0 to 255. Those were not what `photos.batch` handed over. **Predict:** what happens if
# you pass the stored numbers straight on?

# %%
pixels = photos.images.float()  # 0 to 255
ask(model, pixels)

# %% [markdown]
# Same photos, same network, no error, and now a lampshade and a coral. (The 0.0 is a rounded chance.)
#
# A gentler slip: scale to 0–1, then use mean and std from a tutorial. These are ImageNet's own, and many networks want them:

# %%
mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
tutorial = (pixels / 255 - mean) / std
ask(model, tutorial)

# %% [markdown]
# The flower is as before, and the palace became a bell cote, the little roof over a bell. Such a slip is hard to notice: you lose
# some accuracy and blame the model. To see it, look at the numbers that go in, and ask the network what it was trained with.

# %%
for name, x in {"right": inputs, "0 to 255": pixels, "tutorial": tutorial}.items():
    print(f"{name:>8}: from {x.min():4.1f} to {x.max():5.1f}")
print("this network wants mean", model.ftlib_info.mean, "and std", model.ftlib_info.std)

# %% [markdown]
# It was trained on values from -1 to 1: mean 0.5, std 0.5. The mend is to take both from the network:

# %%
mean = torch.tensor(model.ftlib_info.mean).view(1, 3, 1, 1)
std = torch.tensor(model.ftlib_info.std).view(1, 3, 1, 1)
mended = (pixels / 255 - mean) / std
print("equal to what photos.batch gave:", torch.allclose(mended, inputs))
ask(model, mended)

# %% [markdown]
# `tune`'s data does this for you; `splits.normalised_for(model)` does it for another backbone.
#
# ## A task it has never seen
#
# Now the real job: solar cells under electroluminescence. A current makes the silicon glow, and what is broken stays dark.
# (ELPV dataset, CC BY-NC-SA 4.0.)

# %%
solar = tune.solar_cells(size=128)
print(solar)
print("classes the network has already:", [name for name in solar.classes if name in labels])

# %%
# NBVAL_IGNORE_OUTPUT
good = (solar.train.targets == 0).nonzero()[60:1000:250, 0]
bad = (solar.train.targets == 1).nonzero()[60:500:120, 0]
fig, axes = plt.subplots(2, 4, figsize=(5, 3), layout="constrained")
for ax, index in zip(axes.flat, torch.cat([good, bad])):
    ax.imshow(solar.train.images[index, 0], cmap="gray")
    ax.set_title(solar.classes[solar.train.targets[index]], fontsize=8)
    ax.axis("off")
fig.suptitle("Dark spots alone do not make a defect", fontsize=10);

# %% [markdown]
# Above, functional cells; below, defective ones. One crack is plain, in the second defective cell. Spots are in both rows.
#
# The network's list has neither word, so its *answers* are of no use here. Is what lies behind them?
#
# ## First a baseline
#
# Before you train anything: how well does a "model" do that calls every cell functional? **Predict** from the counts above.

# %%
truth = solar.val.targets.numpy()
majority = measure.accuracy_score(truth, [0] * len(truth))
print(f"accuracy of the majority class: {majority:.2f}")

# %% [markdown]
# 0.69, without a look at any image. Whatever comes next has to beat that. We judge on validation
# images; the test images stay unopened until a model is chosen.
#
# ## Features
#
# The last layer turns features into 1,000 scores. Take it off, and the network hands you the features. **Predict:** how many numbers
# describe one image?

# %%
few, _ = solar.train.batch(range(4))
with torch.no_grad():
    maps = model.forward_features(few)
    features = maps.mean(dim=(2, 3))  # one average a map
    scores = model.classifier(features)
print("images", tuple(few.shape), "-> maps", tuple(maps.shape), "-> features", tuple(features.shape))
print("features and last layer give the network's answer:", torch.allclose(scores, model(few), atol=1e-4))

# %% [markdown]
# 1,280 numbers an image. Each is the average of one map: how strongly one pattern is present.
#
# ## A linear probe
#
# Train *only* a linear layer on these features. That is a **linear probe**: the simplest fine-tuning there is. If a linear layer
# can read the answer off the features, the answer is in them. The backbone stays as it is, so each image's features are computed
# once and kept. Scikit-learn's logistic regression is such a layer.


# %%
def probe(train, val, C=0.01):  # a smaller C holds the weights smaller
    layer = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=500))
    layer.fit(train.features.numpy(), train.targets.numpy())
    return layer.predict(val.features.numpy())


pretrained = tune.cache_features(model, solar, at="head", progress=False).splits
guesses = probe(pretrained.train, pretrained.val)
print("more than ten points above the majority:", measure.accuracy_score(truth, guesses) > majority + 0.10)

# %% [markdown]
# A linear layer finds defects with features made for palaces and daisies. A doubt: there are only 394 validation images. Could this be
# luck? Draw them again, with replacement, a thousand times, and look at the range of the accuracy:

# %%
interval = measure.bootstrap_interval(measure.accuracy_score, truth, guesses, seed=0)
print("even its lower end is above the majority:", interval.low > majority + 0.05)
print("it is several points wide:               ", interval.high - interval.low > 0.04)

# %% [markdown]
# Several points wide: a difference of one or two points between models means little here. The gap to the majority
# is another matter.
#
# ## The control: features that learnt nothing
#
# But is it the *pretraining*? Perhaps 1,280 numbers from any network would do. Take the same architecture with random weights, and 1,024
# images for both. To be fair, the random features may try five strengths of regularisation and keep the best; the pretrained ones
# get one. **Predict** the random ones' accuracy: at the majority, a bit above, or close to the pretrained?

# %%
# NBVAL_IGNORE_OUTPUT
torch.manual_seed(0)  # the same random weights each time you run this cell
blank = tune.load_backbone(weights=None)
print(blank.ftlib_info)
chosen = torch.randperm(len(solar.train), generator=torch.Generator().manual_seed(0))[:1024]
random_train = tune.cache_features(blank, solar.train.subset(chosen), at="head", progress=False).data
random_val = tune.cache_features(blank, solar.val, at="head", progress=False).data
print(random_train)

# %%
same_train = pretrained.train.subset(chosen)
learnt = measure.accuracy_score(truth, probe(same_train, pretrained.val))
tries = [probe(random_train, random_val, C) for C in (1.0, 0.1, 0.01, 0.001, 0.0001)]
unlearnt = max(measure.accuracy_score(truth, guess) for guess in tries)
print("random features beat the majority by two points:", unlearnt > majority + 0.02)
print("pretrained beat the best random by four points: ", learnt > unlearnt + 0.04)

# %% [markdown]
# Surprised by the first line? Untrained convolutions still pass on how bright and how rough an image is.
# Without this control you'd have credited pretraining with the whole gain. The second line is what pretraining itself brings.
#
# ## How many labels does that save?
#
# Labels cost money: an expert looks at each cell. **Predict:** which curve is higher with 16 labels?
# With 1,024? Each point is the mean of three random draws from our 1,024 images.

# %%
counts = [16, 32, 64, 128, 256, 512, 1024]
draws = [torch.randperm(1024, generator=torch.Generator().manual_seed(seed)) for seed in range(3)]


def curve(train, val):
    guesses = [[probe(train.subset(draw[:n]), val) for draw in draws] for n in counts]
    return [sum(measure.accuracy_score(truth, g) for g in row) / len(row) for row in guesses]


with_pretraining = curve(same_train, pretrained.val)
without = curve(random_train, random_val)

# %%
# NBVAL_IGNORE_OUTPUT
plt.plot(counts, with_pretraining, "o-", label="pretrained features")
plt.plot(counts, without, "s--", label="random features")
plt.axhline(majority, color="gray", linestyle=":", label="majority class")
plt.xscale("log", base=2)
plt.xticks(counts, counts)
plt.xlabel("labelled images")
plt.ylabel("validation accuracy")
plt.title("Only pretrained features turn labels into accuracy")
plt.legend();

# %% [markdown]
# The solid line climbs; the dashed one stays nearly flat, whatever you pay for labels. On the far left the
# pretrained features have no lead at all: a handful of labels is too few to tell which of 1,280 features matter. In claims:

# %%
best_random = max(without[-1], unlearnt)
print("pretrained with 256 beats random with 1,024: ", with_pretraining[4] > best_random + 0.02)
print("pretrained gains eight points by more labels:", with_pretraining[-1] > with_pretraining[0] + 0.08)
print("random gains as much:                        ", without[-1] > without[0] + 0.08)

# %% [markdown]
# A quarter of the labels, and still better than random features with all of them. That is the answer to "why fine-tune": somebody has
# already paid for much of the learning.
#
# ## From scratch
#
# A fair objection: nobody freezes random weights. One would *train* a small network from nothing. Do that with 128 labels, three times,
# since the result depends on the seed. **Predict:** between which two curves will it end?


# %%
def shrunk(images):  # 32 × 32 pixels, so that this takes seconds
    x, y = images.batch(range(len(images)))
    return nn.functional.avg_pool2d(x, 4), y


def small_network(seed):
    torch.manual_seed(seed)
    layers = []
    for a, b in pairwise([3, 16, 32, 64]):
        layers += [nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 2))


# %%
few, val = shrunk(solar.train.subset(chosen[:128])), shrunk(solar.val)
scratch = []
for seed in range(3):
    small = small_network(seed)
    tune.fit(small, few, epochs=20, batch_size=32, seed=seed, progress=False)
    scratch.append(tune.evaluate(small, val).metrics["accuracy"])
mean_scratch = sum(scratch) / 3
print("from scratch, above the majority:    ", mean_scratch > majority + 0.02)
print("probe with 128 labels, above scratch:", with_pretraining[3] > mean_scratch)

# %%
# NBVAL_IGNORE_OUTPUT
print("from scratch, 128 labels:  ", [round(accuracy, 2) for accuracy in scratch])
print("probe, mean of three draws:", round(with_pretraining[3], 2))

# %% [markdown]
# The small network learns, and ends somewhat below the probe. The margin is modest: think of the interval above. With many labels
# and more time, training from scratch may catch up, and where images look like nothing in ImageNet it may win. With
# few labels, start from what is known.
#
# ## Without losing what it knew
#
# The aim has a second half: learn the new task *without losing what the model knew*. Our probe never touched the
# backbone. Now train **everything**, at a rate that is common for a fresh network,
# for one pass over 256 cells. **Predict:** what will it say of the photos afterwards?

# %%
def belief(model):  # in palace and in daisy
    with torch.no_grad():
        return model(inputs).softmax(dim=1)[[0, 1], photos.targets]


before, old_head, cells = belief(model), model.classifier, solar.train.subset(chosen[:256])
tune.replace_head(model, num_classes=2, seed=0)
tune.fit(model, cells, epochs=1, lr=1e-3, batch_size=16, progress=False)
model.classifier = old_head  # the very layer that said palace and daisy
print("belief in palace and in daisy fell by more than half:", (belief(model) < before / 2).tolist())

# %% [markdown]
# One pass, and the old head can no longer read what the backbone writes. This is **forgetting**. It matters even if you never ask about
# palaces again: those features are what you came for.
#
# A smaller learning rate, then? A control with none at all: show the same cells to a fresh network in train mode, without an optimizer.
# **Predict:** what happens to its belief?

# %%
untouched = tune.load_backbone()
untouched.train()
with torch.no_grad():
    for x, _ in tune.batches(cells, batch_size=16, shuffle=True):
        untouched(x)  # no loss, no step
untouched.eval()
print("and yet it fell by more than a third:", (belief(untouched) < before / 1.5).tolist())

# %% [markdown]
# No weight moved, and the network forgot all the same. Something else in it did move: lesson 02 finds it, and
# freezes the backbone so that it stays.
#
# ## What we saw
#
# In this notebook we
#
# - got "palace" and "daisy" from a pretrained network, and "lampshade" and "brain coral" from the same network fed with 0 to 255
# - took the normalisation from the network itself, and got its answers back
# - found the majority class at 0.69, and a linear probe more than ten points above it
# - ran the control: random features beat the majority too, and stayed well below the pretrained ones
# - saw 256 labels with pretrained features beat 1,024 with random ones
# - trained a small network from scratch with 128 labels, and found it somewhat below the probe
# - trained everything for one pass over 256 images, and saw it forget, even without a single step
#
# So fine-tuning means: **keep what was learnt on much data, and adapt it to a task with little.**
#
# ## Exercise
#
# Write `prepare(pixels, mean, std)`: it turns stored photos into what a backbone expects. Most slips would run without an error, so the
# check looks at the values.

# %% tags=["exercise:01-prepare-pixels"]
exercise("01-prepare-pixels").check(prepare)

# %% [markdown]
# Then take the [quiz](../quizzes/01_why_fine_tune.ipynb): about ten minutes, with hints.
#
# Next: [02 · Freezing](02_freezing.ipynb). How do you make sure that the backbone stands still?
