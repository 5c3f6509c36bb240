/*
title: {zh: 销售流向事实, en: Sell-out}
meaning:
  zh: 经销商卖给终端的每一行，统一为基本单位与未税人民币金额
  en: "Every line that a distributor sold on, in base units and CNY net of VAT"
grain: [_src_id, _src_row]
kind: incremental
partition: month of business_date
owner: regional-bi
checks:
  - {unique: [_src_id, _src_row], else: hold}
  - {not_null: [business_date, base_quantity, net_amount_cny], else: hold}
*/
WITH sale AS (
  SELECT
    line.*,
    COALESCE(product_map.product_id, 'unknown') AS product_id
  FROM feed.sell_out AS line
  LEFT JOIN match.product_map AS product_map
    ON product_map.source = line.source AND product_map.product_key = line.product_code
   AND line.business_date >= product_map.valid_from AND line.business_date < product_map.valid_to
),
measured AS (
  SELECT
    sale.*,
    party.party_id,
    product.product_id IS NULL OR product.product_id = 'unknown' AS is_product_unknown,
    CASE WHEN sale.unit_name = product.pack_unit THEN product.pack_size ELSE 1 END AS units,
    COALESCE(product.vat_rate, CAST(0.13 AS DECIMAL(9, 4))) AS vat_rate
  FROM sale
  LEFT JOIN core.product AS product ON product.product_id = sale.product_id
  LEFT JOIN core.party AS party
    ON party.party_id = sale.distributor_code
   AND sale.business_date >= party.valid_from AND sale.business_date < party.valid_to
),
in_cents AS (
  SELECT
    measured.*,
    CAST(measured.gross_amount * 100 AS BIGINT)                              AS gross_cents,
    CAST((1 + CAST(measured.vat_rate AS DECIMAL(9, 4))) * 10000 AS BIGINT) AS tax_factor
  FROM measured
),
net_of_tax AS (
  -- gross / (1 + VAT), half a cent away from zero. Division of decimals is floating point; in whole cents it is exact.
  SELECT
    in_cents.*,
    SIGN(in_cents.gross_cents)
    * ((ABS(in_cents.gross_cents) * 20000 + in_cents.tax_factor) // (2 * in_cents.tax_factor)) AS net_cents
  FROM in_cents
)
SELECT
  CAST(net_of_tax.source AS TEXT)                                AS source,
  CAST(net_of_tax.business_date AS DATE)                         AS business_date,
  CAST(net_of_tax.distributor_code AS TEXT)                      AS distributor_code,
  CAST(COALESCE(net_of_tax.party_id, 'unknown') AS TEXT)         AS party_id,
  CAST(net_of_tax.document_number AS TEXT)                       AS document_number,
  CAST(net_of_tax.customer_name AS TEXT)                         AS customer_name,
  CAST(net_of_tax.product_code AS TEXT)                          AS product_code,
  CAST(net_of_tax.product_id AS TEXT)                            AS product_id,
  CAST('DISTRIBUTOR' AS TEXT)                                    AS channel_code,
  CAST(net_of_tax.unit_name AS TEXT)                             AS unit_name,
  CAST(net_of_tax.quantity AS DECIMAL(18, 3))                    AS quantity,
  CAST(net_of_tax.quantity * net_of_tax.units AS DECIMAL(18, 3)) AS base_quantity,
  CAST('CNY' AS TEXT)                                            AS currency_code,
  CAST('included' AS TEXT)                                       AS tax_basis,
  CAST(net_of_tax.gross_amount AS DECIMAL(18, 2))                AS gross_amount,
  CAST(net_of_tax.vat_rate AS DECIMAL(9, 4))                     AS vat_rate,
  CAST(net_of_tax.net_cents * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(18, 2)) AS net_amount_cny,
  CAST(net_of_tax.is_product_unknown AS BOOLEAN)                 AS is_estimated,
  CAST(net_of_tax.dq_flags AS TEXT)                              AS dq_flags,
  CAST(net_of_tax._src_id AS TEXT)                               AS _src_id,
  CAST(net_of_tax._src_row AS TEXT)                              AS _src_row
FROM net_of_tax
