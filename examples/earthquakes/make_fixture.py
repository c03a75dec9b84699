#!/usr/bin/env python3
"""Generate fixture.jsonl from earthquakes.json of the npm package vega-datasets.

    python3 make_fixture.py path/to/earthquakes.json > fixture.jsonl

Every value comes from the feed. Nulls are left out. The same input always
gives the same bytes.
"""

import json
import sys
from datetime import datetime, timedelta, timezone

COLLECTION = "examples/earthquakes"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def rfc3339(millis):
    moment = EPOCH + timedelta(milliseconds=millis)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(millis):
    return rfc3339(millis)[:10]


def words(text):
    """The feed writes lists as ",us,ci,"."""
    return [word for word in text.split(",") if word]


def present(**fields):
    return {name: value for name, value in fields.items() if value is not None}


def first_report(feature):
    """The fields that are known at once: time, place, magnitude, location, network."""
    p = feature["properties"]
    longitude, latitude, depth = feature["geometry"]["coordinates"]
    return present(
        id=feature["id"],
        time=rfc3339(p["time"]),
        place=p["place"],
        magnitude=present(value=p["mag"], type=p["magType"]),
        location={"longitude": longitude, "latitude": latitude, "depth_km": depth},
        network=p["net"],
    )


def full_record(feature):
    p = feature["properties"]
    quality = present(
        stations=p["nst"],
        azimuthal_gap=p["gap"],
        nearest_station_degrees=p["dmin"],
        rms_seconds=p["rms"],
    )
    return first_report(feature) | present(
        type=p["type"],
        title=p["title"],
        status=p["status"],
        updated=rfc3339(p["updated"]),
        utc_offset_minutes=p["tz"],
        coordinates=feature["geometry"]["coordinates"],
        sources=words(p["sources"]),
        ids=words(p["ids"]),
        types=words(p["types"]),
        felt=p["felt"],
        cdi=p["cdi"],
        mmi=p["mmi"],
        alert=p["alert"],
        tsunami=bool(p["tsunami"]),
        significance=p["sig"],
        quality=quality or None,
        url=p["url"],
    )


def transactions(features):
    """One transaction per UTC day, each ordered by the time of the event.

    A reviewed event last updated on a later day than its own comes twice: as a
    first report on the day of the event, and in full on the day of the update.
    Of the reviewed events updated on their own day, the strongest one comes
    both ways within that day's transaction.
    """
    reviewed = [f for f in features if f["properties"]["status"] == "reviewed"]
    later, same_day = [], []
    for f in reviewed:
        p = f["properties"]
        (later if day(p["updated"]) > day(p["time"]) else same_day).append(f)
    strongest = max(same_day, key=lambda f: (f["properties"]["mag"], f["id"]))

    later_ids = {f["id"] for f in later}
    days = {}
    for f in sorted(features, key=lambda f: (f["properties"]["time"], f["id"])):
        p = f["properties"]
        own_day = days.setdefault(day(p["time"]), [])
        if f["id"] in later_ids:
            own_day.append(first_report(f))
            days.setdefault(day(p["updated"]), []).append(full_record(f))
        else:
            if f is strongest:
                own_day.append(first_report(f))
            own_day.append(full_record(f))
    return [days[d] for d in sorted(days)]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        features = json.load(file)["features"]
    out = sys.stdout.buffer
    for transaction in transactions(features):
        for document in transaction:
            line = json.dumps(
                [COLLECTION, document], ensure_ascii=False, separators=(",", ":")
            )
            out.write(line.encode("utf-8") + b"\n")
        out.write(b'{"commit": true}\n')


if __name__ == "__main__":
    main()
