"""Features that are made of columns: formulas, groups, counts of a text."""
