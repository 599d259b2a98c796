"""The data of the templates: small invented worlds, each of which changes later."""
