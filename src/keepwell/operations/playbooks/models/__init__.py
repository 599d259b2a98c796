"""Playbooks that derive a version from the champion: nothing is trained anew."""
