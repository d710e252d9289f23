"""The engineer's path: a project with derivatives by hand and the tests of README's recipe, run by pytest as in CI.

Each mistake that is planted in the project must turn the run red, or show a warning, with a message that says where it is.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

ARM = '''
import math

LENGTHS = (0.5, 0.4)


def position(q):
    """Where the hand of an arm with two joints is."""
    a, b = LENGTHS
    return [a * math.cos(q[0]) + b * math.cos(q[0] + q[1]), a * math.sin(q[0]) + b * math.sin(q[0] + q[1])]


def jacobian(q):
    """Its derivatives by hand: a row for each coordinate, a column for each joint."""
    a, b = LENGTHS
    return [
        [-a * math.sin(q[0]) - b * math.sin(q[0] + q[1]), -b * math.sin(q[0] + q[1])],
        [a * math.cos(q[0]) + b * math.cos(q[0] + q[1]), b * math.cos(q[0] + q[1])],
    ]
'''

ORBIT = '''
import math

TOLERANCE = 1e-15


def anomaly(mean, e):
    """Kepler's equation E - e sin E = M, by halving an interval."""
    low, high = -2.0, 9.0
    while high - low > TOLERANCE and low < (low + high) / 2 < high:
        middle = (low + high) / 2
        low, high = (middle, high) if middle - e * math.sin(middle) < mean else (low, middle)
    return (low + high) / 2


def gradient(mean, e):
    """By implicit differentiation."""
    found = anomaly(mean, e)
    return [1 / (1 - e * math.cos(found)), math.sin(found) / (1 - e * math.cos(found))]
'''

# The recipe of README, on these two modules.
TESTS = """
from hypothesis import Phase, given, settings, strategies as st

from arm import jacobian, position
from autograd.testing import check_gradients
from orbit import anomaly, gradient

settings.register_profile("few", max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("few")


@given(st.lists(st.floats(-3.0, 3.0), min_size=2, max_size=2))
def test_jacobian(q):
    check_gradients(position, q, gradients=jacobian(q), strict=True)


@given(st.floats(0.0, 6.25), st.floats(0.0, 0.8))
def test_gradient(mean, e):
    check_gradients(anomaly, mean, e, gradients=gradient(mean, e))
"""

CONFIG = """
[tool.pytest.ini_options]
filterwarnings = ["error::autograd.testing.InconclusiveWarning"]
"""


def run(
    folder: Path, *options: str, arm: str = ARM, orbit: str = ORBIT, tests: str = TESTS, config: str = ""
) -> tuple[int, str]:
    """Write the project, run its tests, and return the status and what a person sees."""
    for name, text in {"arm.py": arm, "orbit.py": orbit, "test_derivatives.py": tests, "pyproject.toml": config}.items():
        (folder / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly", *options],
        capture_output=True, text=True, cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def changed(text: str, before: str, after: str) -> str:
    """The text with one mistake in it."""
    assert text.count(before) == 1
    return text.replace(before, after)


def test_right_derivatives_are_green_and_silent(tmp_path: Path) -> None:
    """Strict, with warnings as errors and Hypothesis's examples, right code passes, and nothing is printed about it."""
    status, shown = run(tmp_path, config=CONFIG)
    assert status == 0, shown
    assert re.search(r"^2 passed in", shown, re.MULTILINE)
    assert "warning" not in shown.lower()


MISTAKES: dict[str, tuple[str, str, str]] = {
    "a sign": ("[-a * math.sin(q[0]) - b", "[a * math.sin(q[0]) - b", r"df\[0\]/dq\[0\] is wrong at f\(\["),
    "a missing term": (
        "b * math.cos(q[0] + q[1])],\n    ]",
        "b * math.cos(q[0])],\n    ]",
        r"df\[1\]/dq\[1\] is wrong at f\(\[",
    ),
    "a number": ("LENGTHS\n    return [\n", "0.5, 0.4001\n    return [\n", r"df\[\d\]/dq\[\d\] is wrong at f\(\["),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_red_and_says_where(tmp_path: Path, name: str) -> None:
    """The message names output and input, both numbers and how far apart they are, and Hypothesis the example."""
    before, after, words = MISTAKES[name]
    status, shown = run(tmp_path, arm=changed(ARM, before, after))
    assert status == 1
    assert re.search(words, shown)
    assert re.search(r"^E +expected +\S+ \+- \S+ \(Richardson, step \S+\)$", shown, re.MULTILINE)
    assert re.search(r"^E +got +", shown, re.MULTILINE)
    assert re.search(r"^E +off by +", shown, re.MULTILINE)
    assert re.search(r"(Falsifying example|Failing test case): test_jacobian\(", shown)  # older and newer Hypothesis
    assert re.search(r"^1 failed, 1 passed", shown, re.MULTILINE)


def test_a_transposed_matrix_is_red(tmp_path: Path) -> None:
    """Rows for columns is the mistake that a square matrix hides from shapes."""
    status, shown = run(tmp_path, tests=TESTS.replace("gradients=jacobian(q)", "gradients=list(zip(*jacobian(q)))"))
    assert status == 1
    assert re.search(r"df\[\d\]/dq\[\d\] is wrong", shown)


def test_a_solver_that_stopped_early_is_red(tmp_path: Path) -> None:
    """The derivative is right and the solver is not: the message says that the function isn't smooth, and what causes it."""
    tests = "from autograd.testing import check_gradients\nfrom orbit import anomaly\n\n\ndef test_gradient():\n"
    tests += "    check_gradients(anomaly, 2.0, 0.6, gradients=[0.6925613373276734, 0.4659288895440954])\n"
    assert run(tmp_path, tests=tests)[0] == 0
    status, shown = run(tmp_path, orbit=changed(ORBIT, "TOLERANCE = 1e-15", "TOLERANCE = 1e-4"), tests=tests)
    assert status == 1
    assert "isn't smooth at any scale where this gradient could be right" in shown
    assert "a solver that has not converged" in shown


def test_what_can_not_be_told_is_shown(tmp_path: Path) -> None:
    """An inconclusive check is a warning with its reason under the test's name; as an error, or strict, it is red."""
    tests = "from autograd.testing import check_gradients\n\n\ndef test_drift():\n"
    tests += "    check_gradients(lambda x: 1e20 + x, 1.0, gradients=[1.0])\n"
    status, shown = run(tmp_path, tests=tests)
    assert status == 0
    assert "test_derivatives.py::test_drift" in shown
    assert re.search(r"InconclusiveWarning: df/dx at f\(1\.0\) is inconclusive: the error bound is too wide to tell", shown)
    for other in ({"config": CONFIG}, {"tests": tests.replace("[1.0])", "[1.0], strict=True)")}):
        status, shown = run(tmp_path, **{"tests": tests} | other)  # type: ignore[arg-type]
        assert status == 1
        assert "the error bound is too wide to tell" in shown
    status, shown = run(tmp_path, "-W", "error::autograd.testing.InconclusiveWarning", tests=tests)
    assert status == 1


def test_a_matrix_of_another_shape_is_an_error_that_says_so(tmp_path: Path) -> None:
    """A row too many is not a wrong derivative but a wrong call."""
    status, shown = run(tmp_path, tests=TESTS.replace("gradients=jacobian(q)", "gradients=[*jacobian(q), [0.0, 0.0]]"))
    assert status == 1
    assert "ValueError: gradients holds 3 rows, and f returns 2; give a row for each output" in shown
