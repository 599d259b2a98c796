"""The machines beside the models: one axis of time for both, and what they cost."""
