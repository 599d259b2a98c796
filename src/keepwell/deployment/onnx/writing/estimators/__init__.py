"""Writers of estimators, one kind a file; `forest` and `links` are what several of them share."""
