-- The share of jobs that fail, by week, beside that of the week before.
WITH weeks AS (
  SELECT
    DATE_TRUNC('week', j._event_time) AS week,
    j.workflow_name AS workflow,
    ARRAY_CREATE('red', AVG(CASE j.conclusion WHEN 'success' THEN 0 ELSE 1 END)) AS share,
  FROM
    workflow_job j
  WHERE
    j.completed_at IS NOT NULL
  GROUP BY
    week, workflow
)
SELECT
  week,
  workflow,
  (SUM(share[2]) OVER (PARTITION BY workflow ORDER BY week ROWS 1 PRECEDING)) AS two_weeks,
  RANK() OVER (PARTITION BY week ORDER BY share[2] DESC, workflow) AS place,
FROM
  weeks
ORDER BY
  week, place
