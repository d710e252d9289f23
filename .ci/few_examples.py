"""A pytest plugin by which properties are tried with a tenth of their examples: where lines are counted, or all is slow."""

import pytest
from hypothesis import settings

EXAMPLES = 10  # or a tenth of what a property asks for, if that is more


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have Hypothesis draw fewer examples."""
    for item in items:
        function = getattr(item, "function", None)
        chosen = getattr(function, "_hypothesis_internal_use_settings", None)
        if chosen is not None:
            count = min(chosen.max_examples, max(EXAMPLES, chosen.max_examples // 10))
            function._hypothesis_internal_use_settings = settings(chosen, max_examples=count)
