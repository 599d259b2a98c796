"""The templates by name; each is loaded when it is asked for."""

from importlib import import_module

from keepwell.cli.templates.template import Template
from keepwell.core.errors import UsageError
from keepwell.core.suggestions import did_you_mean

NAMES = (
    "house-prices",
    "churn",
    "fraud",
    "spam",
    "sentiment",
    "chatbot",
    "images",
    "recommendations",
    "forecast",
    "customer-segmentation",
    "predictive-maintenance",
    "anomalies",
)


def template(name: str) -> Template:
    """Return one template.

    Raises:
        UsageError: If there is none of that name.
    """
    if name not in NAMES:
        raise UsageError(
            f"there is no template '{name}'",
            why=f"there are: {', '.join(NAMES)}",
            now=did_you_mean(name, NAMES) or "keepwell init --template churn",
        )
    module = import_module(f"keepwell.cli.templates.worlds.{name.replace('-', '_')}")
    found: Template = module.TEMPLATE
    return found
