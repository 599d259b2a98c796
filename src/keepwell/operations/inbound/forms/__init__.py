"""How each system tells its alerts: one file a system."""

from keepwell.operations.inbound.forms.alertmanager import read_alertmanager
from keepwell.operations.inbound.forms.base import Form
from keepwell.operations.inbound.forms.datadog import read_datadog
from keepwell.operations.inbound.forms.generic import read_generic
from keepwell.operations.inbound.forms.pagerduty import read_pagerduty

FORMS: dict[str, Form] = {
    "alertmanager": read_alertmanager,
    "datadog": read_datadog,
    "pagerduty": read_pagerduty,
    "generic": read_generic,
}

__all__ = ["FORMS", "Form"]
