"""Leading rollouts by evidence: tests that may be looked at at any time, and what follows from them.

`sequential`, `ratio` and `posteriors` are the mathematics; `pairs` scores the same rows by both versions, off
the path; `evidence` gathers what a step has shown; `judgement` says what it means; `keeper` acts on it.
"""
