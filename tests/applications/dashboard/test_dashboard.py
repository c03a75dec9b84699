"""A dashboard's queries on a made-up history, against what plain Python makes of its documents.

Each file of `queries/` is held against a test of its name. The script `../run` starts the
server and names it in ROCKSET_HTTP.
"""

import itertools
import json
import math
import os
import re
import sys
import unittest
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import mean
from zoneinfo import ZoneInfo

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from client import Client  # noqa: E402
from history import documents  # noqa: E402

UNTIL = datetime(2024, 6, 1, 12, tzinfo=timezone.utc)
PACIFIC = ZoneInfo("America/Los_Angeles")
RED = ("failure", "timed_out", "cancelled")


def setUpModule():
    global client, stored, runs, jobs, notes, pushed
    client = Client(os.environ["ROCKSET_HTTP"], os.environ.get("ROCKSET_API_KEY", "any"))
    stored = documents(seed=1, until=UNTIL, days=21, pushes=120, pulls=120, issues=150)
    for collection, made in stored.items():
        client.load("commons", collection, made)
    for document in itertools.chain(*stored.values()):
        if "_event_time" in document:
            document["_event_time"] = instant(document["_event_time"])
    runs = {run["id"]: run for run in stored["workflow_run"]}
    jobs = stored["workflow_job"]
    notes = {note["job"]: note["text"] for note in stored["note"]}
    pushed = defaultdict(list)
    for push in stored["push"]:
        if push["head_commit"]:
            pushed[push["head_commit"]["id"]].append(push)


def instant(value):
    """The time that a document or an answer holds, in any form."""
    if isinstance(value, dict):
        value = value["value"]
    if isinstance(value, int):
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=value)
    time = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def seconds(since, until):
    """Whole seconds between two texts."""
    return int((instant(until) - instant(since)).total_seconds())


def midnight(time):
    return time.replace(hour=0, minute=0, second=0, microsecond=0)


def monday(time):
    return midnight(time) - timedelta(days=time.weekday())


def half_up(number, digits):
    """Rounds halves away from zero, which Python does not."""
    return math.floor(number * 10**digits + 0.5) / 10**digits


def run_of(job):
    return runs[job["run_id"]]


def parameters(name):
    return json.loads((HERE / "queries" / f"{name}.lambda.json").read_text())["default_parameters"]


