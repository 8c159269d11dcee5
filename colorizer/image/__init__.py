"""From file to photo to file: reading, lightness, rendering in colour, writing.

    reader          a file, in any colour space and bit depth, to a Photo
    photo           Photo: its pixels, its lightness at any size, its metadata
    render          a small colour map and the photo's lightness to pixels, strip by strip
    writer          pixels to a file, with the photo's own metadata and the mark of provenance

Nothing here knows the network.
"""
