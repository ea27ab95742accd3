"""A model writes on: one symbol after the other, or several beginnings side by side."""
