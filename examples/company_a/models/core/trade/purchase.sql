/*
title: {zh: 采购事实, en: Distributor purchases}
meaning:
  zh: 经销商入库行，统一为基本单位；与ERP发货核对，不计入销售额
  en: "What distributors took in, in base units, to be compared with the ERP's deliveries; not counted as revenue"
grain: [_src_id, _src_row]
kind: incremental
partition: month of business_date
owner: regional-bi
checks:
  - {unique: [_src_id, _src_row], else: hold}
  - {not_null: [business_date, base_quantity], else: hold}
*/
WITH taken_in AS (
  SELECT
    line.*,
    COALESCE(product_map.product_id, 'unknown') AS product_id
  FROM feed.purchase AS line
  LEFT JOIN match.product_map AS product_map
    ON product_map.source = line.source AND product_map.product_key = line.product_code
   AND line.business_date >= product_map.valid_from AND line.business_date < product_map.valid_to
),
measured AS (
  SELECT
    taken_in.*,
    party.party_id,
    CASE WHEN taken_in.unit_name = product.pack_unit THEN product.pack_size ELSE 1 END AS units
  FROM taken_in
  LEFT JOIN core.product AS product ON product.product_id = taken_in.product_id
  LEFT JOIN core.party AS party
    ON party.party_id = taken_in.distributor_code
   AND taken_in.business_date >= party.valid_from AND taken_in.business_date < party.valid_to
)
SELECT
  CAST(measured.source AS TEXT)                              AS source,
  CAST(measured.business_date AS DATE)                       AS business_date,
  CAST(measured.distributor_code AS TEXT)                    AS distributor_code,
  CAST(COALESCE(measured.party_id, 'unknown') AS TEXT)       AS party_id,
  CAST(measured.delivery_number AS TEXT)                     AS delivery_number,
  CAST(measured.product_code AS TEXT)                        AS product_code,
  CAST(measured.product_id AS TEXT)                          AS product_id,
  CAST(measured.unit_name AS TEXT)                           AS unit_name,
  CAST(measured.quantity * measured.units AS DECIMAL(18, 3)) AS base_quantity,
  CAST(measured.currency_code AS TEXT)                       AS currency_code,
  CAST(measured.gross_amount AS DECIMAL(18, 2))              AS gross_amount,
  CAST(measured.dq_flags AS TEXT)                            AS dq_flags,
  CAST(measured._src_id AS TEXT)                             AS _src_id,
  CAST(measured._src_row AS TEXT)                            AS _src_row
FROM measured
