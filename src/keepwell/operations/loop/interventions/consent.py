"""What people say about interventions: yes, no, take it back, or do this now.

They write it into the record, in their name; the loop acts on it at its next look. Where a role must agree,
whoever speaks shows a token that has it.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from keepwell.core.clock import Clock
from keepwell.core.errors import ConflictError, KeepwellError, NotFoundError, UsageError
from keepwell.core.events import acting_as, current_actor
from keepwell.core.identifiers import new_id
from keepwell.core.records import Intervention, Token
from keepwell.core.spec.looping import PLAYBOOKS, TRAINING, BoundsSpec
from keepwell.core.suggestions import did_you_mean
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.interventions.rules import ANYONE, CHANGING


class RoleError(KeepwellError):
    """Whoever asks does not have the role that must agree."""

    headline = "That takes a role that you did not show"
    http_status = 403


class Consent:
    """What people may do about interventions.

    Args:
        incidents: The loop's memory.
        clock: The time.
        limits: `loop.limits` of the project.
        holder: Returns the good token of a text; None if there is none.
        plan: Finds out what a playbook would do, without doing it.
    """

    def __init__(
        self,
        incidents: Incidents,
        clock: Clock,
        limits: BoundsSpec,
        holder: Callable[[str], Token | None],
        plan: Callable[[Intervention], Intervention],
    ) -> None:
        self._incidents = incidents
        self._clock = clock
        self._limits = limits
        self._holder = holder
        self._plan = plan

    def find(self, identifier: str) -> Intervention:
        """Return an intervention by its id, the beginning of it, or `latest`.

        Raises:
            NotFoundError: If there is none, or several begin so.
        """
        found = self._incidents.interventions()
        if identifier == "latest" and found:
            return max(found, key=lambda one: one.decided)
        matching = [one for one in found if one.id == identifier] or [
            one for one in found if one.id.startswith(identifier)
        ]
        if len(matching) == 1:
            return matching[0]
        names = [one.id for one in found if not one.over] or [one.id for one in found[:5]]
        raise NotFoundError(
            f"there is no intervention '{identifier}'"
            if not matching
            else f"several interventions begin with '{identifier}'",
            why=f"there are: {', '.join(names[:5])}" if names else "the loop did nothing so far",
            now=did_you_mean(identifier, names) or "keepwell loop history",
        )

    def approve(self, identifier: str, *, token: str = "") -> Intervention:
        """Agree to a proposal: the loop carries it out at its next look.

        Raises:
            RoleError: If a role must agree, and the token does not have it.
            ConflictError: If it is no proposal any more.
        """
        return self._answered(identifier, "approved", "", token)

    def refuse(self, identifier: str, reason: str = "", *, token: str = "") -> Intervention:
        """Refuse a proposal; its rule rests for its cooldown."""
        return self._answered(identifier, "refused", reason.strip(), token)

    def undo(self, identifier: str, reason: str = "", *, token: str = "") -> Intervention:
        """Ask the loop to take back what it did.

        Raises:
            ConflictError: If there is nothing to take back.
        """
        one = self.find(identifier)
        actor = self._allowed(one.approval or self._role_for(one.playbook), token)
        if one.playbook in TRAINING or one.status not in ("acting", "watching", "kept"):
            raise ConflictError(
                f"{one.playbook} '{one.id}' is {one.status}: there is nothing to undo",
                why="a model that was trained is taken back by `keepwell rollout`"
                if one.playbook in TRAINING
                else "only what was carried out can be taken back",
                now="keepwell loop history",
            )
        why = reason.strip() or "asked for"
        with acting_as(actor):
            stored, seen = self._incidents.intervention(one.key)
            undone = replace(stored, status="undoing", outcome=f"{why} ({actor})", ended=None)
            self._incidents.settle_by_hand(undone, "undoing", why, seen)
        return undone

    def draft(self, playbook: str, endpoint: str, options: Mapping[str, Any]) -> Intervention:
        """Return what a playbook would do now, with the effect that is expected: nothing is done.

        Raises:
            UsageError: If there is no such playbook, or it cannot use the options.
            KeepwellError: If it cannot be done here and now.
        """
        if playbook not in PLAYBOOKS:
            raise UsageError(
                f"there is no playbook '{playbook}'",
                why=f"there are: {', '.join(PLAYBOOKS)}",
                now=did_you_mean(playbook, PLAYBOOKS),
            )
        now = self._clock.now()
        one = Intervention(
            id=f"hand-{new_id(now)}",
            endpoint=endpoint,
            playbook=playbook,
            options=dict(options),
            reason=f"asked for by {current_actor()}",
            decided=now,
        )
        return self._plan(one)

    def request(
        self, playbook: str, endpoint: str, options: Mapping[str, Any], *, token: str = ""
    ) -> Intervention:
        """Ask the loop to use a playbook now; what else it does is done first."""
        actor = self._allowed(self._role_for(playbook), token)
        with acting_as(actor):
            one = replace(
                self.draft(playbook, endpoint, options), status="approved", approved_by=actor
            )
            self._incidents.settle_by_hand(one, "approved", one.reason, 0)
        return one

    def _answered(self, identifier: str, status: str, reason: str, token: str) -> Intervention:
        one = self.find(identifier)
        actor = self._allowed(one.approval, token)
        stored, seen = self._incidents.intervention(one.key)
        if stored.status != "proposed":
            raise ConflictError(
                f"'{one.id}' is {stored.status}: it waits for nobody's word",
                why=stored.outcome or "it was decided before",
                now="keepwell loop history",
            )
        ended = self._clock.now() if status == "refused" else None
        said = replace(stored, status=status, approved_by=actor, outcome=reason, ended=ended)
        with acting_as(actor):
            self._incidents.settle_by_hand(said, status, reason, seen)
        return said

    def _role_for(self, playbook: str) -> str:
        return self._limits.approval if playbook in CHANGING else ""

    def _allowed(self, role: str, token: str) -> str:
        """Return in whose name it is done."""
        holder = self._holder(token) if token else None
        if token and holder is None:
            raise RoleError(
                "the token is not a good one",
                why="it was mistyped, revoked, or has expired",
                now="keepwell tokens",
            )
        if role in ("", ANYONE):
            return f"token:{holder.name}" if holder else current_actor()
        if holder is None or role not in holder.roles:
            who = f"'{holder.name}' does not have it" if holder else "no token was shown"
            raise RoleError(
                f"the role '{role}' must agree",
                why=who,
                now=f"keepwell tokens create NAME --role {role}; then show the token"
                " (--token, or KEEPWELL_TOKEN)",
            )
        return f"token:{holder.name}"
