"""Playbooks that tell somebody."""
