# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 · Head replacement
#
# The pretrained network answers with 1,000 ImageNet classes. You have two: functional and defective. So its last layer, the *head*,
# must be exchanged. Where is it, how do you know that the exchange worked, and why can training the new one take seconds instead of minutes?
#
# **You will**
#
# - find and replace the head in eight families of networks, and verify it with a forward pass
# - check the first loss against ln C before you train
# - train a head on cached features, and time it beside the usual loop
#
# About 12 minutes, on this laptop. Before this: [02 · Freezing](02_freezing.ipynb).

# %%
import copy
import math
import textwrap
import time

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ftlib import tune
from ftlib.errors import ModelError
from ftlib.learn import exercise

tune.seed_everything(0)  # the one seed of this lesson
solar = tune.solar_cells(size=128)  # ELPV dataset, CC BY-NC-SA 4.0
images, labels = solar.train.batch(range(0, 1024, 16))  # 64 images for the small experiments

# %% [markdown]
# ## What a head is
#
# The *backbone* of a classifier turns an image into numbers, its features. The *head* turns features into one
# score a class, the *logits*. Look at ours:

# %%
model = tune.load_backbone()
print(model.classifier)
print("logits for 64 images:", tuple(model(images).shape))

# %% [markdown]
# 1,280 features go in, 1,000 logits come out. We want 2.
#
# ## The note on the door
#
# A tempting line: tell the layer that it has two outputs. **Predict** the shape of the logits.

# %%
model.classifier.out_features = 2
print(model.classifier)
print("logits for 64 images:", tuple(model(images).shape))
print("the weight inside:   ", tuple(model.classifier.weight.shape))

# %% [markdown]
# It *prints* `out_features=2` and still gives 1,000 logits, without an error. The attribute is a note on the door; the weight inside has 1,000 rows, as before.
#
# ## A head that is never called
#
# In some networks the head is called `fc`, in others `classifier`. Suppose you mix them up on a ResNet. **Predict** the shape.

# %%
resnet = tune.load_backbone("resnet18", weights=None)  # random weights: only its shape matters here
resnet.classifier = nn.Linear(512, 2)
print("logits:", tuple(resnet(images).shape))
print("the new layer is part of the model:", "classifier.weight" in resnet.state_dict())

# %% [markdown]
# 1,000 again. PyTorch gladly stores your layer, even in the `state_dict`. But ResNet's `forward` calls `fc`, and nobody calls `classifier`.
#
# ## The head by hand
#
# The mend: replace the layer itself, under its real name, with as many inputs as the old one has.

# %%
resnet.fc = nn.Linear(resnet.fc.in_features, 2)
print("logits:", tuple(resnet(images).shape))

# %% [markdown]
# Two logits an image: trust shapes, not names. But you had to know the name.
#
# ## Every family hides it elsewhere
#
# `tune.replace_head` runs the model once, finds the layer that made the logits, replaces it, and verifies the new width
# by a forward pass. **Predict:** in how many of these eight is the head called `fc`?

# %%
names = ["resnet18", "densenet121", "alexnet", "mobilenet_v3_small"]
names += ["squeezenet1_1", "shufflenet_v2_x0_5", "vit_b_32", "googlenet"]
for name in names:
    head = tune.replace_head(tune.load_backbone(name, weights=None), num_classes=2)
    kinds = {type(module).__name__ for module in head.modules}
    print(f"{name:>19}: {head} ({', '.join(kinds)})")

# %% [markdown]
# Only three have an `fc`. SqueezeNet's head is a convolution. GoogLeNet has *three* heads: two auxiliary
# ones help in training. Forget those, and they go on guessing among 1,000 classes.
#
# A model without any head gets an error that lists the candidates, not a guess:

# %%
headless = nn.Sequential(nn.Conv2d(3, 8, kernel_size=3), nn.ReLU(), nn.Flatten())
try:
    tune.replace_head(headless, num_classes=2, example=images)
except ModelError as error:
    print(textwrap.fill(str(error), 100))

# %% [markdown]
# ## Replace, and verify
#
# Now our own network. What comes back is a small record, and `freeze(model, keep=head)` takes it, as in lesson 02.

