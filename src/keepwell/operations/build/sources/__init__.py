"""What a build reads beside its rows."""
