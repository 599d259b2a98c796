"""Adapters to other projects. Each needs its extra, and nothing in the stack knows it."""
