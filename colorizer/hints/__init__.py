"""Colours corrected by hand: what a hint is, and how far its colour spreads.

    hint        Hint: a place, its colour, and how far it reaches; JSON in and out
    hint_file   files that hold hints
    outline     the polygon inside which a hint counts
    geodesic    how far apart two places of a photo are, if edges make the way longer
    spread      hints to a correction of the colour map
    palette     colours to choose from: of a reference photo, or those that objects often have

What sRGB can show at one lightness is in `image/gamut.py`. Nothing here knows the network: a correction is
added to what it predicted.
"""
