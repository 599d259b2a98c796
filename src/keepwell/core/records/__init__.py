"""The records that layers hand to each other: frozen, slotted, keyword-only.

A record is what happened or what is; it has no behaviour beyond what its own fields decide. All are
JSON-serialisable (see `infrastructure.codec`), and every field that may be absent has a default, so
that records written by an older version still read.
"""

from keepwell.core.records.alert import Act, Alert, Attempt, Delivery, Hit, Silence
from keepwell.core.records.dataset import (
    LEARNABLE,
    Column,
    ColumnProfile,
    ColumnType,
    DatasetVersion,
    Finding,
    Histogram,
    Profile,
)
from keepwell.core.records.endpoint import Endpoint, Quarantined, Rollout, RolloutStep, Route
from keepwell.core.records.evaluation import Evaluation, Slice
from keepwell.core.records.fairness import FairnessView, Group, Mitigation
from keepwell.core.records.flags import CohortRule, Flags
from keepwell.core.records.incident import Care, Cause, Decision, Entry, Incident, Note, Signal
from keepwell.core.records.intervention import Effect, Intervention
from keepwell.core.records.model import (
    Alias,
    Bundle,
    BundleFile,
    Field,
    GateCheck,
    GateVerdict,
    History,
    KeptPart,
    ModelVersion,
    Parity,
    Proof,
    Signature,
    Task,
)
from keepwell.core.records.overview import Dependence, Interaction, Overview
from keepwell.core.records.prediction import Outcome, Prediction
from keepwell.core.records.resources import Resources
from keepwell.core.records.run import Artifact, CodeVersion, Estimate, Run
from keepwell.core.records.scale import Scale
from keepwell.core.records.token import SCOPES, Token

__all__ = [
    "LEARNABLE",
    "SCOPES",
    "Act",
    "Alert",
    "Alias",
    "Artifact",
    "Attempt",
    "Bundle",
    "BundleFile",
    "Care",
    "Cause",
    "CodeVersion",
    "CohortRule",
    "Column",
    "ColumnProfile",
    "ColumnType",
    "DatasetVersion",
    "Decision",
    "Delivery",
    "Dependence",
    "Effect",
    "Endpoint",
    "Entry",
    "Estimate",
    "Evaluation",
    "FairnessView",
    "Field",
    "Finding",
    "Flags",
    "GateCheck",
    "GateVerdict",
    "Group",
    "Histogram",
    "History",
    "Hit",
    "Incident",
    "Interaction",
    "Intervention",
    "KeptPart",
    "Mitigation",
    "ModelVersion",
    "Note",
    "Outcome",
    "Overview",
    "Parity",
    "Prediction",
    "Profile",
    "Proof",
    "Quarantined",
    "Resources",
    "Rollout",
    "RolloutStep",
    "Route",
    "Run",
    "Scale",
    "Signal",
    "Signature",
    "Silence",
    "Slice",
    "Task",
    "Token",
]
