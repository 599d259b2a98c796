"""The command line: one module per command, loaded when that command is called.

`main` finds the command, `options` holds what all of them take, `output` is how they speak (tables in a
terminal, plain text in a pipe, one JSON document with `--json`), `failures` how they end badly.
"""
