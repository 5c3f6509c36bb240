/*
title: {zh: 医药流向事实, en: Flow of medicines}
meaning:
  zh: 医药经销商的每一行销售；医院按对照表归一；商业调拨（二级分销）标记，不是终端销售
  en: "Every line of the pharmaceutical distributors, hospitals under one code; a transfer to another distributor is marked and is no sell-out"
grain: [_src_id, _src_row]
kind: incremental
partition: month of business_date
owner: hospital-channel
checks:
  - {unique: [_src_id, _src_row], else: hold}
  - {not_null: [business_date, quantity, is_transfer], else: hold}
*/
WITH line AS (
  -- A transfer is what its sender calls one, and what goes to a distributor that we know, whatever it is called.
  SELECT
    flow.*,
    COALESCE(flow.terminal_type, '') = '商业' OR buyer.distributor_code IS NOT NULL AS is_transfer,
    hospital.hospital_code,
    hospital.hospital_name,
    seller.region_code
  FROM feed.pharma_flow AS flow
  LEFT JOIN clean.pharma_distributors AS buyer ON buyer.distributor_name = flow.terminal_name
  LEFT JOIN clean.pharma_distributors AS seller ON seller.distributor_code = flow.distributor_code
  LEFT JOIN clean.hospital_names AS hospital
    ON hospital.city = flow.city AND hospital.terminal_name = flow.terminal_name
)
SELECT
  CAST(line.source AS TEXT)                       AS source,
  CAST(line.business_date AS DATE)                AS business_date,
  CAST(line.distributor_code AS TEXT)             AS distributor_code,
  CAST(COALESCE(line.region_code, 'unknown') AS TEXT) AS region_code,
  CAST(line.document_number AS TEXT)              AS document_number,
  CAST(line.terminal_name AS TEXT)                AS terminal_name,
  CAST(line.terminal_type AS TEXT)                AS terminal_type,
  CAST(line.is_transfer AS BOOLEAN)               AS is_transfer,
  CAST(CASE WHEN line.is_transfer THEN 'transfer' ELSE COALESCE(line.hospital_code, 'unknown') END AS TEXT) AS hospital_code,
  CAST(COALESCE(line.hospital_name, line.terminal_name) AS TEXT) AS hospital_name,
  CAST(line.product_code AS TEXT)                 AS product_code,
  CAST(line.unit_name AS TEXT)                    AS unit_name,
  CAST(line.quantity AS DECIMAL(18, 3))           AS quantity,
  CAST('CNY' AS TEXT)                             AS currency_code,
  CAST('included' AS TEXT)                        AS tax_basis,
  CAST(line.gross_amount AS DECIMAL(18, 2))       AS gross_amount,
  CAST(line.dq_flags AS TEXT)                     AS dq_flags,
  CAST(line._src_id AS TEXT)                      AS _src_id,
  CAST(line._src_row AS TEXT)                     AS _src_row
FROM line
