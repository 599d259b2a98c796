"""What the manifests have in common, and the parts that they share."""

from dataclasses import dataclass
from typing import Any

from keepwell.deployment.targets.docker import PORT, USER

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to run, and how much of it.

    Attributes:
        name: Of everything: a DNS label.
        endpoint: The name that the model answers under.
        version: Of the model.
        image: Of the container.
        least: Copies that run at least.
        most: Copies that run at most.
        cpu: What a copy asks for.
        memory_mb: What a copy asks for, and may use.
    """

    name: str
    endpoint: str
    version: int
    image: str
    least: int
    most: int
    cpu: str
    memory_mb: int

    def metadata(self) -> Manifest:
        """Return a manifest's metadata."""
        return {"name": self.name, "labels": self.labels()}

    def labels(self) -> dict[str, str]:
        """Return what everything of this model is labelled with."""
        return {
            **self.selector(),
            "app.kubernetes.io/version": str(self.version),
            "app.kubernetes.io/part-of": "keepwell",
        }

    def selector(self) -> dict[str, str]:
        """Return the labels that never change from version to version."""
        return {"app.kubernetes.io/name": self.name, "app.kubernetes.io/component": "model"}

    def container(self, name: str, port: str) -> Manifest:
        """Return the container: not as root, nothing writable, no privileges."""
        return {
            "name": name,
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            "ports": [{"name": port, "containerPort": PORT, "protocol": "TCP"}],
            "readinessProbe": probe("/readyz", periodSeconds=5, timeoutSeconds=2),
            "livenessProbe": probe(
                "/healthz", periodSeconds=10, timeoutSeconds=3, failureThreshold=3
            ),
            "resources": {
                "requests": {"cpu": self.cpu, "memory": f"{self.memory_mb}Mi"},
                "limits": {"memory": f"{self.memory_mb}Mi"},
            },
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        }


def probe(path: str, **timing: int) -> Manifest:
    """Return a probe by HTTP."""
    return {"httpGet": {"path": path, "port": PORT}, **timing}
