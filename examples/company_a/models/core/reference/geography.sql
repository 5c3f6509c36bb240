/*
title: {zh: 地理维度, en: Geography}
meaning:
  zh: 省级行政区与公司销售大区的对应；门店与经销商的大区在各自的名单里
  en: "Provinces and the sales region they belong to; distributors and stores name their region themselves"
grain: [province_name]
kind: full
owner: sales-operations
checks:
  - {unique: [province_name], else: hold}
*/
WITH province AS (
  SELECT
    listed.province_name,
    listed.region_code
  FROM (VALUES
    ('上海', 'EAST'),
    ('江苏', 'EAST'),
    ('浙江', 'EAST'),
    ('安徽', 'EAST'),
    ('福建', 'EAST'),
    ('江西', 'EAST'),
    ('山东', 'EAST'),
    ('北京', 'NORTH'),
    ('天津', 'NORTH'),
    ('河北', 'NORTH'),
    ('山西', 'NORTH'),
    ('内蒙古', 'NORTH'),
    ('辽宁', 'NORTH'),
    ('吉林', 'NORTH'),
    ('黑龙江', 'NORTH'),
    ('广东', 'SOUTH'),
    ('广西', 'SOUTH'),
    ('海南', 'SOUTH'),
    ('湖南', 'SOUTH'),
    ('湖北', 'SOUTH'),
    ('河南', 'SOUTH'),
    ('香港', 'SOUTH'),
    ('澳门', 'SOUTH'),
    ('台湾', 'SOUTH'),
    ('重庆', 'WEST'),
    ('四川', 'WEST'),
    ('贵州', 'WEST'),
    ('云南', 'WEST'),
    ('西藏', 'WEST'),
    ('陕西', 'WEST'),
    ('甘肃', 'WEST'),
    ('青海', 'WEST'),
    ('宁夏', 'WEST'),
    ('新疆', 'WEST'),
    ('unknown', 'unknown')
  ) AS listed(province_name, region_code)
)
SELECT
  CAST(province.province_name AS TEXT) AS province_name,
  CAST(province.region_code AS TEXT)   AS region_code
FROM province
