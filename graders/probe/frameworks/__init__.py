"""What is a tensor, what is a model? The one place that knows, for each framework.

Models, passes, answers and variables ask these questions (`seam.py`) and know no framework.
"""
