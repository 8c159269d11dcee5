"""Films: colour without flicker, sound and timestamps as they were. The extra `video` has what it needs."""
