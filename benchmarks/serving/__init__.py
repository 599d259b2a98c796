"""Predictions over HTTP: ours, logged, against floors that answer a constant, and against peers.

    python -m benchmarks.serving                    # ours and the floors
    python -m benchmarks.serving --seconds 3 --rounds 2
    python -m benchmarks.serving --peers            # and the others, each in an environment of its own

One pinned worker on core 0, the load generator (`wrk`) on core 1. Every server gets short runs in turn,
so that a noisy machine is noisy for all of them: read the ratios.
"""
