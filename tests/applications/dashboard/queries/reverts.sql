WITH last AS (
  SELECT c.issue_url, MAX(c.created) AS created
  FROM commons.issue_comment c
  WHERE REGEXP_LIKE(c.body, '^@acme\w*bot +revert')
  GROUP BY c.issue_url
),
kinds AS (
  SELECT
    FORMAT_TIMESTAMP('%Y-%m-%d', DATE_TRUNC(:period, c.created)) AS since,
    REGEXP_EXTRACT(c.body, '--kind[ =](\w+)', 1) AS kind,
    REGEXP_EXTRACT(c.body, '--text ["'']([^"'']*)', 1) AS text,
  FROM
    commons.issue_comment AS c
    INNER JOIN last ON c.issue_url = last.issue_url
  WHERE
    c.created = last.created
    AND c.user.login NOT LIKE '%[bot]'
),
counts AS (
  (SELECT since, kind, COUNT(*) AS num FROM kinds WHERE text LIKE 'breaks%' GROUP BY since, kind)
  UNION
  (SELECT since, 'all' AS kind, COUNT(*) FROM kinds GROUP BY since)
)
SELECT
  since,
  kind,
  SUM(num) OVER (PARTITION BY kind ORDER BY since ROWS 1 PRECEDING) / 2.0 AS num,
FROM
  counts
ORDER BY
  since DESC, kind
