/*
title: {zh: 日期维度, en: Dates}
meaning:
  zh: 中国工作日历：节假日、调休上班日、ISO 周
  en: "The Chinese working calendar: public holidays, make-up workdays and ISO weeks"
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
  CAST(calendar.iso_year AS INTEGER)                     AS iso_year,
  CAST(calendar.iso_week AS INTEGER)                     AS iso_week,
  CAST(calendar.week_start AS DATE)                      AS week_start,
  CAST(DATE_TRUNC('month', calendar.date) AS DATE)       AS month_start,
  CAST(DAY(LAST_DAY(calendar.date)) AS INTEGER)          AS days_in_month
FROM ops.calendar AS calendar
