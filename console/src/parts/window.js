// Which of many lines of one height are in sight, so that no others are made.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

const BEYOND = 12; // Lines above and below, for a scroll that is faster than drawing.

export function useWindow(total, height) {
  const box = useRef(null);
  const [place, setPlace] = useState({ top: 0, size: 600 });
  const look = () => {
    if (!box.current) return;
    const { scrollTop, clientHeight } = box.current;
    setPlace((before) =>
      before.top === scrollTop && before.size === clientHeight
        ? before
        : { top: scrollTop, size: clientHeight },
    );
  };
  useLayoutEffect(look, []);
  useEffect(() => {
    const observer = new ResizeObserver(look);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const first = Math.min(Math.max(0, Math.floor(place.top / height) - BEYOND), Math.max(0, total - 1));
  const end = Math.min(total, Math.ceil((place.top + place.size) / height) + BEYOND);
  return { box, onScroll: look, first, end, above: first * height, below: (total - end) * height };
}
