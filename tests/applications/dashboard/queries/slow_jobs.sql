/* How long a job takes at most, leaving out the slowest runs. */
SELECT
  name,
  COUNT(seconds) AS runs,
  MAX(seconds) AS seconds,
FROM
  (
    SELECT
      t.*,
      PERCENT_RANK() OVER (PARTITION BY t.name ORDER BY t.seconds DESC) AS place
    FROM
      (
        SELECT
          job.name,
          DATE_DIFF(
            'second', PARSE_TIMESTAMP_ISO8601(job.started_at), PARSE_TIMESTAMP_ISO8601(job.completed_at)
          ) AS seconds
        FROM
          commons.workflow_job job
        WHERE
          job.conclusion = 'success'
          AND job.name LIKE :jobs
      ) AS t
  ) AS placed
WHERE
  (SELECT placed.place >= 1.0 - :share)
GROUP BY
  name
ORDER BY
  MAX(seconds) DESC, name