# %%
model = tune.load_backbone()
head = tune.replace_head(model, num_classes=2, seed=0)
print(head)
print("logits:", tuple(model(images).shape))

# %% [markdown]
# ## The first loss
#
# A check that costs one batch, before training. A head that knows nothing gives each of C classes a probability near 1/C. Cross-entropy is then
# −ln(1/C) = ln C. **Predict** it for two classes, and for ten.

# %%
digits = tune.digits().train.batch(range(64))  # scikit-learn's handwritten digits: ten classes
for num_classes, (x, y) in {2: (images, labels), 10: digits}.items():
    tune.replace_head(model, num_classes, seed=0)
    with torch.no_grad():
        first = nn.functional.cross_entropy(model(x), y).item()
    expected = math.log(num_classes)
    near = abs(first - expected) < 0.35
    print(f"{num_classes:2} classes: ln C = {expected:.2f}, first loss within 0.35 of it: {near}")

# %% [markdown]
# Both are near ln C, 0.69 and 2.30. (Not exactly: a fresh head has small random preferences.) Far above it, suspect the wrong head, wrong
# labels, or inputs on the wrong scale.
#
# A common slip: a softmax at the end of the model, though `cross_entropy` applies one
# itself. **Predict:** does the first loss give it away?

# %%
undecided, perfect = torch.zeros(64, 2), 10 * torch.eye(2)[labels]  # ten points for the right class
for name, logits in {"undecided": undecided, "perfect": perfect}.items():
    right = nn.functional.cross_entropy(logits, labels)
    twice = nn.functional.cross_entropy(logits.softmax(dim=1), labels)
    print(f"{name:>9} model: loss {right:.2f}, with a softmax too many {twice:.2f}")

# %% [markdown]
# The *first* loss is 0.69 both times. The *last* one tells: with a second softmax even a perfect model stays at 0.31. No error, only a loss that
# stops falling early. The mend: give it logits.
#
# ## The optimizer built too early
#
# The bug from lessons 00 and 02 once more, since head replacement is where it happens: the
# optimizer is made *before* the exchange. **Predict** what the proof will say.

# %%
def step():
    model.train()
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()


# %%
model = tune.load_backbone()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)  # too early
head = tune.replace_head(model, num_classes=2, seed=0)
tune.freeze(model, keep=head)

proof = tune.prove_frozen(model, step, optimizer)
print("frozen, but moved:          ", proof.moved)
print("trainable, but did not move:", proof.still)

# %% [markdown]
# Nothing frozen moved, which is good. Nor did the new head, and that is the bug. Built after the exchange, the optimizer trains it:

# %%
optimizer = torch.optim.AdamW(tune.param_groups(model, lr=1e-3))
proof = tune.prove_frozen(model, step, optimizer)
print("trainable, but did not move:", proof.still)
print("proved:", proof.ok)

# %% [markdown]
# ## Why the usual loop is slow
#
# A frozen backbone gives the same features for the same image, epoch after epoch, and the usual loop computes them every time. **Predict** what
# share of a forward pass that is. PyTorch can count:

# %%
def operations(part, x):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        part(x)
    return counter.get_total_flops() / len(x)


whole, head_alone = operations(model.eval(), images), operations(model.classifier, torch.zeros(64, 1280))
print(f"operations an image: {whole:,.0f}, of them in the head: {head_alone:,.0f}")
print(f"the backbone's share: {1 - head_alone / whole:.3%}")

# %% [markdown]
# Nearly all of it. So run the backbone **once**, keep the features on disk, and train the head on those.
#
# ## Cached features
#
# `cache_features` runs the frozen part in eval mode and stores the result under a key made of weights,
# images and their normalisation. Change any of them, and the key changes.

# %%
# NBVAL_IGNORE_OUTPUT
cached = tune.cache_features(model, solar, at="head", progress=False)
print(cached)

# %% [markdown]
# A doubt: are these really the model's features? `cached.model` is what is left of the network, here the head. Compare its answer with the whole network's:

# %%
some = cached.splits.val.features[:32]
with torch.no_grad():
    from_cache = cached.model.eval()(some)
    from_images = model.eval()(solar.val.batch(range(32))[0])
