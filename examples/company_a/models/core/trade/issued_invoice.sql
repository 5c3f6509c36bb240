/*
title: {zh: 开票事实, en: Issued invoices}
meaning:
  zh: 每张发票一行，红字为负；所属周取自备注中的发货期间
  en: "One row for each invoice, credit notes negative; the week that it is for stands in its remark"
grain: [source, invoice]
kind: incremental
partition: month of business_date
owner: finance
checks:
  - {unique: [source, invoice], else: hold}
  - {not_null: [business_date, gross_amount, billed_from], else: hold}
*/
WITH dated AS (
  -- The remark ends with the days of the deliveries: 20260907-20260913. A page without its data shows no remark that can be
  -- told from the rest; invoices are issued in the week after the deliveries.
  SELECT
    line.*,
    COALESCE(
      TRY_CAST(
        SUBSTR(line.invoice_remark, LENGTH(line.invoice_remark) - 16, 4) || '-'
        || SUBSTR(line.invoice_remark, LENGTH(line.invoice_remark) - 12, 2) || '-'
        || SUBSTR(line.invoice_remark, LENGTH(line.invoice_remark) - 10, 2) AS DATE
      ),
      CAST(DATE_TRUNC('week', line.business_date) - INTERVAL 7 DAY AS DATE)
    ) AS billed_from
  FROM feed.issued_invoice AS line
),
billed AS (
  SELECT
    dated.*,
    party.party_id
  FROM dated
  LEFT JOIN core.party AS party
    ON party.party_name = dated.buyer_name
   AND dated.billed_from >= party.valid_from AND dated.billed_from < party.valid_to
)
SELECT
  CAST(billed.source AS TEXT)                                      AS source,
  CAST(billed.invoice AS TEXT)                                     AS invoice,
  CAST(billed.business_date AS DATE)                               AS business_date,
  CAST(billed.billed_from AS DATE)                                 AS billed_from,
  CAST(billed.buyer_name AS TEXT)                                  AS buyer_name,
  CAST(COALESCE(billed.party_id, 'unknown') AS TEXT)               AS party_id,
  CAST('CNY' AS TEXT)                                              AS currency_code,
  CAST(billed.net_amount AS DECIMAL(18, 2))                        AS net_amount,
  CAST(billed.tax_amount AS DECIMAL(18, 2))                        AS tax_amount,
  CAST(billed.gross_amount AS DECIMAL(18, 2))                      AS gross_amount,
  CAST(billed.original_invoice AS TEXT)                            AS original_invoice,
  CAST(billed.dq_flags AS TEXT)                                    AS dq_flags,
  CAST(billed._src_id AS TEXT)                                     AS _src_id,
  CAST(billed._src_row AS TEXT)                                    AS _src_row
FROM billed
