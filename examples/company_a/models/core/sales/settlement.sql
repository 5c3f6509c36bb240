/*
title: {zh: 支付结算事实, en: Payment settlement}
meaning:
  zh: 支付平台账单流水，用于核对网店收入；不计入销售额
  en: "Statement lines of the payment platform, to reconcile the web shop; not counted as revenue"
grain: [source, flow_number]
kind: incremental
partition: month of business_date
owner: finance
checks:
  - {not_null: [business_date, flow_number], else: hold}
*/
SELECT
  CAST(line.source AS TEXT)                                AS source,
  CAST(line.flow_number AS TEXT)                           AS flow_number,
  CAST(line.order_number AS TEXT)                          AS order_number,
  CAST(line.business_date AS DATE)                         AS business_date,
  CAST(line.business_type AS TEXT)                         AS business_type,
  CAST('CNY' AS TEXT)                                      AS currency_code,
  CAST(COALESCE(line.income_amount, 0) AS DECIMAL(18, 2))  AS income_amount,
  CAST(COALESCE(line.expense_amount, 0) AS DECIMAL(18, 2)) AS expense_amount,
  CAST(line.dq_flags AS TEXT)                              AS dq_flags,
  CAST(line._src_id AS TEXT)                               AS _src_id,
  CAST(line._src_row AS TEXT)                              AS _src_row
FROM feed.settlement AS line
