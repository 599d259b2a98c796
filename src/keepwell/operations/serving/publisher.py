"""Tells the workers what the record says: endpoints to routes, whoever changed them."""

from pathlib import Path
from typing import TYPE_CHECKING

from keepwell.core.clock import SystemClock
from keepwell.core.ports import MetadataStore
from keepwell.core.spec import ServeSpec
from keepwell.governance.tokens import Tokens
from keepwell.operations.serving.probe_token import known_by, probe_token

if TYPE_CHECKING:
    from keepwell.deployment.endpoints import Endpoints
    from keepwell.tracking.registry import Registry


class Publisher:
    """Keeps the routing file equal to the record. The record is the truth; the file follows it."""

    def __init__(
        self,
        home: Path,
        metadata: MetadataStore,
        endpoints: "Endpoints",
        registry: "Registry",
        blobs: str,
        serve: ServeSpec,
    ) -> None:
        self._home = home
        self._metadata = metadata
        self._endpoints = endpoints
        self._registry = registry
        self._blobs = blobs
        self._serve = serve
        self._tokens = Tokens(metadata, SystemClock())
        self._seen = 0

    def publish(self) -> int:
        """Write the routing file and return its generation."""
        from keepwell.deployment.server import publish_routes

        own = probe_token(self._home, self._serve)
        ours = [known_by(own)] if own else []
        return publish_routes(
            self._home,
            self._endpoints.find(),
            self._registry.get,
            blobs=self._blobs,
            log=self._serve.log,
            limits=self._serve.limits,
            memory=self._serve.memory,
            idle=self._serve.idle,
            tokens=[*self._tokens.good(), *ours],
            tokens_required=self._serve.tokens == "required",
        )

    def follow(self) -> None:
        """Publish if an endpoint or a token changed since: by a command, the loop, or anybody."""
        events = [
            event
            for kind in ("endpoint", "token")
            for event in self._metadata.events(kind=kind, after=self._seen)
        ]
        if events:
            self.publish()
            self._seen = max(event.seq for event in events)
