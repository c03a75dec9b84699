SELECT
  IF(STRPOS(l.label, 'lf.') = 1, SUBSTR(l.label, LENGTH('lf.') + 1), l.label) AS label,
  COUNT(*) AS jobs,
  COUNT(DISTINCT j.head_sha) AS commits,
  COUNT_IF(j.conclusion = 'success') * 100 / COUNT(*) AS success_percent,
FROM
  workflow_job j
  CROSS JOIN UNNEST(j.labels AS label) AS l
WHERE
  l.label != 'self-hosted'
GROUP BY
  label
ORDER BY
  jobs DESC, label
