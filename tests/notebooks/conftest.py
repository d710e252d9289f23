"""For tests in notebooks: a browser, and patience."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def wait() -> Callable[..., Any]:
    """Wait until something is there: what it is, a function that finds it, and for how many seconds at most."""

    def until(what: str, found: Callable[[], Any], seconds: float = 90.0) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                answer = found()
            except Exception:  # a page that is not there yet, an element that has gone
                answer = None
            if answer:
                return answer
            time.sleep(0.25)
        raise AssertionError(f"{what} did not come within {seconds:g} s")

    return until


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser for all tests of a file."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium") or shutil.which("chromium-browser"))
    profile = tmp_path_factory.mktemp("profile")
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1300,2400", "--disable-dev-shm-usage",
        f"--user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
    yield driver
    driver.quit()
