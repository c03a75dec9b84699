WITH head AS (
  SELECT PARSE_TIMESTAMP_ISO8601(push.head_commit.timestamp) AS head
  FROM push WHERE push.ref = 'refs/heads/main' AND push.head_commit IS NOT NULL
  ORDER BY push._event_time DESC LIMIT 1
),
stable AS (
  SELECT PARSE_TIMESTAMP_ISO8601(push.head_commit.timestamp) AS stable
  FROM push WHERE push.ref = 'refs/heads/stable' ORDER BY push._event_time DESC LIMIT 1
)
SELECT
  DATE_DIFF('second', stable, head) AS lag,
  FORMAT_ISO8601(head, :timezone) AS local,
FROM
  head, stable
