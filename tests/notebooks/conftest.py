"""For tests in notebooks: a browser, and patience."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
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


@pytest.fixture(scope="session")
def running(wait: Callable[..., Any]) -> Any:
    """A context in which a server of our own runs: its command without the port, what it is, its home, and what Popen takes."""

    @contextmanager
    def started(command: list[str], path: str, home: Path, environment: dict[str, str], **options: Any) -> Iterator[str]:
        root = str(Path(__file__).parent.parent.parent)
        environment["PYTHONPATH"] = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        with (home / "log").open("w") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", *command, f"--port={port}"], env=environment, stdout=log, stderr=log, **options
            )
            try:

                def there() -> bool:
                    if server.poll() is not None:
                        return True
                    with urllib.request.urlopen(f"{address}{path}", timeout=5) as answer:
                        return bool(answer.status == 200)

                wait(command[0], there)
                if server.poll() is not None:
                    raise RuntimeError((home / "log").read_text())
                yield address
            finally:
                server.terminate()
                try:
                    server.wait(20)
                except subprocess.TimeoutExpired:
                    server.kill()

    return started


@pytest.fixture(scope="module")
def served_by_marimo(tmp_path_factory: pytest.TempPathFactory, running: Any) -> Any:
    """A context in which a marimo of our own runs a notebook: called with its text, it gives its address."""

    @contextmanager
    def served(notebook: str) -> Iterator[str]:
        home = tmp_path_factory.mktemp("marimo")
        (home / "page.py").write_text(notebook, encoding="utf-8")
        environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)}
        command = ["marimo", "run", "page.py", "--headless", "--no-token", "--host=127.0.0.1"]
        with running(command, "", home, environment, cwd=home) as address:
            yield address

    return served
