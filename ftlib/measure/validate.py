"""Input checks that every metric shares: what came, what was expected, what to try.

Lists, numpy arrays, pandas columns and torch tensors (also on a GPU, also with a
gradient) are all taken; this module never imports torch, it only asks a tensor for
its values.
"""

import math

import numpy as np

from ftlib.errors import InputError


def as_array(values, name: str = "values") -> np.ndarray:
    """A numpy array of ``values``; a tensor is detached and brought to the CPU first."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values.float() if str(values.dtype) == "torch.bfloat16" else values
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise InputError(f"{name} cannot be read as an array ({error}); pass rows of one length.") from error
    if array.ndim == 0 or array.size == 0:
        raise InputError(f"{name} is empty (shape {array.shape}); a metric needs at least one example.")
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def check_finite(array: np.ndarray, name: str) -> np.ndarray:
    """``array`` itself, unless it holds NaN or infinity: then `InputError` says how many and where."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum(dtype=np.float64)) or np.isfinite(array).all():
            return array
    wrong = ~np.isfinite(array)
    first = np.argwhere(wrong)[0].tolist()
    what = "NaN" if np.isnan(array).any() else "infinity"
    raise InputError(
        f"{name} holds {what}: {int(wrong.sum())} of {array.size} values are not finite, the first at index "
        f"{first[0] if len(first) == 1 else first}. Find where it comes from (a diverged loss, log(0), a "
        "missing label) or drop those examples before measuring."
    )


def as_labels(values, name: str) -> np.ndarray:
    """Class labels: (N,) bool, int or str; or a multi-label indicator (N, K) of 0 and 1 with K ≥ 2."""
    array = as_array(values, name)
    if array.dtype.kind == "U" and not hasattr(values, "dtype"):
        array = np.array(values, dtype=object)  # numpy has turned 1 or NaN among the words into words
    array = _from_objects(array, name) if array.dtype.kind == "O" else array
    if array.dtype.kind == "f":
        array = _whole_numbers(check_finite(array, name), name)
    if array.dtype.kind not in "biuU":
        raise InputError(f"{name} has dtype {array.dtype}; labels are bool, int or str.")
    if array.ndim > 2:
        raise InputError(f"{name} has shape {array.shape}; labels are (N,), or (N, K) for multi-label.")
    if array.ndim == 2 and (array.dtype.kind == "U" or array.min() < 0 or array.max() > 1):
        raise InputError(
            f"{name} has shape {array.shape} but is not an indicator of 0 and 1. For class scores pass "
            "scores.argmax(axis=1); for multi-label scores pass scores >= threshold."
        )
    return array.astype(np.int64) if array.ndim == 2 else array


def _from_objects(array: np.ndarray, name: str) -> np.ndarray:
    if all(isinstance(value, str) for value in array.flat):
        return array.astype(str)
    for index, value in enumerate(array.flat):
        if value is None or (isinstance(value, float) and math.isnan(value)):
            raise InputError(f"{name} has no label ({value!r}) at index {index}; drop or label that example.")
    for index, value in enumerate(array.flat):
        if isinstance(value, (str, bytes)):
            raise InputError(
                f"{name} mixes kinds of label ({value!r} at index {index}); use str or int for all."
            )
    return np.array(array.tolist())


def _whole_numbers(array: np.ndarray, name: str) -> np.ndarray:
    whole = array.astype(np.int64)
    if (whole == array).all():
        return whole
    value = array[whole != array].flat[0]
    raise InputError(
        f"{name} holds {value:g}, which is no class label. If these are probabilities, choose a threshold "
        "first (y_score >= 0.5); if they are a regression target, use mean_squared_error or r2_score."
    )


