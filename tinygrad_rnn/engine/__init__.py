"""Tensors, the table of ops, the recorded graph, and the chain rule over it."""
