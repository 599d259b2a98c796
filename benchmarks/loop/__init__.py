"""The loop against simpler rules of when to retrain, on real streams replayed in order of time."""
