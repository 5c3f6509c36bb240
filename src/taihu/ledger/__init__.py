"""The ledger: everything that must be remembered, each verb one transaction."""

from taihu.ledger.ledger import Ledger

__all__ = ["Ledger"]
