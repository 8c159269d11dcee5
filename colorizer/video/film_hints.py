"""Colours corrected by hand on one frame of a film, and where they are in the other frames of its shot.

    sets = read_film_hints(Path("film.hints.json"))
    tracks = track_hints(source, analyser, sets)      # {time of a frame: its hints}

In JSON, a film's hints are a list of sets, each for the frame that is shown at its time, in seconds:

    [{"time": 12.5, "hints": [{"x": 0.31, "y": 0.62, "color": "#e0701e"}]}]

Hints are those of photos (`colorizer.hints`), with places in the frame as it is shown. From frame to frame a
hint moves along the optical flow, backward and forward, until its shot ends, until it leaves the frame or is
hidden, or until it has gone `REACH` frames. Every frame is then corrected as a photo with its hints would be,
and the mean over time makes the correction as steady as the rest.
"""

import json
import math
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from colorizer.errors import HintError
from colorizer.hints.hint import MAX_HINTS, MAX_JSON_BYTES, Hint, parse_hints
from colorizer.safe_read import read_small
from colorizer.video.analysis import Analyser, Look
from colorizer.video.shots import is_cut
from colorizer.video.source import FilmSource

# A hint goes so many frames in each direction, half a minute: by then, errors of the flow have added up.
REACH = 750
# Below this confidence a place is not seen in the next frame; after so many such frames in a row, a hint is
# lost.
SEEN, PATIENCE = 0.3, 6
MAX_SETS = 1000
Place = tuple[float, float]


@dataclass(frozen=True)
class TimedHints:
    """Hints for one frame. Raises HintError for a time that cannot be.

    Attributes:
        seconds: the time at which the frame is shown, from 0 on.
        hints: as for a photo.
    """

    seconds: float
    hints: tuple[Hint, ...]

    def __post_init__(self) -> None:
        # JSON can hold anything, whatever the types say.
        if type(self.seconds) not in (int, float) or not 0 <= self.seconds < math.inf:
            raise HintError(f"time must be a number of seconds from 0 on. Received: {self.seconds!r}")


def read_film_hints(path: Path) -> tuple[TimedHints, ...]:
    """The hints of a film from a JSON file.

    Raises:
        HintError: the file cannot be read, or is not such a list; the text names the file.
    """
    try:
        return parse_film_hints(read_small(path, MAX_JSON_BYTES))
    except OSError as error:
        raise HintError(f"{path} cannot be read: {error.strerror or error}") from None
    except HintError as error:
        raise HintError(f"{path}: {error}") from None


def parse_film_hints(text: str | bytes) -> tuple[TimedHints, ...]:
    """The hints of a film from JSON.

    Raises:
        HintError: the text is not such a list.
    """
    try:
        sets = json.loads(text)
    except (ValueError, RecursionError):
        raise HintError("Hints must be JSON.") from None
    if not isinstance(sets, list) or len(sets) > MAX_SETS:
        raise HintError(f"A film's hints are a list of at most {MAX_SETS} objects with time and hints.")
    result = []
    for entry in sets:
        if (
            not isinstance(entry, dict)
            or set(entry) != {"time", "hints"}
            or not isinstance(entry["hints"], list)
        ):
            raise HintError('A film\'s hints are a list of objects: {"time": seconds, "hints": [...]}.')
        result.append(TimedHints(entry["time"], parse_hints(entry["hints"])))
    return tuple(result)


class _Step(NamedTuple):
    """The flow from one frame to a neighbour, at half the size to save memory."""

    pts: int
    flow: np.ndarray
    confidence: np.ndarray


class _Tracked(NamedTuple):
    """A hint on its way, in places of the frame as it is stored."""

    hint: Hint
    x: float
    y: float
    unseen: int = 0


def track_hints(
    source: FilmSource,
    analyser: Analyser,
    sets: Sequence[TimedHints],
    stopped: Callable[[], bool] = lambda: False,
) -> dict[int, tuple[Hint, ...]]:
    """Follows hints through their shots.

    Args:
        source: the film.
        analyser: makes the small pictures.
        sets: the hints.
        stopped: is asked after every frame; True ends the search with what has been found.

    Returns:
        For the `pts` of each frame that has any, its hints. Where two sets meet, the one nearer in time comes
        last, which is the one that counts.
    """
    found: dict[int, list[tuple[float, list[Hint]]]] = defaultdict(list)
    for timed in sets:
        for pts, hints in _track_one(source, analyser, timed, stopped).items():
            distance = abs(float(pts * source.info.time_base) - timed.seconds)
            found[pts].append((distance, hints))
    result = {}
    for pts, lists in found.items():
        hints = [hint for _, some in sorted(lists, key=lambda pair: -pair[0]) for hint in some]
        result[pts] = tuple(hints[-MAX_HINTS:])
    return result


