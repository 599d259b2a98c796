"""Neural networks in PyTorch: how they are trained, whatever they look at."""
