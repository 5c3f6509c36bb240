"""Sales in Tryton, through its own objects: ``seed N`` or ``morning``. Run by ``.venv-foreign``: CONFIG DATABASE COMMAND [N].

Never imported; what it writes is what Tryton writes (created and changed times, links), not what a test would like.
"""

import datetime as dt
import sys
from decimal import Decimal

from trytond.config import config

config.update_etc(sys.argv[1])

from trytond.pool import Pool  # noqa: E402
from trytond.transaction import Transaction  # noqa: E402

DATABASE, COMMAND = sys.argv[2:4]
COUNT = int(sys.argv[4]) if len(sys.argv) > 4 else 0


def first(model, **values):
    found = model.search([(name, "=", value) for name, value in values.items()], limit=1)
    return found[0] if found else None


def company(pool):
    Company, Party, Currency = pool.get("company.company"), pool.get("party.party"), pool.get("currency.currency")
    known = Company.search([], limit=1)
    if known:
        return known[0]
    cny = first(Currency, code="CNY") or Currency.create([{"name": "人民币", "symbol": "¥", "code": "CNY", "numeric_code": "156"}])[0]
    party = Party.create([{"name": "A公司"}])[0]
    return Company.create([{"party": party.id, "currency": cny.id}])[0]


def product(pool):
    Template, Uom = pool.get("product.template"), pool.get("product.uom")
    known = pool.get("product.product").search([], limit=1)
    if known:
        return known[0]
    unit = Uom.search([("symbol", "=", "u")], limit=1)[0]
    template = Template.create(
        [
            {
                "name": "绿茶 500ml",
                "type": "goods",
                "default_uom": unit.id,
                "salable": True,
                "sale_uom": unit.id,
                "products": [("create", [{"code": "P101"}])],
            }
        ]
    )[0]
    return template.products[0]


def sell(pool, number):
    Party, Sale = pool.get("party.party"), pool.get("sale.sale")
    owner, what = company(pool), product(pool)
    customer = first(Party, name="华东一号") or Party.create([{"name": "华东一号", "addresses": [("create", [{"city": "上海"}])]}])[0]
    line = {"type": "line", "product": what.id, "unit": what.default_uom.id, "quantity": number % 9 + 1, "unit_price": Decimal("12.5000")}
    sale = {
        "company": owner.id,
        "currency": owner.currency.id,
        "party": customer.id,
        "invoice_address": customer.addresses[0].id if customer.addresses else None,
        "shipment_address": customer.addresses[0].id if customer.addresses else None,
        "sale_date": dt.date(2026, 11, number % 20 + 1),
        "lines": [("create", [line, {**line, "quantity": 2}])],
    }
    Sale.create([sale])


def morning(pool):
    """A line is changed, the last one is deleted, a sale is added."""
    Line = pool.get("sale.line")
    Line.write(Line.search([], order=[("id", "ASC")], limit=1), {"quantity": 77})
    Line.delete(Line.search([], order=[("id", "DESC")], limit=1))
    sell(pool, 7)


def main():
    Pool.start()
    pool = Pool(DATABASE)
    with Transaction().start(DATABASE, 0):
        pool.init()
    with Transaction().start(DATABASE, 1, context={}) as transaction:
        owner = company(pool)
        with transaction.set_context(company=owner.id, companies=[owner.id]):
            if COMMAND == "seed":
                for number in range(COUNT):
                    sell(pool, number)
            else:
                morning(pool)
        transaction.commit()


main()
