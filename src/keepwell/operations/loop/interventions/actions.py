"""What can be decided about an intervention."""

from dataclasses import dataclass
from typing import ClassVar

from keepwell.core.records import Effect, Intervention
from keepwell.operations.loop.actions import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class OnIntervention(Action):
    """Base of them: each is about one."""

    intervention: Intervention


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose(OnIntervention):
    """Ask whether it may be done; `planned` where its steps are known without asking the hands."""

    verb: ClassVar[str] = "propose"

    planned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervene(OnIntervention):
    """Do it, or go on after a crash."""

    verb: ClassVar[str] = "intervene"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch(OnIntervention):
    """Watch from now on what it did: its challenger became champion."""

    verb: ClassVar[str] = "watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(OnIntervention):
    """Write down what it did, and leave it in force while its reason lasts."""

    verb: ClassVar[str] = "measure"

    measured: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Fade(OnIntervention):
    """Write down that its reason is gone, or with `back` that it is there again."""

    verb: ClassVar[str] = "fade"

    back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(OnIntervention):
    """Take it back."""

    verb: ClassVar[str] = "undo"

    measured: Effect | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep(OnIntervention):
    """Leave it as it is: it is over."""

    verb: ClassVar[str] = "keep"

    measured: Effect | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire(OnIntervention):
    """Nobody agreed in time, or its reason is gone."""

    verb: ClassVar[str] = "expire"


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp(OnIntervention):
    """It cannot be done, or came to nothing."""

    verb: ClassVar[str] = "give_up"
