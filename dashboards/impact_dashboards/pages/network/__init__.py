"""Network: bodies and ties before and after, with every measure."""
