"""A pytest plugin that runs the tests in reverse, to show that none depends on an earlier one."""


def pytest_collection_modifyitems(items):
    """Reverse the order."""
    items.reverse()
