"""What a build does for models that are written in the project itself."""
