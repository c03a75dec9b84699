// How far the sources of a collection are.

import { count, counted } from '../values.js';
import { Status } from './basics.jsx';

/** The sources that read something by themselves, with how far they are. */
export function SourcesProgress({ sources }) {
  return sources
    .filter((it) => !it.write_api)
    .map((it) => (
      <div key={it.id}>
        <Status status={it.status?.state} /> <Progress source={it} />
      </div>
    ));
}

export function Progress({ source }) {
  const { s3, status } = source;
  if (s3?.object_count_total) {
    return (
      <>
        <progress
          aria-label="Objects read"
          max={s3.object_count_total}
          value={s3.object_count_downloaded ?? 0}
        />{' '}
        {count(s3.object_count_downloaded ?? 0)} of {counted(s3.object_count_total, 'object')}
      </>
    );
  }
  return status?.total_processed_items ? counted(status.total_processed_items, 'item') : null;
}
