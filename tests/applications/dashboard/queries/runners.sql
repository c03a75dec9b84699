SELECT DISTINCT
  FORMAT('{} ({})', IF(j.runner_group_name IS NULL, 'none', j.runner_group_name), ELEMENT_AT(j.labels, -1)) AS runner,
FROM
  workflow_job j
WHERE
  LENGTH(j.labels) > 0
ORDER BY
  runner
