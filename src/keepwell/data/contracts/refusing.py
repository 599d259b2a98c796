"""What the user reads when a batch is refused."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from keepwell.core.errors import ContractError
from keepwell.data.contracts.rules import Breach

_LINES = 8
_PLACES = 3


def refusal(dataset: str, breaches: Sequence[Breach], contract: Path) -> ContractError:
    """Return the error for a batch that breaks its contract: rule, count and sample rows.

    `details` holds every breach; the sentences name the first ones.
    """
    count = len(breaches)
    told = [_line(breach) for breach in breaches[:_LINES]]
    if count > _LINES:
        told.append(f"and {count - _LINES} more")
    return ContractError(
        f"the batch for '{dataset}' breaks {count} rule{'s' if count > 1 else ''} "
        f"of {contract.name}; nothing of it was stored",
        why="\n".join(told),
        now=f"mend the rows, or change {contract} if this is how the data is from now on",
        details={"dataset": dataset, "breaches": [asdict(breach) for breach in breaches]},
    )


def _line(breach: Breach) -> str:
    shown = "; ".join(str(place) for place in breach.places[:_PLACES])
    return f"'{breach.column}', {breach.rule}: {breach.message}" + (f" ({shown})" if shown else "")
