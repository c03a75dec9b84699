WITH labelled AS (
  SELECT
    i.number,
    i.assignee.login AS assignee,
    ARRAY_AGG(labels.value.name ORDER BY labels.value.name DESC) AS labels,
    MAX(i.updated_at) AS changed,
  FROM
    commons.issues i,
    UNNEST (i.labels AS value) AS labels
  WHERE
    i.title LIKE CONCAT(: prefix, ' %')
    AND (: state = '' OR i.state = : state)
    AND NOT i.body LIKE '%mac%'
  GROUP BY
    i.number, i.assignee.login
)
SELECT
  *
FROM
  labelled
WHERE
  ARRAY_CONTAINS(labelled.labels, LOWER(: prefix))
ORDER BY
  labelled.changed DESC, labelled.number
