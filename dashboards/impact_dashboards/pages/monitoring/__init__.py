"""Monitoring: what is due, how good the rows are, and the rows themselves."""
