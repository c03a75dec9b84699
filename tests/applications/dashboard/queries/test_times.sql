WITH newest AS (
  SELECT head_commit.id AS sha FROM push
  WHERE push.ref = :ref ORDER BY push._event_time DESC LIMIT 5
),
runs AS (
  SELECT id FROM workflow_run r INNER JOIN newest n ON r.head_sha = n.sha
),
jobs AS (
  SELECT j.id, j.name, j.run_id FROM workflow_job j INNER JOIN runs ON runs.id = j.run_id
),
sums AS (
  SELECT
    t.module,
    SUM(time) AS time,
    REGEXP_EXTRACT(jobs.name, '^([\w-]+) / ', 1) AS machine,
    REGEXP_EXTRACT(jobs.name, '\((\w+), (\d+)', 2) AS shard,
  FROM
    test_suite t
    INNER JOIN jobs ON t.job_id = jobs.id HINT(join_strategy = lookup)
  WHERE
    t.file IS NOT NULL
  GROUP BY
    t.module, machine, shard, jobs.run_id
)
SELECT
  REPLACE(module, '.', '::') AS module, machine, shard, AVG(time) AS time
FROM
  sums
GROUP BY
  module, machine, shard
ORDER BY
  machine, shard, module
