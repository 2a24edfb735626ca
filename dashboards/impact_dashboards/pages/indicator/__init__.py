"""Indicator: one number from promise to effect, with all it rests on."""
