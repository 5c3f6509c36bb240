"""The faults: what real senders get wrong, planted where what the pipeline knows is enough to find it."""

from taihu.demo.faults.catalogue import FAULT_KINDS, KINDS
from taihu.demo.faults.kinds import Fault, Kind
from taihu.demo.faults.planting import plant

__all__ = ["FAULT_KINDS", "KINDS", "Fault", "Kind", "plant"]
