"""Where things are kept: the record, measurements, blobs, tables, files, locks, the project file.

Each module is an adapter of a port in `core.ports`, or the one place that speaks to the operating system
about its subject. Nothing is imported here, so that who needs a lock does not load a database.
"""