class Dashboard(unittest.TestCase):
    maxDiff = 2000

    def rows(self, *columns):
        """The answer to the query that is called as the test, as tuples."""
        name = self._testMethodName.removeprefix("test_")
        text = (HERE / "queries" / f"{name}.sql").read_text()
        rows = client.query(text, parameters(name))
        self.assertTrue(rows, "the history has to give it rows")
        for row in rows:
            self.assertLessEqual(set(row), set(columns))
        return [tuple(row.get(column) for column in columns) for row in rows]

    def same(self, rows, expected):
        """Compares rows in their order, and floats nearly."""
        near = lambda row: tuple(round(v, 9) if isinstance(v, float) else v for v in row)  # noqa: E731
        self.assertEqual([near(row) for row in rows], [near(row) for row in expected])

    def test_every_query_has_a_test(self):
        for query in (HERE / "queries").glob("*.sql"):
            self.assertTrue(hasattr(self, f"test_{query.stem}"), query.stem)

    def test_broken_commits(self):
        failed = defaultdict(list)
        since, until = datetime(2024, 5, 10, tzinfo=timezone.utc), datetime(2024, 6, 2, tzinfo=timezone.utc)
        for job in jobs:
            run = run_of(job)
            for push in pushed[run["head_commit"]["id"]]:
                main = push["ref"] == "refs/heads/main" and since <= push["_event_time"] < until
                if main and job["conclusion"] in RED:
                    commit = push["head_commit"]
                    key = push["_event_time"], commit["id"], commit["author"]["username"]
                    failed[key].append((f"{run['name']}: {job['name']}", notes.get(job["id"])))
        expected = []
        for key, found in sorted(failed.items(), reverse=True):
            explained = sum(note is not None for _, note in found)
            if explained < len(found):
                expected.append((*key, sorted(name for name, _ in found), explained))
        rows = self.rows("time", "sha", "author", "jobs", "explained")
        self.same([(instant(row[0]), *row[1:]) for row in rows], expected)

    def test_slow_jobs(self):
        durations = defaultdict(list)
        for job in jobs:
            if job["conclusion"] == "success" and "/" in job["name"]:
                durations[job["name"]].append(seconds(job["started_at"], job["completed_at"]))
        expected = []
        for name, found in durations.items():
            found.sort(reverse=True)
            below = [d for d in found if found.index(d) / (len(found) - 1) >= 1.0 - 0.9]
            expected.append((name, len(below), max(below)))
        expected.sort(key=lambda row: (-row[2], row[0]))
        self.same(self.rows("name", "runs", "seconds"), expected)

    def test_labels(self):
        found = defaultdict(list)
        for job in jobs:
            for label in job.get("labels") or []:
                if label != "self-hosted":
                    found[label.removeprefix("lf.")].append(job)
        expected = [
            (
                label,
                len(of),
                len({job["head_sha"] for job in of}),
                sum(job["conclusion"] == "success" for job in of) * 100 // len(of),
            )
            for label, of in found.items()
        ]
        expected.sort(key=lambda row: (-row[1], row[0]))
        self.same(self.rows("label", "jobs", "commits", "success_percent"), expected)

    def test_merged(self):
        submitted = [r for r in stored["pull_request_review"] if r["action"] == "submitted"]
        reviewed = {review["pull_request"]["number"] for review in submitted}
        expected = [
            (pull["number"], pull["title"], seconds(pull["created_at"], pull["closed_at"]) // 3600)
            for pull in stored["pull_request"]
            if "Merged" in [label["name"] for label in pull["labels"]] and pull["number"] not in reviewed
        ]
        self.same(self.rows("number", "title", "hours"), sorted(expected))

    def test_load(self):
        weeks = Counter()
        for run in runs.values():
            if run["name"] in ("check", "deep", "lint"):
                local = instant(run["created_at"]).astimezone(PACIFIC).replace(tzinfo=None)
                weeks[monday(local), run["name"]] += 1
        expected = [(*key, count) for key, count in weeks.items()]
        expected.sort(key=lambda row: (row[0], -row[2], row[1]))
        rows = self.rows("bucket", "name", "count")
        self.same([(datetime.fromisoformat(row[0]), *row[1:]) for row in rows], expected)

    def test_muted(self):
        expected = []
        for issue in stored["issues"]:
            body, labels = issue["body"], [label["name"] for label in issue["labels"]]
            # Without a body, whether it names a machine is unknown, which is not true.
            other = body is not None and "mac" not in body
            muted = issue["title"].startswith("MUTED ") and "muted" in labels
            if issue["state"] == "open" and muted and other:
                assignee = (issue.get("assignee") or {}).get("login")
                row = issue["number"], assignee, sorted(labels, reverse=True), issue["updated_at"]
                expected.append(row)
        expected.sort(key=lambda row: row[0])
        expected.sort(key=lambda row: row[3], reverse=True)
        self.same(self.rows("number", "assignee", "labels", "changed"), expected)

    def test_opened_and_closed(self):
        opened = Counter(issue["created_at"][:10] for issue in stored["issues"])
        closed = Counter(issue["closed_at"][:10] for issue in stored["issues"] if issue["closed_at"])
        expected, still = [], 0
        for day in sorted(opened | closed):
            still += opened[day] - closed[day]
            expected.append((day, opened[day], closed[day], still))
        rows = self.rows("day", "opened", "closed", "open")
        self.same([(row[0]["value"], *row[1:]) for row in rows], expected)

    def test_test_times(self):
        stable = [push for push in stored["push"] if push["ref"] == "refs/heads/stable"]
        stable.sort(key=lambda push: push["_event_time"], reverse=True)
        newest = {push["head_commit"]["id"] for push in stable[:5]}
        by_id = {job["id"]: job for job in jobs}
        sums = defaultdict(float)
        for suite in stored["test_suite"]:
            job = by_id[suite["job_id"]]
            if job["head_sha"] in newest and suite["file"] is not None:
                shard = re.search(r"\((\w+), (\d+)", job["name"])
                machine = job["name"].split(" / ")[0]
                sums[suite["module"], machine, shard and shard[2], job["run_id"]] += suite["time"]
        means = defaultdict(list)
        for (module, machine, shard, _), time in sums.items():
            means[module.replace(".", "::"), machine, shard].append(time)
        expected = [(*key, mean(found)) for key, found in means.items()]
        expected.sort(key=lambda row: (row[1], row[2] is None, row[2] or "", row[0]))
        self.same(self.rows("module", "machine", "shard", "time"), expected)

    def test_runners(self):
        runners = set()
        for job in jobs:
            if job.get("labels"):
                group = "none" if job["runner_group_name"] is None else job["runner_group_name"]
                runners.add(f"{group} ({job['labels'][-1]})")
        self.same(self.rows("runner"), [(runner,) for runner in sorted(runners)])

    def test_reverts(self):
        last = {}
        for comment in stored["issue_comment"]:
            if re.search(r"^@acme\w*bot +revert", comment["body"]):
                time = instant(comment["created"])
                last[comment["issue_url"]] = max(time, last.get(comment["issue_url"], time))
        counts = Counter()
        for comment in stored["issue_comment"]:
            time = instant(comment["created"])
            if last.get(comment["issue_url"]) != time or comment["user"]["login"].endswith("[bot]"):
                continue
            since = monday(time).strftime("%Y-%m-%d")
            counts[since, "all"] += 1
            if " --text " in comment["body"]:
                counts[since, comment["body"].split("--kind ")[1]] += 1
        expected = []
        for kind in {kind for _, kind in counts}:
            before = 0
            for since in sorted(since for since, of in counts if of == kind):
                expected.append((since, kind, (before + counts[since, kind]) / 2))
                before = counts[since, kind]
        expected.sort(key=lambda row: row[1])
        expected.sort(key=lambda row: row[0], reverse=True)
        self.same(self.rows("since", "kind", "num"), expected)

    def test_red_share(self):
        weeks = defaultdict(lambda: defaultdict(list))
        for job in jobs:
            if job["completed_at"]:
                week = monday(job["_event_time"])
                weeks[week][job["workflow_name"]].append(job["conclusion"] != "success")
        expected, before = [], {}
        for week, workflows in sorted(weeks.items()):
            shares = {workflow: mean(red) for workflow, red in workflows.items()}
            ranked = sorted(shares.items(), key=lambda share: (-share[1], share[0]))
            for place, (workflow, share) in enumerate(ranked, 1):
                expected.append((week, workflow, share + before.get(workflow, 0), place))
            before |= shares
        rows = self.rows("week", "workflow", "two_weeks", "place")
        self.same([(instant(row[0]), *row[1:]) for row in rows], expected)

    def test_flaky_jobs(self):
        tries = defaultdict(list)
        for job in jobs:
            if run_of(job)["head_branch"] == "main":
                tries[run_of(job)["name"], job["name"]].append(job)
        expected = []
        for (workflow, name), of in tries.items():
            of.sort(key=lambda job: (run_of(job)["_event_time"], job["id"]))
            for at, job in enumerate(of):
                frame = [near["conclusion"] for near in of[max(0, at - 1) : at + 2]]
                flaky = frame == ["success", "failure", "success"]
                note = notes.get(job["id"])
                if flaky and note is None or note == "FLAKY":
                    then = of[at + 1] if at + 1 < len(of) else job
                    expected.append((job["id"], f"{workflow}: {name}", then["id"], note))
        self.same(self.rows("id", "name", "next", "note"), sorted(expected))

    def test_failed_steps(self):
        first = {}
        for job in jobs:
            for step in job["steps"]:
                if step["conclusion"] == "failure":
                    found = step["completed_at"], job["id"], step
                    first[job["run_id"]] = min(found, first.get(job["run_id"], found), key=lambda f: f[:2])
        expected = []
        for run_id, (_, _, step) in first.items():
            pulls, name = runs[run_id]["pull_requests"], runs[run_id]["name"]
            if len(pulls) == 1:
                minutes = half_up(seconds(step["started_at"], step["completed_at"]) / 60, 2)
                expected.append((pulls[0]["number"], name, run_id, step["name"], minutes))
        expected = [(row[0], row[1], *row[3:]) for row in sorted(expected)]
        self.same(self.rows("pull", "workflow", "step", "minutes"), expected)

    def test_time_to_review(self):
        pulls = {pull["number"]: pull for pull in stored["pull_request"]}
        first = {}
        for review in stored["pull_request_review"]:
            if review["action"] == "submitted":
                number, at = review["pull_request"]["number"], review["review"]["submitted_at"]
                first[number] = min(at, first.get(number, at))
        weeks = defaultdict(list)
        for number, at in first.items():
            pull = pulls[number]
            author = "member" if pull["author_association"] == "MEMBER" else "guest"
            hours = seconds(pull["created_at"], at) // 3600
            weeks[monday(instant(pull["created_at"])), author].append(hours / 24 < 2)
        expected = [(*key, sum(soon) * 100 / len(soon)) for key, soon in sorted(weeks.items())]
        rows = self.rows("week", "author", "percent")
        self.same([(instant(row[0]), *row[1:]) for row in rows], expected)

    def test_absent(self):
        kinds = defaultdict(list)
        for job in jobs:
            null = "null" if "labels" in job else "undefined"
            kinds["array" if job.get("labels") is not None else null].append(job)
        expected = []
        for kind, of in kinds.items():
            arrays = [job["labels"] for job in of if kind == "array"]
            unassigned = sum(job["runner_name"] is None for job in of)
            flags = kind == "undefined", kind != "array"
            labels = sum(map(len, arrays)) if arrays else None
            expected.append((kind, *flags, len(of), len(arrays), labels, unassigned))
        expected.sort(key=lambda row: -row[3])
        columns = "type", "undefined", "isnull", "jobs", "arrays", "labels", "unassigned"
        self.same(self.rows(*columns), expected)

    def test_lag(self):
        def newest(ref):
            pushes = [push for push in stored["push"] if push["ref"] == ref and push["head_commit"]]
            return max(pushes, key=lambda push: push["_event_time"])["head_commit"]["timestamp"]

        head, stable = newest("refs/heads/main"), newest("refs/heads/stable")
        rows = self.rows("lag", "local")
        local = datetime.fromisoformat(rows[0][1])
        self.assertEqual(local.utcoffset(), timedelta(hours=-7))
        self.same([(rows[0][0], local)], [(seconds(stable, head), instant(head))])

    def test_authors(self):
        by = defaultdict(list)
        for push in stored["push"]:
            if push["head_commit"]:
                by[push["head_commit"]["author"]["username"]].append(push)
        expected = []
        for author, of in by.items():
            commits = sum(len(push["commits"]) for push in of)
            days = {push["_event_time"].astimezone(PACIFIC).date() for push in of}
            latest = max(of, key=lambda push: push["_event_time"])["head_commit"]["message"]
            if commits >= 3:
                expected.append((author, commits, len(days), latest, f"p{len(of)} of 100"))
        expected.sort(key=lambda row: (-row[1], row[0]))
        self.same(self.rows("author", "commits", "days", "latest", "share"), expected[:12])

    def test_attention(self):
        assigned = {i["assignee"]["login"] if i.get("assignee") else None for i in stored["issues"]}
        open_ones = [i for i in stored["issues"] if i["state"] == "open"]
        busy = {i["assignee"]["login"] if i.get("assignee") else None for i in open_ones}
        submitted = [r for r in stored["pull_request_review"] if r["action"] == "submitted"]
        reviewed = {review["pull_request"]["number"] for review in submitted}
        first = {}
        for pull in stored["pull_request"]:
            login = pull["user"]["login"]
            first[login] = min(pull["number"], first.get(login, pull["number"]))
        expected = []
        for pull in stored["pull_request"]:
            login, number = pull["user"]["login"], pull["number"]
            # Where an issue has nobody, whether a name is not among them is unknown.
            idle = login not in busy and None not in busy
            if pull["closed_at"] and (idle or number == first[login]):
                unknown = None if None in assigned else False
                runs_of = sum(run["head_sha"] == pull["head"]["sha"] for run in runs.values())
                expected.append((number, number in reviewed, login in assigned or unknown, runs_of))
        self.same(self.rows("number", "reviewed", "busy", "runs"), expected)

    def test_pushed_pulls(self):
        expected = []
        for pull in stored["pull_request"]:
            for push in pushed[pull["head"]["sha"]]:
                branch = push["ref"].removeprefix("refs/heads/")
                expected.append((pull["number"], branch, len(push["commits"])))
        self.same(self.rows("number", "branch", "commits"), sorted(expected))


if __name__ == "__main__":
    unittest.main()
