"""Steps that calculate with numbers, one file per kind of original."""
