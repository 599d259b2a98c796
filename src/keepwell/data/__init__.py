"""Data: from files to named, versioned, checked tables.

    datasets = Datasets(metadata, blobs, tables, clock, staging=home / "staging")
    version = datasets.ingest("churn", "data/*.csv.gz", root=root, contract=root / "contract.yaml")
    table = datasets.read(version, columns=["tenure", "Churn"])

A source's files are read in chunks (`sources`), text becomes values (`readings`, chosen by
`inference`), every batch is held against the contract (`contracts`) before a row of it is stored, and
what was seen is summed up (`profiles`). `fingerprint` tells, without reading, whether a source changed.

Nothing is imported here: `keepwell.data.fingerprint` must stay free of heavy libraries.
"""

__all__: list[str] = []