def label_pair(y_true, y_pred) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted labels of one length and one kind (both (N,) or both (N, K))."""
    y_true, y_pred = as_labels(y_true, "y_true"), as_labels(y_pred, "y_pred")
    if y_true.shape != y_pred.shape:
        raise InputError(
            f"y_true has shape {y_true.shape} and y_pred {y_pred.shape}; they must agree example by example."
        )
    if (y_true.dtype.kind == "U") != (y_pred.dtype.kind == "U"):
        raise InputError(
            f"y_true holds {_kind(y_true)} and y_pred {_kind(y_pred)} labels; map one to the other first."
        )
    return y_true, y_pred


def _kind(array: np.ndarray) -> str:
    return {"U": "str", "b": "bool"}.get(array.dtype.kind, "int")


def as_weights(sample_weight, n: int) -> np.ndarray | None:
    """(N,) weights, finite and not negative, with a sum above zero; None stays None."""
    if sample_weight is None:
        return None
    weights = as_array(sample_weight, "sample_weight")
    if weights.dtype.kind not in "biuf" or weights.shape != (n,):
        raise InputError(
            f"sample_weight has shape {weights.shape}, dtype {weights.dtype}; expected {n} numbers."
        )
    check_finite(weights, "sample_weight")
    if weights.min() < 0 or weights.sum() == 0:
        raise InputError(f"sample_weight has minimum {weights.min():g} and sum {weights.sum():g}; "
                         "weights are not negative and not all zero.")  # fmt: skip
    return weights


def as_scores(values, name: str = "y_score") -> np.ndarray:
    """Finite float scores, shape (N,) or (N, K); float32 stays float32."""
    array = as_array(values, name)
    if array.dtype.kind not in "biuf" or array.ndim > 2:
        raise InputError(
            f"{name} has shape {array.shape}, dtype {array.dtype}; scores are numbers (N,) or (N, K)."
        )
    array = array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
    return check_finite(array, name)


def as_probabilities(values, name: str = "y_proba") -> np.ndarray:
    """Finite scores within [0, 1], shape (N,) or (N, K)."""
    array = as_scores(values, name)
    if array.min() < 0 or array.max() > 1:
        raise InputError(
            f"{name} reaches from {array.min():g} to {array.max():g}; probabilities lie within [0, 1]. "
            "If these are logits, apply a sigmoid or softmax first."
        )
    return array


def binary_truth(y_true, n: int, pos_label=None, name: str = "y_true") -> np.ndarray:
    """(N,) bool: which examples are positive. ``pos_label=None`` means 1, for labels {0, 1} or {-1, 1}."""
    labels = as_labels(y_true, name)
    if labels.shape != (n,):
        raise InputError(f"{name} has shape {labels.shape} for {n} scores; expected one label a score.")
    if labels.dtype.kind == "b" and pos_label in (None, 1, True):
        return labels
    present = np.unique(labels)
    if pos_label is None:
        if labels.dtype.kind == "U" or not (
            set(present.tolist()) <= {0, 1} or set(present.tolist()) <= {-1, 1}
        ):
            raise InputError(f"{name} holds the labels {_shown(present)}: say which is positive, pos_label=…")
        pos_label = 1
    elif len(present) >= 2 and pos_label not in present.tolist():
        raise InputError(f"pos_label={pos_label!r} is none of the labels in {name}: {_shown(present)}.")
    return labels == pos_label


def check_choice(value, allowed: tuple, name: str) -> None:
    """`InputError` unless ``value`` is one of ``allowed``."""
    if value not in allowed:
        raise InputError(f"{name}={value!r}; expected one of {', '.join(map(repr, allowed))}.")


def check_zero_division(value) -> float:
    """0, 1 or NaN as a float."""
    if isinstance(value, (int, float)) and (value in (0, 1) or math.isnan(value)):
        return float(value)
    raise InputError(f"zero_division={value!r}; expected 0.0 (the default), 1.0 or nan.")


def _shown(labels: np.ndarray) -> str:
    shown = ", ".join(repr(label) for label in labels[:8].tolist())
    return shown + (", …" if len(labels) > 8 else "")
