SELECT
  FORMAT_ISO8601(
    DATE_TRUNC(:granularity, PARSE_TIMESTAMP_ISO8601(run.created_at) AT TIME ZONE :timezone)
  ) AS bucket,
  run.name,
  COUNT(*) AS count,
FROM
  workflow_run run
WHERE
  ARRAY_CONTAINS(SPLIT(:workflows, ','), LOWER(run.name))
GROUP BY
  bucket, run.name
ORDER BY
  bucket, count DESC, name
