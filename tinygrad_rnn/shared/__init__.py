"""What any room may use and nothing here knows a tensor."""
