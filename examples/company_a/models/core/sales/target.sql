/*
title: {zh: 销售目标事实, en: Sales targets}
meaning:
  zh: 月度目标平均到月内每个自然日
  en: "Monthly targets spread evenly over the calendar days of the month"
grain: [business_date, region_code, channel_code]
kind: full
owner: sales-operations
checks:
  - {unique: [business_date, region_code, channel_code], else: hold}
  - {not_null: [target_revenue_cny], else: hold}
*/
WITH monthly AS (
  SELECT
    target.*,
    MAKE_DATE(
      CAST(REGEXP_EXTRACT(target.month, '([0-9]{4})', 1) AS INTEGER),
      CAST(REGEXP_EXTRACT(target.month, '[0-9]{4}[^0-9]*([0-9]{1,2})', 1) AS INTEGER),
      1
    )                                                  AS month_start,
    CAST(target.target_revenue * 100 AS BIGINT)        AS month_cents
  FROM clean.targets AS target
),
daily AS (
  -- month / days, half a cent away from zero; exact because it is done in whole cents.
  SELECT
    monthly.*,
    day.business_date,
    SIGN(monthly.month_cents)
    * ((2 * ABS(monthly.month_cents) + day.days_in_month) // (2 * day.days_in_month)) AS day_cents
  FROM monthly
  INNER JOIN core.date AS day ON day.month_start = monthly.month_start
)
SELECT
  CAST(daily.business_date AS DATE)            AS business_date,
  CAST(daily.region_code AS TEXT)              AS region_code,
  CAST(daily.channel_code AS TEXT)             AS channel_code,
  CAST(daily.target_revenue AS DECIMAL(18, 2)) AS month_target_cny,
  CAST(daily.day_cents * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(18, 2)) AS target_revenue_cny,
  CAST(daily._src_id AS TEXT)                  AS _src_id,
  CAST(daily._src_row AS TEXT)                 AS _src_row
FROM daily
