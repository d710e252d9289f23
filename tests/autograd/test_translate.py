"""The translation of the records for the native engine. It needs no native engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd import translate


def test_the_rules_are_up_to_date() -> None:
    """_rules.pxi is what the translation of today's kernels and records gives."""
    assert translate.TARGET.read_text(encoding="utf-8") == translate.rules_source()
    assert translate.main(["--check"]) == 0


def test_a_changed_record_is_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that does not fit the records fails the check, and is written anew without it."""
    stale = tmp_path / "_rules.pxi"
    stale.write_text("cdef double k_square(double x, int* ok) noexcept nogil:\n    return x\n", encoding="utf-8")
    monkeypatch.setattr(translate, "TARGET", stale)
    assert translate.main(["--check"]) == 1
    assert "run python -m autograd.translate" in capsys.readouterr().err
    assert translate.main(["--force"]) == 2
    assert translate.main([]) == 0
    assert translate.main(["--check"]) == 0
