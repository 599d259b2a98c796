"""Writers of transformers, one idea a file."""
