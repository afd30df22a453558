"""Is the criterion met? Thin pytest functions, one module for each theme."""
