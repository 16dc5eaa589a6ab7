"""Build the documentation with Sphinx; every warning is a failure (`make.py test`)."""

import os

# what is compiled keeps no docstrings; which of the two it is, is settled on import
os.environ["ESTATE_PLAIN_DESK"] = "1"
import simulation  # noqa: F401

del os.environ["ESTATE_PLAIN_DESK"]

project = "Closer to Home"
author = "the Closer to Home maintainers"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_title = "Closer to Home"
