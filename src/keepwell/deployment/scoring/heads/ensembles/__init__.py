"""Estimators made of estimators: anything that has a head, or runs as it is, may be a member."""
