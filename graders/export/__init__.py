"""Which files do other tools take? CSV for a gradebook, JUnit for CI."""

from graders.export.grades import write_grades
from graders.export.junit import write_junit
from graders.export.marks import write_csv

__all__ = ["write_csv", "write_grades", "write_junit"]
