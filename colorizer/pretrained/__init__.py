"""Trained weights: where they are, whether they are complete and plausible, and how they are read.

locate          None, a path or "owner/name" -> a checked file -> arrays, a Keras network, or a function
hub_download    from the Hugging Face Hub into its cache
weights_file    reads and writes the HDF5 file
manifest        the names of the files in a weights folder, and the checksum
sanity_check    whether weights colour a known picture plausibly
"""
