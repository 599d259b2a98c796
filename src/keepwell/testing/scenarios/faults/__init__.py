"""The scripted faults, by theme. Each module holds its scenarios in `SCENARIOS`."""
