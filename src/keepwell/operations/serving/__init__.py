"""Keeping a workspace alive: routes to the workers, logs to the tables, the loop's eyes and hands."""
