"""Sphinx configuration: Markdown in, HTML out, nothing fetched."""

project = "Keepwell"
copyright = "the Keepwell maintainers"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Keepwell"
myst_heading_anchors = 3
# Decisions and pages point at source files, which are not part of the built site.
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure"]
