/*
title: {zh: 每日关键指标, en: Daily key figures}
meaning:
  zh: 日报首页的指标：销售额、进货额、销量、目标、库存
  en: "The daily report's tiles: revenue, sell-in, sell-out, target and stock"
grain: [business_date, region_code, channel_code]
kind: incremental
partition: month of business_date
reads: 28 days before
owner: regional-bi
checks:
  - {unique: [business_date, region_code, channel_code], else: hold}
  - {not_null: [net_revenue_cny], else: hold}
*/
WITH counted AS (
  SELECT DISTINCT
    stock.party_id,
    stock.business_date
  FROM core.distributor_stock AS stock
),
selling_rate AS (
  -- Each sale of the 28 days up to a stock count gives 1/28 of its quantity to that day's average, rounded to a millionth
  -- in whole units, so that the average is the sum of its rows. Only distributors that counted take part: stock days then
  -- compare the same distributors on the same days.
  SELECT
    sale.party_id,
    sale.channel_code,
    counted.business_date AS counted_on,
    SIGN(sale.base_quantity)
    * ((2 * CAST(ABS(sale.base_quantity) * 1000 AS BIGINT) * 1000 + 28) // 56)
    * CAST(0.000001 AS DECIMAL(7, 6)) AS share_quantity,
    sale._src_id,
    sale._src_row
  FROM core.sell_out AS sale
  INNER JOIN counted
    ON counted.party_id = sale.party_id
   AND counted.business_date >= sale.business_date
   AND counted.business_date < sale.business_date + INTERVAL 28 DAY
),
fact AS (
  SELECT
    sale.business_date                     AS business_date,
    COALESCE(party.region_code, 'unknown') AS region_code,
    sale.channel_code                      AS channel_code,
    sale.net_amount_cny                    AS net_revenue_cny,
    CAST(0 AS DECIMAL(18, 2))              AS sell_in_net_cny,
    sale.base_quantity                     AS sell_out_quantity,
    CAST(0 AS DECIMAL(18, 2))              AS target_revenue_cny,
    CAST(0 AS DECIMAL(18, 3))              AS closing_quantity,
    CAST(0 AS DECIMAL(18, 6))              AS daily_sell_out_quantity,
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
    CAST(0 AS DECIMAL(18, 2))              AS sell_in_net_cny,
    ordered.base_quantity                  AS sell_out_quantity,
    CAST(0 AS DECIMAL(18, 2))              AS target_revenue_cny,
    CAST(0 AS DECIMAL(18, 3))              AS closing_quantity,
    CAST(0 AS DECIMAL(18, 6))              AS daily_sell_out_quantity,
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
    CAST(0 AS DECIMAL(18, 2))              AS sell_in_net_cny,
    till.base_quantity                     AS sell_out_quantity,
    CAST(0 AS DECIMAL(18, 2))              AS target_revenue_cny,
    CAST(0 AS DECIMAL(18, 3))              AS closing_quantity,
    CAST(0 AS DECIMAL(18, 6))              AS daily_sell_out_quantity,
    till._src_id                           AS _src_id,
    till._src_row                          AS _src_row
  FROM core.pos AS till
  LEFT JOIN core.store AS store
    ON store.store_id = till.store_id
   AND till.business_date >= store.valid_from AND till.business_date < store.valid_to
  UNION ALL
  SELECT
    delivery.business_date                 AS business_date,
    COALESCE(party.region_code, 'unknown') AS region_code,
    delivery.channel_code                  AS channel_code,
    CAST(0 AS DECIMAL(18, 2))              AS net_revenue_cny,
    delivery.net_amount_cny                AS sell_in_net_cny,
    CAST(0 AS DECIMAL(18, 3))              AS sell_out_quantity,
    CAST(0 AS DECIMAL(18, 2))              AS target_revenue_cny,
    CAST(0 AS DECIMAL(18, 3))              AS closing_quantity,
    CAST(0 AS DECIMAL(18, 6))              AS daily_sell_out_quantity,
    delivery._src_id                       AS _src_id,
    delivery._src_row                      AS _src_row
  FROM core.sell_in AS delivery
  LEFT JOIN core.party AS party
    ON party.party_id = delivery.party_id
   AND delivery.business_date >= party.valid_from AND delivery.business_date < party.valid_to
  UNION ALL
  SELECT
    target.business_date      AS business_date,
    target.region_code        AS region_code,
    target.channel_code       AS channel_code,
    CAST(0 AS DECIMAL(18, 2)) AS net_revenue_cny,
    CAST(0 AS DECIMAL(18, 2)) AS sell_in_net_cny,
    CAST(0 AS DECIMAL(18, 3)) AS sell_out_quantity,
    target.target_revenue_cny AS target_revenue_cny,
    CAST(0 AS DECIMAL(18, 3)) AS closing_quantity,
    CAST(0 AS DECIMAL(18, 6)) AS daily_sell_out_quantity,
    target._src_id            AS _src_id,
    target._src_row           AS _src_row
  FROM core.target AS target
  UNION ALL
  SELECT
    stock.business_date                    AS business_date,
    COALESCE(party.region_code, 'unknown') AS region_code,
    'DISTRIBUTOR'                          AS channel_code,
    CAST(0 AS DECIMAL(18, 2))              AS net_revenue_cny,
    CAST(0 AS DECIMAL(18, 2))              AS sell_in_net_cny,
    CAST(0 AS DECIMAL(18, 3))              AS sell_out_quantity,
    CAST(0 AS DECIMAL(18, 2))              AS target_revenue_cny,
    stock.closing_quantity                 AS closing_quantity,
    CAST(0 AS DECIMAL(18, 6))              AS daily_sell_out_quantity,
    stock._src_id                          AS _src_id,
    stock._src_row                         AS _src_row
  FROM core.distributor_stock AS stock
  LEFT JOIN core.party AS party
    ON party.party_id = stock.party_id
   AND stock.business_date >= party.valid_from AND stock.business_date < party.valid_to
  UNION ALL
  SELECT
    rate.counted_on                        AS business_date,
    COALESCE(party.region_code, 'unknown') AS region_code,
    rate.channel_code                      AS channel_code,
    CAST(0 AS DECIMAL(18, 2))              AS net_revenue_cny,
    CAST(0 AS DECIMAL(18, 2))              AS sell_in_net_cny,
    CAST(0 AS DECIMAL(18, 3))              AS sell_out_quantity,
    CAST(0 AS DECIMAL(18, 2))              AS target_revenue_cny,
    CAST(0 AS DECIMAL(18, 3))              AS closing_quantity,
    rate.share_quantity                    AS daily_sell_out_quantity,
    rate._src_id                           AS _src_id,
    rate._src_row                          AS _src_row
  FROM selling_rate AS rate
  LEFT JOIN core.party AS party
    ON party.party_id = rate.party_id
   AND rate.counted_on >= party.valid_from AND rate.counted_on < party.valid_to
)
SELECT
  CAST(fact.business_date AS DATE)                          AS business_date,
  CAST(fact.region_code AS TEXT)                            AS region_code,
  CAST(fact.channel_code AS TEXT)                           AS channel_code,
  CAST(SUM(fact.net_revenue_cny) AS DECIMAL(18, 2))         AS net_revenue_cny,
  CAST(SUM(fact.sell_in_net_cny) AS DECIMAL(18, 2))         AS sell_in_net_cny,
  CAST(SUM(fact.sell_out_quantity) AS DECIMAL(18, 3))       AS sell_out_quantity,
  CAST(SUM(fact.target_revenue_cny) AS DECIMAL(18, 2))      AS target_revenue_cny,
  CAST(SUM(fact.closing_quantity) AS DECIMAL(18, 3))        AS closing_quantity,
  CAST(SUM(fact.daily_sell_out_quantity) AS DECIMAL(18, 6)) AS daily_sell_out_quantity
FROM fact
GROUP BY 1, 2, 3
