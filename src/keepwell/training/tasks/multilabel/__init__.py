"""Several labels a row, or none: a classifier for each label, over the same columns."""
