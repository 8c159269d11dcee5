"""Pages of scanned PDF documents, with the package pypdfium2 (the extra "pdf").

    count = count_pages(path)
    image, count = read_page(path, 0, limits)      # a PIL image

A scanned page is one picture that fills the page. It is rendered at the resolution of that picture. The
command alone reads PDF: a page on the Internet does not offer strangers another parser.
"""

from pathlib import Path
from threading import Lock
from typing import Any

from PIL import Image

from colorizer.errors import PhotoError
from colorizer.limits import Limits

POINTS_PER_INCH = 72  # PDF measures in points
DEFAULT_DPI, MAX_DPI = 300, 1200  # of a page without pictures; of any page
ADVICE = (
    "is a PDF document, and the package that reads them is not installed. Either: pip install pypdfium2. "
    "Or save its pages first: pdftoppm -r 300 -png scan.pdf page"
)
_lock = Lock()  # PDFium is not safe to use in several threads


def count_pages(path: Path) -> int:
    """The number of pages.

    Raises:
        PhotoError: no PDF document, or no package to read it.
    """
    with _lock, _open(path) as document:
        return len(document)


def read_page(path: Path, page: int | None, limits: Limits) -> tuple[Image.Image, int]:
    """A page in colour, at the resolution of its largest picture, and the number of pages.

    Args:
        path: of the document.
        page: from 0 on; None for the first.
        limits: what the picture may cost.

    Raises:
        PhotoError: no PDF document, no such page, a damaged one, too many pixels, or no package to read it.
    """
    limits.check_file(path.name, path.stat().st_size)
    page = page or 0
    with _lock, _open(path) as document:
        if not 0 <= page < len(document):
            raise PhotoError(f"{path.name} has {len(document)} pages. Received: page {page + 1}")
        from pypdfium2 import PdfiumError

        try:
            return _render(document[page], path.name, limits), len(document)
        except PdfiumError as error:
            raise PhotoError(
                f"page {page + 1} of {path.name} is damaged and cannot be read: {error}"
            ) from error


def _render(sheet: Any, name: str, limits: Limits) -> Image.Image:
    width, height = sheet.get_size()
    scale = _resolution(sheet) / POINTS_PER_INCH
    sides = [max(1, round(side * scale)) for side in (width, height)]
    limits.check_pixels(name, *sides)
    # PDFium rounds up: a little less than the exact scale gives these sides.
    scale = min(sides[0] / width, sides[1] / height) * (1 - 1e-6)
    picture: Image.Image = sheet.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
    return picture


def _open(path: Path) -> Any:
    try:
        import pypdfium2
    except ModuleNotFoundError:
        raise PhotoError(f"{path.name} {ADVICE}") from None
    try:
        return pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise PhotoError(f"{path.name} cannot be read as a PDF document: {error}") from error


def _resolution(sheet: Any) -> float:
    """The resolution in dpi of the largest picture on a page."""
    import pypdfium2.raw

    best, largest = DEFAULT_DPI, 0
    for picture in sheet.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        pixels = picture.get_px_size()
        left, bottom, right, top = picture.get_bounds()
        if min(right - left, top - bottom) > 0 and pixels[0] * pixels[1] > largest:
            largest = pixels[0] * pixels[1]
            sides = max(right - left, top - bottom), min(right - left, top - bottom)
            best = max(max(pixels) / sides[0], min(pixels) / sides[1]) * POINTS_PER_INCH
    return min(best, MAX_DPI)
