"""Further senders of the simulated company, one module each.

A sender derives its facts from those of the company and of the senders before it (a customs declaration is a payment to the
customs), so two sources that speak of the same goods or money agree, and a comparison of them has a right answer.
"""

from __future__ import annotations

from taihu.demo.facts import Facts
from taihu.demo.senders.bank import BankStatement
from taihu.demo.senders.customs import CustomsBroker
from taihu.demo.senders.douyin import DouyinOrders, DouyinSettlement
from taihu.demo.senders.expenses import ExpenseClaims
from taihu.demo.senders.interface import Sender
from taihu.demo.senders.invoices import IssuedInvoices
from taihu.demo.senders.jd import JdSettlement, JdStatistics
from taihu.demo.senders.market_data import MarketData
from taihu.demo.senders.parcels import CourierBill
from taihu.demo.senders.pharma import HospitalNames, PharmaDistributors, PharmaFlow
from taihu.demo.senders.pinduoduo import PinduoduoOrders
from taihu.demo.senders.purchases import DistributorPurchases
from taihu.demo.senders.settlements import RetailerSettlements
from taihu.demo.senders.shop_statistics import ShopStatistics

# In the order in which they happen: whoever pays or is paid stands before the bank.
SENDERS: tuple[Sender, ...] = (
    DistributorPurchases(),
    IssuedInvoices(),
    RetailerSettlements(),
    CustomsBroker(),
    CourierBill(),
    ExpenseClaims(),
    ShopStatistics(),
    JdStatistics(),
    JdSettlement(),
    DouyinOrders(),
    DouyinSettlement(),
    PinduoduoOrders(),
    PharmaDistributors(),
    HospitalNames(),
    PharmaFlow(),
    MarketData(),
    BankStatement(),
)


def simulate_senders(facts: Facts, seed: int) -> Facts:
    """Let everything happen at the further senders; the same facts, filled."""
    for sender in SENDERS:
        sender.simulate(facts, seed)
    return facts
