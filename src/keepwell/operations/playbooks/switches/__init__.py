"""Playbooks that change how an endpoint answers, and how many workers do."""
