"""Sphinx: `nox -s docs` builds build/docs/index.html without a network."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.util import logging

import framelane

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

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
napoleon_use_ivar = True
napoleon_use_rtype = False
suppress_warnings = ["ref.python"]  # a parameter's type "dtype" is NumPy's, not that of Tensor.dtype
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3


def warn_of_missing_names(_: Sphinx, env: BuildEnvironment) -> None:
    """Every public name has its place in the reference; with -W this is an error."""
    documented = {name for name, *_ in env.domains["py"].get_objects()}
    for name in framelane.__all__:
        if f"framelane.{name}" not in documented:
            logging.getLogger(__name__).warning("docs/reference has no entry for framelane.%s", name)


class CommandHelp(Directive):
    """``.. command-help:: run`` shows what ``framelane run --help`` prints."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        command = [sys.executable, "-m", "framelane", *self.arguments, "--help"]
        environment = os.environ | {"COLUMNS": "100"}
        text = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
        return [nodes.literal_block(text, text, language="none")]


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.add_directive("command-help", CommandHelp)
    app.connect("env-check-consistency", warn_of_missing_names)
