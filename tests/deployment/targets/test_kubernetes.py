"""Manifests against the schemas that Kubernetes publishes, and KServe's against its client's fields."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from keepwell.core.errors import UsageError
from keepwell.deployment.standalone.door import Door
from keepwell.deployment.targets import Exportable, Exported, export
from keepwell.deployment.targets.docker import PORT

kubernetes_validate = pytest.importorskip("kubernetes_validate")

NEWEST = kubernetes_validate.latest_version()
OLDEST = "1.30"  # of those that are still looked after when this was written, and two more
ALL = {"ingress": "models.example.com", "tls-secret": "models", "image": "r.example.com/churn:3"}

# KServe's client 0.21 (`kserve.models`) publishes these fields; those of a pod are Kubernetes' own.
KSERVE: dict[str, dict[str, Any]] = {
    "InferenceService": {"apiVersion": str, "kind": str, "metadata": dict, "spec": dict},
    "spec": {"predictor": dict, "transformer": dict, "explainer": dict, "canary": list},
    "predictor": {
        "annotations": dict,
        "autoScaling": dict,
        "batcher": dict,
        "canaryTrafficPercent": int,
        "containerConcurrency": int,
        "deploymentStrategy": dict,
        "labels": dict,
        "logger": dict,
        "maxReplicas": int,
        "minReplicas": int,
        "scaleMetric": str,
        "scaleMetricType": str,
        "scaleTarget": int,
        "timeout": int,
    },
}


@pytest.fixture(scope="module")
def manifests(
    tmp_path_factory: pytest.TempPathFactory, exportable_of: Callable[..., Exportable]
) -> tuple[dict[str, Any], Exported]:
    folder = tmp_path_factory.mktemp("manifests") / "out"
    exported = export("kubernetes", exportable_of(), folder, ALL)
    found = {
        path.relative_to(folder).as_posix(): yaml.safe_load(path.read_text())
        for path in folder.rglob("*.yaml")
    }
    return found, exported


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_manifest_fits_its_schema(
    manifests: tuple[dict[str, Any], Exported], version: str
) -> None:
    found, _ = manifests
    own = {name: item for name, item in found.items() if ".k8s.io" not in item["apiVersion"]}
    kinds = []
    for item in [*own.values(), found["ingress.yaml"]]:
        if "kserve" in item["apiVersion"]:
            continue
        kubernetes_validate.validate(item, version, strict=True)
        kinds.append(item["kind"])
    assert sorted(kinds) == [
        "Deployment", "HorizontalPodAutoscaler", "Ingress", "PodDisruptionBudget", "Service",
    ]  # fmt: skip


def test_the_schemas_are_strict(manifests: tuple[dict[str, Any], Exported]) -> None:
    broken = {**manifests[0]["service.yaml"], "spec": {"prots": []}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, NEWEST, strict=True)


def test_nothing_names_a_namespace(manifests: tuple[dict[str, Any], Exported]) -> None:
    for item in manifests[0].values():
        assert "namespace" not in item.get("metadata", {})


def test_the_pod_is_locked_up(manifests: tuple[dict[str, Any], Exported]) -> None:
    pod = manifests[0]["deployment.yaml"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    rules = container["securityContext"]
    assert rules["readOnlyRootFilesystem"] is True
    assert rules["allowPrivilegeEscalation"] is False
    assert rules["capabilities"] == {"drop": ["ALL"]}
    assert rules["runAsUser"] > 10000
    assert container["resources"]["limits"].keys() == {"memory"}
    strategy = manifests[0]["deployment.yaml"]["spec"]["strategy"]
    assert strategy["rollingUpdate"]["maxUnavailable"] == 0


def test_everything_finds_everything(manifests: tuple[dict[str, Any], Exported]) -> None:
    found, exported = manifests
    deployment = found["deployment.yaml"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    selector = deployment["spec"]["selector"]["matchLabels"]
    assert selector.items() <= labels.items()
    assert "app.kubernetes.io/version" not in selector  # it changes, and a selector must not
    assert found["service.yaml"]["spec"]["selector"] == selector
    assert found["disruption-budget.yaml"]["spec"]["selector"]["matchLabels"] == selector
    scaled = found["autoscaler.yaml"]["spec"]["scaleTargetRef"]
    assert (scaled["kind"], scaled["name"]) == ("Deployment", deployment["metadata"]["name"])
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    (port,) = container["ports"]
    assert port["containerPort"] == PORT
    assert found["service.yaml"]["spec"]["ports"][0]["targetPort"] == port["name"]
    for rule in found["ingress.yaml"]["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            assert path["backend"]["service"]["name"] == found["service.yaml"]["metadata"]["name"]
    assert found["ingress.yaml"]["spec"]["tls"] == [
        {"hosts": ["models.example.com"], "secretName": "models"}
    ]
    listed = set(found["kustomization.yaml"]["resources"])
    assert listed == found.keys() - {"kustomization.yaml", "kserve/inference-service.yaml"}
    memory = exported.figures["memory_mb"]
    assert isinstance(memory, float)
    asked = int(container["resources"]["requests"]["memory"].removesuffix("Mi"))
    assert 10 < memory < 150
    assert asked == max(256, asked)
    assert 2 * memory <= asked


def test_the_probes_ask_what_the_image_answers(
    manifests: tuple[dict[str, Any], Exported], tmp_path: Path, exportable_of: Any
) -> None:
    from keepwell.deployment.standalone import open_model

    export("docker", exportable_of(), tmp_path / "image")
    door = Door(open_model(tmp_path / "image" / "model"))
    found, _ = manifests
    pod = found["deployment.yaml"]["spec"]["template"]["spec"]
    served = found["kserve/inference-service.yaml"]["spec"]["predictor"]
    for container in (*pod["containers"], *served["containers"]):
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            if kind in container:
                assert container[kind]["httpGet"]["port"] == PORT
                assert container[kind]["httpGet"]["path"] in door._reads


def test_the_inference_service_has_the_fields_that_kserve_publishes(
    manifests: tuple[dict[str, Any], Exported],
) -> None:
    item = manifests[0]["kserve/inference-service.yaml"]
    assert item["apiVersion"] == "serving.kserve.io/v1beta1"
    predictor = item["spec"]["predictor"]
    pod = {name: value for name, value in predictor.items() if name not in KSERVE["predictor"]}
    for name, place in (("InferenceService", item), ("spec", item["spec"])):
        assert all(isinstance(place[key], KSERVE[name][key]) for key in place), name
    own = predictor.keys() - pod.keys()
    assert all(isinstance(predictor[key], KSERVE["predictor"][key]) for key in own)
    as_pod = {"apiVersion": "v1", "kind": "Pod", "metadata": item["metadata"], "spec": pod}
    kubernetes_validate.validate(as_pod, NEWEST, strict=True)
    (container,) = pod["containers"]
    assert container["name"] == "kserve-container"
    assert {"name": "PROTOCOL", "value": "v2"} in container["env"]
    assert container["ports"][0]["name"] == "http1"  # Knative takes no other name for HTTP
    assert pod.keys() == {"containers"}  # Knative refuses most of what a pod may say
    assert predictor["minReplicas"] == 0


def test_no_ingress_unless_asked(tmp_path: Path, exportable_of: Any) -> None:
    exported = export("kubernetes", exportable_of(), tmp_path / "out", {"memory": "512"})
    assert not (tmp_path / "out" / "ingress.yaml").exists()
    text = (tmp_path / "out" / "deployment.yaml").read_text()
    assert "memory: 512Mi" in text
    assert "image: churn:3" in text
    assert "keepwell export docker churn@3 -o image" in exported.notes[0]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"replicas": "0"}, "at least one copy"),
        ({"replicas": "5", "max-replicas": "3"}, "no fewer at most"),
        ({"cpu": "lots"}, "counts in cores"),
        ({"ingress": "http://x"}, "host name"),
        ({"tls-secret": "models"}, "there is none"),
    ],
)
def test_what_cannot_be_is_told(
    tmp_path: Path, exportable_of: Any, options: dict[str, str], told: str
) -> None:
    with pytest.raises(UsageError) as caught:
        export("kubernetes", exportable_of(), tmp_path / "out", options)
    assert told in caught.value.why


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("churn", "churn"),
        ("Churn_Model v2", "churn-model-v2"),
        ("7days", "model-7days"),
        ("ünï", "n"),
        ("…", "model"),
        ("a" * 80, "a" * 50),
    ],
)
def test_names_become_labels(name: str, label: str) -> None:
    from keepwell.deployment.targets.kubernetes.target import _label

    assert _label(name) == label
