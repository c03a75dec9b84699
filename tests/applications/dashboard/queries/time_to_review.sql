WITH pulls AS (
  SELECT
    p.number,
    IF(p.author_association = 'MEMBER', 'member', 'guest') AS author,
    MIN(PARSE_TIMESTAMP_ISO8601(p.created_at)) AS created,
    MIN(PARSE_TIMESTAMP_ISO8601(v.review.submitted_at)) AS reviewed,
  FROM
    commons.pull_request_review v
    INNER JOIN commons.pull_request p ON v.pull_request.number = p.number
  WHERE
    v.action = 'submitted'
  GROUP BY
    p.number, author
)
SELECT
  DATE_TRUNC('week', created) AS week,
  author,
  COUNT_IF(DATE_DIFF('hour', created, reviewed) / 24.0 < :days) * 100.0 / COUNT(*) AS percent,
FROM
  pulls
GROUP BY
  week, author
ORDER BY
  week, author
