"""The study of optimisers on a surface: what was trained on it, by which optimiser, how large."""
