"""Engines side by side on the same rows with the same budget."""
