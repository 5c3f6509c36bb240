"""The rules that a project declares: on what arrives, and on what is built."""

from taihu.check.arrival import check_arrival
from taihu.check.consistency import Named, named_cells, repaired
from taihu.check.table import Failure, check_table
from taihu.check.verdict import CheckContext, Verdict

__all__ = ["CheckContext", "Failure", "Named", "Verdict", "check_arrival", "check_table", "named_cells", "repaired"]
