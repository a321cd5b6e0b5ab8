"""Exercise of lesson 01: pixels in, what the backbone expects out."""

from ftlib.learn.exercise import Exercise, Wrong

STARTER = '''
import torch


def prepare(pixels, mean, std):
    """uint8 pixels (N, height, width, 3) -> float32 inputs (N, 3, height, width) for the backbone.

    mean and std: three numbers each, one a colour channel, for values scaled to 0..1.
    """
    ...
'''

SOLUTION = '''
import torch


def prepare(pixels, mean, std):
    """uint8 pixels (N, height, width, 3) -> float32 inputs (N, 3, height, width) for the backbone."""
    x = pixels.permute(0, 3, 1, 2).float() / 255
    mean = torch.tensor(mean).view(1, 3, 1, 1)
    std = torch.tensor(std).view(1, 3, 1, 1)
    return (x - mean) / std
'''

WRONG = {
    "raw-pixels-are-fine": """
import torch
def prepare(pixels, mean, std):
    x = pixels.permute(0, 3, 1, 2).float()
    return (x - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)
""",
    "scaling-is-enough": """
def prepare(pixels, mean, std):
    return pixels.permute(0, 3, 1, 2).float() / 255
""",
    "own-statistics": """
def prepare(pixels, mean, std):
    x = pixels.permute(0, 3, 1, 2).float() / 255
    return (x - x.mean((0, 2, 3), keepdim=True)) / x.std((0, 2, 3), keepdim=True)
""",
    "reshape-moves-channels": """
import torch
def prepare(pixels, mean, std):
    n, height, width, _ = pixels.shape
    x = pixels.reshape(n, 3, height, width).float() / 255
    return (x - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)
""",
    "channels-stay-last": """
import torch
def prepare(pixels, mean, std):
    return (pixels.float() / 255 - torch.tensor(mean)) / torch.tensor(std)
""",
    "mean-along-the-width": """
import torch
def prepare(pixels, mean, std):
    x = pixels.permute(0, 3, 1, 2).float() / 255
    return (x - torch.tensor(mean)) / torch.tensor(std)
""",
    "imagenet-numbers-fit-all": """
import torch
def prepare(pixels, mean, std):
    x = pixels.permute(0, 3, 1, 2).float() / 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (x - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
""",
}

MEAN, STD = (0.5, 0.25, 0.75), (0.5, 0.125, 0.25)


def _expected(pixels):
    """Value by value, with Python's own arithmetic: no broadcasting that could share a mistake."""
    import torch

    n, height, width, _ = pixels.shape
    out = torch.empty(n, 3, height, width)
    for i in range(n):
        for row in range(height):
            for column in range(width):
                for c in range(3):
                    out[i, c, row, column] = (int(pixels[i, row, column, c]) / 255 - MEAN[c]) / STD[c]
    return out


def check_prepare(prepare):
    import torch

    # three columns, so that a mean laid along the width raises no error
    pixels = torch.randint(
        0, 256, (2, 4, 3, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    before = pixels.clone()
    got, want = prepare(pixels, MEAN, STD), _expected(pixels)
    if not torch.equal(pixels, before):
        raise Wrong("your function changed the pixels it was given; work on a copy.", "changes-its-input")
    if not isinstance(got, torch.Tensor):
        raise Wrong(f"it returned {type(got).__name__}; expected a tensor of shape (N, 3, height, width).")
    if tuple(got.shape) != tuple(want.shape):
        raise Wrong(
            f"the shape is {tuple(got.shape)}, expected {tuple(want.shape)}: the channels belong in second place.",
            "channels-stay-last",
        )
    if got.dtype != torch.float32:
        raise Wrong(f"the values are {got.dtype}; a network takes torch.float32.", "wrong-dtype")
    if torch.allclose(got, want, atol=1e-5):
        return "channels in place, 0 to 1, then mean and std: the backbone sees what it was trained on."
    raise _named(pixels, got, want)


def _named(pixels, got, want) -> Wrong:
    """The mistake behind these values, found by making each mistake on purpose."""
    import torch

    def near(other):
        return torch.allclose(got, other, rtol=1e-3, atol=1e-3)

    scaled = pixels.permute(0, 3, 1, 2).float() / 255
    mean, std = torch.tensor(MEAN), torch.tensor(STD)
    columns, spread = mean.view(1, 3, 1, 1), std.view(1, 3, 1, 1)
    torn = (pixels.reshape(scaled.shape).float() / 255 - columns) / spread
    if near(scaled):
        return Wrong(
            "the values run from 0 to 1. Now subtract the mean and divide by std.", "scaling-is-enough"
        )
    if got.abs().max() > 100:
        return Wrong(
            f"the largest value is {got.abs().max():.0f}. mean and std are for values in 0..1: divide by 255 first.",
            "raw-pixels-are-fine",
        )
    if near((scaled - mean) / std):
        return Wrong(
            "mean and std ran along the width. Give them the shape (1, 3, 1, 1).", "mean-along-the-width"
        )
    if near(torn):
        return Wrong(
            "reshape cuts pixels apart; it moves no axis. Use permute(0, 3, 1, 2).", "reshape-moves-channels"
        )
    if abs(float(got.mean())) < 1e-3 and abs(float(got.std()) - 1) < 0.05:
        return Wrong(
            "you used this batch's own mean and std, so one photo changes with its neighbours. Use those you were given.",
            "own-statistics",
        )
    imagenet = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).view(2, 1, 3, 1, 1)
    if near((scaled - imagenet[0]) / imagenet[1]):
        return Wrong(
            "these are ImageNet's usual mean and std. Use the ones that were given.",
            "imagenet-numbers-fit-all",
        )
    first, right = got.flatten()[0], want.flatten()[0]
    return Wrong(
        f"shape and type are right, the values are off: the first is {first:.3f}, expected {right:.3f}."
    )


EXERCISES = {
    "01-prepare-pixels": Exercise(
        name="prepare", starter=STARTER, solution=SOLUTION, wrong=WRONG, check=check_prepare
    ),
}
