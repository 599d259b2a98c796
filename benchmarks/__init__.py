"""Measurements, each against something a reader can judge: `python -m benchmarks [NAME …]`."""
