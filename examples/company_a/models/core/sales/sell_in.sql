/*
title: {zh: 进货事实, en: Sell-in}
meaning:
  zh: ERP 发货行，统一为基本单位与人民币未税金额
  en: "ERP delivery lines in base units and CNY net of tax"
grain: [source, delivery_number, line_number]
kind: incremental
partition: month of business_date
owner: regional-bi
checks:
  - {unique: [source, delivery_number, line_number], else: hold}
  - {not_null: [business_date, base_quantity, net_amount_cny], else: hold}
*/
WITH delivery AS (
  SELECT
    line.*,
    COALESCE(product_map.product_id, 'unknown') AS product_id
  FROM feed.sell_in AS line
  LEFT JOIN match.product_map AS product_map
    ON product_map.source = line.source AND product_map.product_key = line.product_code
   AND line.business_date >= product_map.valid_from AND line.business_date < product_map.valid_to
),
measured AS (
  SELECT
    delivery.*,
    party.party_id,
    product.product_id IS NULL OR product.product_id = 'unknown' AS is_product_unknown,
    CASE WHEN delivery.unit_name = product.pack_unit THEN product.pack_size ELSE 1 END AS units,
    rate.mid_rate
  FROM delivery
  LEFT JOIN core.product AS product ON product.product_id = delivery.product_id
  LEFT JOIN core.party AS party
    ON party.party_id = delivery.distributor_code
   AND delivery.business_date >= party.valid_from AND delivery.business_date < party.valid_to
  LEFT JOIN core.fx_rate AS rate
    ON rate.currency_code = delivery.currency_code
   AND delivery.business_date >= rate.valid_from AND delivery.business_date < rate.valid_to
)
SELECT
  CAST(measured.source AS TEXT)                              AS source,
  CAST(measured.delivery_number AS TEXT)                     AS delivery_number,
  CAST(measured.line_number AS BIGINT)                       AS line_number,
  CAST(measured.business_date AS DATE)                       AS business_date,
  CAST(measured.entity_code AS TEXT)                         AS entity_code,
  CAST(measured.distributor_code AS TEXT)                    AS distributor_code,
  CAST(COALESCE(measured.party_id, 'unknown') AS TEXT)       AS party_id,
  CAST(measured.product_code AS TEXT)                        AS product_code,
  CAST(measured.product_id AS TEXT)                          AS product_id,
  CAST('DISTRIBUTOR' AS TEXT)                                AS channel_code,
  CAST(measured.unit_name AS TEXT)                           AS unit_name,
  CAST(measured.quantity AS DECIMAL(18, 3))                  AS quantity,
  CAST(measured.quantity * measured.units AS DECIMAL(18, 3)) AS base_quantity,
  CAST(measured.currency_code AS TEXT)                       AS currency_code,
  CAST('excluded' AS TEXT)                                   AS tax_basis,
  CAST(measured.net_amount AS DECIMAL(18, 2))                AS net_amount,
  CAST(
    CASE
      WHEN measured.currency_code = 'CNY' THEN measured.net_amount
      ELSE measured.net_amount * measured.mid_rate * CAST(0.01 AS DECIMAL(3, 2))
    END AS DECIMAL(18, 2)
  )                                                          AS net_amount_cny,
  CAST(measured.is_product_unknown AS BOOLEAN)               AS is_estimated,
  CAST(measured.dq_flags AS TEXT)                            AS dq_flags,
  CAST(measured._src_id AS TEXT)                             AS _src_id,
  CAST(measured._src_row AS TEXT)                            AS _src_row
FROM measured
