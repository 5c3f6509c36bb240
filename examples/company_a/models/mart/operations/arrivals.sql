/*
title: {zh: 到达情况, en: Arrivals}
meaning:
  zh: 每个来源、单位与业务日期应到与实到的数据
  en: "What was owed and what came, for each source, party and business day"
grain: [business_date, source, party]
kind: full
owner: regional-bi
checks:
  - {unique: [business_date, source, party], else: hold}
*/
WITH owed AS (
  SELECT
    expectation.business_date,
    COALESCE(NULLIF(expectation.region_code, ''), 'ALL') AS region_code,
    expectation.source,
    expectation.party,
    expectation.party_name,
    expectation.state,
    expectation.reason,
    expectation.due_at,
    expectation.arrival_id
  FROM ops.expectation AS expectation
)
SELECT
  CAST(owed.business_date AS DATE) AS business_date,
  CAST(owed.region_code AS TEXT)   AS region_code,
  CAST(owed.source AS TEXT)        AS source,
  CAST(owed.party AS TEXT)         AS party,
  CAST(owed.party_name AS TEXT)    AS party_name,
  CAST(owed.state AS TEXT)         AS state,
  CAST(owed.reason AS TEXT)        AS reason,
  CAST(owed.due_at AS TEXT)        AS due_at,
  CAST(owed.arrival_id AS TEXT)    AS arrival_id,
  CAST(1 AS BIGINT)                AS expected_count,
  CAST(CASE WHEN owed.state IN ('arrived', 'nil', 'late') THEN 1 ELSE 0 END AS BIGINT) AS reported_count
FROM owed
