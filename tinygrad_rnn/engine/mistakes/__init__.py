"""Mistakes that the engine names."""
