"""The colours that the network predicts for one photo: corrected, rendered and saved, without another run.

    prediction = colorizer.predict("grandma.jpg")
    prediction.render(strength=0.8)                              # a PIL image of the photo's own size
    prediction.with_hints([Hint(0.3, 0.7, "#c03020")]).save("grandma-colour.jpg")

A prediction never changes: `with_hints` and `with_tone` return another one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from colorizer.image import color
from colorizer.image.file_types import kind_to_write, suffix_of
from colorizer.image.photo import Photo, Thumbnails
from colorizer.image.render import Renderer
from colorizer.image.strips import map_strips, strip_rows
from colorizer.image.writer import Target, write_jpeg, write_photo
from colorizer.limits import Deadline, Limits, check_strength, check_tone

if TYPE_CHECKING:  # most photos have no hints, and colour a little sooner without what spreads them
    from colorizer.hints.hint import Hint
    from colorizer.hints.spread import Correction, Spreader

# The views and the guide of the edges are made from a thumbnail of at least twice their length: 800 is more
# than that of the largest map. Below 400, the pixels that a view does not need cost less than the view.
THUMBNAILS = Thumbnails(longest=800, shortest=400)


@dataclass(frozen=True, eq=False)
class Prediction:
    """The network's colours for one photo; renders in any strength without another run of the network.

    Attributes:
        photo: the photo as it was read.
        ab: (h, w, 2) float32, the small map of a* and b*.
        limits: the most that rendering may use.
        threads: the number of strips that are rendered at a time; one per core if None.
        seconds: the time that reading and the network took, which counts towards the limit for one photo.
        hints: the colours corrected by hand; see `with_hints`.
        tone: what is added to a* and b* everywhere; see `with_tone`.
        correction: what the hints change on the map.
        spreader: what spreads hints over this photo, so that the next hint costs less than the first.
    """

    photo: Photo
    ab: np.ndarray
    limits: Limits = field(default_factory=Limits.from_environment)
    threads: int | None = None
    seconds: float = 0.0
    hints: "tuple[Hint, ...]" = ()
    tone: tuple[float, float] = (0.0, 0.0)
    correction: "Correction | None" = field(default=None, repr=False)
    spreader: "Spreader | None" = field(default=None, repr=False)

    def with_hints(self, hints: "Iterable[Hint]") -> "Prediction":
        """The prediction with colours corrected by hand, instead of those that it had before.

        The hints keep their colours in every strength and tone; the rest is scaled and shifted as usual.

        Args:
            hints: any number up to `hints.hint.MAX_HINTS`; none for the prediction as it was.

        Raises:
            HintError: too many hints.
        """
        hints = tuple(hints)
        if not hints:
            return replace(self, hints=(), correction=None)
        from colorizer.hints.spread import Spreader

        spreader = self.spreader or Spreader(self._lightness(), self.ab, self.photo.size, self.threads)
        known = self.correction.distances if self.correction else {}
        correction = spreader.solve(hints, known)
        return replace(self, hints=hints, correction=correction, spreader=spreader)

    def hints_like(self, reference: Image.Image, count: int = 8) -> "tuple[Hint, ...]":
        """Hints that give the photo the colours of another picture, for `with_hints`.

        Args:
            reference: a picture in colour; see `hints.palette.match_hints`.
            count: the most hints that there may be.
        """
        from colorizer.hints.palette import match_hints

        return match_hints(self._lightness(), self.ab, reference, count)

    def _lightness(self) -> np.ndarray:
        """L* at the size of the map: (h, w) float32."""
        height, width = self.ab.shape[:2]
        return self.photo.view(width, height, THUMBNAILS)

    def with_tone(self, a: float = 0.0, b: float = 0.0) -> "Prediction":
        """The prediction with all colours shifted, except where hints say what they are.

        Args:
            a: added to a*: red above 0, green below.
            b: added to b*: yellow above 0, blue below. `limits.WARM` is a warmer tone, its opposite a cooler.

        Raises:
            ValueError: more than `limits.MAX_TONE` in either direction.
        """
        check_tone(a, b)
        return replace(self, tone=(a, b))

    def colors(self, strength: float = 1.0) -> np.ndarray:
        """The map as it is rendered: (h, w, 2) float32, a* and b* with strength, tone and hints.

        Raises:
            ValueError: strength outside [0, 2].
        """
        check_strength(strength)
        ab = self.ab * np.float32(strength) + np.array(self.tone, np.float32)
        return ab if self.correction is None else self.correction.apply(ab)

    def lightness_at(self, x: float, y: float, around: float = 0.0) -> float:
        """L* at a place.

        Args:
            x: the place, as a fraction of the photo's width in [0, 1].
            y: the place, as a fraction of its height in [0, 1].
            around: 0 for one pixel; else the median of all that are so near, in fractions of the longer side.
        """
        width, height = self.photo.size
        column, row = min(int(x * width), width - 1), min(int(y * height), height - 1)
        reach = int(around * max(width, height))
        left, top = max(column - reach, 0), max(row - reach, 0)
        right, bottom = min(column + reach + 1, width), min(row + reach + 1, height)
        if self.photo.pixels16 is not None:
            pixels = self.photo.pixels16[top:bottom, left:right]
        else:
            pixels = np.asarray(self.photo.image.crop((left, top, right, bottom)))
        return float(np.median(color.lightness(pixels)))

    @property
    def suffix(self) -> str:
        """The file suffix for a coloured copy of the same type as the photo came in."""
        return suffix_of(self.photo)

    def render(self, strength: float = 1.0) -> Image.Image:
        """The photo in colour at its own size: RGB, or RGBA where the photo is transparent.

        Args:
            strength: scales the colour; 0 is grey, 1 as predicted, up to 2.

        Raises:
            ValueError: strength outside [0, 2].
            PhotoError: it needs more time than the limits allow.
        """
        return self._render(strength, self._deadline())

    def _deadline(self) -> Deadline:
        return self.limits.start(self.photo.name, self.seconds)

    def _render(self, strength: float, deadline: Deadline) -> Image.Image:
        width, height = self.photo.size
        render_strip = self._strip_renderer(strength, deadline)
        pixels = np.empty((height, width, 4), np.uint8)

        def fill(top: int, rows: int) -> None:
            pixels[top : top + rows] = render_strip(top, rows)

        for _ in map_strips(fill, height, strip_rows(width), self.threads):
            pass
        if self.photo.alpha is None:
            return Image.frombytes("RGB", (width, height), pixels, "raw", "RGBX")
        pixels[..., 3] = self.photo.alpha
        return Image.fromarray(pixels)

    def _strip_renderer(self, strength: float, deadline: Deadline) -> Callable[[int, int], np.ndarray]:
        """A function that renders a strip `(top, rows)` of the photo: (rows, W, 4) uint8."""
        renderer = Renderer(self.photo.size[1], self.colors(strength))

        def render_strip(top: int, rows: int) -> np.ndarray:
            deadline.check()
            return renderer.render(top, self.photo.strip(top, rows))

        return render_strip

    def save(self, target: Target, strength: float = 1.0, kind: str | None = None) -> tuple[str, ...]:
        """Renders and writes, with the photo's metadata, the hints, and the mark of provenance.

        Args:
            target: a path, or a file open for writing.
            strength: as in `render`.
            kind: the file type, as Pillow names it; None for the one that the path's suffix names.

        Returns:
            Notes about metadata that the type cannot hold.

        Raises:
            PhotoError: the type cannot be written, or it takes longer than the limits allow.
        """
        kind, deadline = kind_to_write(target, kind), self._deadline()
        hints = self._hints_as_json()
        if kind == "JPEG":
            render_strip = self._strip_renderer(strength, deadline)
            return write_jpeg(render_strip, target, self.photo, self.threads, deadline, hints)
        return write_photo(self._render(strength, deadline), target, self.photo, deadline, kind, hints)

    def _hints_as_json(self) -> str:
        if not self.hints:
            return ""
        from colorizer.hints.hint import format_hints

        return format_hints(self.hints)
