"""Where everything stands: from a view to coordinates."""
