"""Keepwell: the whole machine-learning stack in one install, with the loop closed."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keepwell.deployment.scoring.compiling import compile_model as compile
    from keepwell.project import Project
    from keepwell.script import log, log_examples, log_params, monitor, register, watch
    from keepwell.services.pretrained.asking import ask

__version__ = "0.1.0"
__all__ = [
    "Project",
    "__version__",
    "ask",
    "compile",
    "log",
    "log_examples",
    "log_params",
    "monitor",
    "register",
    "watch",
]

_FROM = {
    "Project": ("keepwell.project", "Project"),
    **{
        name: ("keepwell.script", name)
        for name in ("log", "log_examples", "log_params", "monitor", "register", "watch")
    },
    "ask": ("keepwell.services.pretrained.asking", "ask"),
    "compile": ("keepwell.deployment.scoring.compiling", "compile_model"),
}


def __getattr__(name: str) -> Any:
    """Load what is asked for: `import keepwell` alone loads nothing."""
    if name in _FROM:
        module, attribute = _FROM[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'keepwell' has no attribute '{name}'")
