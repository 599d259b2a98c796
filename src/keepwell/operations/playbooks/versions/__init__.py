"""Playbooks that change which version answers."""
