"""What derived features are made of. No library: a worker calculates them too."""
