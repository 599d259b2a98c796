"""A version told to people: the report, one HTML file that needs no network, and the model card."""

from keepwell.operations.reports.card import Section, card_markdown, card_sections
from keepwell.operations.reports.dossier import Dossier, open_dossier
from keepwell.operations.reports.page import render_report

__all__ = [
    "Dossier",
    "Section",
    "card_markdown",
    "card_sections",
    "open_dossier",
    "render_report",
]
