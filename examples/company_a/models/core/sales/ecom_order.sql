/*
title: {zh: 电商订单事实, en: Web shop orders}
meaning:
  zh: 网店订单行；交易关闭的订单保留并标记，不计入销售额
  en: "Order lines of the web shop; cancelled orders stay in the table with a mark and do not count as revenue"
grain: [_src_id, _src_row]
kind: incremental
partition: month of business_date
owner: regional-bi
checks:
  - {unique: [_src_id, _src_row], else: hold}
  - {not_null: [business_date, base_quantity, net_amount_cny], else: hold}
*/
WITH line AS (
  SELECT
    ordered.*,
    COALESCE(product_map.product_id, 'unknown') AS product_id
  FROM feed.ecom_order AS ordered
  LEFT JOIN match.product_map AS product_map
    ON product_map.source = ordered.source AND product_map.product_key = ordered.product_code
   AND ordered.business_date >= product_map.valid_from AND ordered.business_date < product_map.valid_to
),
in_cents AS (
  SELECT
    line.*,
    COALESCE(place.province_name, 'unknown')                          AS place_name,
    product.product_id IS NULL OR product.product_id = 'unknown'      AS is_product_unknown,
    COALESCE(product.vat_rate, CAST(0.13 AS DECIMAL(9, 4)))           AS vat_rate,
    CAST((line.paid_amount - COALESCE(line.refund_amount, 0)) * 100 AS BIGINT) AS gross_cents,
    CAST((1 + COALESCE(product.vat_rate, CAST(0.13 AS DECIMAL(9, 4)))) * 10000 AS BIGINT) AS tax_factor
  FROM line
  LEFT JOIN core.product AS product ON product.product_id = line.product_id
  LEFT JOIN core.geography AS place ON line.province LIKE place.province_name || '%'
),
net_of_tax AS (
  -- (paid - refunded) / (1 + VAT), half a cent away from zero; exact because it is done in whole cents.
  SELECT
    in_cents.*,
    SIGN(in_cents.gross_cents)
    * ((ABS(in_cents.gross_cents) * 20000 + in_cents.tax_factor) // (2 * in_cents.tax_factor)) AS net_cents
  FROM in_cents
)
SELECT
  CAST(net_of_tax.source AS TEXT)                       AS source,
  CAST(net_of_tax.order_number AS TEXT)                 AS order_number,
  CAST(net_of_tax.business_date AS DATE)                AS business_date,
  CAST(net_of_tax.order_status AS TEXT)                 AS order_status,
  CAST(COALESCE(net_of_tax.order_status = '交易关闭', FALSE) AS BOOLEAN) AS is_cancelled,
  CAST(net_of_tax.product_code AS TEXT)                 AS product_code,
  CAST(net_of_tax.product_id AS TEXT)                   AS product_id,
  CAST('ECOM' AS TEXT)                                  AS channel_code,
  CAST(net_of_tax.place_name AS TEXT)                   AS province_name,
  CAST(net_of_tax.quantity AS DECIMAL(18, 3))           AS quantity,
  CAST(net_of_tax.quantity AS DECIMAL(18, 3))           AS base_quantity,
  CAST('CNY' AS TEXT)                                   AS currency_code,
  CAST('included' AS TEXT)                              AS tax_basis,
  CAST(net_of_tax.paid_amount AS DECIMAL(18, 2))        AS paid_amount,
  CAST(COALESCE(net_of_tax.refund_amount, 0) AS DECIMAL(18, 2)) AS refund_amount,
  CAST(net_of_tax.vat_rate AS DECIMAL(9, 4))            AS vat_rate,
  CAST(net_of_tax.net_cents * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(18, 2)) AS net_amount_cny,
  CAST(net_of_tax.is_product_unknown AS BOOLEAN)        AS is_estimated,
  CAST(net_of_tax.dq_flags AS TEXT)                     AS dq_flags,
  CAST(net_of_tax._src_id AS TEXT)                      AS _src_id,
  CAST(net_of_tax._src_row AS TEXT)                     AS _src_row
FROM net_of_tax
