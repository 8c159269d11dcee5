"""What the tab "About" takes from the model card."""

import pytest

from colorizer.page.about_tab import CARD, sections


def test_the_card_says_how_good_the_network_is_and_what_it_is_bad_at():
    text = sections(CARD.read_text(encoding="utf-8"), "Evaluation", "Limitations")
    assert text.count("## ") == 2
    assert "CIEDE2000" in text


def test_a_section_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"no section How good\. It has: ## Evaluation"):
        sections("## Evaluation\n24 dB\n", "How good")
