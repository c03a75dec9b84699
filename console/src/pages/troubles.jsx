// What the latest execution of a scheduled lambda ran into, and its query.

export function Troubles({ item }) {
  const troubles = [
    ['The query', item.query_execution_status],
    ['The webhook', item.webhook_execution_status],
  ].filter(([, status]) => status);
  return troubles.map(([what, { state, message }]) => (
    <p class={state === 'ERROR' ? 'problem' : 'note'} key={what}>
      {what}: {message}
      {state === 'ERROR' && ' It is not executed again before a change says so.'}
    </p>
  ));
}
