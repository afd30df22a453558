"""What happened inside the kernel? The only code of ours that runs beside a student's.

Standard library at import, everything else lazily; no import of the rest of the project.
It reports facts as data (JSON lines and plain arrays); verdicts are made elsewhere.
"""
