"""Monitors measured: drift beside other tools, feeding of accumulators, power and false alarms."""
