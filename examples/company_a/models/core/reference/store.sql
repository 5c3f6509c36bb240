/*
title: {zh: 门店维度, en: Stores}
meaning:
  zh: 零售商门店，按生效期分版本
  en: "Stores of the retailers, one row for each period of validity"
grain: [store_id, valid_from]
kind: full
owner: sales-operations
checks:
  - {unique: [store_id, valid_from], else: hold}
  - {not_null: [region_code], else: hold}
*/
WITH member AS (
  SELECT
    store.store_code AS store_id,
    store.store_name,
    store.retailer   AS retailer_name,
    'KA'             AS channel_code,
    store.region_code,
    store.city       AS city_name,
    store.valid_from,
    COALESCE(store.valid_to, DATE '9999-12-31') AS valid_to
  FROM clean.stores AS store
  UNION ALL
  SELECT
    'unknown'         AS store_id,
    '未知门店'         AS store_name,
    'unknown'         AS retailer_name,
    'KA'              AS channel_code,
    'unknown'         AS region_code,
    'unknown'         AS city_name,
    DATE '1900-01-01' AS valid_from,
    DATE '9999-12-31' AS valid_to
)
SELECT
  CAST(member.store_id AS TEXT)      AS store_id,
  CAST(member.store_name AS TEXT)    AS store_name,
  CAST(member.retailer_name AS TEXT) AS retailer_name,
  CAST(member.channel_code AS TEXT)  AS channel_code,
  CAST(member.region_code AS TEXT)   AS region_code,
  CAST(member.city_name AS TEXT)     AS city_name,
  CAST(member.valid_from AS DATE)    AS valid_from,
  CAST(member.valid_to AS DATE)      AS valid_to
FROM member
