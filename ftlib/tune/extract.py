"""Running a frozen part over many images as fast as the processor lets it.

On a CPU, small batches go side by side, one thread each: a small batch stays in the processor's cache,
threads that never wait for one another lose little when the machine is busy, and since each batch is computed
by one thread alone, results do not depend on how many threads there are. What each thread runs is a copy
of the part, prepared by ``ftlib.tune.fuse``. ``benchmarks/speed.py`` measures all of it.
"""

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock

import torch
from torch import Tensor, nn

from ftlib.tune.fuse import fuse
from ftlib.tune.loop import one_thread

SMALL = 16  # images a thread takes at a time
TOLERANCE = 1e-4  # largest difference from plain eager, relative to the largest value; 4e-6 is usual


def prepare(front: nn.Module, x: Tensor, device: torch.device) -> nn.Module:
    """A copy of ``front`` on ``device``, in eval mode, that computes the same faster on a CPU.

    The quick copy is compared with plain eager on the batch ``x``; where the two differ by more than
    ``TOLERANCE`` of the largest value, or the quick one fails, the plain copy is returned. ``front`` itself is
    not changed.
    """
    plain = _resting_copy(front).to(device)
    if device.type != "cpu":
        return plain
    with torch.no_grad(), one_thread():
        expected = plain(x)
        try:
            quick = fuse(_resting_copy(plain), laid_out(x))
            found = quick(laid_out(x))
        except (RuntimeError, AttributeError, NotImplementedError):  # a build of PyTorch without oneDNN, say
            return plain
        return quick if close(found, expected) else plain


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
            return front(laid_out(x) if on_cpu else x.to(device)).float().cpu()

    whole, first = None, Lock()

    def work(indices: Tensor) -> int:
        nonlocal whole
        found = outputs(indices)
        with first:  # only the first output says how much room all need
            whole = torch.empty((count, *found.shape[1:])) if whole is None else whole
        whole[indices[0] : indices[-1] + 1] = found
        return len(indices)

    with _workers(torch.get_num_threads() if on_cpu else 1) as pool:
        for done in pool.map(work, chunks):
            tick(done)
    return whole


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


def laid_out(x: Tensor) -> Tensor:
    """Images and maps with channels last in memory, anything else as it is."""
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


def close(found: Tensor, expected: Tensor) -> bool:
    """Whether two outputs agree within ``TOLERANCE`` of the largest value."""
    return bool((found - expected).abs().max() <= TOLERANCE * expected.abs().max())
