"""Files that no program at hand writes, built byte by byte from their published formats, independently of the readers."""
