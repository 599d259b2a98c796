"""From records to what a page shows: one module a section, functions of the workspace."""
