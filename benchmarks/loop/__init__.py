"""The loop against simpler rules of when to retrain, on real streams replayed in order of time."""

import os

os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # so that seconds of the processor are seconds of one core
