"""Whole models on any cell or layer."""
