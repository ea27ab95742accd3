"""Generated tasks with known answers, and what they share."""
