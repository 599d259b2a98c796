"""What must not become a feature, found before anything is trained.

A guard looks at the columns beside the target and returns findings. Its law: it names the columns,
says why and what was done; what it drops comes back with `keep:` under `data:`.

| guard | finds |
|---|---|
| `constants` | columns with one value, which say nothing |
| `copies` | the target under another name |
| `sums` | numbers that add up to the target |
| `singles` | columns that predict the target (nearly) alone |
"""

from keepwell.training.guards.evidence import Evidence, gather
from keepwell.training.guards.guarding import Guarded, guard

__all__ = ["Evidence", "Guarded", "gather", "guard"]
