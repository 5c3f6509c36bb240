/*
title: {zh: 银行流水事实, en: Bank bookings}
meaning:
  zh: 银行对账单逐笔流水；支付平台提现按其结算日归集
  en: "Bookings of the bank statement; a payout of the payment platform knows the day that it is for"
grain: [source, flow_number]
kind: incremental
partition: month of business_date
owner: finance
checks:
  - {unique: [source, flow_number], else: hold}
  - {not_null: [business_date, settled_for], else: hold}
*/
WITH booked AS (
  -- A payout's text names its day: 结算20260914.
  SELECT
    line.*,
    line.booking_type = '支付宝提现' AS is_payout,
    TRY_CAST(
      SUBSTR(line.booking_text, 3, 4) || '-' || SUBSTR(line.booking_text, 7, 2) || '-' || SUBSTR(line.booking_text, 9, 2) AS DATE
    )                               AS text_date
  FROM feed.bank_booking AS line
)
SELECT
  CAST(booked.source AS TEXT)                             AS source,
  CAST(booked.flow_number AS TEXT)                        AS flow_number,
  CAST(booked.business_date AS DATE)                      AS business_date,
  CAST(COALESCE(CASE WHEN booked.is_payout THEN booked.text_date END, booked.business_date) AS DATE) AS settled_for,
  CAST(COALESCE(booked.is_payout, FALSE) AS BOOLEAN)      AS is_payout,
  CAST(booked.booking_type AS TEXT)                       AS booking_type,
  CAST('CNY' AS TEXT)                                     AS currency_code,
  CAST(COALESCE(booked.debit_amount, 0) AS DECIMAL(18, 2))  AS debit_amount,
  CAST(COALESCE(booked.credit_amount, 0) AS DECIMAL(18, 2)) AS credit_amount,
  CAST(booked.counterpart_name AS TEXT)                   AS counterpart_name,
  CAST(booked.booking_text AS TEXT)                       AS booking_text,
  CAST(booked.dq_flags AS TEXT)                           AS dq_flags,
  CAST(booked._src_id AS TEXT)                            AS _src_id,
  CAST(booked._src_row AS TEXT)                           AS _src_row
FROM booked
