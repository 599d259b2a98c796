"""Who may, who did, and whether the record of it still holds: audit; later identity, privacy, retention."""

from keepwell.governance.audit import AuditReport, Finding, verify

__all__ = ["AuditReport", "Finding", "verify"]
