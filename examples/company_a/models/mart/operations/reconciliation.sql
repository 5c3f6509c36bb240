/*
title: {zh: 跨来源核对, en: Reconciliation across sources}
meaning:
  zh: 同一批货、同一笔钱在相邻两个来源里是否一致；按周列出每一级的覆盖率与无法解释的差异
  en: "Whether two neighbouring sources tell the same of the same goods or money: coverage and unexplained difference of each rung and week"
grain: [business_date, region_code, rung]
kind: full
owner: regional-bi
checks:
  - {unique: [business_date, region_code, rung], else: hold}
  - {not_null: [expected_value, compared_value, unexplained_value], else: hold}
*/
WITH delivered AS (
  SELECT
    delivery.delivery_number,
    MIN(delivery.business_date) AS business_date
  FROM core.sell_in AS delivery
  GROUP BY delivery.delivery_number
),
taken_in AS (
  -- A purchase is placed on the day of its delivery, so that both are in one week.
  SELECT
    COALESCE(delivered.business_date, purchase.business_date) AS business_date,
    purchase.party_id,
    purchase.delivery_number,
    purchase.product_id,
    purchase.base_quantity,
    purchase._src_id,
    purchase._src_row
  FROM core.purchase AS purchase
  LEFT JOIN delivered ON delivered.delivery_number = purchase.delivery_number
),
line AS (
  -- expected: what the first source of the rung says; found: what the second one says of the same goods or money.
  SELECT
    'delivery_to_stock'                    AS rung,
    delivery.business_date                 AS business_date,
    delivery.party_id                      AS party_id,
    delivery.product_id                    AS item,
    delivery.base_quantity                 AS expected,
    CAST(0 AS DECIMAL(18, 3))              AS found,
    delivery._src_id                       AS _src_id,
    delivery._src_row                      AS _src_row
  FROM core.sell_in AS delivery
  UNION ALL
  SELECT
    'delivery_to_stock'                    AS rung,
    stock.business_date                    AS business_date,
    stock.party_id                         AS party_id,
    stock.product_id                       AS item,
    CAST(0 AS DECIMAL(18, 3))              AS expected,
    COALESCE(stock.inbound_quantity, 0)    AS found,
    stock._src_id                          AS _src_id,
    stock._src_row                         AS _src_row
  FROM core.distributor_stock AS stock
  UNION ALL
  -- What customers give back comes in as well, and is no delivery.
  SELECT
    'delivery_to_stock'                    AS rung,
    taken_back.business_date               AS business_date,
    taken_back.party_id                    AS party_id,
    taken_back.product_id                  AS item,
    CAST(0 AS DECIMAL(18, 3))              AS expected,
    taken_back.base_quantity               AS found,
    taken_back._src_id                     AS _src_id,
    taken_back._src_row                    AS _src_row
  FROM core.sell_out AS taken_back
  WHERE taken_back.base_quantity < 0
  UNION ALL
  SELECT
    'sell_out_to_stock'                    AS rung,
    sale.business_date                     AS business_date,
    sale.party_id                          AS party_id,
    sale.product_id                        AS item,
    sale.base_quantity                     AS expected,
    CAST(0 AS DECIMAL(18, 3))              AS found,
    sale._src_id                           AS _src_id,
    sale._src_row                          AS _src_row
  FROM core.sell_out AS sale
  WHERE sale.base_quantity > 0
  UNION ALL
  SELECT
    'sell_out_to_stock'                    AS rung,
    stock.business_date                    AS business_date,
    stock.party_id                         AS party_id,
    stock.product_id                       AS item,
    CAST(0 AS DECIMAL(18, 3))              AS expected,
    COALESCE(stock.outbound_quantity, 0)   AS found,
    stock._src_id                          AS _src_id,
    stock._src_row                         AS _src_row
  FROM core.distributor_stock AS stock
  UNION ALL
  SELECT
    'stock_carried_over'                   AS rung,
    stock.business_date                    AS business_date,
    stock.party_id                         AS party_id,
    stock.product_id                       AS item,
    COALESCE(stock.opening_quantity, 0)    AS expected,
    CAST(0 AS DECIMAL(18, 3))              AS found,
    stock._src_id                          AS _src_id,
    stock._src_row                         AS _src_row
  FROM core.distributor_stock AS stock
  UNION ALL
  SELECT
    'stock_carried_over'                   AS rung,
    CAST(stock.business_date + INTERVAL 1 DAY AS DATE) AS business_date,
    stock.party_id                         AS party_id,
    stock.product_id                       AS item,
    CAST(0 AS DECIMAL(18, 3))              AS expected,
    stock.closing_quantity                 AS found,
    stock._src_id                          AS _src_id,
    stock._src_row                         AS _src_row
  FROM core.distributor_stock AS stock
  UNION ALL
  SELECT
    'order_to_settlement'                  AS rung,
    ordered.business_date                  AS business_date,
    'web shop'                             AS party_id,
    ordered.order_number                   AS item,
    CAST(ordered.paid_amount - ordered.refund_amount AS DECIMAL(18, 3)) AS expected,
    CAST(0 AS DECIMAL(18, 3))              AS found,
    ordered._src_id                        AS _src_id,
    ordered._src_row                       AS _src_row
  FROM core.ecom_order AS ordered
  UNION ALL
  -- Fees are the platform's and no part of the order.
  SELECT
    'order_to_settlement'                  AS rung,
    flow.business_date                     AS business_date,
    'web shop'                             AS party_id,
    flow.order_number                      AS item,
    CAST(0 AS DECIMAL(18, 3))              AS expected,
    CAST(flow.income_amount + CASE WHEN flow.business_type = '交易退款' THEN flow.expense_amount ELSE 0 END AS DECIMAL(18, 3)) AS found,
    flow._src_id                           AS _src_id,
    flow._src_row                          AS _src_row
  FROM core.settlement AS flow
  UNION ALL
  SELECT
    'delivery_to_purchase'                 AS rung,
    delivery.business_date                 AS business_date,
    delivery.party_id                      AS party_id,
    delivery.delivery_number || ' ' || delivery.product_id AS item,
    delivery.base_quantity                 AS expected,
    CAST(0 AS DECIMAL(18, 3))              AS found,
    delivery._src_id                       AS _src_id,
    delivery._src_row                      AS _src_row
  FROM core.sell_in AS delivery
  UNION ALL
  SELECT
    'delivery_to_purchase'                 AS rung,
    taken_in.business_date                 AS business_date,
    taken_in.party_id                      AS party_id,
    taken_in.delivery_number || ' ' || taken_in.product_id AS item,
    CAST(0 AS DECIMAL(18, 3))              AS expected,
    taken_in.base_quantity                 AS found,
    taken_in._src_id                       AS _src_id,
    taken_in._src_row                      AS _src_row
  FROM taken_in
  UNION ALL
  -- The Hong Kong company issues no invoices of this kind.
  SELECT
    'delivery_to_invoice'                  AS rung,
    delivery.business_date                 AS business_date,
    delivery.party_id                      AS party_id,
    'week'                                 AS item,
    delivery.net_amount_cny + CAST(delivery.net_amount_cny * COALESCE(product.vat_rate, 0) AS DECIMAL(18, 2)) AS expected,
    CAST(0 AS DECIMAL(18, 3))              AS found,
    delivery._src_id                       AS _src_id,
    delivery._src_row                      AS _src_row
  FROM core.sell_in AS delivery
  LEFT JOIN core.product AS product ON product.product_id = delivery.product_id
  WHERE delivery.entity_code = 'cn_wfoe'
  UNION ALL
  SELECT
    'delivery_to_invoice'                  AS rung,
    billed.billed_from                     AS business_date,
    billed.party_id                        AS party_id,
    'week'                                 AS item,
    CAST(0 AS DECIMAL(18, 3))              AS expected,
    CAST(billed.gross_amount AS DECIMAL(18, 3)) AS found,
    billed._src_id                         AS _src_id,
    billed._src_row                        AS _src_row
  FROM core.issued_invoice AS billed
  UNION ALL
  -- Here fees and refunds count: what is left of a day is paid out.
  SELECT
    'settlement_to_bank'                   AS rung,
    flow.business_date                     AS business_date,
    'web shop'                             AS party_id,
    CAST(flow.business_date AS TEXT)       AS item,
    CAST(flow.income_amount + flow.expense_amount AS DECIMAL(18, 3)) AS expected,
    CAST(0 AS DECIMAL(18, 3))              AS found,
    flow._src_id                           AS _src_id,
    flow._src_row                          AS _src_row
  FROM core.settlement AS flow
  UNION ALL
  SELECT
    'settlement_to_bank'                   AS rung,
    paid_out.settled_for                   AS business_date,
    'web shop'                             AS party_id,
    CAST(paid_out.settled_for AS TEXT)     AS item,
    CAST(0 AS DECIMAL(18, 3))              AS expected,
    CAST(paid_out.credit_amount AS DECIMAL(18, 3)) AS found,
    paid_out._src_id                       AS _src_id,
    paid_out._src_row                      AS _src_row
  FROM core.bank_booking AS paid_out
  WHERE paid_out.is_payout
),
counted AS (
  SELECT DISTINCT
    stock.party_id,
    stock.business_date
  FROM core.distributor_stock AS stock
),
both_reported AS (
  -- Days of a party for which both sources of a rung came. What the ERP does not list was not delivered.
  SELECT
    'delivery_to_stock' AS rung,
    counted.party_id,
    counted.business_date
  FROM counted
  UNION ALL
  SELECT
    'sell_out_to_stock' AS rung,
    counted.party_id,
    counted.business_date
  FROM counted
  INNER JOIN (SELECT DISTINCT sale.party_id, sale.business_date FROM core.sell_out AS sale) AS sold
    ON sold.party_id = counted.party_id AND sold.business_date = counted.business_date
  UNION ALL
  SELECT
    'stock_carried_over' AS rung,
    counted.party_id,
    counted.business_date
  FROM counted
  INNER JOIN counted AS day_before
    ON day_before.party_id = counted.party_id AND day_before.business_date + INTERVAL 1 DAY = counted.business_date
  UNION ALL
  SELECT
    'order_to_settlement' AS rung,
    'web shop'            AS party_id,
    ordered.business_date
  FROM (SELECT DISTINCT web.business_date FROM core.ecom_order AS web) AS ordered
  INNER JOIN (SELECT DISTINCT flow.business_date FROM core.settlement AS flow) AS settled
    ON settled.business_date = ordered.business_date
  UNION ALL
  -- A delivery is on the road for five days at most: purchases of all five have to be there.
  SELECT
    'delivery_to_purchase' AS rung,
    member.party_id,
    arrived.business_date
  FROM (
    SELECT
      delivered.business_date
    FROM (SELECT DISTINCT each_one.business_date FROM delivered AS each_one) AS delivered
    INNER JOIN (SELECT DISTINCT purchase.business_date FROM core.purchase AS purchase) AS taken
      ON taken.business_date > delivered.business_date AND taken.business_date <= delivered.business_date + INTERVAL 5 DAY
    GROUP BY delivered.business_date
    HAVING COUNT(*) = 5
  ) AS arrived
  CROSS JOIN (SELECT DISTINCT party.party_id FROM core.party AS party) AS member
  UNION ALL
  SELECT
    'delivery_to_invoice' AS rung,
    member.party_id,
    told.business_date
  FROM (
    SELECT delivery.business_date FROM core.sell_in AS delivery
    UNION
    SELECT billed.billed_from AS business_date FROM core.issued_invoice AS billed
  ) AS told
  INNER JOIN (SELECT DISTINCT DATE_TRUNC('week', billed.billed_from) AS week_start FROM core.issued_invoice AS billed) AS week
    ON week.week_start = DATE_TRUNC('week', told.business_date)
  CROSS JOIN (SELECT DISTINCT party.party_id FROM core.party AS party) AS member
  UNION ALL
  SELECT
    'settlement_to_bank' AS rung,
    'web shop'           AS party_id,
    settled.business_date
  FROM (SELECT DISTINCT flow.business_date FROM core.settlement AS flow) AS settled
  INNER JOIN (SELECT DISTINCT booking.business_date FROM core.bank_booking AS booking) AS booked
    ON booked.business_date = settled.business_date + INTERVAL 1 DAY
),
placed AS (
  SELECT
    line.*,
    DATE_TRUNC('week', line.business_date) AS week_start,
    CASE WHEN both_reported.rung IS NULL THEN 0 ELSE 1 END AS is_compared
  FROM line
  LEFT JOIN both_reported
    ON both_reported.rung = line.rung
   AND both_reported.party_id = line.party_id
   AND both_reported.business_date = line.business_date
),
gap AS (
  -- Which way the week of an item is off: each of its lines then gives its part of the difference.
  SELECT
    placed.rung,
    placed.week_start,
    placed.party_id,
    placed.item,
    SIGN(SUM((placed.expected - placed.found) * placed.is_compared)) AS direction
  FROM placed
  GROUP BY placed.rung, placed.week_start, placed.party_id, placed.item
),
fact AS (
  SELECT
    placed.week_start                                                             AS business_date,
    CASE
      WHEN placed.rung IN ('order_to_settlement', 'settlement_to_bank') THEN 'ALL'
      ELSE COALESCE(party.region_code, 'unknown')
    END                                                                           AS region_code,
    placed.rung,
    placed.expected,
    placed.expected * placed.is_compared                                          AS compared,
    placed.found * placed.is_compared                                             AS confirmed,
    (placed.expected - placed.found) * placed.is_compared * gap.direction         AS unexplained,
    CASE
      WHEN gap.direction < 0 THEN (placed.found - placed.expected) * placed.is_compared
      ELSE 0
    END                                                                           AS surplus,
    placed._src_id,
    placed._src_row
  FROM placed
  INNER JOIN gap
    ON gap.rung = placed.rung
   AND gap.week_start = placed.week_start
   AND gap.party_id = placed.party_id
   AND gap.item = placed.item
  LEFT JOIN core.party AS party
    ON party.party_id = placed.party_id
   AND placed.business_date >= party.valid_from AND placed.business_date < party.valid_to
  WHERE placed.expected <> 0 OR placed.is_compared = 1
)
SELECT
  CAST(fact.business_date AS DATE)                  AS business_date,
  CAST(fact.region_code AS TEXT)                    AS region_code,
  CAST(fact.rung AS TEXT)                           AS rung,
  CAST(SUM(fact.expected) AS DECIMAL(18, 3))        AS expected_value,
  CAST(SUM(fact.compared) AS DECIMAL(18, 3))        AS compared_value,
  CAST(SUM(fact.confirmed) AS DECIMAL(18, 3))       AS confirmed_value,
  CAST(SUM(fact.unexplained) AS DECIMAL(18, 3))     AS unexplained_value,
  CAST(SUM(fact.surplus) AS DECIMAL(18, 3))         AS surplus_value
FROM fact
GROUP BY 1, 2, 3
