"""Running a frozen part over many images as fast as the processor lets it.

On a CPU three things together, each measured in ``benchmarks/speed.py``: BatchNorm folded into the
convolution before it, channels-last memory, and small batches side by side, one thread each. A small
batch stays in the processor's cache, and threads that never wait for one another lose little when the
machine is busy. Each batch is computed by one thread alone, so results do not depend on how many there are.
"""

import copy
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

SMALL = 8  # images a thread takes at a time
TOLERANCE = 1e-4  # largest difference from plain eager, relative to the largest value; 2e-6 is usual


def prepare(front: nn.Module, x: Tensor, device: torch.device) -> nn.Module:
    """A copy of ``front`` on ``device``, in eval mode, that computes the same faster on a CPU.

    The quick copy is compared with plain eager on the batch ``x``; where the two differ by more than
    ``TOLERANCE`` of the largest value, the plain copy is returned. ``front`` itself is not changed.
    """
    plain = _resting_copy(front).to(device)
    if device.type != "cpu":
        return plain
    quick = _resting_copy(plain)
    with torch.no_grad(), one_thread():
        expected = plain(x)
        for conv, norm in _folding_pairs(quick, x):
            _fold(quick, conv, norm)
        quick = quick.to(memory_format=torch.channels_last)
        return quick if _close(quick(_laid_out(x)), expected) else plain


def run(
    front: nn.Module, fetch: Callable, count: int, batch_size: int, tick: Callable = lambda n: None
) -> Tensor:
    """``front``'s outputs (count, ...) as float32 on the CPU, in the order of indices.

    Args:
        front: what ``prepare`` returned.
        fetch: ``fetch(indices)`` gives a batch of inputs; it is called from several threads.
        batch_size: on a CPU at most ``SMALL`` images are taken at a time, whatever this says.
        tick: called as ``tick(n)`` after each batch of n.
    """
    device = next((t.device for t in front.parameters()), torch.device("cpu"))
    on_cpu = device.type == "cpu"
    chunks = torch.arange(count).split(min(batch_size, SMALL) if on_cpu else batch_size)

    def outputs(indices: Tensor) -> Tensor:
        with torch.inference_mode():
            x = fetch(indices)
            return front(_laid_out(x) if on_cpu else x.to(device)).float().cpu()

    def work(indices: Tensor) -> int:
        whole[indices[0] : indices[-1] + 1] = outputs(indices)
        return len(indices)

    threads = torch.get_num_threads() if on_cpu else 1
    with _workers(threads) as pool:
        first = pool.submit(outputs, chunks[0]).result()  # says how much room the rest needs
        whole = torch.empty((count, *first.shape[1:]))
        whole[: len(first)] = first
        tick(len(first))
        for done in pool.map(work, chunks[1:]):
            tick(done)
    return whole


@contextmanager
def one_thread():
    """Inside, PyTorch computes on this thread alone; afterwards on as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _workers(count: int):
    """Threads that each compute alone; what is still waiting when one fails is dropped."""
    setting = {"initializer": torch.set_num_threads, "initargs": (1,)}
    with one_thread(), ThreadPoolExecutor(count, **setting) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


def _resting_copy(module: nn.Module) -> nn.Module:
    twin = copy.deepcopy(module)
    for part in twin.modules():
        part.training = False
    return twin


def _folding_pairs(model: nn.Module, x: Tensor) -> list[tuple[str, str]]:
    """Names of (convolution, BatchNorm right behind it), found by running ``x`` once.

    Right behind means that the very tensor the one returns is what the other is given, and that
    each is called once. Layers with hooks of their own are left alone.
    """
    names = {module: name for name, module in model.named_modules()}
    made, calls, pairs, watch = {}, Counter(), [], []

    def note_output(conv, _inputs, output):
        calls[conv] += 1
        made[id(output)] = conv, output  # holding the output keeps its id from being used again

    def note_input(norm, inputs):
        calls[norm] += 1
        if id(inputs[0]) in made:
            pairs.append((made[id(inputs[0])][0], norm))

    for module in names:
        if module._forward_hooks or module._forward_pre_hooks:
            continue
        if type(module).__name__ in ("Conv2d", "Conv2dSame"):
            watch.append(module.register_forward_hook(note_output))
        elif _is_foldable(module):
            watch.append(module.register_forward_pre_hook(note_input))
    model(x)
    for handle in watch:
        handle.remove()
    return [(names[conv], names[norm]) for conv, norm in pairs if calls[conv] == calls[norm] == 1]


def _is_foldable(module: nn.Module) -> bool:
    return type(module).__name__ in ("BatchNorm2d", "BatchNormAct2d") and module.running_mean is not None


def _fold(model: nn.Module, conv: str, norm: str) -> None:
    """Put the convolution that does both in the place of ``conv``, and what is left in that of ``norm``."""
    old = model.get_submodule(norm)
    model.set_submodule(conv, fuse_conv_bn_eval(model.get_submodule(conv), old))
    left = [getattr(old, name) for name in ("drop", "act") if hasattr(old, name)]  # timm's norms hold both
    model.set_submodule(norm, nn.Sequential(*left))


def _laid_out(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


def _close(found: Tensor, expected: Tensor) -> bool:
    return bool((found - expected).abs().max() <= TOLERANCE * expected.abs().max())
