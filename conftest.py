"""Tests play their years in the lines as they are written; what they start runs as installed."""

from __future__ import annotations

import os

if "ESTATE_TEST_COMPILED" not in os.environ:
    # which of the two it is, is settled when the package is imported
    os.environ["ESTATE_PLAIN_DESK"] = "1"
    import simulation  # noqa: F401

    del os.environ["ESTATE_PLAIN_DESK"]
