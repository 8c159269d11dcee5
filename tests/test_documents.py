"""The Python in the documents works as it is printed there."""

import re

import pytest

from colorizer import Colorizer
from tests.helpers.paths import ROOT


@pytest.mark.parametrize(
    ("document", "written"),
    [
        ("README.md", "grandma-colour.jpg"),
        ("weights/README.md", "grandma-colour.jpg"),
        ("docs/hints.md", "corrected.jpg"),
    ],
)
def test_python_in_a_document_works(document, written, tiny_colorizer, color_image, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Colorizer, "from_pretrained", lambda *_: tiny_colorizer)
    picture = color_image(120, 80, 0)
    for name in ("grandma.jpg", "wedding.jpg"):
        picture.convert("L").save(name)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, document, "exec"), {"painting": picture})
    assert (tmp_path / written).exists()
