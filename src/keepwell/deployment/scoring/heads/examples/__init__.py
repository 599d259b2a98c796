"""Estimators that compare a row with examples that they remember."""
