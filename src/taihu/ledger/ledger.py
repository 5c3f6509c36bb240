"""The ledger: one object with a verb for everything that must be remembered.

Each verb is one transaction. Verbs are grouped by what they speak of: collecting, arrivals, deciding, quarantine, lake, publishing,
outbox, portals, passwords, leases, outcomes.
"""

from __future__ import annotations

from taihu.ledger.leases import LeaseVerbs
from taihu.ledger.outbox import OutboxVerbs
from taihu.ledger.passwords import PasswordVerbs
from taihu.ledger.portals import PortalVerbs
from taihu.ledger.publishing import PublishingVerbs
from taihu.ledger.quarantining import QuarantineVerbs


class Ledger(QuarantineVerbs, PasswordVerbs, PublishingVerbs, OutboxVerbs, PortalVerbs, LeaseVerbs):
    """What happened, what holds, who decided; open it with :meth:`open`."""
