SELECT
  p.number,
  p.title,
  DATE_DIFF('hour', PARSE_DATETIME_ISO8601(p.created_at), PARSE_DATETIME_ISO8601(p.closed_at)) AS hours,
FROM
  commons.pull_request p
WHERE
  p.closed_at IS NOT NULL
  AND :label IN (SELECT name FROM UNNEST(p.labels))
  AND NOT EXISTS (
    SELECT 1 FROM commons.pull_request_review v
    WHERE v.pull_request.number = p.number AND v.action = 'submitted'
  )
ORDER BY
  p.number
