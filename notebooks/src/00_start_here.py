# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 00 · Start here
#
# Can a laptop without a GPU teach a network that has seen a million photos to find broken solar cells? Yes, in the next ten minutes. Then a bug will fool you, without an error
# message, and you will see why.
#
# **You will**
#
# - fine-tune a real pretrained network on real images
# - be fooled by a silent bug, and find it
# - see the ten ways to learn here, and where you stand
#
# About 10 minutes. Needs this computer and nothing else: weights and images came with the installation. Run each cell with **Shift+Enter**, from top to bottom.
# Where it says **Predict**, stop and guess first: a wrong guess teaches, too.

# %%
import matplotlib.pyplot as plt
import torch
from torch import nn

from ftlib import tune
from ftlib.learn import challenge, exercise, progress_page, quiz, review, strength_test

tune.seed_everything(0)  # every lesson states its seed

# %% [markdown]
# ## Is everything here
#
# The same check as `ftlib doctor` in a terminal. If a line says MEND, do what the arrow under it says.

# %%
# NBVAL_IGNORE_OUTPUT
from ftlib.doctor import examine

report = examine()
print(report)

# %%
print("all is well:", report.ok)

# %% [markdown]
# ## The images
#
# 2,624 pictures of solar cells. A current makes them glow; dark spots and cracks do not. (ELPV dataset, CC BY-NC-SA 4.0.)

# %%
solar = tune.solar_cells(size=128)
print("classes:", solar.classes)
print("images to train, validate, test:", len(solar.train), len(solar.val), len(solar.test))

# %% [markdown]
# **Predict** before you look: could *you* tell which are defective?

# %%
# NBVAL_IGNORE_OUTPUT
picked = [*(solar.train.targets == 0).nonzero()[:4, 0], *(solar.train.targets == 1).nonzero()[10:14, 0]]
figure, axes = plt.subplots(2, 4, figsize=(5, 3), layout="constrained")
for ax, i in zip(axes.flat, picked):
    ax.imshow(solar.train.images[int(i), 0], cmap="gray")
    ax.set_title(solar.classes[int(solar.train.targets[i])], fontsize=8)
    ax.axis("off")
figure.suptitle("Some defects are plain, others hide", fontsize=10);

# %% [markdown]
# The upper row is functional, the lower row defective. Dark clouds are easy. The second defective cell needs a trained eye, and that is what we build.
#
# ## A baseline
#
# **Predict:** how often is somebody right who always says "functional"?

# %%
majority = (solar.val.targets == 0).float().mean().item()
print(f"always 'functional' is right for {majority:.0%} of the validation cells")

# %% [markdown]
# 69 %. Whatever we train has to beat that.
#
# ## Fine-tune a real network
#
# Five lines. Load a network that knows the 1,000 classes of ImageNet; give it a new head for our two; freeze the rest; compute the frozen part's features once; train the head.
# **Predict:** how many of its numbers will be trained?

# %%
model = tune.load_backbone()
head = tune.replace_head(model, num_classes=2, seed=0)
frozen = tune.freeze(model, keep=head)
cached = tune.cache_features(model, solar, at="head", progress=False)
history = tune.fit(cached.model, cached.splits.train, cached.splits.val, epochs=15, progress=False)

numbers = frozen.trainable_numbers + frozen.frozen_numbers
print(f"{frozen.trainable_numbers:,} of {numbers:,} numbers were trained")

# %% [markdown]
# 2,562 of more than three million. Was that enough? A doubt first: the images we judge on must not be those we trained on. `solar.val` was kept apart.

# %%
accuracy = tune.evaluate(model, solar.val).metrics["accuracy"]
print("better than the baseline by more than 10 points:", accuracy > majority + 0.10)

# %% [markdown]
# **You have fine-tuned a real network**, and it beats the baseline by more than ten points. For comparison: Deitsch et al. (2019) report 82.44 % on these
# cells for a support vector machine and 88.42 % for a fine-tuned VGG-19, on a split of their own.
#
# ## Now be fooled
#
# A colleague does the same by hand. First a loop of three ordinary training steps:

# %%
features, labels = cached.splits.train.features, cached.splits.train.targets


