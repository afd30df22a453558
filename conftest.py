"""A course's checkout marks with plain pytest: `pytest --assignment p3 --submission PATH`."""

pytest_plugins = ["graders.plugin"]
