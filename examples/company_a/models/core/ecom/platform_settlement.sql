/*
title: {zh: 平台结算事实, en: Settlement of shop platforms}
meaning:
  zh: 各平台结算明细，统一为带符号的金额：收入为正，费用与退款为负
  en: "Settlement lines of all platforms with one sign: income is positive, fees and refunds are negative"
grain: [_src_id, _src_row]
kind: incremental
partition: month of business_date
owner: finance
checks:
  - {unique: [_src_id, _src_row], else: hold}
  - {not_null: [business_date, settled_amount], else: hold}
*/
WITH line AS (
  -- Goods are what the buyer paid; everything else on a settlement is the platform's.
  SELECT
    settled.*,
    settled.fee_item IN ('货款', '结算金额') AS is_goods,
    -- Where costs are said by 支出 the amount has no sign; Douyin's 出账 is signed already.
    CASE WHEN settled.direction = '支出' THEN -settled.stated_amount ELSE settled.stated_amount END AS settled_amount
  FROM feed.platform_settlement AS settled
)
SELECT
  CAST(line.source AS TEXT)                     AS source,
  CAST(line.business_date AS DATE)              AS business_date,
  CAST(CASE line.source WHEN 'douyin_settlement' THEN 'DOUYIN' WHEN 'jd_settlement' THEN 'JD' ELSE line.source END AS TEXT) AS platform_code,
  CAST(line.order_number AS TEXT)               AS order_number,
  CAST(line.fee_item AS TEXT)                   AS fee_item,
  CAST(line.is_goods AS BOOLEAN)                AS is_goods,
  CAST('CNY' AS TEXT)                           AS currency_code,
  CAST(line.settled_amount AS DECIMAL(18, 2))   AS settled_amount,
  CAST(line.dq_flags AS TEXT)                   AS dq_flags,
  CAST(line._src_id AS TEXT)                    AS _src_id,
  CAST(line._src_row AS TEXT)                   AS _src_row
FROM line
