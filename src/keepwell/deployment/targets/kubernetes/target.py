"""The options, the files, and what is told."""

import math
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from keepwell.core.errors import UsageError
from keepwell.deployment.targets.base import Exportable, Exported, Option, Value
from keepwell.deployment.targets.docker import SERVER, image_of
from keepwell.deployment.targets.kubernetes import manifests
from keepwell.deployment.targets.kubernetes.inference_service import inference_service
from keepwell.deployment.targets.kubernetes.wish import Manifest, Wish
from keepwell.deployment.targets.runtime import Carried, carry

_CPU = re.compile(r"\d+m?|\d+\.\d+")
_HOST = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LEAST_MB = 256  # room for the largest request, parsed
_LONGEST_NAME = 50  # a DNS label has 63 characters, and Kubernetes adds some


class Kubernetes:
    """Writes manifests."""

    summary = "Manifests: Deployment, Service, autoscaler, disruption budget, and KServe's."
    options = (
        Option(name="image", default="", meaning="With its registry; MODEL:VERSION unless said."),
        Option(name="replicas", default=2, meaning="Copies that run at least."),
        Option(name="max-replicas", default=10, meaning="Copies that run at most."),
        Option(name="cpu", default="250m", meaning="What a copy asks for."),
        Option(
            name="memory",
            default=0,
            meaning="Megabytes for a copy; 0: twice what it took here, 256 at least.",
        ),
        Option(name="ingress", default="", meaning="Host name, for an Ingress."),
        Option(name="tls-secret", default="", meaning="Secret with the Ingress's certificate."),
        Option(name="kserve-replicas", default=0, meaning="The same for KServe; 0: none at rest."),
    )

    def write(self, folder: Path, exportable: Exportable, options: Mapping[str, Value]) -> Exported:
        """Write the manifests, once what the image holds has been tried out."""
        with tempfile.TemporaryDirectory() as elsewhere:
            carried = carry(Path(elsewhere), exportable, "serving", extra=SERVER)
        wish = _wish(exportable, options, carried)
        host = str(options["ingress"])
        found: dict[str, Manifest] = {
            "deployment.yaml": manifests.deployment(wish),
            "service.yaml": manifests.service(wish),
            "autoscaler.yaml": manifests.autoscaler(wish),
            "disruption-budget.yaml": manifests.disruption_budget(wish),
        }
        if host:
            found["ingress.yaml"] = manifests.ingress(wish, host, str(options["tls-secret"]))
        found["kustomization.yaml"] = manifests.kustomization(list(found))
        least = int(options["kserve-replicas"])
        found["kserve/inference-service.yaml"] = inference_service(wish, least=least)
        for name, manifest in found.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(yaml.safe_dump(manifest, sort_keys=False))
        return Exported(figures=carried.figures, notes=_notes(wish, exportable, host))


def _wish(exportable: Exportable, options: Mapping[str, Value], carried: Carried) -> Wish:
    least, most = int(options["replicas"]), int(options["max-replicas"])
    measured = max(_LEAST_MB, 64 * math.ceil(2 * carried.trial.memory_mb / 64))
    memory = int(options["memory"]) or measured
    idle = int(options["kserve-replicas"])
    if least < 1 or most < least or not 0 <= idle <= most or memory < 1:
        raise UsageError(
            f"{least} to {most} copies with {memory} MB each cannot be",
            why="there is at least one copy, no fewer at most than at least, and it has memory",
            now="for example --option replicas=2 --option max-replicas=10",
        )
    if not _CPU.fullmatch(str(options["cpu"])):
        raise UsageError(
            f"the option 'cpu' cannot be '{options['cpu']}'",
            why="Kubernetes counts in cores, 0.5, or thousandths of one, 500m",
            now="for example --option cpu=500m",
        )
    host = str(options["ingress"])
    if host and not _HOST.fullmatch(host):
        raise UsageError(
            f"the option 'ingress' cannot be '{host}'",
            why="it is a host name: lower-case letters, digits, hyphens and dots",
            now="for example --option ingress=models.example.com",
        )
    if options["tls-secret"] and not host:
        raise UsageError(
            "a certificate needs a host name",
            why="the option 'tls-secret' is the Ingress's, and there is none",
            now="for example --option ingress=models.example.com",
        )
    return Wish(
        name=_label(exportable.endpoint),
        endpoint=exportable.endpoint,
        version=exportable.version.version,
        image=str(options["image"]) or image_of(exportable),
        least=least,
        most=most,
        cpu=str(options["cpu"]),
        memory_mb=memory,
    )


def _label(name: str) -> str:
    """Return a name as a DNS label, which is all that Kubernetes takes."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower())[:_LONGEST_NAME].strip("-")
    return plain if plain[:1].isalpha() else f"model-{plain}".rstrip("-")


def _notes(wish: Wish, exportable: Exportable, host: str) -> tuple[str, ...]:
    door = f"https://{host}" if host else f"http://{wish.name}"
    return (
        f"The image is {wish.image}: keepwell export docker "
        f"{exportable.version.model}@{wish.version} -o image",
        "kubectl apply -n NAMESPACE -k .",
        "With KServe, instead of the others:",
        "kubectl apply -n NAMESPACE -f kserve/inference-service.yaml",
        f"It answers POST {door}/endpoints/{wish.endpoint}/predict.",
    )
