"""The short way for the usual request: JSON rows that fit the signature exactly, answered by one version.

    if not hot.take(connection, None, asked, body):
        ...                                     # the long way, by the door

Whatever is not quite usual (a column too many, a number for a label, a strange date, a canary, a probe)
is not taken, and goes the long way: there it is understood, or refused in words. Law: what is taken is
answered and logged as the long way would.

All that is taken in one turn of the event loop is written to the prediction log by one system call, then
answered.
"""

from keepwell.deployment.server.hot.path import Asked, HotPath

__all__ = ["Asked", "HotPath"]
