/*
title: {zh: 汇率, en: Exchange rates}
meaning:
  zh: 每100单位外币的人民币中间价；非工作日沿用上一个公布日的汇率
  en: "CNY for 100 units of a currency; a rate counts until the next one is published, so days off keep the last one"
grain: [currency_code, rate_date]
kind: full
owner: finance
checks:
  - {unique: [currency_code, rate_date], else: hold}
  - {sql: "mid_rate > 0", else: hold}
*/
WITH published AS (
  SELECT
    rate.currency_code,
    rate.rate_date,
    rate.mid_rate,
    LEAD(rate.rate_date) OVER (PARTITION BY rate.currency_code ORDER BY rate.rate_date) AS next_rate_date,
    rate._src_id,
    rate._src_row
  FROM clean.fx_rates AS rate
)
SELECT
  CAST(published.currency_code AS TEXT)         AS currency_code,
  CAST(published.rate_date AS DATE)             AS rate_date,
  CAST(published.mid_rate AS DECIMAL(12, 4))    AS mid_rate,
  CAST(published.rate_date AS DATE)             AS valid_from,
  CAST(COALESCE(published.next_rate_date, DATE '9999-12-31') AS DATE) AS valid_to,
  CAST(published._src_id AS TEXT)               AS _src_id,
  CAST(published._src_row AS TEXT)              AS _src_row
FROM published
