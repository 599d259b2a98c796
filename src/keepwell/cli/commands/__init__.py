"""One module per command; each holds `app`, a Typer application of that name."""
