"""The kinds of fault, each with the sources in which it is planted and the reasons that count as finding it."""

from __future__ import annotations

import datetime as dt

from taihu.demo.dates import days_reported_on
from taihu.demo.faults import files, meaning, values
from taihu.demo.faults.kinds import (
    BILL,
    CLAIMS,
    DOUYIN,
    EAST,
    INVOICES,
    JD_BILL,
    JD_DAY,
    NORTH,
    ORDERS,
    PARCELS,
    PDD,
    POS,
    PURCHASES,
    SOUTH,
    STOCK,
    TMALL_DAY,
    WEST,
    Kind,
)


def _several_days(morning: dt.date) -> bool:
    return len(days_reported_on(morning)) >= 3


def _regular_week(morning: dt.date) -> bool:
    return not _several_days(morning)


KINDS = (
    Kind("missing_day", (EAST, SOUTH, WEST), ("missing_day", "missing"), "held", files.missing_day, _several_days),
    Kind(
        "resend_new_rows", (NORTH, EAST, WEST), ("restated", "replaced"), "repaired", files.resend_new_rows, _regular_week, again="version"
    ),
    Kind("duplicate_exact", (EAST, NORTH, WEST, STOCK, DOUYIN), ("identical_content",), "held", files.duplicate, again="copy"),
    Kind("return_sign", (SOUTH, NORTH, WEST), ("sign_disagrees",), "held", values.return_sign),
    Kind("unit_slip", (EAST, NORTH, SOUTH, WEST), ("price_out_of_band",), "held", values.unit_slip, corrected=True),
    Kind("wan_as_yuan", (WEST, EAST, SOUTH), ("scale_suspected",), "held", values.wan, corrected=True),
    Kind("gross_as_net", (NORTH, SOUTH, WEST, EAST), ("tax_basis_suspected",), "held", values.net),
    Kind("partial_file", (EAST, NORTH, BILL, STOCK, JD_BILL), ("total_missing", "total_disagrees"), "held", files.partial, corrected=True),
    Kind("renamed_column", (EAST, NORTH, WEST, POS, DOUYIN), ("unknown_layout",), "held", files.rename, corrected=True),
    Kind("moved_column", (EAST, SOUTH, ORDERS, STOCK), ("columns_moved",), "repaired", files.move),
    Kind("mojibake", (EAST, NORTH, ORDERS), ("mojibake", "unknown_layout"), "held", files.mojibake, corrected=True),
    Kind("scientific_id", (ORDERS, BILL, ORDERS, DOUYIN), ("id_in_scientific_notation",), "held", values.scientific),
    Kind("total_row", (EAST, WEST, POS, NORTH, JD_DAY), ("total_row",), "repaired", values.total_row),
    Kind("short_date", (EAST, NORTH, WEST), ("two_digit_year", "ambiguous_date"), "repaired", values.short_date),
    Kind("day_beyond_month", (SOUTH, NORTH, WEST), ("invalid_date",), "held", values.beyond_month),
    Kind("login_page", (POS, EAST, WEST, POS, TMALL_DAY), ("login_page",), "held", files.login_page, corrected=True),
    Kind("truncated_zip", (NORTH, SOUTH, ORDERS), ("damaged_file",), "held", files.truncate, corrected=True),
    Kind("stale_stock", (STOCK,) * 4, ("stale_stock",), "held", meaning.stale),
    Kind("late_refund", (ORDERS,) * 3, ("restated", "replaced"), "repaired", meaning.late_refund, again="version"),
    Kind("closed_store", (POS,) * 3, ("not_valid",), "held", meaning.closed_store),
    Kind("wrong_password", (SOUTH, ORDERS, SOUTH), ("wrong_password",), "held", files.wrong_password, corrected=True),
    Kind("empty_file", (STOCK, BILL, WEST), ("empty_file",), "held", files.empty_file, corrected=True),
    Kind("inserted_column", (EAST, NORTH, POS), ("columns_added",), "repaired", files.insert_column),
    Kind("resend_reordered", (SOUTH, EAST, WEST), ("replaced", "restated"), "repaired", files.reorder, _regular_week, again="version"),
    Kind("other_party_file", (EAST, NORTH, SOUTH), ("party_disagrees",), "held", files.other_party, corrected=True),
    Kind("wrong_party_code", (STOCK,) * 3, ("party_disagrees", "unknown_party"), "held", meaning.wrong_party, corrected=True),
    Kind("serial_date", (EAST, NORTH, WEST), ("date_as_number",), "repaired", values.serial_date),
    Kind("future_date", (WEST, SOUTH, NORTH), ("outside_period",), "held", values.future_date, corrected=True),
    Kind("wrong_year", (EAST, SOUTH, POS), ("outside_period",), "held", values.wrong_year),
    Kind("locale_number", (EAST, ORDERS, WEST), ("invalid_number", "total_disagrees"), "held", values.locale_number, corrected=True),
    Kind("decimal_point", (EAST, NORTH, SOUTH), ("price_out_of_band",), "held", values.decimal_point),
    Kind("swapped_columns", (NORTH, WEST, SOUTH), ("price_out_of_band", "scale_suspected"), "held", values.swapped, corrected=True),
    Kind("formula_error", (EAST, SOUTH, POS), ("error_cell",), "held", values.formula_error, corrected=True),
    Kind("blank_value", (WEST, NORTH, POS), ("value_missing",), "held", values.blank),
    Kind("unknown_product", (SOUTH, POS, EAST), ("unknown_product",), "held", meaning.unknown_product),
    Kind("reused_code", (WEST, NORTH, POS), ("net_content_disagrees",), "held", meaning.reused_code),
    Kind("unknown_store", (POS,) * 3, ("not_listed",), "held", meaning.unknown_store),
    Kind("diverted_sale", (SOUTH, WEST, NORTH), ("outside_territory",), "repaired", meaning.diverted),
    Kind("contradicting_rows", (POS, SOUTH, WEST), ("duplicate_row",), "held", meaning.contradicting),
    Kind("repeated_row", (NORTH, POS, SOUTH, PARCELS), ("duplicate_row",), "held", meaning.repeated),
    Kind("negative_stock", (STOCK,) * 3, ("negative_stock",), "held", meaning.negative_stock),
    Kind("broken_identity", (STOCK,) * 3, ("identity_broken",), "held", meaning.broken_identity),
    Kind("balance_break", (BILL,) * 3, ("identity_broken",), "held", meaning.balance_break, corrected=True),
    Kind("cancelled_order", (ORDERS,) * 3, ("status_disagrees",), "held", meaning.cancelled),
    Kind("refund_over_paid", (ORDERS,) * 3, ("refund_exceeds_paid",), "held", meaning.refund_over_paid),
    Kind("wrong_sum", (PURCHASES, PARCELS, PDD), ("identity_broken",), "held", meaning.wrong_sum),
    Kind("spent_after_claim", (CLAIMS,) * 3, ("rule_failed",), "held", meaning.spent_later),
    Kind("invoice_again", (INVOICES,) * 3, ("same_invoice",), "repaired", meaning.invoice_again),
)
FAULT_KINDS = tuple(kind.name for kind in KINDS)
