"""What a version goes by, whom it treats how, and whether that is known well enough to let it go live."""
