"""What is known when a series is forecast: one set of functions for training and for answering.

    outlook = Outlook(settings, values)          # values: one row per series, one column per step
    outlook.design([seconds], [series], [])      # features, what they are added to, and their scale

Law: what is told of a step at time `t`, forecast `h` steps ahead, depends on values up to `t - h` only, and
on the mean and the spread of the values before the anchor.
"""

from keepwell.features.forecasting.grid import Grid, find_grid
from keepwell.features.forecasting.outlook import Outlook, Settings

__all__ = ["Grid", "Outlook", "Settings", "find_grid"]
