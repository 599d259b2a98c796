"""Anomalies on NAB's series, causes on PetShop's issues."""
