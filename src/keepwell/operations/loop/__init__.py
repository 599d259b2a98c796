"""The closed loop: look, decide, act, check.

The heart is a pure function, `tick(view, now)`: a frozen `View` of one endpoint in, a tuple of frozen
actions out. It never remembers anything by itself; what must be remembered is in the record, and the
view shows it. So the loop compares what is with what should be, again at every look, and a crash
between two looks costs one look.

`Executor` stores each decision with its evidence, then carries it out through the port `Effects`.
`LoopService` does that again and again. A dry run is a tick without an executor.
"""