def _track_one(
    source: FilmSource, analyser: Analyser, timed: TimedHints, stopped: Callable[[], bool]
) -> dict[int, list[Hint]]:
    info = source.info
    unit, turn = info.time_base, info.rotation // 90
    target = timed.seconds - 0.5 / float(info.rate)
    start = math.floor((target - REACH / float(info.rate)) / unit)
    before: deque[_Step] = deque(maxlen=REACH)
    result: dict[int, list[Hint]] = {}
    tracked: list[_Tracked] | None = None
    earlier: Look | None = None
    last_pts = count = 0
    for frame in source.frames(after=start if start > 0 else None):
        if stopped():
            break
        look = analyser.look(frame.luma())
        flow = None if earlier is None else analyser.flow(earlier, look)
        cut = flow is not None and is_cut(flow)
        if tracked is None:
            if cut:
                before.clear()
            elif flow is not None:
                before.append(_step(last_pts, flow.back, flow.confidence_back))
            if float(frame.pts * unit) >= target:
                tracked = [_Tracked(hint, *_stored((hint.x, hint.y), turn)) for hint in timed.hints]
                result[frame.pts] = list(timed.hints)
                way = tracked
                for step in reversed(before):
                    way = _moved(way, step)
                    _note(result, step.pts, way, turn)
        else:
            count += 1
            if cut or flow is None or count > REACH or not tracked:
                break
            tracked = _moved(tracked, _step(frame.pts, flow.forth, flow.confidence_forth))
            _note(result, frame.pts, tracked, turn)
        earlier, last_pts = look, frame.pts
    return result


def _step(pts: int, flow: np.ndarray, confidence: np.ndarray) -> _Step:
    """A step to the frame at `pts`, with the flow in shares of the frame."""
    height, width = confidence.shape
    size = (max(1, width // 2), max(1, height // 2))
    shares = flow / np.array([width, height], np.float32)
    small = cv2.resize(shares, size, interpolation=cv2.INTER_AREA)
    return _Step(pts, small, cv2.resize(confidence, size, interpolation=cv2.INTER_AREA).astype(np.float16))


def _moved(tracked: list[_Tracked], step: _Step) -> list[_Tracked]:
    height, width = step.confidence.shape
    result = []
    for one in tracked:
        row, column = min(int(one.y * height), height - 1), min(int(one.x * width), width - 1)
        x, y = one.x + float(step.flow[row, column, 0]), one.y + float(step.flow[row, column, 1])
        unseen = 0 if step.confidence[row, column] >= SEEN else one.unseen + 1
        if 0 <= x <= 1 and 0 <= y <= 1 and unseen < PATIENCE:
            result.append(_Tracked(one.hint, x, y, unseen))
    return result


def _note(result: dict[int, list[Hint]], pts: int, tracked: list[_Tracked], turn: int) -> None:
    """Adds the hints that are seen in the frame at `pts`."""
    hints = [_placed(one.hint, _shown((one.x, one.y), turn)) for one in tracked if not one.unseen]
    if hints:
        result[pts] = hints


def _placed(hint: Hint, place: Place) -> Hint:
    """The hint at another place; its outline moves along, as far as it stays in the frame."""
    x, y = place
    shift_x, shift_y = x - hint.x, y - hint.y
    outline = tuple(
        (min(max(corner_x + shift_x, 0.0), 1.0), min(max(corner_y + shift_y, 0.0), 1.0))
        for corner_x, corner_y in hint.outline
    )
    try:
        return replace(hint, x=x, y=y, outline=outline)
    except HintError:  # at the border, the outline no longer holds the place
        return replace(hint, x=x, y=y, outline=())


def _stored(place: Place, turn: int) -> Place:
    """A place of the frame as it is shown, in the frame as it is stored: `turn` quarters clockwise."""
    x, y = place
    for _ in range(turn % 4):
        x, y = 1 - y, x
    return x, y


def _shown(place: Place, turn: int) -> Place:
    """The other way round."""
    return _stored(place, -turn)
