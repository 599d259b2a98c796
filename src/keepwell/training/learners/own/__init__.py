"""Models that users bring to the race: an estimator by dotted name, or a file of their own."""
