"""What was seen? Data model and reader of evidence."""

from graders.evidence.arrays import EvidenceError
from graders.evidence.documents import Document, read_documents
from graders.evidence.model import Evidence
from graders.evidence.reading import Blobs, read

__all__ = ["Blobs", "Document", "Evidence", "EvidenceError", "read", "read_documents"]
