"""KServe's InferenceService: the same image, asked by the Open Inference Protocol.

KServe may run it on Knative, which starts it at the first request and stops it when nobody asks. So it
holds only what Knative takes by default: no pod-wide settings, no start-up probe.
"""

from keepwell.deployment.targets.kubernetes.wish import Manifest, Wish, probe

CONTAINER = "kserve-container"
"""The name by which KServe knows the container that predicts."""

_AT_ONCE = 64  # requests in flight, above which another copy is started


def inference_service(wish: Wish, *, least: int) -> Manifest:
    """Return the InferenceService.

    Args:
        wish: What runs.
        least: Copies that run at least; with 0 it costs nothing until somebody asks.
    """
    container = wish.container(CONTAINER, "http1")
    container["env"] = [{"name": "PROTOCOL", "value": "v2"}]
    container["readinessProbe"] = probe(f"/v2/models/{wish.endpoint}/ready", timeoutSeconds=2)
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": wish.metadata(),
        "spec": {
            "predictor": {
                "minReplicas": least,
                "maxReplicas": wish.most,
                "scaleMetric": "concurrency",
                "scaleTarget": _AT_ONCE,
                "timeout": 30,
                "containers": [container],
            }
        },
    }
