"""Keepwell: the whole machine-learning stack in one install, with the loop closed."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keepwell.project import Project

__version__ = "0.1.0"
__all__ = ["Project", "__version__"]


def __getattr__(name: str) -> Any:
    """Load `Project` when it is asked for: `import keepwell` alone loads nothing."""
    if name == "Project":
        return import_module("keepwell.project").Project
    raise AttributeError(f"module 'keepwell' has no attribute '{name}'")
