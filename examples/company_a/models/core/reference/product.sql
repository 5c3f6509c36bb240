/*
title: {zh: 产品维度, en: Products}
meaning:
  zh: 产品、包装换算与增值税率；未匹配到主数据的事实归入 unknown
  en: "Products with their packs and VAT rates; facts that match no product go to the member 'unknown'"
grain: [product_id]
kind: full
owner: master-data
checks:
  - {unique: [product_id], else: hold}
  - {not_null: [pack_size, vat_rate], else: hold}
*/
WITH member AS (
  SELECT
    product.product_code AS product_id,
    product.product_code,
    product.product_name,
    product.brand        AS brand_name,
    product.category     AS category_name,
    product.barcode,
    product.each_unit,
    product.pack_unit,
    product.pack_size,
    product.vat_rate
  FROM clean.erp_products AS product
  UNION ALL
  SELECT
    'unknown' AS product_id,
    'unknown' AS product_code,
    '未知产品' AS product_name,
    'unknown' AS brand_name,
    'unknown' AS category_name,
    NULL      AS barcode,
    NULL      AS each_unit,
    NULL      AS pack_unit,
    1         AS pack_size,
    0.13      AS vat_rate
)
SELECT
  CAST(member.product_id AS TEXT)       AS product_id,
  CAST(member.product_code AS TEXT)     AS product_code,
  CAST(member.product_name AS TEXT)     AS product_name,
  CAST(member.brand_name AS TEXT)       AS brand_name,
  CAST(member.category_name AS TEXT)    AS category_name,
  CAST(member.barcode AS TEXT)          AS barcode,
  CAST(member.each_unit AS TEXT)        AS each_unit,
  CAST(member.pack_unit AS TEXT)        AS pack_unit,
  CAST(member.pack_size AS INTEGER)     AS pack_size,
  CAST(member.vat_rate AS DECIMAL(9, 4)) AS vat_rate
FROM member
