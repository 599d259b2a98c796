"""The only layer that sees the whole circle: it builds models, watches them, and closes the loop.

`build` turns the project file into a gated model version; `loop` turns what monitors see into
incidents, decisions and healed endpoints.
"""
