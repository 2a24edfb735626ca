"""The app: reads published tables only, knows no raw rows."""

from impact_dashboards.server.component import scripts as _js_dist

__version__ = "0.1.0"
__all__ = ["_js_dist"]
