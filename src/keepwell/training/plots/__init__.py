"""Figures as Plotly JSON, made by hand: the pages draw them, nothing here does.

A figure is `{"data": [traces], "layout": {...}}`. Colours and fonts are left to whoever draws it.
"""

from keepwell.training.plots.gallery import gallery

__all__ = ["gallery"]
