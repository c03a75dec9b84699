-- Commits on the main branch with a job that failed and that nobody has explained.
WITH failed AS (
  SELECT
    push._event_time AS time,
    push.head_commit.id AS sha,
    push.head_commit.author.username AS author,
    CONCAT(run.name, ': ', job.name) AS name,
    note.text,
  FROM
    commons.workflow_job job
    JOIN (
      commons.workflow_run run
      JOIN push ON push.head_commit.id = run.head_commit.id
    ) ON run.id = job.run_id HINT(join_strategy = lookup)
    LEFT JOIN note ON note.job = job.id
  WHERE
    push.ref IN ('refs/heads/main', 'refs/heads/trunk')
    AND push.repository.owner.name = :owner
    AND push._event_time >= PARSE_DATETIME_ISO8601(:startTime)
    AND push._event_time < PARSE_DATETIME_ISO8601(:stopTime)
    AND job.conclusion IN ('failure', 'timed_out', 'cancelled')
)
SELECT
  time,
  sha,
  author,
  ARRAY_AGG(name ORDER BY name) AS jobs,
  COUNT(text) AS explained,
FROM
  failed
GROUP BY
  time, sha, author
HAVING
  explained < COUNT(*)
ORDER BY
  time DESC
