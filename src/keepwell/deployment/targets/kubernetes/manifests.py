"""Deployment, Service, autoscaler, disruption budget and Ingress."""

from keepwell.deployment.targets.kubernetes.wish import Manifest, Wish, probe

_BUSY = 70  # percent of the CPU that a copy asked for, above which another one is started


def deployment(wish: Wish) -> Manifest:
    """Return the Deployment. The number of copies is the autoscaler's."""
    container = wish.container("model", "http")
    container["startupProbe"] = probe("/readyz", periodSeconds=1, failureThreshold=60)
    # Until everybody has heard that this copy leaves, requests still come: it must still answer.
    container["lifecycle"] = {"preStop": {"exec": {"command": ["sleep", "5"]}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": wish.metadata(),
        "spec": {
            "selector": {"matchLabels": wish.selector()},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
            },
            "minReadySeconds": 5,
            "revisionHistoryLimit": 5,
            "template": {
                "metadata": {"labels": wish.labels()},
                "spec": {
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": 30,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "topologySpreadConstraints": [
                        {
                            "maxSkew": 1,
                            "topologyKey": "kubernetes.io/hostname",
                            "whenUnsatisfiable": "ScheduleAnyway",
                            "labelSelector": {"matchLabels": wish.selector()},
                        }
                    ],
                    "containers": [container],
                },
            },
        },
    }


def service(wish: Wish) -> Manifest:
    """Return the Service: port 80 inside the cluster."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": wish.metadata(),
        "spec": {
            "type": "ClusterIP",
            "selector": wish.selector(),
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def autoscaler(wish: Wish) -> Manifest:
    """Return the HorizontalPodAutoscaler: by CPU, up at once, down slowly."""
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": wish.metadata(),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": wish.name},
            "minReplicas": wish.least,
            "maxReplicas": wish.most,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": _BUSY},
                    },
                }
            ],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
        },
    }


def disruption_budget(wish: Wish) -> Manifest:
    """Return the PodDisruptionBudget: one copy at a time, so that a node can always be emptied."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": wish.metadata(),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": wish.selector()}},
    }


def ingress(wish: Wish, host: str, tls_secret: str) -> Manifest:
    """Return the Ingress: the model's own paths on a host, and nothing else of it."""
    backend = {"service": {"name": wish.name, "port": {"name": "http"}}}
    paths = [f"/endpoints/{wish.endpoint}/predict", "/v2"]
    spec: Manifest = {
        "rules": [
            {
                "host": host,
                "http": {
                    "paths": [
                        {"path": path, "pathType": "Prefix", "backend": backend} for path in paths
                    ]
                },
            }
        ]
    }
    if tls_secret:
        spec["tls"] = [{"hosts": [host], "secretName": tls_secret}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": wish.metadata(),
        "spec": spec,
    }


def kustomization(resources: list[str]) -> Manifest:
    """Return what `kubectl apply -k` reads."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
    }
