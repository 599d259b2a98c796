"""The alerts of other systems, as they stand; every change of one is an event."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from keepwell.core.clock import Clock
from keepwell.core.errors import NotFoundError
from keepwell.core.ports import MetadataStore
from keepwell.core.records import Endpoint, Signal
from keepwell.core.records.notice import Notice
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.metadata import Collection
from keepwell.operations.inbound.forms import FORMS
from keepwell.operations.loop.view import Happening

STALE = 86_400.0
"""Seconds after which an alert that was not told again counts as over; Alertmanager repeats every 4 hours."""

KIND = "external"
_RECENT = 1_000


class Notices:
    """What other systems told.

    Args:
        metadata: The record.
        clock: Stamps what comes.
    """

    def __init__(self, metadata: MetadataStore, clock: Clock) -> None:
        self._records = Collection(
            metadata, "notice", Notice, name=lambda one: f"{one.source}/{one.alert}"
        )
        self._endpoints = Collection(metadata, "endpoint", Endpoint, name=lambda one: one.name)
        self._clock = clock

    def tell(self, source: str, body: Mapping[str, Any]) -> list[Notice]:
        """Take what a system sends, and return the alerts as they stand now.

        Raises:
            NotFoundError: If no such system is known.
            InvalidDataError: If it is not what that system sends; nothing is kept then.
        """
        if source not in FORMS:
            raise NotFoundError(
                f"no system is called '{source}'",
                why=f"known: {', '.join(FORMS)}",
                now=did_you_mean(source, FORMS) or "post to /api/v1/webhooks/generic",
            )
        known = {one.name for one in self._endpoints.find()}
        notices = []
        for read in FORMS[source](body, self._clock.now()):
            notice = read if read.endpoint in known else replace(read, endpoint="")
            before = self._records.get(f"{notice.source}/{notice.alert}")
            if before is None and notice.resolved is not None:
                continue  # over before anything was known of it
            if before is not None and before.resolved is None:
                notice = replace(notice, began=min(before.began, notice.began))
            verb = "resolved" if notice.resolved is not None else "told" if before else "raised"
            self._records.write(notice, verb, notice.message or notice.title)
            notices.append(notice)
        return notices

    def firing(self) -> list[Notice]:
        """Return the alerts that go on, the newest first."""
        after = self._clock.now() - STALE
        found = self._records.find(limit=_RECENT)
        return [one for one in found if one.resolved is None and one.told >= after]

    def signals(self, endpoint: str) -> tuple[Signal, ...]:
        """Return those that name an endpoint, as signals."""
        return tuple(
            Signal(
                kind=KIND,
                endpoint=endpoint,
                version=0,
                column=one.title,
                value=one.severity,
                limit=0.0,
                severity=one.severity,
                message=said(one),
                since=one.began,
                until=one.told,
            )
            for one in self.firing()
            if one.endpoint == endpoint
        )

    def happenings(self) -> tuple[Happening, ...]:
        """Return those that name no endpoint, as what happened around all of them."""
        return tuple(
            Happening(time=one.began, kind=KIND, what=said(one))
            for one in self.firing()
            if not one.endpoint
        )


def said(notice: Notice) -> str:
    """Return an alert in one sentence."""
    where = f" on {notice.host}" if notice.host else ""
    more = f": {notice.message}" if notice.message and notice.message != notice.title else ""
    return f"{notice.source} says {notice.title}{where}{more}"
