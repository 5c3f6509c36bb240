/*
title: {zh: 日期维度, en: Dates}
meaning:
  zh: 中国日历：节假日与调休上班日、农历与春节、618 与双11 阶段、ISO 周、零售周与 4-4-5 财年
  en: "The Chinese calendar: holidays and make-up workdays, lunar dates, shopping festivals, ISO, retail and 4-4-5 weeks"
grain: [business_date]
kind: full
owner: regional-bi
checks:
  - {unique: [business_date], else: hold}
*/
SELECT
  CAST(calendar.date AS DATE)                            AS business_date,
  CAST(calendar.is_workday AS BOOLEAN)                   AS is_workday,
  CAST(calendar.is_makeup AS BOOLEAN)                    AS is_makeup,
  CAST(calendar.holiday_name AS TEXT)                    AS holiday_name,
  CAST(calendar.status AS TEXT)                          AS calendar_status,
  CAST(calendar.workday_of_month AS INTEGER)             AS workday_of_month,
  CAST(calendar.workdays_in_month AS INTEGER)            AS workdays_in_month,
  CAST(calendar.lunar_year AS INTEGER)                   AS lunar_year,
  CAST(calendar.lunar_month AS INTEGER)                  AS lunar_month,
  CAST(calendar.lunar_day AS INTEGER)                    AS lunar_day,
  CAST(calendar.is_leap_month AS BOOLEAN)                AS is_leap_month,
  CAST(calendar.lunar_name AS TEXT)                      AS lunar_name,
  CAST(calendar.spring_festival_offset AS INTEGER)       AS spring_festival_offset,
  CAST(calendar.shopping_festival AS TEXT)               AS shopping_festival,
  CAST(calendar.festival_phase AS TEXT)                  AS festival_phase,
  CAST(calendar.iso_year AS INTEGER)                     AS iso_year,
  CAST(calendar.iso_week AS INTEGER)                     AS iso_week,
  CAST(calendar.week_start AS DATE)                      AS week_start,
  CAST(calendar.retail_year AS INTEGER)                  AS retail_year,
  CAST(calendar.retail_week AS INTEGER)                  AS retail_week,
  CAST(calendar.retail_week_start AS DATE)               AS retail_week_start,
  CAST(calendar.fiscal_year AS INTEGER)                  AS fiscal_year,
  CAST(calendar.fiscal_quarter AS INTEGER)               AS fiscal_quarter,
  CAST(calendar.fiscal_period AS INTEGER)                AS fiscal_period,
  CAST(calendar.fiscal_week AS INTEGER)                  AS fiscal_week,
  CAST(DATE_TRUNC('month', calendar.date) AS DATE)       AS month_start,
  CAST(DAY(LAST_DAY(calendar.date)) AS INTEGER)          AS days_in_month
FROM ops.calendar AS calendar
