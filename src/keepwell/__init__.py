"""Keepwell: the whole machine-learning stack in one install, with the loop closed."""

__version__ = "0.1.0"
