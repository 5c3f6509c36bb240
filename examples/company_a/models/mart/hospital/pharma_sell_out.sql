/*
title: {zh: 医院终端销售, en: Sell-out to hospitals}
meaning:
  zh: 医药经销商到医院、药店、诊所的销售；商业调拨单列，不计入终端销售
  en: "Sales of the pharmaceutical distributors to hospitals, pharmacies and clinics; transfers between distributors stand apart"
grain: [business_date, region_code, distributor_code, hospital_code]
kind: incremental
partition: month of business_date
owner: hospital-channel
checks:
  - {unique: [business_date, region_code, distributor_code, hospital_code], else: hold}
  - {not_null: [sell_out_quantity, transfer_quantity], else: hold}
*/
WITH fact AS (
  SELECT
    flow.business_date,
    flow.region_code,
    flow.distributor_code,
    flow.hospital_code,
    CASE WHEN flow.is_transfer THEN 0 ELSE flow.quantity END     AS sell_out_quantity,
    CASE WHEN flow.is_transfer THEN 0 ELSE flow.gross_amount END AS sell_out_amount,
    CASE WHEN flow.is_transfer THEN flow.quantity ELSE 0 END     AS transfer_quantity,
    CASE WHEN flow.is_transfer THEN flow.gross_amount ELSE 0 END AS transfer_amount,
    flow._src_id,
    flow._src_row
  FROM core.pharma_flow AS flow
)
SELECT
  CAST(fact.business_date AS DATE)                   AS business_date,
  CAST(fact.region_code AS TEXT)                     AS region_code,
  CAST(fact.distributor_code AS TEXT)                AS distributor_code,
  CAST(fact.hospital_code AS TEXT)                   AS hospital_code,
  CAST(SUM(fact.sell_out_quantity) AS DECIMAL(18, 3)) AS sell_out_quantity,
  CAST(SUM(fact.sell_out_amount) AS DECIMAL(18, 2))  AS sell_out_amount,
  CAST(SUM(fact.transfer_quantity) AS DECIMAL(18, 3)) AS transfer_quantity,
  CAST(SUM(fact.transfer_amount) AS DECIMAL(18, 2))  AS transfer_amount
FROM fact
GROUP BY 1, 2, 3, 4
