"""Indicator: one number from promise to effect, with all it rests on."""

from impact_dashboards.pages.indicator.page import PAGE

__all__ = ["PAGE"]
