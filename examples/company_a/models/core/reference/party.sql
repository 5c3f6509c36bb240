/*
title: {zh: 往来单位维度, en: Parties}
meaning:
  zh: 经销商，按生效期分版本；大区以业务日期当天有效的记录为准
  en: "Distributors, one row for each period of validity; the region is that of the row valid on the business date"
grain: [party_id, valid_from]
kind: full
owner: sales-operations
checks:
  - {unique: [party_id, valid_from], else: hold}
  - {not_null: [region_code], else: hold}
*/
WITH member AS (
  SELECT
    distributor.distributor_code AS party_id,
    distributor.distributor_name AS party_name,
    'DISTRIBUTOR'                AS channel_code,
    distributor.region_code,
    distributor.city             AS city_name,
    distributor.valid_from,
    COALESCE(distributor.valid_to, DATE '9999-12-31') AS valid_to
  FROM clean.distributors AS distributor
  UNION ALL
  SELECT
    'unknown'         AS party_id,
    '未知单位'         AS party_name,
    'DISTRIBUTOR'     AS channel_code,
    'unknown'         AS region_code,
    'unknown'         AS city_name,
    DATE '1900-01-01' AS valid_from,
    DATE '9999-12-31' AS valid_to
)
SELECT
  CAST(member.party_id AS TEXT)     AS party_id,
  CAST(member.party_name AS TEXT)   AS party_name,
  CAST(member.channel_code AS TEXT) AS channel_code,
  CAST(member.region_code AS TEXT)  AS region_code,
  CAST(member.city_name AS TEXT)    AS city_name,
  CAST(member.valid_from AS DATE)   AS valid_from,
  CAST(member.valid_to AS DATE)     AS valid_to
FROM member
