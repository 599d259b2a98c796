"""What exports have in common: a model's files, a copy of the code that scores them, and a trial.

    carried = carry(folder, exportable, "serving")
    carried.package        # name of the copy: keepwell_3fa91c22
    carried.packages       # what must be installed beside it, to the version
    carried.trial          # it was started by itself: how fast, and how far from the original

The copy bears a name of its own, made of its content: it never meets an installed Keepwell, nor the copy
of another export in the same process.
"""

from keepwell.deployment.targets.runtime.carrying import Carried, carry
from keepwell.deployment.targets.runtime.packages import Pin, requirements

__all__ = ["Carried", "Pin", "carry", "requirements"]
