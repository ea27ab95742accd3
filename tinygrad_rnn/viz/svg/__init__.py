"""A layout as SVG text, still or moving."""
