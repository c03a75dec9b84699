-- Jobs that failed between two successes of the same job on the main branch.
WITH tries AS (
  SELECT
    job.id,
    CONCAT(run.name, ': ', job.name) AS name,
    job.conclusion = 'failure'
    AND FIRST_VALUE(job.conclusion) OVER (
      PARTITION BY run.name, job.name ORDER BY run._event_time, job.id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING
    ) = 'success'
    AND NTH_VALUE(job.conclusion, 3) OVER (
      PARTITION BY run.name, job.name ORDER BY run._event_time, job.id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING
    ) = 'success' AS flaky,
    LAST_VALUE(job.id) OVER (
      PARTITION BY run.name, job.name ORDER BY run._event_time, job.id ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING
    ) AS next,
  FROM
    workflow_run run
    JOIN workflow_job job ON job.run_id = run.id
  WHERE
    run.head_branch = 'main'
)
SELECT
  tries.id,
  tries.name,
  tries.next,
  note.text AS note,
FROM
  tries
  LEFT JOIN note ON note.job = tries.id
WHERE
  (tries.flaky AND note.text IS NULL)
  OR note.text = 'FLAKY'
ORDER BY
  tries.id
