"""`kubernetes`: manifests for the image that `keepwell export docker` makes, and one for KServe.

No manifest names a namespace: `kubectl apply -n NAMESPACE` does.
"""

from keepwell.deployment.targets.kubernetes.target import Kubernetes

__all__ = ["Kubernetes"]
