"""Clips whose motion is known exactly: a camera moves over a photograph, and the film has grain and flicker.

    clip = make_clip(read_photo("examples/detroit-1915.jpg"), MOVES["pan"], (320, 240), frames=48)
    clip.grey[t]           # (h, w) uint8, what the colorizer gets
    clip.lightness[t]      # (h, w) float32, L* without grain and flicker
    clip.flow(t)           # (h, w, 2): from each place of frame t to frame t + 1
    clip.truth[t]          # (h, w, 2) a* and b*, where the photograph is in colour

A second photograph may move across the first one: then places are hidden and shown again. `bench_film.py`
measures on these clips.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from colorizer.image import color

# Standard deviation of the grain in 8-bit levels; 35 mm prints of the 1930s have about as much. Its dots are
# a little larger than a pixel.
GRAIN, GRAIN_BLUR = 7.0, 0.6
# By how much the brightness of a frame differs from that of the next, as a share (standard deviation).
FLICKER = 0.03
# Where the object of a second photograph is, as shares of the frame: half axes of an ellipse.
OBJECT = (0.16, 0.26)


@dataclass(frozen=True)
class Pose:
    """Where the camera looks at a moment.

    Attributes:
        x: the middle of the frame, as a share of the room that the photograph has beside it, in [0, 1].
        y: the same downwards.
        zoom: the height of the frame as a share of what the photograph can fill.
        angle: in degrees.
    """

    x: float = 0.5
    y: float = 0.5
    zoom: float = 0.7
    angle: float = 0.0


Move = Callable[[float], Pose]
"""From the time in [0, 1] to the pose."""


def _shake(time: float) -> Pose:
    """A camera held by hand: sums of sines that do not repeat."""
    x = 0.5 + 0.06 * np.sin(31 * time) + 0.04 * np.sin(53 * time + 1)
    y = 0.5 + 0.06 * np.sin(37 * time + 2) + 0.04 * np.sin(47 * time)
    return Pose(x, y, 0.75, 0.8 * np.sin(29 * time))


MOVES: dict[str, Move] = {
    "pan": lambda time: Pose(0.1 + 0.8 * time, 0.45),
    "tilt": lambda time: Pose(0.5, 0.1 + 0.8 * time),
    "zoom": lambda time: Pose(0.5, 0.5, 0.95 - 0.4 * time),
    "rotation": lambda time: Pose(0.5, 0.5, 0.6, -6 + 12 * time),
    "shake": _shake,
    "still": lambda time: Pose(0.5, 0.5, 0.8),
}


@dataclass(frozen=True, eq=False)
class Clip:
    """A clip in memory; see the module.

    Attributes:
        name: for tables.
        grey: (frames, h, w) uint8, with grain and flicker.
        lightness: (frames, h, w) float32, L* without them.
        truth: (frames, h, w, 2) float32, a* and b*; None if the photograph is grey.
        matrices: for each frame a (3, 3) matrix from its pixels to those of the photograph.
        centers: for each frame the middle of the object in pixels, or None if there is none.
    """

    name: str
    grey: np.ndarray
    lightness: np.ndarray
    truth: np.ndarray | None
    matrices: list[np.ndarray]
    centers: list[tuple[float, float]] | None

    def flow(self, number: int, step: int = 1) -> np.ndarray:
        """The exact flow from a frame to the one `step` later: (h, w, 2) float32 in pixels."""
        height, width = self.grey.shape[1:]
        matrix = np.linalg.inv(self.matrices[number + step]) @ self.matrices[number]
        x, y = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
        moved = np.einsum("ij,jhw->ihw", matrix, np.stack([x, y, np.ones_like(x)]))
        flow = np.stack([moved[0] - x, moved[1] - y], axis=-1)
        if self.centers is not None:
            (x0, y0), (x1, y1) = self.centers[number], self.centers[number + step]
            flow[self._object(number)] = (x1 - x0, y1 - y0)
        return flow.astype(np.float32)

    def visible(self, number: int, step: int = 1) -> np.ndarray:
        """Which places of a frame the frame `step` later shows, too: (h, w) bool."""
        height, width = self.grey.shape[1:]
        flow = self.flow(number, step)
        x, y = np.meshgrid(np.arange(width) + 0.0, np.arange(height) + 0.0)
        x, y = x + flow[..., 0], y + flow[..., 1]
        seen = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
        if self.centers is not None:
            # Neither what the object hides next nor its soft edge.
            next_object = self._object(number + step, 1.15).astype(np.float32)
            places = np.stack([x, y], axis=-1).astype(np.float32)
            covered = cv2.remap(next_object, places, None, cv2.INTER_LINEAR) > 0
            inside, outside = self._object(number, 0.9), ~self._object(number, 1.15)
            seen &= inside | (outside & ~covered)
        return seen

    def _object(self, number: int, scale: float = 1.0) -> np.ndarray:
        assert self.centers is not None
        return _ellipse(self.grey.shape[1:], self.centers[number]) < scale


def read_photo(path: Path, longest: int = 1400) -> np.ndarray:
    """A photograph: (H, W, 3) uint8 in sRGB."""
    with Image.open(path) as image:
        rgb = image.convert("RGB")
    rgb.thumbnail((longest, longest))
    return np.asarray(rgb)


def make_clip(
    name: str,
    photo: np.ndarray,
    move: Move,
    size: tuple[int, int],
    frames: int = 48,
    seed: int = 0,
    moving: np.ndarray | None = None,
    in_color: bool = False,
) -> Clip:
    """Films a photograph.

    Args:
        name: of the clip.
        photo: (H, W, 3) uint8.
        move: of the camera.
        size: width and height of the frames.
        frames: how many.
        seed: of grain and flicker.
        moving: a second photograph of which an ellipse crosses the frame from left to right.
        in_color: whether the photograph's colours are true ones.
    """
    width, height = size
    random = np.random.default_rng(seed)
    matrices = [_camera(photo.shape, size, move(number / max(frames - 1, 1))) for number in range(frames)]
    centers = None
    if moving is not None:
        centers = [
            (width * (0.15 + 0.7 * number / max(frames - 1, 1)), height * 0.55) for number in range(frames)
        ]
    grey, lightness, truth = [], [], []
    for number in range(frames):
        picture = _shoot(photo, matrices[number], size)
        if moving is not None and centers is not None:
            distance = _ellipse((height, width), centers[number])
            shape = moving.shape
            offset = np.array([shape[1] / 2 - centers[number][0], shape[0] / 2 - centers[number][1]])
            shift = np.array([[1, 0, offset[0]], [0, 1, offset[1]], [0, 0, 1]])
            share = np.clip((1 - distance) / 0.08 + 0.5, 0, 1)[..., None].astype(np.float32)
            picture = picture * (1 - share) + _shoot(moving, shift, size) * share
        lab = color.rgb_to_lab(picture / 255)
        lightness.append(lab[..., 0].astype(np.float32))
        truth.append(lab[..., 1:].astype(np.float32))
        luma = 255 * color.srgb_from_linear(color.linear_from_srgb(picture / 255) @ color.LUMINANCE)
        grain = cv2.GaussianBlur(random.standard_normal((height, width)), (0, 0), GRAIN_BLUR)
        luma = luma * (1 + FLICKER * random.standard_normal()) + GRAIN * grain / grain.std()
        grey.append(np.clip(np.rint(luma), 0, 255).astype(np.uint8))
    return Clip(
        name, np.stack(grey), np.stack(lightness), np.stack(truth) if in_color else None, matrices, centers
    )


def _camera(shape: tuple[int, ...], size: tuple[int, int], pose: Pose) -> np.ndarray:
    """The matrix from pixels of a frame to pixels of the photograph."""
    (photo_height, photo_width), (width, height) = shape[:2], size
    scale = pose.zoom * min(photo_width / width, photo_height / height)
    room_x, room_y = photo_width - scale * width, photo_height - scale * height
    x, y = scale * width / 2 + pose.x * room_x, scale * height / 2 + pose.y * room_y
    turn = np.radians(pose.angle)
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    rotation = np.array([[cos, -sin], [sin, cos]])
    offset = np.array([x, y]) - rotation @ middle
    return np.vstack([np.column_stack([rotation, offset]), [0, 0, 1]])


def _shoot(photo: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A frame of a photograph: (h, w, 3) float32, blurred as far as the frame has fewer pixels."""
    scale = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    source = photo.astype(np.float32)
    source = cv2.GaussianBlur(source, (0, 0), max(0.5 * scale, 0.4))
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    frame = cv2.warpAffine(source, matrix[:2], size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    return np.clip(frame, 0, 255)


def _ellipse(shape: tuple[int, int], center: tuple[float, float]) -> np.ndarray:
    """The distance from a centre in half axes of the object: (h, w)."""
    height, width = shape
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.hypot((x - center[0]) / (OBJECT[0] * width), (y - center[1]) / (OBJECT[1] * height))
