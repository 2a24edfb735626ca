"""The page as one Dash component: the server writes the tree, the browser draws it; see ``page.js``."""

from __future__ import annotations

from typing import Any

from dash.development.base_component import Component


class Page(Component):
    """A page whose content is a tree of elements (:mod:`impact.markup`) as JSON.

    Dash wraps every component it draws; a page here has thousands of elements, drawings among them, for which Dash has
    no components. One component draws them all, and keeps the focus where it is when the content changes.

    Parameters
    ----------
    id
        Of the component.
    address
        What the reader asks for, path and query; set by the browser.
    content
        The tree at that address, as JSON.
    """

    _children_props: list[str] = []
    _base_nodes: list[str] = []
    _namespace = "impact_dashboards"
    _type = "Page"
    _prop_names = ["id", "address", "content"]
    _valid_wildcard_attributes: list[str] = []
    available_properties = _prop_names
    available_wildcard_attributes: list[str] = []

    def __init__(self, id: str, address: Any = None, content: Any = None) -> None:
        given = {"id": id, "address": address, "content": content}
        super().__init__(**{name: value for name, value in given.items() if value is not None})


SCRIPTS = [{"relative_package_path": "page.js", "namespace": "impact_dashboards"}]
