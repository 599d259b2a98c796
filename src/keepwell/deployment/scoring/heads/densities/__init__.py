"""Estimators that ask how likely each class makes a row."""
