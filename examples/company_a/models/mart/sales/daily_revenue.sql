/*
title: {zh: 渠道大区日销售, en: Daily revenue by channel and region}
meaning:
  zh: 按渠道与大区的每日销售额、销量与目标
  en: "Revenue, quantity and target of each day by channel and region"
grain: [business_date, region_code, channel_code]
kind: incremental
partition: month of business_date
owner: regional-bi
checks:
  - {unique: [business_date, region_code, channel_code], else: hold}
  - {not_null: [net_revenue_cny], else: hold}
*/
WITH fact AS (
  SELECT
    sale.business_date                     AS business_date,
    COALESCE(party.region_code, 'unknown') AS region_code,
    sale.channel_code                      AS channel_code,
    sale.net_amount_cny                    AS net_revenue_cny,
    sale.base_quantity                     AS sell_out_quantity,
    CAST(0 AS DECIMAL(18, 2))              AS target_revenue_cny,
    sale._src_id                           AS _src_id,
    sale._src_row                          AS _src_row
  FROM core.sell_out AS sale
  LEFT JOIN core.party AS party
    ON party.party_id = sale.party_id
   AND sale.business_date >= party.valid_from AND sale.business_date < party.valid_to
  UNION ALL
  SELECT
    ordered.business_date                  AS business_date,
    COALESCE(place.region_code, 'unknown') AS region_code,
    ordered.channel_code                   AS channel_code,
    ordered.net_amount_cny                 AS net_revenue_cny,
    ordered.base_quantity                  AS sell_out_quantity,
    CAST(0 AS DECIMAL(18, 2))              AS target_revenue_cny,
    ordered._src_id                        AS _src_id,
    ordered._src_row                       AS _src_row
  FROM core.ecom_order AS ordered
  LEFT JOIN core.geography AS place ON place.province_name = ordered.province_name
  WHERE NOT ordered.is_cancelled
  UNION ALL
  SELECT
    till.business_date                     AS business_date,
    COALESCE(store.region_code, 'unknown') AS region_code,
    till.channel_code                      AS channel_code,
    till.net_amount_cny                    AS net_revenue_cny,
    till.base_quantity                     AS sell_out_quantity,
    CAST(0 AS DECIMAL(18, 2))              AS target_revenue_cny,
    till._src_id                           AS _src_id,
    till._src_row                          AS _src_row
  FROM core.pos AS till
  LEFT JOIN core.store AS store
    ON store.store_id = till.store_id
   AND till.business_date >= store.valid_from AND till.business_date < store.valid_to
  UNION ALL
  SELECT
    target.business_date      AS business_date,
    target.region_code        AS region_code,
    target.channel_code       AS channel_code,
    CAST(0 AS DECIMAL(18, 2)) AS net_revenue_cny,
    CAST(0 AS DECIMAL(18, 3)) AS sell_out_quantity,
    target.target_revenue_cny AS target_revenue_cny,
    target._src_id            AS _src_id,
    target._src_row           AS _src_row
  FROM core.target AS target
)
SELECT
  CAST(fact.business_date AS DATE)                     AS business_date,
  CAST(fact.region_code AS TEXT)                       AS region_code,
  CAST(fact.channel_code AS TEXT)                      AS channel_code,
  CAST(SUM(fact.net_revenue_cny) AS DECIMAL(18, 2))    AS net_revenue_cny,
  CAST(SUM(fact.sell_out_quantity) AS DECIMAL(18, 3))  AS sell_out_quantity,
  CAST(SUM(fact.target_revenue_cny) AS DECIMAL(18, 2)) AS target_revenue_cny
FROM fact
GROUP BY 1, 2, 3
