"""From file to photo to file: reading, lightness, colour under the photo's own light, writing.

    reader          a file, in any colour space and depth, to a Photo
    photo           Photo: its pixels, its light in any size, what its file says of it
    render          a small map of colour and the photo's light to pixels, strip by strip
    writer          pixels to a file, with the photo's own description and the mark of provenance

Nothing here knows of the network.
"""
