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
# must go, and a new one must come. Where is it, how do you know that the exchange worked, and why can training the new one take seconds instead of minutes?
#
# **You will**
#
# - find and replace the head of nine kinds of network, and verify it with one forward pass
# - check the first loss against ln C before you train
# - train a head on cached features, and time it beside the usual loop
#
# About 12 minutes, on this laptop. Before this: [02 · Freezing](02_freezing.ipynb).

# %%
import math
import time

import torch
from torch import nn

from ftlib import tune
from ftlib.errors import ModelError
from ftlib.learn import exercise

tune.seed_everything(0)  # the one seed of this lesson
solar = tune.solar_cells(size=128)  # ELPV dataset, CC BY-NC-SA 4.0
images, labels = solar.train.batch(range(0, 1024, 16))  # 64 images for the small experiments

# %% [markdown]
# ## What a head is
#
# A classifier has two parts. The *backbone* turns an image into a list of numbers, its features. The *head* turns features into one
# score a class, the *logits*. Look at the last layer of our network:

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

# %% [markdown]
# It *prints* `out_features=2` and still gives 1,000 logits. The attribute is a note on the door. The weight inside has 1,000 rows, as before.
# No error, and the printed model looks right: trust shapes, not names.
#
# ## A head that is never called
#
# Another one. In some networks the head is called `fc`, in others `classifier`. Suppose you mix them up on a ResNet. **Predict** the shape.

# %%
resnet = tune.load_backbone("resnet18", weights=None)  # random weights: only its shape matters here
resnet.classifier = nn.Linear(512, 2)
print("logits:", tuple(resnet(images).shape))
print("the new layer is part of the model:", "classifier.weight" in resnet.state_dict())

# %% [markdown]
# 1,000 again. PyTorch gladly stores your layer; it even appears in the `state_dict`. But ResNet's `forward` calls `fc`, and nobody calls `classifier`.
#
# ## The head by hand
#
# The cure is to replace the layer itself, under its real name, with as many inputs as the old one has:

# %%
resnet.fc = nn.Linear(resnet.fc.in_features, 2)
print("logits:", tuple(resnet(images).shape))

# %% [markdown]
# Two logits an image. But you had to know the name, and the number of features.
#
# ## Every family hides it elsewhere
#
# `tune.find_head` runs the model once and takes the layer that made the logits. **Predict:** in how many of these eight is it called `fc`?

# %%
names = ["resnet18", "densenet121", "alexnet", "mobilenet_v3_small", "squeezenet1_1", "shufflenet_v2_x0_5", "vit_b_32", "googlenet"]
for name in names:
    head = tune.find_head(tune.load_backbone(name, weights=None))
    kinds = {type(module).__name__ for module in head.modules}
    print(f"{name:>19}: {', '.join(head.names)} ({', '.join(kinds)})")

# %% [markdown]
# Only three have an `fc`. SqueezeNet has no linear layer at all: its head is a 1×1 convolution. GoogLeNet has *three* heads, since two auxiliary
# ones help it in training. Forget those, and training compares 2 classes with 1,000.
#
# ## Replace, and verify
#
# `tune.replace_head` puts a fresh layer in each place, then runs a dummy batch to see that the width is right.

# %%
model = tune.load_backbone()
head = tune.replace_head(model, num_classes=2, seed=0)
print(head)
print("logits:", tuple(model(images).shape))

# %% [markdown]
# It returns a small record: names, widths, the modules. `freeze(model, keep=head)` takes it, as you saw in lesson 02.
# A model without any head gets an error that lists the candidates, not a guess:

# %%
try:
    tune.replace_head(nn.Sequential(nn.Flatten(), nn.ReLU()), num_classes=2, example=images)
except ModelError as error:
    print(str(error)[:150])

# %% [markdown]
# ## The first loss
#
# Before training, a check that costs one batch. A head that knows nothing should give each of C classes a probability near 1/C. Cross-entropy is then
# −ln(1/C) = ln C. **Predict** it for two classes, and for ten.

# %%
digits = tune.digits().train.batch(range(64))  # scikit-learn's handwritten digits: ten classes
for num_classes, (x, y) in {2: (images, labels), 10: digits}.items():
    tune.replace_head(model, num_classes, seed=0)
    with torch.no_grad():
        first = nn.functional.cross_entropy(model(x), y).item()
    near = abs(first - math.log(num_classes)) < 0.35
    print(f"{num_classes:2} classes: ln C = {math.log(num_classes):.2f}, first loss within 0.35 of it: {near}")

# %% [markdown]
# Both are near ln C, 0.69 and 2.30. (Not exactly: a fresh head has small random preferences.) A first loss of 7 would mean the wrong head, the wrong
# labels, or inputs on the wrong scale. Now a common slip: a softmax at the end of the model, "to get probabilities". `cross_entropy` applies one
# itself. **Predict:** does the first loss give it away?

# %%
with torch.no_grad():
    logits = 10 * torch.eye(2)[labels]  # a perfect model: ten points for the right class
    print(f"perfect logits:         loss {nn.functional.cross_entropy(logits, labels):.2f}")
    print(f"perfect probabilities:  loss {nn.functional.cross_entropy(logits.softmax(1), labels):.2f}")

# %% [markdown]
# The *first* loss hardly shows it. The *last* one does: with a second softmax even a perfect model stays at 0.31. No error, only a loss that stops falling much too early.
# Give the loss function logits.
#
# ## The optimizer built too early
#
# Back to two classes. Replace, freeze, and then the bug from lesson 02 once more, because it belongs to head replacement: the
# optimizer is made *before* the exchange. This time we ask for the proof.

