"""Notebook in, evidence out."""

from graders.runner.key import evidence_key
from graders.runner.running import run

__all__ = ["evidence_key", "run"]
