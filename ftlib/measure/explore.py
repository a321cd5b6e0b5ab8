"""The explorers' door: pictures one can play with, each with its numbers beside it.

>>> from ftlib.measure.explore import ConfusionBuilder
>>> round(ConfusionBuilder(tp=85, fp=15, fn=10, tn=90).counts.f1, 4)
0.8718

They need ipywidgets; ``ftlib.measure`` loads this module when one of them is first named.
"""

from ftlib.measure.explorers.confusion import ConfusionBuilder
from ftlib.measure.explorers.freezing import FreezeExplorer
from ftlib.measure.explorers.reader import CurveReader
from ftlib.measure.explorers.threshold import ThresholdExplorer

__all__ = ["ConfusionBuilder", "CurveReader", "FreezeExplorer", "ThresholdExplorer"]
