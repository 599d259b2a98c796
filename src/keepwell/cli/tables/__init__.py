"""What commands print that takes more than a line or two."""
