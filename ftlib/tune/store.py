"""Arrays on disk that are either whole or absent.

One file holds one array: a line of JSON (shape, dtype, SHA-256 of what follows), then the
raw bytes. It is written beside its place and moved in one step, so that a kill at any
moment leaves the old file or none; and it is checked when read, so that a file cut short or
altered counts as absent.
"""

import hashlib
import json
import os
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch


def save_array(path: Path, array: np.ndarray) -> None:
    """Write ``array`` (any shape, any plain dtype) to ``path`` in one step.

    The folder is made where it is missing. Two processes may write the same path at once:
    each moves a whole file of its own into place, and the later one stands.
    """
    array = np.asarray(array, order="C")
    head = {"shape": array.shape, "dtype": array.dtype.str, "sha256": sha256(array)}
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps(head).encode() + b"\n")
            file.write(memoryview(array).cast("B") if array.size else b"")
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def keep_array(path: Path, array: np.ndarray) -> None:
    """``save_array`` where that can be done: a full disk or a read-only folder costs the file, not the array."""
    try:
        save_array(path, array)
    except OSError as error:
        warnings.warn(
            f"{path.name} could not be kept in {path.parent} ({error}); the next call computes it again",
            stacklevel=4,
        )


def load_array(path: Path) -> np.ndarray | None:
    """The array kept at ``path``; None where there is no file or the file is not whole."""
    try:
        with open(path, "rb") as file:
            head = json.loads(file.readline(10_000))
            kind = np.dtype(head["dtype"])
            if kind.hasobject:  # bytes of a file taken for pointers would end the whole process
                return None
            array = np.empty(head["shape"], kind)
            body = memoryview(array).cast("B") if array.size else memoryview(bytearray())
            whole = file.readinto(body) == array.nbytes and not file.read(1)
            return array if whole and sha256(array) == head["sha256"] else None
    except Exception:  # whatever a garbled first line leads to: np.dtype alone raises five kinds of error
        return None


def sha256(*parts) -> str:
    """Hex digest over arrays and tensors (shape, dtype and bytes) and anything else by its ``repr``.

    >>> sha256("a", 1) == sha256("a", 1), sha256("a", 1) == sha256("a", 2)
    (True, False)
    >>> sha256(np.zeros(2)) == sha256(np.zeros((2, 1)))
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, torch.Tensor):  # as bytes, since NumPy lacks bfloat16
            digest.update(repr((tuple(part.shape), part.dtype)).encode())
            part = part.detach().cpu().reshape(-1)
            if part.stride(0) != 1:  # one number or none counts as contiguous whatever its stride
                part = part.clone(memory_format=torch.contiguous_format)
            part = part.view(torch.uint8).numpy()
        if isinstance(part, np.ndarray):
            array = np.ascontiguousarray(part)
            digest.update(repr((array.shape, array.dtype.str)).encode())
            digest.update(memoryview(array.reshape(-1)).cast("B") if array.size else b"")
        else:
            digest.update(repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()