# %%
model = tune.load_backbone()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)  # too early
head = tune.replace_head(model, num_classes=2, seed=0)
tune.freeze(model, keep=head)


def step():
    model.train()
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()


proof = tune.prove_frozen(model, step, optimizer)
print("trainable, but did not move:", proof.still)

# %% [markdown]
# Nothing frozen moved, which is good. The new head did not move either, and that is the bug. Built after the exchange, the same step trains it:

# %%
optimizer = torch.optim.AdamW(tune.param_groups(model, lr=1e-3))
proof = tune.prove_frozen(model, step, optimizer)
print("trainable, but did not move:", proof.still)
print("proved:", proof.ok)

# %% [markdown]
# ## Why the usual loop is slow
#
# The backbone is frozen. It gives the same features for the same image, epoch after epoch. The usual loop computes them again every time. **Predict** what
# share of its time goes into work already done.

# %%
# NBVAL_IGNORE_OUTPUT
model.eval()
with torch.no_grad():
    start = time.perf_counter()
    features = model.forward_head(model.forward_features(images), pre_logits=True)
    backbone_time = time.perf_counter() - start
    start = time.perf_counter()
    model.classifier(features)
    head_time = time.perf_counter() - start
print(f"backbone {1000 * backbone_time:.0f} ms, head {1000 * head_time:.2f} ms for 64 images")

# %%
print("the backbone takes over 90 % of the time:", backbone_time > 9 * head_time)

# %% [markdown]
# Nearly all of it. So run the backbone **once**, keep the features on disk, and train the head on those.
#
# ## Cached features
#
# `cache_features` runs the frozen part in eval mode, without augmentation, and stores the result under a key made of the weights, the
# images and the way they are prepared. Change any of them, and the key changes.

# %%
# NBVAL_IGNORE_OUTPUT
cached = tune.cache_features(model, solar, at="head", progress=False)
print(cached)

# %% [markdown]
# A doubt: are these really the features the model would compute? `cached.model` is what is left of the network, here the head. Compare its answer with the whole network's:

# %%
some = cached.splits.val.features[:32]
with torch.no_grad():
    from_cache = cached.model.eval()(some)
    from_images = model.eval()(solar.val.batch(range(32))[0])
print("largest difference below 0.001:", (from_cache - from_images).abs().max().item() < 1e-3)

# %% [markdown]
# The same up to rounding. Now both loops, timed in one cell: one epoch of the usual loop on an eighth of the training images, and twenty epochs of the head on all of them.

# %%
# NBVAL_IGNORE_OUTPUT
eighth = solar.train.subset(range(0, len(solar.train), 8))
start = time.perf_counter()
tune.fit(model, eighth, epochs=1, progress=False)
usual = 8 * (time.perf_counter() - start)  # scaled to a full epoch

tune.replace_head(model, num_classes=2, seed=0)
tune.freeze(model, keep=tune.find_head(model))
cached = tune.cache_features(model, solar, at="head", progress=False)
start = time.perf_counter()
history = tune.fit(cached.model, cached.splits.train, cached.splits.val, epochs=20, progress=False)
ours = (time.perf_counter() - start) / 20
print(f"usual loop: {usual:.1f} s an epoch; cached: {ours:.3f} s an epoch; {usual / ours:.0f} times faster")

# %%
print("cached features are over 20 times faster an epoch:", usual > 20 * ours)

# %% [markdown]
# Far more than twenty times, on the same laptop and the same images. What did the head learn in these seconds? First the baseline:

# %%
majority = max((solar.val.targets == c).float().mean().item() for c in (0, 1))
print(f"always 'functional': accuracy {majority:.2f}")
result = tune.evaluate(model, solar.val)
print("the head beats it by more than 10 points:", result.metrics["accuracy"] > majority + 0.10)

# %% [markdown]
# Always saying "functional" is right for 69 % of the cells. Our head is more than ten points better, after a few seconds of training. And we evaluated the
# *whole* model, on images: `cached.model` shares its head with it, so training one trained the other.
#
# ## When you must not cache
#
# Caching assumes that the frozen part always says the same. In train mode, dropout makes it say something else each time:

# %%
squeeze = tune.load_backbone("squeezenet1_1", weights=None)  # it has a dropout layer before its head
with torch.no_grad():
    print("eval mode, same answer twice: ", torch.equal(squeeze.eval()(images[:4]), squeeze(images[:4])))
    squeeze.train()
    print("train mode, same answer twice:", torch.equal(squeeze(images[:4]), squeeze(images[:4])))

# %% [markdown]
# So: cache in eval mode only, and not when you augment images at random. `cache_features` sees to the first; the second is yours.
#
# ## What we saw
#
# In this notebook we
#
# - changed `out_features` and still got 1,000 logits; stored a layer that nobody calls, and got no error
# - found heads called `fc`, `classifier`, `classifier.6`, `heads.head`, a convolution, and three at once
# - checked the first loss: near ln C for 2 and for 10 classes
# - saw a second softmax hold a perfect model at a loss of 0.31
# - caught an optimizer that was built too early, by proof
# - cached the features once, trained 20 epochs in seconds, and beat the majority class by more than ten points
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
# Next: [04 · Metrics](04_metrics.ipynb). Is 69 % against 80-odd a lot? Accuracy alone won't say.
