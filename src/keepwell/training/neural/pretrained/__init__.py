"""Pretrained models from a folder on this disk. Nothing is ever downloaded, and no code of theirs is run."""
