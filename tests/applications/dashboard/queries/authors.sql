SELECT
  push.head_commit.author.username AS author,
  SUM(LENGTH(push.commits)) AS commits,
  COUNT(DISTINCT FORMAT_TIMESTAMP('%Y-%m-%d', push._event_time, :timezone)) AS days,
  MAX_BY(push.head_commit.message, push._event_time) AS latest,
  CONCAT('p', COUNT(*), ' of ', :total) AS share,
FROM
  push
WHERE
  push.head_commit IS NOT NULL
  AND push.head_commit.timestamp LIKE '%T%'
GROUP BY
  author
HAVING
  SUM(LENGTH(push.commits)) >= :commits
ORDER BY
  commits DESC, author
LIMIT :limit
