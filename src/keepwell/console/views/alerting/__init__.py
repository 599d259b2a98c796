"""Alerts, and what all incidents together say."""
