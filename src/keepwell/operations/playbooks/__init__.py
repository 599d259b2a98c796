"""Playbooks: what can be done to an endpoint, one file each, under one law (`base`)."""