def three_losses(network, optimizer):
    losses = []
    for _ in range(3):
        loss = nn.functional.cross_entropy(network(features), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %% [markdown]
# Then a fresh head and an optimizer with a common learning rate. Everything looks right. **Predict** what the three losses will do.

# %%
torch.manual_seed(0)
network = nn.Sequential(nn.Linear(1280, 2))  # the head of some network, as it was
optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
network[0] = nn.Linear(1280, 2)  # a fresh head for the new task
print("different losses in three steps:", len(set(three_losses(network, optimizer))))

# %% [markdown]
# Three steps, no error, and 1 loss: exactly the same number each time. **Where is the bug?** Look at the order
# of the lines once more before you read on.
#
# ## Seen and mended
#
# The optimizer was built one line too early. It holds the *old* head, which is no longer part of the network. Ask it:

# %%
held = {id(p) for group in optimizer.param_groups for p in group["params"]}
print("the optimizer holds the new head:", all(id(p) in held for p in network.parameters()))

# %% [markdown]
# It does not. The new head gets gradients, and nobody applies them. The mend: build the optimizer last.

# %%
optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
losses = three_losses(network, optimizer)
print("loss goes down at each step:", losses[0] > losses[1] > losses[2])

# %% [markdown]
# Fine-tuning is full of such mistakes: no error, only a model that is worse than it should be. Each lesson lets some happen, shows how to see them, and mends them.
#
# ## Same seed, same numbers
#
# A new head begins with random numbers. The *seed* says where their long row begins, and each draw moves on in it. **Predict:** which pair is the same head twice?


# %%
def new_head(draws):
    torch.manual_seed(0)
    torch.rand(draws)  # numbers drawn between the seed and the head
    return nn.Linear(1280, 2).weight


print("no draw in between, twice:    ", torch.equal(new_head(draws=0), new_head(draws=0)))
print("none, and one draw in between:", torch.equal(new_head(draws=0), new_head(draws=1)))

# %% [markdown]
# One draw more, and the head is another. So seed right before what should come out the same. `replace_head(..., seed=0)` does that for you.
#
# ## The lessons
#
# | | lesson | you will see |
# |---|---|---|
# | 01 | [Why fine-tune](01_why_fine_tune.ipynb) | what pretrained features know |
# | 02 | [Freezing](02_freezing.ipynb) | 147 "frozen" tensors that move |
# | 03 | [Head replacement](03_head_replacement.ipynb) | heads that are never called |
# | 04 | [Metrics](04_metrics.ipynb) | every number from four counts |
# | 05 | [Precision–recall trade-off](05_precision_recall_tradeoff.ipynb) | whose mistake costs what |
# | 06 | [The accuracy paradox](06_accuracy_paradox.ipynb) | 98 % accuracy, 88 frauds missed |
# | 07 | [Reading a run](07_reading_a_run.ipynb) | four runs, four verdicts |
#
# Each has a quiz beside it. Answers are kept on this computer, and wait for you when you come back, in whatever program you open the notebook.
#
# ## Ten ways to learn
#
# One concept can be met in ten ways. Take those you like:
#
# | | way | what you do | where |
# |---|---|---|---|
# | 1 | **Why** | see what it is good for | [lesson 01](01_why_fine_tune.ipynb) |
# | 2 | **Lesson** | read and run; predict before each cell | the table above |
# | 3 | **Deep dive** | follow the worked steps under a question | any quiz, such as [quiz 03](../quizzes/03_head_replacement.ipynb) |
# | 4 | **Visualise** | slide and watch: stages, counts, thresholds, epochs | [02](02_freezing.ipynb), [04](04_metrics.ipynb), [05](05_precision_recall_tradeoff.ipynb), [07](07_reading_a_run.ipynb) |
# | 5 | **Practice** | five questions with steps; a quiz; an exercise | [below](#Practice) |
# | 6 | **Challenge** | five timed problems | [below](#Challenge) |
# | 7 | **Recall and review** | cards for what you missed | [below](#Recall-and-review) |
# | 8 | **Metrics** | judge by numbers that fit the task | [lesson 04](04_metrics.ipynb) |
# | 9 | **Experiment** | change a number in any cell, measure again | [lesson 07](07_reading_a_run.ipynb) begs for it |
# | 10 | **Project** | your own images: `tune.image_folder("my/folder")` takes one sub-folder a class | a notebook of yours |
#
# ## Where you stand
#
# Concept by concept, and what to do next. Empty at first; come back after a quiz and run the cell again.
#
# No answer is *not attempted*, never wrong. What cannot be read is told you and costs nothing. Part of what is right earns part of the point.
# Hints cost nothing, and the steps open once you have tried. One question right makes a concept *growing*, a second one *strong*.

# %%
# NBVAL_IGNORE_OUTPUT
progress_page()

# %% [markdown]
# ## Practice
#
# Five questions on lessons 01–03: two easy, two medium, one hard. Each has hints, worked steps, a quick check and common mistakes.

# %%
# NBVAL_IGNORE_OUTPUT
quiz("practice")

# %% [markdown]
# ## Strength test
#
# Ten questions across all lessons, easy to hard. It tells you, concept by concept, whether you are strong, growing or weak. Take it now, to see what you can skip, and again at the end.

# %%
# NBVAL_IGNORE_OUTPUT
strength_test()

# %% [markdown]
# ## Challenge
#
# Five problems, two tries each, with a clock. The clock starts when you open a problem, not before. There is a badge.

# %%
# NBVAL_IGNORE_OUTPUT
challenge()

# %% [markdown]
# ## Recall and review
#
# What you got wrong comes back as a card: soon, then later, then much later.

# %%
# NBVAL_IGNORE_OUTPUT
review()

# %% [markdown]
# ## What we saw
#
# In this notebook we
#
# - checked that everything is installed and loads without a network
# - trained 2,562 numbers of a pretrained network, and beat the baseline of 69 % by more than ten points
# - were fooled by an optimizer built one line too early: no error, and a loss that does not move
# - mended it by building the optimizer last
# - drew the same head twice from one seed, and another head after one draw more
#
# ## Exercise
#
# A small one, to see how exercises work. Fill in the function, run the cell, read the line below. `exercise("00-share-trainable").hint()` helps;
# nothing is lost by a wrong try.
#
# Write `share_trainable(model)`: the share of all *numbers* in the model (not tensors) that will be trained, between 0 and 1.

# %% tags=["exercise:00-share-trainable"]
exercise("00-share-trainable").check(share_trainable)

# %% [markdown]
# Then take the [quiz](../quizzes/00_start_here.ipynb): about ten minutes.
#
# Next: [01 · Why fine-tune](01_why_fine_tune.ipynb).
