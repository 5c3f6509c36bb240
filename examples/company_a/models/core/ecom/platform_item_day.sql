/*
title: {zh: 平台商品日报事实, en: Platform statistics}
meaning:
  zh: 生意参谋、商智等平台自己的商品日统计；重新统计的日期以最新为准；访客与买家数跨日不可相加
  en: "What the platforms' own statistics say by product and day, a day that was counted again as counted last; visitors and buyers are not additive over days"
grain: [source, business_date, platform_item_number]
kind: incremental
partition: month of business_date
owner: e-commerce
checks:
  - {unique: [source, business_date, platform_item_number], else: hold}
  - {not_null: [business_date, paid_amount], else: hold}
*/
SELECT
  CAST(item.source AS TEXT)                               AS source,
  CAST(item.business_date AS DATE)                        AS business_date,
  CAST(CASE item.source WHEN 'sycm_item_day' THEN 'TMALL' WHEN 'jd_item_day' THEN 'JD' ELSE item.source END AS TEXT) AS platform_code,
  CAST(item.platform_item_number AS TEXT)                          AS platform_item_number,
  CAST(COALESCE(item.visitor_count, 0) AS BIGINT)         AS visitor_count,
  CAST(COALESCE(item.view_count, 0) AS BIGINT)            AS view_count,
  CAST(COALESCE(item.buyer_count, 0) AS BIGINT)           AS buyer_count,
  CAST(COALESCE(item.quantity, 0) AS DECIMAL(18, 3))      AS quantity,
  CAST('CNY' AS TEXT)                                     AS currency_code,
  CAST('included' AS TEXT)                                AS tax_basis,
  CAST(COALESCE(item.paid_amount, 0) AS DECIMAL(18, 2))   AS paid_amount,
  CAST(item.dq_flags AS TEXT)                             AS dq_flags,
  CAST(item._src_id AS TEXT)                              AS _src_id,
  CAST(item._src_row AS TEXT)                             AS _src_row
FROM feed.platform_item_day AS item
