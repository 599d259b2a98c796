"""The model card, from evidence alone.

Its sections are those of Mitchell et al., *Model Cards for Model Reporting* (FAT* 2019). What the record
holds is told with its source; what only people know is taken from `card:` in the project file; what
nobody said is said to be unknown, with the key that states it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from keepwell import __version__
from keepwell.core.records import Estimate
from keepwell.operations.insight.words import fairness_words
from keepwell.operations.lighter import told
from keepwell.operations.reports import plain
from keepwell.operations.reports.dossier import Dossier
from keepwell.tracking.metrics import meaning

Fact = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section: facts with a label, and sentences."""

    title: str
    facts: tuple[Fact, ...] = ()
    lines: tuple[str, ...] = ()


def card_sections(dossier: Dossier) -> list[Section]:
    """Return the nine sections, in the order of the paper."""
    card, version, found = dossier.card, dossier.version, dossier.evaluation
    numbers = [
        (name, f"{estimate.value:.4g}{_interval(estimate)}: {meaning(name)}")
        for name, estimate in _first(dossier)
    ]
    chosen = f"chosen by {version.metric}; the gate {_gate(dossier)}"
    return [
        Section(title="Model details", facts=tuple(_details(dossier))),
        Section(
            title="Intended use",
            facts=(
                ("use", _said(card.intended_use, "intended_use")),
                ("users", _said(card.intended_users, "intended_users")),
                ("out of scope", _said(card.out_of_scope, "out_of_scope")),
            ),
        ),
        Section(
            title="Factors", facts=(("groups and conditions", _said(card.factors, "factors")),)
        ),
        Section(title="Metrics", facts=tuple(numbers), lines=(chosen,)),
        Section(title="Evaluation data", lines=tuple(_evaluation_data(dossier))),
        Section(title="Training data", lines=tuple(_training_data(dossier))),
        Section(
            title="Quantitative analyses",
            lines=(*plain.quality(dossier), *plain.weak_spots(dossier)),
        ),
        Section(
            title="Ethical considerations",
            facts=(("considerations", _said(card.ethical, "ethical")),),
            lines=tuple(_fairness(dossier)),
        ),
        Section(
            title="Caveats and recommendations",
            facts=(("limits", _said(card.limits, "limits")),),
            lines=(found.warning,) if found is not None and found.warning else (),
        ),
    ]


def card_markdown(dossier: Dossier) -> str:
    """Return the card as Markdown."""
    version = dossier.version
    lines = [f"# Model card: {version.model}, version {version.version}", ""]
    for section in card_sections(dossier):
        lines += [f"## {section.title}", ""]
        lines += [f"- **{label}**: {text}" for label, text in section.facts]
        lines += [""] if section.facts and section.lines else []
        lines += [f"- {line}" for line in section.lines]
        lines.append("")
    lines.append(
        f"Written by Keepwell {__version__} from the record of run {dossier.run.id} and `card:` in "
        "keepwell.yaml. Sections after Mitchell et al., *Model Cards for Model Reporting*, 2019."
    )
    return "\n".join(lines) + "\n"


def _said(text: str, key: str) -> str:
    return text or f"Not stated. State it as `card: {{{key}: …}}` in keepwell.yaml."


def _details(dossier: Dossier) -> list[Fact]:
    version, run, card = dossier.version, dossier.run, dossier.card
    made = datetime.fromtimestamp(version.created, UTC).strftime("%Y-%m-%d %H:%M UTC")
    code = run.code.commit[:12] if run.code.commit else "the project was in no Git repository"
    proof = version.proof
    served = "not known"
    if proof is not None:
        served = (
            f"compiled; equal to the original on {proof.rows:,} rows within {proof.largest_difference:.2g}"
            if proof.compiled
            else f"as it is: {proof.reason}"
        )
    return [
        ("version", version.key),
        ("made", made),
        *_lighter(dossier),
        ("kind", f"{version.learner or 'unknown learner'}, {version.signature.task.value}"),
        ("predicts", version.signature.target),
        ("inputs", ", ".join(item.name for item in version.signature.inputs)),
        ("served", served),
        ("code", code),
        ("owner", _said(card.owner, "owner")),
        ("license", _said(card.license, "license")),
        ("contact", _said(card.contact, "contact")),
    ]


def _lighter(dossier: Dossier) -> list[Fact]:
    """Say what a lighter variant was made from, what was kept, and what that gains and costs."""
    found = dossier.lighter
    if found is None:
        return []
    return [
        ("lighter variant of", f"{found.parent}, not trained itself; kept: {found.form}"),
        ("against it", told(found, dossier.version.key)),
    ]


def _first(dossier: Dossier) -> Sequence[tuple[str, Estimate]]:
    from keepwell.tracking.metrics import headlines

    version = dossier.version
    names = dict.fromkeys((version.metric, *headlines(version.signature.task)))
    return [(name, version.metrics[name]) for name in names if name in version.metrics]


def _interval(estimate: Estimate) -> str:
    if estimate.low is None:
        return ""
    return f" (95% interval {estimate.low:.4g} to {estimate.high:.4g})"


def _gate(dossier: Dossier) -> str:
    gate = dossier.version.gate
    if gate is None:
        return "has not judged it"
    checks = "; ".join(f"{item.name} {'✓' if item.passed else '✗'}" for item in gate.checks)
    return f"{'passed' if gate.passed else 'stayed closed'}" + (f" ({checks})" if checks else "")


def _evaluation_data(dossier: Dossier) -> list[str]:
    found = dossier.evaluation
    if found is None:
        return ["Not known: the version was registered without its evaluation."]
    rows = f"{found.rows:,} rows of {dossier.version.dataset}"
    return [f"{rows}, never used in any choice: {found.split_reason}."]


def _training_data(dossier: Dossier) -> list[str]:
    dataset = dossier.dataset
    if dataset is None:
        return ["Not known: the version was registered without its data."]
    told = [
        f"{dataset.key}: {dataset.rows:,} rows and {len(dataset.columns)} columns from {dataset.source}, "
        f"content {dataset.digest[:12]}."
    ]
    return told + [
        f"{item['message']}" + (" (left out)" if item.get("dropped") else "")
        for item in dossier.findings
    ]


def _fairness(dossier: Dossier) -> list[str]:
    gate = dossier.version.gate
    checks = [item for item in gate.checks if item.name.startswith("fairness")] if gate else []
    told = [f"{item.name}: {item.detail or item.value}" for item in checks]
    for view in dossier.fairness:
        sentences = " ".join(fairness_words(view))
        told.append(sentences if view.named else f"{sentences} (suggested, not named)")
    if not told:
        key = "`fairness: {columns: […]}`"
        return [f"Not measured: no protected column is named. Name it as {key}."]
    return told
