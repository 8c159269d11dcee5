"""Trained weights: where they are, whether they are whole, and how they are read.

locate          None, a path or "owner/name" to a checked file; loads it
hub_download    from the Hugging Face Hub into its cache
manifest        the checksum beside the weights
weights_file    reads and writes the file itself
"""
