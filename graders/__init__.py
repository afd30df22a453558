"""corrige marks deep-learning coursework from what was observed while it ran."""
