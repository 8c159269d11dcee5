"""Large libraries are loaded faster by programs of our own, and a host program notices nothing of it."""

import gc
import importlib

import pytest

from colorizer.fast_import import gc_paused, hide_modules


def test_a_library_that_is_there_already_stays_and_others_are_missing_for_a_while():
    with hide_modules("gc", "xmlrpc"):
        assert importlib.import_module("gc") is gc
        with pytest.raises(ImportError):
            importlib.import_module("xmlrpc")
    importlib.import_module("xmlrpc")


@pytest.mark.parametrize("was_on", [True, False])
def test_the_garbage_collector_waits_while_libraries_are_loaded_and_is_then_as_it_was(was_on):
    (gc.enable if was_on else gc.disable)()
    try:
        with pytest.raises(ImportError), gc_paused():
            assert not gc.isenabled()
            raise ImportError("no such library")
        assert gc.isenabled() is was_on
    finally:
        gc.unfreeze()
        gc.enable()
