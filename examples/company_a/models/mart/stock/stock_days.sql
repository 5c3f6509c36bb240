/*
title: {zh: 库存天数, en: Stock days}
meaning:
  zh: 经销商期末库存与近28天日均销量；只比较当天有盘点的经销商
  en: "Distributors' closing stock beside their average daily sell-out of 28 days, for distributors that counted on that day"
grain: [business_date, region_code]
kind: incremental
partition: month of business_date
reads: 28 days before
owner: regional-bi
checks:
  - {unique: [business_date, region_code], else: hold}
  - {not_null: [closing_quantity], else: hold}
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
    delivery.business_date                 AS business_date,
    COALESCE(party.region_code, 'unknown') AS region_code,
    CAST(0 AS DECIMAL(18, 3))              AS closing_quantity,
    CAST(0 AS DECIMAL(18, 6))              AS daily_sell_out_quantity,
    delivery.base_quantity                 AS sell_in_quantity,
    CAST(0 AS DECIMAL(18, 3))              AS sell_out_quantity,
    delivery._src_id                       AS _src_id,
    delivery._src_row                      AS _src_row
  FROM core.sell_in AS delivery
  LEFT JOIN core.party AS party
    ON party.party_id = delivery.party_id
   AND delivery.business_date >= party.valid_from AND delivery.business_date < party.valid_to
  UNION ALL
  SELECT
    sale.business_date                     AS business_date,
    COALESCE(party.region_code, 'unknown') AS region_code,
    CAST(0 AS DECIMAL(18, 3))              AS closing_quantity,
    CAST(0 AS DECIMAL(18, 6))              AS daily_sell_out_quantity,
    CAST(0 AS DECIMAL(18, 3))              AS sell_in_quantity,
    sale.base_quantity                     AS sell_out_quantity,
    sale._src_id                           AS _src_id,
    sale._src_row                          AS _src_row
  FROM core.sell_out AS sale
  LEFT JOIN core.party AS party
    ON party.party_id = sale.party_id
   AND sale.business_date >= party.valid_from AND sale.business_date < party.valid_to
  UNION ALL
  SELECT
    stock.business_date                    AS business_date,
    COALESCE(party.region_code, 'unknown') AS region_code,
    stock.closing_quantity                 AS closing_quantity,
    CAST(0 AS DECIMAL(18, 6))              AS daily_sell_out_quantity,
    CAST(0 AS DECIMAL(18, 3))              AS sell_in_quantity,
    CAST(0 AS DECIMAL(18, 3))              AS sell_out_quantity,
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
    CAST(0 AS DECIMAL(18, 3))              AS closing_quantity,
    rate.share_quantity                    AS daily_sell_out_quantity,
    CAST(0 AS DECIMAL(18, 3))              AS sell_in_quantity,
    CAST(0 AS DECIMAL(18, 3))              AS sell_out_quantity,
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
  CAST(SUM(fact.closing_quantity) AS DECIMAL(18, 3))        AS closing_quantity,
  CAST(SUM(fact.daily_sell_out_quantity) AS DECIMAL(18, 6)) AS daily_sell_out_quantity,
  CAST(SUM(fact.sell_in_quantity) AS DECIMAL(18, 3))        AS sell_in_quantity,
  CAST(SUM(fact.sell_out_quantity) AS DECIMAL(18, 3))       AS sell_out_quantity
FROM fact
GROUP BY 1, 2
