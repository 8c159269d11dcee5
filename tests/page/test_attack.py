"""Attacks on the running page: the short form of `make attack`."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests import attacks_fairness, attacks_files, attacks_login, attacks_requests  # noqa: F401
from tests.attack import ATTACKS, Target, target

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Iterator:
    """Gives the page that was started with some options, one for all attacks that need it."""
    started: dict[tuple[str, ...], Target] = {}
    with ExitStack() as stack:

        def page(options: tuple[str, ...]) -> Target:
            if options not in started:
                folder = tmp_path_factory.mktemp("attack")
                started[options] = stack.enter_context(target(folder, *options))
            return started[options]

        yield page


@pytest.mark.parametrize("name", [name for name, (_, slow, _) in ATTACKS.items() if not slow])
def test_it_is_held(pages, name):
    _, _, options = ATTACKS[name]
    assert pages(options).suffer(name)
