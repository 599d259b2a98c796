"""The REST interface: one module a resource."""

from keepwell.api.routes.datasets import router as datasets
from keepwell.api.routes.endpoints import router as endpoints
from keepwell.api.routes.events import router as events
from keepwell.api.routes.feedback import router as feedback
from keepwell.api.routes.flags import router as flags
from keepwell.api.routes.health import router as health
from keepwell.api.routes.incidents import router as incidents
from keepwell.api.routes.metrics import router as metrics
from keepwell.api.routes.models import router as models
from keepwell.api.routes.predictions import asking
from keepwell.api.routes.predictions import router as predictions
from keepwell.api.routes.rollouts import router as rollouts
from keepwell.api.routes.runs import router as runs

__all__ = [
    "asking",
    "datasets",
    "endpoints",
    "events",
    "feedback",
    "flags",
    "health",
    "incidents",
    "metrics",
    "models",
    "predictions",
    "rollouts",
    "runs",
]
