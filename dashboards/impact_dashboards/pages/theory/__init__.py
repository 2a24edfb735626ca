"""Theory of change: what is meant to lead to what, with the state of every step."""
