"""Sphinx: `nox -s docs` builds build/docs/index.html without a network."""

from __future__ import annotations

import framelane

project = "framelane"
author = "The framelane authors"
release = version = framelane.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = f"framelane {release}"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = False
napoleon_use_rtype = False
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
