"""Playbooks that make a challenger; gate and rollout decide about it like about any other."""
