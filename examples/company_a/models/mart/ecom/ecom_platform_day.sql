/*
title: {zh: 电商平台日汇总, en: Shop platforms by day}
meaning:
  zh: 各平台每日实付、退款（按付款日批次）与净额，平台自己统计的支付金额并列供核对；结算按结算日
  en: "What buyers paid, refunds by order cohort and the net of both, by platform and day; what the platform's own statistics say stands beside it, settlements by their day"
grain: [business_date, region_code, platform_code]
kind: incremental
partition: month of business_date
owner: e-commerce
checks:
  - {unique: [business_date, region_code, platform_code], else: hold}
  - {not_null: [net_paid_amount], else: hold}
*/
WITH fact AS (
  SELECT
    ordered.business_date,
    'ALL'                                            AS region_code,
    'TMALL'                                          AS platform_code,
    1                                                AS order_line_count,
    ordered.paid_amount                              AS paid_amount,
    ordered.refund_amount                            AS refund_amount,
    ordered.paid_amount - ordered.refund_amount      AS net_paid_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS stated_paid_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS settled_goods_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS platform_fee_amount,
    ordered._src_id,
    ordered._src_row
  FROM core.ecom_order AS ordered
  UNION ALL
  SELECT
    line.business_date,
    'ALL'                                            AS region_code,
    line.platform_code,
    1                                                AS order_line_count,
    line.paid_amount,
    line.refund_amount,
    line.paid_amount - line.refund_amount            AS net_paid_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS stated_paid_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS settled_goods_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS platform_fee_amount,
    line._src_id,
    line._src_row
  FROM core.platform_order AS line
  UNION ALL
  SELECT
    item.business_date,
    'ALL'                                            AS region_code,
    'TMALL'                                          AS platform_code,
    0                                                AS order_line_count,
    CAST(0 AS DECIMAL(18, 2))                        AS paid_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS refund_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS net_paid_amount,
    COALESCE(item.paid_amount, 0)                    AS stated_paid_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS settled_goods_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS platform_fee_amount,
    item._src_id,
    item._src_row
  FROM clean.sycm_item_day AS item
  UNION ALL
  SELECT
    item.business_date,
    'ALL'                                            AS region_code,
    'JD'                                             AS platform_code,
    0                                                AS order_line_count,
    CAST(0 AS DECIMAL(18, 2))                        AS paid_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS refund_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS net_paid_amount,
    item.paid_amount                                 AS stated_paid_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS settled_goods_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS platform_fee_amount,
    item._src_id,
    item._src_row
  FROM clean.jd_item_day AS item
  UNION ALL
  SELECT
    settled.business_date,
    'ALL'                                            AS region_code,
    settled.platform_code,
    0                                                AS order_line_count,
    CAST(0 AS DECIMAL(18, 2))                        AS paid_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS refund_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS net_paid_amount,
    CAST(0 AS DECIMAL(18, 2))                        AS stated_paid_amount,
    CASE WHEN settled.is_goods THEN settled.settled_amount ELSE 0 END AS settled_goods_amount,
    CASE WHEN settled.is_goods THEN 0 ELSE settled.settled_amount END AS platform_fee_amount,
    settled._src_id,
    settled._src_row
  FROM core.platform_settlement AS settled
)
SELECT
  CAST(fact.business_date AS DATE)                        AS business_date,
  CAST(fact.region_code AS TEXT)                          AS region_code,
  CAST(fact.platform_code AS TEXT)                        AS platform_code,
  CAST(SUM(fact.order_line_count) AS BIGINT)              AS order_line_count,
  CAST(SUM(fact.paid_amount) AS DECIMAL(18, 2))           AS paid_amount,
  CAST(SUM(fact.refund_amount) AS DECIMAL(18, 2))         AS refund_amount,
  CAST(SUM(fact.net_paid_amount) AS DECIMAL(18, 2))       AS net_paid_amount,
  CAST(SUM(fact.stated_paid_amount) AS DECIMAL(18, 2))    AS stated_paid_amount,
  CAST(SUM(fact.settled_goods_amount) AS DECIMAL(18, 2))  AS settled_goods_amount,
  CAST(SUM(fact.platform_fee_amount) AS DECIMAL(18, 2))   AS platform_fee_amount
FROM fact
GROUP BY 1, 2, 3
