"""Fill the shop: a staff user and 40 orders, four a day from 2026-11-10 to 2026-11-19. Prints nothing; the test knows the rule."""

import datetime as dt
import os
from decimal import Decimal

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.sites.models import Site  # noqa: E402
from django.core.management import call_command  # noqa: E402
from oscar.core.loading import get_model  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)
Site.objects.update_or_create(id=1, defaults={"domain": "127.0.0.1", "name": "shop"})
user = get_user_model().objects.create_user(
    "bi", email="bi@shop.example", password=os.environ["OSCAR_PASSWORD"], is_staff=True, is_superuser=True
)
for number in range(40):
    placed = dt.datetime(2026, 11, 10 + number // 4, 9 + number % 4, 30, tzinfo=dt.UTC)
    get_model("order", "Order").objects.create(
        number=f"10{number:04d}",
        user=user,
        guest_email="",
        total_incl_tax=Decimal("113.00") + number,
        total_excl_tax=Decimal("100.00") + number,
        date_placed=placed,
        currency="CNY",
    )
