WITH steps AS (
  SELECT
    j.id,
    j.run_id,
    s.name,
    PARSE_TIMESTAMP_ISO8601(s.started_at) AS begun,
    PARSE_TIMESTAMP_ISO8601(s.completed_at) AS ended,
    ROW_NUMBER() OVER (PARTITION BY j.run_id ORDER BY PARSE_TIMESTAMP_ISO8601(s.completed_at), j.id) AS place,
  FROM
    workflow_job j
    CROSS JOIN UNNEST (j.steps) s
  WHERE
    s.conclusion = 'failure'
)
SELECT
  r.pull_requests[1].number AS pull,
  r.name AS workflow,
  steps.name AS step,
  ROUND(DURATION_SECONDS(steps.ended - steps.begun) / 60.0, 2) AS minutes,
FROM
  steps
  JOIN workflow_run r ON r.id = steps.run_id
WHERE
  steps.place = 1
  AND LENGTH(r.pull_requests) = 1
ORDER BY
  pull, workflow, r.id
