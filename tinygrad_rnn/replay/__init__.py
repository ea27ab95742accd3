"""A recorded graph as plain data: its values replayed, its gradients edge by edge, one node at a time."""
