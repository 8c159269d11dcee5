"""Where one shot ends and the next begins.

    if is_cut(flow): ...           # between two frames, see flow.py

Two frames belong to different shots if the flow finds hardly any place of one in the other, and if the one
moved along the flow does not resemble the other. A pan, however fast, keeps most places; grain and flicker
change neither test (flow.py measures both and allows for them). A cut that is missed costs little, because
the confidence in the flow is then near 0 everywhere. A cut too many costs little as well: the mean over time
begins anew.
"""

from colorizer.video.flow import Flow

# Between frames of different photographs, at most 7 % of the places find each other, and the correlation
# stays below 0.7; between neighbouring frames of one shot it is 90 % and 0.97 (docs/film.md).
CONFIDENT_SHARE = 0.2
LIKENESS = 0.75
# Below this correlation nothing is left of the picture before: it has faded to black, or a flash hides it.
UNRELATED = 0.2


def is_cut(flow: Flow) -> bool:
    """Whether the two frames of a flow belong to different shots."""
    if flow.likeness < UNRELATED:
        return True
    return bool(flow.likeness < LIKENESS and flow.confidence_back.mean() < CONFIDENT_SHARE)
