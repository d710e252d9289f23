"""A pytest plugin that runs the tests in reverse, to show that none depends on an earlier one."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # each worker has read it, and what the tests themselves start is in its own order
    os.environ.pop("PYTEST_ADDOPTS", None)


def pytest_collection_modifyitems(items):
    """Reverse the order."""
    items.reverse()
