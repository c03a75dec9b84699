SELECT
  p.number,
  EXISTS (
    SELECT 1 FROM commons.pull_request_review v
    WHERE v.pull_request.number = p.number AND v.action = 'submitted'
  ) AS reviewed,
  p.user.login IN (SELECT i.assignee.login FROM issues i) AS busy,
  (SELECT COUNT(*) FROM workflow_run r WHERE r.head_sha = p.head.sha) AS runs,
FROM
  commons.pull_request p
WHERE
  p.closed_at IS DISTINCT FROM NULL
  AND (
    p.user.login NOT IN (SELECT i.assignee.login FROM issues i WHERE i.state = :state)
    OR p.number <= ALL (SELECT o.number FROM commons.pull_request o WHERE o.user.login = p.user.login)
  )
ORDER BY
  p.number
