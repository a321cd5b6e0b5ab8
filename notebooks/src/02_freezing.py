# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 · Freezing
#
# To fine-tune gently, you stop most of the network from learning. One flag seems to do it: `requires_grad = False`.
# What does the flag stop, what goes on behind it, and how can you be *sure* that a layer stood still?
#
# **You will**
#
# - freeze a real network by hand and count what is left, in tensors and in numbers
# - watch mistakes that raise no error, and one that does
# - prove with one training step that what should stand still stood still
#
# About 12 minutes. Needs nothing but this laptop: weights and images came with the installation.
# Before this: [01 · Why fine-tune](01_why_fine_tune.ipynb).

# %%
import torch
from torch import nn

from ftlib import measure, tune
from ftlib.learn import exercise

tune.seed_everything(0)  # the one seed of this lesson
solar = tune.solar_cells(size=128)  # ELPV dataset, CC BY-NC-SA 4.0
images, labels = solar.train.batch(range(0, 1024, 32))  # 32 images for the small experiments
print("a batch of images:", tuple(images.shape))

# %% [markdown]
# Solar cells again, *functional* or *defective*; here they are simply real input.
#
# ## Tensors and numbers
#
# Load the pretrained network. **Predict:** how many things will `model.parameters()` hand you, and how many
# numbers are inside them?

# %%
model = tune.load_backbone()
print(model.ftlib_info)
print("parameter tensors:", len(list(model.parameters())))
print("numbers inside:   ", f"{sum(p.numel() for p in model.parameters()):,}")

# %% [markdown]
# 149 tensors hold 4,652,008 numbers. A weight matrix is *one* parameter tensor, however large.
#
# ## Freezing by hand
#
# The usual recipe: switch every parameter off, then put a fresh head on top for our two classes.
# A new layer is born trainable. **Predict** what the last line prints: 2, 1,280 or 2,562?

# %%
for parameter in model.parameters():
    parameter.requires_grad = False
model.classifier = nn.Linear(1280, 2)

print(sum(p.requires_grad for p in model.parameters()))

# %% [markdown]
# It prints 2. `requires_grad` is one yes-or-no a *tensor*, so the sum counts tensors: the head's weight and its bias.
# For the numbers, add up their sizes:

# %%
trainable = [p for p in model.parameters() if p.requires_grad]
print("trainable tensors:", len(trainable))
print("trainable numbers:", f"{sum(p.numel() for p in trainable):,}", "= 1280 x 2 + 2")
print("of all numbers:   ", f"{sum(p.numel() for p in model.parameters()):,}")

# %% [markdown]
# 2,562 of 3,373,570 numbers will learn: fewer than one in a thousand. (The total fell because the old head is gone, with its 1,000 classes.)
#
# ## The order matters
#
# The same two steps the other way round: first the head, then the freezing. **Predict** the count.

# %%
swapped = tune.load_backbone()
swapped.classifier = nn.Linear(1280, 2)
for parameter in swapped.parameters():
    parameter.requires_grad = False

print("trainable tensors:", sum(p.requires_grad for p in swapped.parameters()))

# %% [markdown]
# 0. The loop froze the new head with everything else.
#
# ## Everything frozen: an error
#
# **Predict:** does PyTorch complain when you train this?

# %%
try:
    nn.functional.cross_entropy(swapped(images), labels).backward()
except RuntimeError as error:
    print("RuntimeError:", error)

# %% [markdown]
# This one is loud. With *every* parameter frozen, nothing connects the loss to anything that could learn, and
# `backward()` refuses. So "my loss does not move, and there is no error" is another case:
#
# ## A flat loss without an error
#
# Here the head is trainable, but the optimizer was built before the head was replaced.
# **Predict:** will this crash, learn, or do nothing?

# %%
early = tune.load_backbone()
early.requires_grad_(False)  # the loop from above, in one call
optimizer = torch.optim.SGD(early.parameters(), lr=0.01)  # built too early
early.classifier = nn.Linear(1280, 2)

