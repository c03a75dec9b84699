SELECT
  TYPEOF(j.labels) AS type,
  j.labels IS UNDEFINED AS undefined,
  j.labels IS NULL AS isnull,
  COUNT(*) AS jobs,
  COUNT(j.labels) AS arrays,
  SUM(LENGTH(j.labels)) AS labels,
  COUNT_IF(j.runner_name IS NULL) AS unassigned,
FROM
  workflow_job j
GROUP BY
  TYPEOF(j.labels), j.labels IS UNDEFINED, j.labels IS NULL
ORDER BY
  jobs DESC
