/*
title: {zh: 经销商库存事实, en: Distributor stock}
meaning:
  zh: 经销商每日各产品的期初、入库、出库与期末，统一为基本单位
  en: "Opening, inbound, outbound and closing stock of each product at each distributor, in base units"
grain: [_src_id, _src_row]
kind: incremental
partition: month of business_date
owner: regional-bi
checks:
  - {unique: [_src_id, _src_row], else: hold}
  - {not_null: [business_date, closing_quantity], else: hold}
*/
WITH counted AS (
  SELECT
    line.*,
    COALESCE(product_map.product_id, 'unknown') AS product_id
  FROM feed.distributor_stock AS line
  LEFT JOIN match.product_map AS product_map
    ON product_map.source = line.source AND product_map.product_key = line.product_code
   AND line.business_date >= product_map.valid_from AND line.business_date < product_map.valid_to
),
measured AS (
  SELECT
    counted.*,
    party.party_id,
    CASE WHEN counted.unit_name = product.pack_unit THEN product.pack_size ELSE 1 END AS units
  FROM counted
  LEFT JOIN core.product AS product ON product.product_id = counted.product_id
  LEFT JOIN core.party AS party
    ON party.party_id = counted.distributor_code
   AND counted.business_date >= party.valid_from AND counted.business_date < party.valid_to
)
SELECT
  CAST(measured.source AS TEXT)                        AS source,
  CAST(measured.business_date AS DATE)                 AS business_date,
  CAST(measured.distributor_code AS TEXT)              AS distributor_code,
  CAST(COALESCE(measured.party_id, 'unknown') AS TEXT) AS party_id,
  CAST(measured.product_code AS TEXT)                  AS product_code,
  CAST(measured.product_id AS TEXT)                    AS product_id,
  CAST(measured.unit_name AS TEXT)                     AS unit_name,
  CAST(measured.opening_quantity * measured.units AS DECIMAL(18, 3))  AS opening_quantity,
  CAST(measured.inbound_quantity * measured.units AS DECIMAL(18, 3))  AS inbound_quantity,
  CAST(measured.outbound_quantity * measured.units AS DECIMAL(18, 3)) AS outbound_quantity,
  CAST(measured.closing_quantity * measured.units AS DECIMAL(18, 3))  AS closing_quantity,
  CAST(measured.dq_flags AS TEXT)                      AS dq_flags,
  CAST(measured._src_id AS TEXT)                       AS _src_id,
  CAST(measured._src_row AS TEXT)                      AS _src_row
FROM measured
