"""The page as one Dash component: the server writes the tree, the browser draws it; see ``page.js``."""

from __future__ import annotations

from typing import Any

from dash.development.base_component import Component


class PageComponent(Component):
    """A page whose content is a tree of elements (:mod:`impact.drawing.markup`) as JSON.

    Dash wraps every component it draws; a page here has thousands of elements, drawings among them, for which Dash has
    no components. One component draws them all, and keeps the focus where it is when the content changes.

    Parameters
    ----------
    id
        Name by which Dash's callbacks address it.
    address
        What the reader asks for, path and query; set by the browser.
    content
        The tree at that address, as JSON.
    """

    _namespace = "impact_dashboards"
    _type = "Page"

    def __init__(self, id: str, address: Any = None, content: Any = None) -> None:
        self._prop_names = self.available_properties = ["id", "address", "content"]
        self._children_props: list[str] = []
        self._base_nodes: list[str] = []
        self._valid_wildcard_attributes = self.available_wildcard_attributes = list[str]()
        properties = {"id": id, "address": address, "content": content}
        stated = {name: value for name, value in properties.items() if value is not None}
        super().__init__(**stated)  # type: ignore[no-untyped-call]


scripts = [{"relative_package_path": "page.js", "namespace": "impact_dashboards"}]
