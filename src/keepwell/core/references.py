"""How one thing names another: `kind:name`.

    run:01J9ZK…            model_version:churn/3          dataset_version:churn/7
    alias:churn/champion   endpoint:churn                 incident:01JA2M…

Names may hold slashes for what belongs together; `under` lists a branch of that tree.
"""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """A reference to one record."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `kind:name` back.

        Raises:
            ValueError: If there is no colon, or a side of it is empty.
        """
        kind, _, name = text.partition(":")
        if not kind or not name:
            raise ValueError(f"{text!r} is not of the form kind:name")
        return cls(kind, name)
