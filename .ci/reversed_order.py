"""A pytest plugin that runs the tests in reverse, to show that none leans on an earlier one."""


def pytest_collection_modifyitems(items):
    """Turn the order round."""
    items.reverse()
