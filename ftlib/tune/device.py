"""Where to compute: the best device there is, or the one that was asked for."""

import torch

from ftlib.errors import InputError


def pick_device() -> torch.device:
    """CUDA where there is one, else Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def device_for(device) -> torch.device:
    """``device`` as a torch.device, the best there is for None; InputError where this machine has no such device."""
    if device is None:
        return pick_device()
    try:
        wanted = torch.device(device)
        torch.empty(0, device=wanted)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        why = str(error).splitlines()[0]
        raise InputError(
            f"device={device!r} cannot be used here ({why}); leave it out for {str(pick_device())!r}"
        ) from error
    return wanted
