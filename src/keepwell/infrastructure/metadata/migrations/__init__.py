"""How the database of one version becomes the database of the next (Alembic)."""