print("largest difference below 0.001:", (from_cache - from_images).abs().max().item() < 1e-3)

# %% [markdown]
# The same up to rounding. Now both loops, timed in one cell: the usual one on an eighth of the training images, the head for twenty epochs on all of them.

# %%
# NBVAL_IGNORE_OUTPUT
eighth = solar.train.subset(range(0, len(solar.train), 8))
start = time.perf_counter()
tune.fit(copy.deepcopy(model), eighth, epochs=1, progress=False)
usual = 8 * (time.perf_counter() - start)  # scaled to a full epoch

start = time.perf_counter()
tune.fit(cached.model, cached.splits.train, cached.splits.val, epochs=20, progress=False)
ours = (time.perf_counter() - start) / 20
print(f"an epoch of the usual loop: {usual:.1f} s")
print(f"an epoch from the cache:    {ours:.3f} s, {usual / ours:.0f} times faster")

# %% [markdown]
# Your numbers will differ; the gap stays wide. The price is one pass over all images, once. What did the
# head learn in these seconds? First the baseline:

# %%
majority = max((solar.val.targets == c).float().mean().item() for c in (0, 1))
print(f"always 'functional': accuracy {majority:.2f}")
result = tune.evaluate(model, solar.val)
print("the head beats it by more than 10 points:", result.metrics["accuracy"] > majority + 0.10)

# %% [markdown]
# More than ten points above 0.69. And we evaluated the
# *whole* model, on images: `cached.model` shares its head with it, so training one trained the other.
#
# ## When you must not cache
#
# Caching assumes that the frozen part always says the same. **Predict:** does a network with dropout, in eval mode and in train mode?

# %%
squeeze = tune.load_backbone("squeezenet1_1", weights=None)  # it has a dropout layer before its head
with torch.no_grad():
    print("eval mode, same answer twice: ", torch.equal(squeeze.eval()(images[:4]), squeeze(images[:4])))
    squeeze.train()
    print("train mode, same answer twice:", torch.equal(squeeze(images[:4]), squeeze(images[:4])))

# %% [markdown]
# So: cache in eval mode only, and not when you augment images at random. `cache_features` sees to the first; the second is yours.
#
# And what if a part *before* the head learns, too? **Predict:** one step for `conv_head`, the stage just before. Are the features still those that a cache would hold?

# %%
learner = copy.deepcopy(model)
tune.freeze_to(learner, "conv_head")  # the last stage before the head trains again


def features():
    with torch.no_grad():
        return learner.eval().forward_head(learner.forward_features(images), pre_logits=True)


cached_once = features()
optimizer = torch.optim.SGD(tune.param_groups(learner, lr=0.1))
nn.functional.cross_entropy(learner(images), labels).backward()
optimizer.step()
print("features unchanged after one step:", torch.equal(cached_once, features()))

# %% [markdown]
# Changed. A cache would show the head yesterday's features. So cut *before* the first stage that learns: here `at="conv_head"`.
#
# ## What we saw
#
# In this notebook we
#
# - changed `out_features` and still got 1,000 logits; stored a layer that nobody calls, and got no error
# - replaced heads called `fc`, `classifier`, `classifier.6`, `heads.head`, a convolution, and three at once
# - checked the first loss: near ln C for 2 and for 10 classes
# - saw a second softmax hold a perfect model at a loss of 0.31
# - caught an optimizer that was built too early, by proof
# - cached the features once, trained 20 epochs in seconds, and beat the majority class by more than ten points
# - saw features change under a cache once a stage before it learns
#
# The habit to keep: **replace, verify with a forward pass, check the first loss, then train.**
#
# ## Exercise
#
# Write `replace_last(model, num_classes)` for models whose head is the last `nn.Linear` in `named_modules()`, however deep. It puts a new layer
# in its place and returns its name. The check runs a forward pass.

# %% tags=["exercise:03-replace-last"]
exercise("03-replace-last").check(replace_last)

# %% [markdown]
# Then take the [quiz](../quizzes/03_head_replacement.ipynb): about ten minutes.
#
# Next: [04 · Metrics](04_metrics.ipynb). Are ten points above 69 % a lot? Accuracy alone won't say.
