"""Fine-tuning in PyTorch, taught by running it.

Three rooms, each with one public door:

- ``ftlib.tune``    load, freeze, replace heads, cache features, train (needs torch)
- ``ftlib.measure`` metrics, curves, plots, explorers (numpy; matplotlib only for plots)
- ``ftlib.learn``   quizzes, exercises, progress, grading (never torch)

``import ftlib`` itself loads none of them, so it costs a few milliseconds; each
room is imported when it is first named:

>>> import ftlib
>>> ftlib.__version__
'0.1.0'
"""

from importlib import import_module

__version__ = "0.1.0"
__all__ = ["learn", "measure", "tune"]


def __getattr__(name: str):
    if name in __all__:
        return import_module(f"ftlib.{name}")
    raise AttributeError(f"module 'ftlib' has no attribute {name!r}; its rooms are {', '.join(__all__)}")
