"""For training scripts of one's own: `import keepwell as kw`, and one call makes the run visible.

    run = kw.watch(model, optimizer)          # PyTorch: loss, gradients, rates, checkpoints, by themselves
    for step in run.steps(1000):              # goes on where a killed run stopped
        ...
    kw.log(val_loss=0.31)                     # anything else, from any library
    kw.register(model, test, target="price")  # measured, gated, servable

`kw.monitor` is for the programs that ask a model which is served elsewhere.

`keepwell run --script train.py` runs such a script with a record; `python train.py` keeps one too, if it is
in a project's folder. Outside of any project the calls do nothing but say so once.
"""

from keepwell.script import monitor
from keepwell.script.calls import log, log_examples, log_params, register
from keepwell.script.watching import watch

__all__ = ["log", "log_examples", "log_params", "monitor", "register", "watch"]
