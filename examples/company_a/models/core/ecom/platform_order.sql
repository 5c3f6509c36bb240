/*
title: {zh: 平台订单事实, en: Orders of shop platforms}
meaning:
  zh: 抖音、拼多多等平台的子订单；退款记在付款日（按订单批次），退款后的订单仍保留
  en: "Sub-orders of Douyin, Pinduoduo and the like; a refund belongs to the day of payment (order cohort), refunded orders stay in the table"
grain: [source, sub_order_number]
kind: incremental
partition: month of business_date
owner: e-commerce
checks:
  - {unique: [source, sub_order_number], else: hold}
  - {not_null: [business_date, paid_amount], else: hold}
*/
WITH line AS (
  SELECT
    ordered.*,
    COALESCE(product_map.product_id, 'unknown')              AS product_id,
    COALESCE(ordered.after_sale_status, '') = '退款成功'     AS is_refunded
  FROM feed.platform_order AS ordered
  LEFT JOIN match.product_map AS product_map
    ON product_map.source = ordered.source AND product_map.product_key = ordered.product_code
   AND ordered.business_date >= product_map.valid_from AND ordered.business_date < product_map.valid_to
)
SELECT
  CAST(line.source AS TEXT)                                 AS source,
  CAST(line.sub_order_number AS TEXT)                       AS sub_order_number,
  CAST(line.business_date AS DATE)                          AS business_date,
  CAST(CASE line.source WHEN 'douyin_orders' THEN 'DOUYIN' WHEN 'pdd_orders' THEN 'PDD' ELSE line.source END AS TEXT) AS platform_code,
  CAST(line.product_code AS TEXT)                           AS product_code,
  CAST(line.product_id AS TEXT)                             AS product_id,
  CAST(line.quantity AS DECIMAL(18, 3))                     AS quantity,
  CAST('CNY' AS TEXT)                                       AS currency_code,
  CAST('included' AS TEXT)                                  AS tax_basis,
  CAST(line.paid_amount AS DECIMAL(18, 2))                  AS paid_amount,
  CAST(COALESCE(line.subsidy_amount, 0) AS DECIMAL(18, 2))  AS subsidy_amount,
  CAST(line.is_refunded AS BOOLEAN)                         AS is_refunded,
  CAST(CASE WHEN line.is_refunded THEN line.paid_amount ELSE 0 END AS DECIMAL(18, 2)) AS refund_amount,
  CAST(line.dq_flags AS TEXT)                               AS dq_flags,
  CAST(line._src_id AS TEXT)                                AS _src_id,
  CAST(line._src_row AS TEXT)                               AS _src_row
FROM line
