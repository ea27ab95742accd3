"""A csv of labelled texts: its lines, rows, columns, classes."""
