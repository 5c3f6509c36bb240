/*
title: {zh: 疑似串货, en: Sales outside the territory}
meaning:
  zh: 经销商卖给其他大区客户的销售；大区为客户所在大区（市场受影响的一方），卖方大区另列
  en: "Sales of distributors to customers of another region; the region is the customer's (whose market is hurt), the seller's stands beside it"
grain: [business_date, region_code, from_region_code, party_id]
kind: incremental
partition: month of business_date
owner: regional-bi
checks:
  - {unique: [business_date, region_code, from_region_code, party_id], else: hold}
  - {not_null: [diverted_quantity], else: hold}
*/
WITH city AS (
  -- A city that was ever listed in two regions tells nothing.
  SELECT
    party.city_name,
    MIN(party.region_code) AS region_code
  FROM core.party AS party
  WHERE party.city_name <> 'unknown'
  GROUP BY party.city_name
  HAVING COUNT(DISTINCT party.region_code) = 1
),
fact AS (
  SELECT
    sale.business_date,
    city.region_code         AS region_code,
    seller.region_code       AS from_region_code,
    sale.party_id,
    sale.base_quantity,
    sale.net_amount_cny,
    sale._src_id,
    sale._src_row
  FROM core.sell_out AS sale
  INNER JOIN core.party AS seller
    ON seller.party_id = sale.party_id
   AND sale.business_date >= seller.valid_from AND sale.business_date < seller.valid_to
  INNER JOIN city
    ON sale.customer_name LIKE city.city_name || '%'
  WHERE city.region_code <> seller.region_code AND seller.region_code <> 'unknown'
)
SELECT
  CAST(fact.business_date AS DATE)                  AS business_date,
  CAST(fact.region_code AS TEXT)                    AS region_code,
  CAST(fact.from_region_code AS TEXT)               AS from_region_code,
  CAST(fact.party_id AS TEXT)                       AS party_id,
  CAST(SUM(fact.base_quantity) AS DECIMAL(18, 3))   AS diverted_quantity,
  CAST(SUM(fact.net_amount_cny) AS DECIMAL(18, 2))  AS diverted_net_cny
FROM fact
GROUP BY 1, 2, 3, 4
