"""Sources: files of rows, seen through one face.

    source = open_source("data/2024-*.csv.gz", root)
    source.names                 # ('customerID', 'tenure', …), the same in every file
    source.files[0].sample()     # raw values, to infer types from

A format is a function from a path to a `DataFile`, found by the name's suffix among the plugins of
`keepwell.sources`; ours are registered there like anybody else's.
"""

from keepwell.data.sources.files import DataFile, Sample
from keepwell.data.sources.source import Source, open_source

__all__ = ["DataFile", "Sample", "Source", "open_source"]
