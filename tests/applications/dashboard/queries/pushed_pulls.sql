SELECT
  p.number,
  REPLACE(push.ref, 'refs/heads/') AS branch,
  LENGTH(push.commits) AS commits,
FROM
  push
  RIGHT JOIN pull_request p ON push.after = p.head.sha
WHERE
  LENGTH(push.after) = :digits
ORDER BY
  p.number
