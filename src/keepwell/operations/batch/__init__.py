"""Scoring many rows: jobs of the project file, their record, and when they are due."""
