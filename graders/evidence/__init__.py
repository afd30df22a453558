"""What was seen? Data model and reader of evidence."""

from graders.evidence.arrays import EvidenceError
from graders.evidence.model import Evidence
from graders.evidence.reading import Blobs, read

__all__ = ["Blobs", "Evidence", "EvidenceError", "read"]
