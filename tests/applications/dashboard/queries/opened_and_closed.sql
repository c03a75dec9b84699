WITH opened AS (
  SELECT CAST(PARSE_TIMESTAMP_ISO8601(created_at) AS date) AS day, COUNT(*) AS count
  FROM issues GROUP BY day
),
closed AS (
  SELECT CAST(PARSE_TIMESTAMP_ISO8601(closed_at) AS date) AS day, COUNT(*) AS count
  FROM issues WHERE closed_at IS NOT NULL GROUP BY day
),
days AS (
  SELECT
    COALESCE(opened.day, closed.day) AS day,
    COALESCE(opened.count, 0) AS opened,
    COALESCE(closed.count, 0) AS closed,
  FROM
    opened FULL OUTER JOIN closed ON opened.day = closed.day
)
SELECT
  day,
  days.opened,
  days.closed,
  SUM(days.opened - days.closed) OVER (ORDER BY day) AS open,
FROM
  days
ORDER BY
  day
