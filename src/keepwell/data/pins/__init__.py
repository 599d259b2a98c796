"""Pins: large files whose content lies in the blob store, and whose pointer lies in Git.

    pins = Pins(root, blobs, "s3://team/keepwell", home / "pins.json")
    pins.pin([root / "raw.parquet"])     # writes raw.parquet.pin, and a line in .gitignore
    pins.fetch([])                       # restores what the pointers name

A pointer comes from Git, so from anybody: its paths and digests are checked before anything is done.

Nothing is imported here: `keepwell.data.pins.naming` must stay free of heavy libraries.
"""

__all__: list[str] = []
