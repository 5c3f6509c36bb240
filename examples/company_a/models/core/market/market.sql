/*
title: {zh: 市场数据, en: Market}
meaning:
  zh: 研究机构的零售监测：区域、渠道、品牌与四周；以最新一期为准
  en: "Retail market data by region, channel, brand and four weeks, as the newest edition tells it"
grain: [business_date, region_name, market_channel, category_name, brand_name]
kind: full
owner: market-research
checks:
  - {unique: [business_date, region_name, market_channel, category_name, brand_name], else: hold}
  - {not_null: [business_date, sales_value], else: hold}
*/
SELECT
  CAST(line.period_end AS DATE)                      AS business_date,
  CAST(line.region_name AS TEXT)                     AS region_name,
  CAST(line.market_channel AS TEXT)                  AS market_channel,
  CAST(line.category_name AS TEXT)                   AS category_name,
  CAST(line.manufacturer_name AS TEXT)               AS manufacturer_name,
  CAST(line.brand_name AS TEXT)                      AS brand_name,
  CAST('CNY' AS TEXT)                                AS currency_code,
  CAST('included' AS TEXT)                           AS tax_basis,
  CAST(line.sales_value AS DECIMAL(18, 2))           AS sales_value,
  CAST(line.sales_kilograms AS DECIMAL(18, 3))       AS sales_kilograms,
  CAST(line.weighted_distribution AS DECIMAL(18, 6)) AS weighted_distribution,
  CAST(line.dq_flags AS TEXT)                        AS dq_flags,
  CAST(line._src_id AS TEXT)                         AS _src_id,
  CAST(line._src_row AS TEXT)                        AS _src_row
FROM clean.market_data AS line
