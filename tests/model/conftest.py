"""What the tests of the runtimes share."""

import pytest


@pytest.fixture
def nothing_decided(monkeypatch, tmp_path):
    """The environment decides nothing about the runtime, and nothing is cached."""
    monkeypatch.delenv("COLORIZER_PRECISION", raising=False)
    monkeypatch.delenv("COLORIZER_RUNTIME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
