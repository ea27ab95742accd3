"""One HTML file that plays a backward pass."""
