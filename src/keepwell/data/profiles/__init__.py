"""Profiles: the statistics of a table, in one pass.

    profile = profile_table(table, version.columns)
    profile.column("tenure").quantiles

The pass is made of summaries that take a chunk at a time and never look back. Up to one chunk of rows
(262,144) all of it is exact; beyond, quantiles and histograms rest on 2,048 points of each chunk, off by
less than a thousandth of the rows, and counts of distinct values above 10,000 are estimates.
"""

from keepwell.data.profiles.profiler import Profiler, profile_table

__all__ = ["Profiler", "profile_table"]
