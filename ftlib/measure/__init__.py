"""Measuring a model: metrics, curves, thresholds, intervals, plots, explorers.

Where scikit-learn has a function, ours bears its name and arguments, so what is learned here is
used there. Importing this package loads numpy alone; matplotlib is loaded by the first plot that is
named, ipywidgets by the first explorer.

>>> from ftlib import measure
>>> measure.f1_score([1, 1, 0, 0], [1, 0, 0, 0])
0.6666666666666666
"""

from importlib import import_module

_HOMES = {
    "counts": "Counts Ratio Worked",
    "confusion": "confusion_matrix multilabel_confusion_matrix",
    "metrics": "accuracy_score balanced_accuracy_score f1_score fbeta_score matthews_corrcoef "
    "precision_recall_fscore_support precision_score recall_score specificity_score",
    "regression": "mean_absolute_error mean_squared_error r2_score root_mean_squared_error",
    "streaming": "Running",
    "curves": "auc average_precision_score confusion_matrix_at_thresholds precision_recall_curve roc_auc_score "
    "roc_curve",
    "calibration": "brier_score_loss calibration_curve expected_calibration_error log_loss",
    "threshold": "Sweep ThresholdChoice best_threshold cost_threshold threshold_sweep",
    "bootstrap": "Interval bootstrap_interval",
    "plots": "plot_before_after plot_confusion_matrix plot_history",
    "curve_plots": "plot_calibration plot_pr plot_roc plot_threshold_sweep",
    "explore": "ConfusionBuilder CurveReader FreezeExplorer ThresholdExplorer",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}
__all__ = sorted(_HOME_OF)


def __getattr__(name: str):
    if name not in _HOME_OF:
        raise AttributeError(f"module 'ftlib.measure' has no attribute {name!r}")
    value = getattr(import_module(f"ftlib.measure.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
