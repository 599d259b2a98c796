"""Whole projects to start from: `keepwell init --template churn`.

Each names a use, brings or makes its data, and says in which mode it is deployed: asked one row at a
time, or by a job that scores a file on a schedule. `worlds` makes the data; `writing` lays out the folder.
"""
