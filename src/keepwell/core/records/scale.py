"""How many workers answer."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How many workers a running `keepwell up` is to have.

    Attributes:
        workers: Those that answer for every endpoint.
        pools: Those that answer for one endpoint alone, by its name.
        declared: What the project file and the command line said when it was started.
    """

    workers: int = 1
    pools: dict[str, int] = field(default_factory=dict)
    declared: str = ""
