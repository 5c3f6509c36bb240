/*
title: {zh: 终端销售事实, en: Retail point-of-sale}
meaning:
  zh: 零售商门店每日销售，统一为基本单位与未税人民币金额
  en: "Daily sales of the retailers' stores, in base units and CNY net of VAT"
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
    COALESCE(product_map.product_id, 'unknown') AS product_id,
    COALESCE(store_map.store_id, 'unknown')     AS store_id
  FROM feed.pos AS line
  LEFT JOIN match.product_map AS product_map
    ON product_map.source = line.source AND product_map.product_key = line.product_code
   AND line.business_date >= product_map.valid_from AND line.business_date < product_map.valid_to
  LEFT JOIN match.store_map AS store_map
    ON store_map.source = line.source AND store_map.store_key = line.store_code
   AND line.business_date >= store_map.valid_from AND line.business_date < store_map.valid_to
),
in_cents AS (
  SELECT
    sale.*,
    product.product_id IS NULL OR product.product_id = 'unknown' AS is_product_unknown,
    COALESCE(product.vat_rate, CAST(0.13 AS DECIMAL(9, 4)))      AS vat_rate,
    CAST(sale.gross_amount * 100 AS BIGINT)                      AS gross_cents,
    CAST((1 + COALESCE(product.vat_rate, CAST(0.13 AS DECIMAL(9, 4)))) * 10000 AS BIGINT) AS tax_factor
  FROM sale
  LEFT JOIN core.product AS product ON product.product_id = sale.product_id
),
net_of_tax AS (
  -- gross / (1 + VAT), half a cent away from zero; exact because it is done in whole cents.
  SELECT
    in_cents.*,
    SIGN(in_cents.gross_cents)
    * ((ABS(in_cents.gross_cents) * 20000 + in_cents.tax_factor) // (2 * in_cents.tax_factor)) AS net_cents
  FROM in_cents
)
SELECT
  CAST(net_of_tax.source AS TEXT)                AS source,
  CAST(net_of_tax.business_date AS DATE)         AS business_date,
  CAST(net_of_tax.store_code AS TEXT)            AS store_code,
  CAST(net_of_tax.store_id AS TEXT)              AS store_id,
  CAST(net_of_tax.product_code AS TEXT)          AS product_code,
  CAST(net_of_tax.product_id AS TEXT)            AS product_id,
  CAST('KA' AS TEXT)                             AS channel_code,
  CAST(net_of_tax.quantity AS DECIMAL(18, 3))    AS quantity,
  CAST(net_of_tax.quantity AS DECIMAL(18, 3))    AS base_quantity,
  CAST('CNY' AS TEXT)                            AS currency_code,
  CAST('included' AS TEXT)                       AS tax_basis,
  CAST(net_of_tax.gross_amount AS DECIMAL(18, 2)) AS gross_amount,
  CAST(net_of_tax.vat_rate AS DECIMAL(9, 4))     AS vat_rate,
  CAST(net_of_tax.net_cents * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(18, 2)) AS net_amount_cny,
  CAST(net_of_tax.is_product_unknown AS BOOLEAN) AS is_estimated,
  CAST(net_of_tax.dq_flags AS TEXT)              AS dq_flags,
  CAST(net_of_tax._src_id AS TEXT)               AS _src_id,
  CAST(net_of_tax._src_row AS TEXT)              AS _src_row
FROM net_of_tax
