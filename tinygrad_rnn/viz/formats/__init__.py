"""The other formats: Graphviz, pixels, GIF."""
