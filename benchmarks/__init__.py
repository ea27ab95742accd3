"""What a training step costs, here and elsewhere: `python -m benchmarks`."""
