"""The REST interface: one module a resource."""

from keepwell.api.routes.alerts import router as alerts
from keepwell.api.routes.asking import open_inference
from keepwell.api.routes.asking import router as asking
from keepwell.api.routes.datasets import router as datasets
from keepwell.api.routes.elsewhere import router as elsewhere
from keepwell.api.routes.endpoints import router as endpoints
from keepwell.api.routes.events import router as events
from keepwell.api.routes.explanations import router as explanations
from keepwell.api.routes.feedback import router as feedback
from keepwell.api.routes.flags import router as flags
from keepwell.api.routes.health import router as health
from keepwell.api.routes.imports import router as imports
from keepwell.api.routes.incidents import router as incidents
from keepwell.api.routes.loop import router as loop
from keepwell.api.routes.metrics import router as metrics
from keepwell.api.routes.models import router as models
from keepwell.api.routes.outlook import router as outlook
from keepwell.api.routes.predictions import router as predictions
from keepwell.api.routes.rollouts import router as rollouts
from keepwell.api.routes.runs import router as runs
from keepwell.api.routes.scale import router as scale
from keepwell.api.routes.traces import router as traces
from keepwell.api.routes.webhooks import router as webhooks

__all__ = [
    "alerts",
    "asking",
    "datasets",
    "elsewhere",
    "endpoints",
    "events",
    "explanations",
    "feedback",
    "flags",
    "health",
    "imports",
    "incidents",
    "loop",
    "metrics",
    "models",
    "open_inference",
    "outlook",
    "predictions",
    "rollouts",
    "runs",
    "scale",
    "traces",
    "webhooks",
]
