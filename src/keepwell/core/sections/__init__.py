"""Sections of the project file that have a file of their own, parsed once into frozen values."""
