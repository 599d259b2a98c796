"""Files for other systems: rules for Prometheus, dashboards for Grafana."""

from keepwell.operations.outbound.files.grafana import dashboards
from keepwell.operations.outbound.files.rules import prometheus_rules

__all__ = ["dashboards", "prometheus_rules"]