losses = []
for _ in range(3):
    loss = nn.functional.cross_entropy(early(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print("all three losses equal:", len(set(losses)) == 1)

# %% [markdown]
# Three steps, one loss, no error. The optimizer holds the *old* head. The new one gets gradients that nobody uses.
# To see it, ask the optimizer whom it holds, by identity:

# %%
held = {id(p) for group in optimizer.param_groups for p in group["params"]}
missing = [name for name, p in early.named_parameters() if p.requires_grad and id(p) not in held]
print("trainable, but in no optimizer:", missing)

optimizer = torch.optim.SGD([p for p in early.parameters() if p.requires_grad], lr=0.01)  # built last
optimizer.zero_grad()
nn.functional.cross_entropy(early(images), labels).backward()
optimizer.step()
mended = nn.functional.cross_entropy(early(images), labels).item()
print("loss falls in one step:", mended < losses[0])

# %% [markdown]
# Both tensors of the head were missing. Built last, from the parameters that train, the optimizer moves the loss.
#
# ## Attributes that do nothing
#
# Two lines found in real projects, and a third. **Predict** how many tensors each of them leaves trainable.

# %%
def still_trainable(net):
    return sum(p.requires_grad for p in net.parameters())


loose = tune.load_backbone()
loose.requires_grad = False  # a new attribute on the model; no parameter hears of it
print("after model.requires_grad = False:   ", still_trainable(loose))
for parameter in loose.parameters():
    parameter.require_grad = False  # one letter is missing
print("after parameter.require_grad = False:", still_trainable(loose))
loose.requires_grad_(False)  # a method, with an underscore
print("after model.requires_grad_(False):   ", still_trainable(loose))

# %% [markdown]
# 149 and 149: nothing was frozen and nothing was said. Python lets you hang a new attribute on a model or a parameter.
# The method with the underscore does what the first line meant: 0 are left.
#
# ## BatchNorm keeps moving
#
# Back to our `model`, frozen by hand in the right order. Train its head for one step, as every
# tutorial does, with `model.train()`.
#
# **Predict:** how many tensors of the backbone have changed after that step? Think of everything the model stores,
# not only of its parameters.

# %%
def snapshot(net):
    return {name: value.clone() for name, value in net.state_dict().items()}


def changed(net, before):
    return [name for name, value in net.state_dict().items() if not torch.equal(value, before[name])]


# %%
before = snapshot(model)
optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
model.train()
nn.functional.cross_entropy(model(images), labels).backward()
optimizer.step()

moved = [name for name in changed(model, before) if not name.startswith("classifier")]
print("backbone tensors that changed:", len(moved), "for example", moved[:3])
print("BatchNorm layers:", sum(isinstance(module, nn.BatchNorm2d) for module in model.modules()))

# %% [markdown]
# 147 tensors of the "frozen" backbone moved. They are not parameters, they are **buffers**: the running mean, running variance
# and step counter of each of the 49 BatchNorm layers. A flag about gradients cannot stop them, because no gradient moves them. In
# train mode the forward pass itself does.
#
# ## Does the drift matter?
#
# A doubt: perhaps it is only a little. Compare what the backbone *says* about one cell before
# any training and after twelve more passes in train mode. A cosine of 1 means unchanged.

# %%
def features(net, x):
    net.eval()
    with torch.no_grad():
        return net.forward_head(net.forward_features(x), pre_logits=True)


# %%
original = features(tune.load_backbone(), images[:1])
model.train()
with torch.no_grad():
    for start in range(0, 12 * 16, 16):
        model(solar.train.batch(range(start, start + 16))[0])

cosine = torch.cosine_similarity(original, features(model, images[:1])).item()
print(f"cosine to the pretrained features: {cosine:.1f}")

# %% [markdown]
# The cosine fell to 0.2. No parameter of the backbone moved, and yet it answers with very different features.
# What relied on them (a cached file, a second head, your notion of "pretrained") is off.
#
# ## One `eval()` is not enough
#
# The mend you will read most often: put the backbone in eval mode once, before training. **Predict** what a later
# `model.train()` does to it.

# %%
model.eval()
print("after eval():  BatchNorm in train mode:", model.bn1.training)
model.train()  # the first line of nearly every training loop
print("after train(): BatchNorm in train mode:", model.bn1.training)

# %% [markdown]
# `train()` walks through all sub-modules and undoes your `eval()`. And eval mode stops the *statistics* only. BatchNorm also has a weight
# and a bias, which are ordinary parameters. **Predict** whether they move in eval mode:

# %%
half = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
half[1].eval()
before = snapshot(half)
half(torch.randn(8, 4)).square().sum().backward()
torch.optim.SGD(half.parameters(), lr=0.1).step()
print("moved in eval mode:", [name for name in changed(half, before) if name.startswith("1.")])

# %% [markdown]
# Weight and bias moved, the statistics did not. So two things must hold together: the flag
# off, and an eval mode that survives `train()`. That is what `tune.freeze` does.
#
# ## Freezing that holds
#
# `replace_head` returns a record of what it put in, and `freeze(keep=...)` takes it. Order and names can no longer go wrong.

# %%
model = tune.load_backbone()
head = tune.replace_head(model, num_classes=2)
print(tune.freeze(model, keep=head))

model.train()
print("BatchNorm in train mode after train():", model.bn1.training)

# %% [markdown]
# Read the last lines aloud: 147 tensors stopped, 2 are trainable, 49 layers are held in eval, and `train()` no longer wakes them.
#
# ## Proof by one step
#
# Don't trust the report either: it reads flags. `prove_frozen` runs *your* training step and compares
# every frozen tensor and buffer bit by bit. Afterwards it puts everything back.

# %%
optimizer = torch.optim.AdamW(tune.param_groups(model, lr=1e-3))


def step():
    model.train()
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()


print(tune.prove_frozen(model, step, optimizer))

# %% [markdown]
# Nothing frozen moved, and both tensors of the head did. Can this proof fail? Give it the network we froze
# by hand, as the tutorials do:

# %%
by_hand = tune.load_backbone()
by_hand.requires_grad_(False)
by_hand.classifier = nn.Linear(1280, 2)


def tutorial_step():
    by_hand.train()
    nn.functional.cross_entropy(by_hand(images), labels).backward()


proof = tune.prove_frozen(by_hand, tutorial_step)
print("frozen:", proof.ok, "| moved:", len(proof.moved), "tensors, such as", proof.moved[0])

# %% [markdown]
# The same 147 buffers. Run this check on your own code before you train for an hour.
#
# ## Frozen, and still moving
#
# One more way to move. You train for a while, then freeze; the old gradients are still there.
# `zero_grad(set_to_none=False)` fills them with zeros instead of removing them. **Predict:** does the
# optimizer leave a frozen weight alone when its gradient is zero?

# %%
def moves(kind, set_to_none, **options):
    layer = nn.Linear(4, 1)
    optimizer = kind(layer.parameters(), lr=0.1, **options)
    layer(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    layer.requires_grad_(False)  # from here on it is frozen
    frozen_at = layer.weight.clone()
    optimizer.zero_grad(set_to_none=set_to_none)
    optimizer.step()
    return not torch.equal(layer.weight, frozen_at)


# %%
SGD, Adam = torch.optim.SGD, torch.optim.Adam
for set_to_none in (False, True):
    print("gradient", None if set_to_none else 0)
    print("    with momentum it moves:     ", moves(SGD, set_to_none, momentum=0.9))
    print("    with weight decay it moves: ", moves(SGD, set_to_none, weight_decay=0.1))
    print("    with Adam it moves:         ", moves(Adam, set_to_none))

# %% [markdown]
# It moves, though frozen: momentum carries it on, and so do weight decay and Adam's memory.
# With the gradient `None` (PyTorch's default today) the optimizer skips it. `tune.freeze` removes old gradients for that reason.
#
# ## Freezing up to a stage
#
# All or nothing is rarely best. `stages` lists a network from stem to head, `freeze_to` freezes what lies before one of them, and
# `unfreeze_next` opens one stage more, from the head backwards: *gradual unfreezing*.
# **Predict:** what share of all numbers do the last four of ten stages hold?

# %%
print("stages:", [stage.name for stage in tune.stages(model)])
report = tune.freeze_to(model, "blocks.5")
share = report.trainable_numbers / (report.trainable_numbers + report.frozen_numbers)
print(f"trainable from blocks.5 on: {report.trainable_tensors} tensors, {share:.0%} of all numbers")

tune.freeze(model, keep=head)
for _ in range(3):
    report = tune.unfreeze_next(model)
    print(f"{len(report.started):3} tensors woke up, first of them {report.started[0]}")

# %% [markdown]
# Two blocks, the last convolution and the head hold 79 % of all numbers: late stages are wide. What would each line cost in time
# and memory? Slide it. (Recorded on one machine; without a kernel you see a still picture.)

# %%
# NBVAL_IGNORE_OUTPUT
measure.FreezeExplorer()

# %% [markdown]
# The forward pass still runs through the frozen stages, unless their output is stored: that is lesson 03.
#
# A warning the flat loss has taught you: an optimizer built earlier, from what was trainable then, does not hold the tensors that wake up. Build it
# again, or let `tune.GradualUnfreezing` add them inside `tune.fit`.
#
# ## What we saw
#
# In this notebook we
#
# - counted 149 tensors and 4,652,008 numbers, and saw that `sum(p.requires_grad ...)` counts tensors: 2 for a linear head
# - froze after replacing the head, and got an error, because *nothing* could learn
# - built the optimizer too early, and got three equal losses and no error
# - saw `model.requires_grad = False` leave all 149 tensors trainable
# - saw 147 buffers of a "frozen" backbone move in one step, and its features drift away
# - froze with `tune.freeze`, and proved with one step that nothing moved
#
# The rule to take along: **replace the head, freeze, build the optimizer, then prove it.** In this order.
#
# ## Exercise
#
# Write `freeze_backbone(model, head_name)`: everything but the head stops, and keeps still through `model.train()`.
# Use plain PyTorch, not `tune.freeze`. The check trains your model for two steps and looks.

# %% tags=["exercise:02-freeze-by-hand"]
exercise("02-freeze-by-hand").check(freeze_backbone)

# %% [markdown]
# Then take the [quiz](../quizzes/02_freezing.ipynb): about ten minutes, with hints.
#
# Next: [03 · Head replacement](03_head_replacement.ipynb), where the head comes off all kinds of networks.
