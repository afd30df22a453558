"""Questions that are answered by hand: right figures, wherever they stand and however written."""
