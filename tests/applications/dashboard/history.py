"""Made-up documents of a repository's continuous integration, as GitHub's webhooks send them.

`documents()` tells a history of some weeks: pushes and pull requests, the workflow runs and
jobs that they cause, tests, issues and comments. The same seed and time tell the same one.
Beside what is regular there is what real webhooks have: absent fields, nulls, empty arrays,
several attempts, commits pushed to more than one branch, times with an offset.
"""

import hashlib
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

API = "https://api.github.com/repos"


@dataclass
class Workflow:
    """What runs on a commit: jobs by name, on the branches and with the odds given."""

    name: str
    jobs: list
    on: tuple = ("main",)
    event: str = "push"
    odds: float = 1.0
    success: float = 0.93
    repository: str | None = None


def shards(job, count, runner):
    """The names of a job that is run in parts."""
    return [f"{job} / test (default, {n}, {count}, {runner})" for n in range(1, count + 1)]


@dataclass
class Names:
    """The words of a history. An application that asks for others gives its own."""

    owner: str = "acme"
    repository: str = "engine"
    stable: str = "stable"
    bot: str = "acmebot"
    merger: str = "acmemergebot"
    merged: str = "Merged"
    undo: tuple = ("Revert", "Undo")
    revert: str = "revert --text {quote}breaks {number}{quote} --kind {kind}"
    kinds: tuple = ("late", "odd", "internal")
    notes: tuple = ("FLAKY", "BROKEN", "MACHINE")
    muted: str = "MUTED"
    labels: tuple = ("muted", "seen", "gpu")
    bodies: tuple = ("On: linux, gpu\nIt fails.", "It fails.", "On: mac", None)
    workflows: list = field(
        default_factory=lambda: [
            Workflow("lint", ["lint / quick", "lint / format"], ("main", "pull"), success=0.97),
            Workflow(
                "check",
                shards("linux-gcc", 3, "linux.large") + ["windows / build", "check-unstable / test"],
                ("main", "pull"),
            ),
            Workflow("deep", shards("linux-gpu", 2, "linux.gpu") + ["mac / test"], success=0.85),
            Workflow("weekly", shards("linux-gpu", 2, "linux.gpu"), odds=0.2),
            Workflow("release", ["wheel / build", "docker / build"], ("nightly",), success=0.7),
        ]
    )

    @property
    def full_name(self):
        return f"{self.owner}/{self.repository}"


def iso(time, offset=0):
    """GitHub's text of a time: to the second, with Z or an offset."""
    if time is None:
        return None
    if not offset:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ")
    return time.astimezone(timezone(timedelta(hours=offset))).isoformat(timespec="seconds")


def micros(time):
    """Microseconds since 1970, one form of `_event_time`."""
    return round(time.timestamp() * 1_000_000)


def timestamp(time):
    """Extended JSON of a timestamp."""
    return {"__rockset_type": "timestamp", "value": time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


class History:
    """Tells the history, document by document."""

    def __init__(self, names, seed, until, days, pushes):
        self.names = names
        self.chance = random.Random(seed)
        self.until = until
        self.since = until - timedelta(days=days)
        self.pushes = pushes
        self.stored = defaultdict(list)
        self.ids = iter(range(1_000_001, 10_000_000))
        self.people = [f"dev{n}" for n in range(25)]

    # Small choices

    def maybe(self, odds):
        return self.chance.random() < odds

    def sha(self, *of):
        return hashlib.sha1(repr((of, self.chance.random())).encode()).hexdigest()

    def after(self, time, low, high):
        return time + timedelta(seconds=round(self.chance.uniform(low, high)))

    def past(self, time):
        return time if time <= self.until else None

    def store(self, collection, document, time=None):
        document.setdefault("_id", str(next(self.ids)))
        if time:
            document["_event_time"] = micros(time) if self.maybe(0.8) else timestamp(time)
        self.stored[collection].append(document)
        return document

    def place(self, repository=None):
        """The object `repository`, which pushes and workflow runs have."""
        name, owner = repository or self.names.repository, self.names.owner
        place = {"id": len(name), "name": name, "full_name": f"{owner}/{name}", "private": False}
        return place | {"owner": {"login": owner, "name": owner, "id": 1}}

    # Pushes

    def commit(self, time, message=None):
        author = self.chance.choice(self.people + [self.names.merger] * 10)
        return {
            "id": self.sha(author, time),
            "tree_id": self.sha("tree"),
            "distinct": True,
            "message": message or f"Change {self.chance.randrange(1000)} (#{self.chance.randrange(300)})",
            "timestamp": iso(time, self.chance.choice([0, -7, -8, 2])),
            "url": f"https://github.com/{self.names.full_name}/commit/…",
            "author": {"name": author, "email": f"{author}@example.com", "username": author},
            "committer": {"name": "GitHub", "email": "noreply@example.com"},
            "modified": [f"src/{n}.cpp" for n in range(self.chance.randrange(3))],
        }

    def push(self, ref, time, commit, repository=None):
        commits = [commit] * self.chance.choice([1, 1, 1, 2, 3]) if commit else []
        push = {
            "ref": f"refs/heads/{ref}",
            "before": self.sha("before"),
            "after": commit["id"] if commit else "0" * 40,
            "created": False,
            "deleted": commit is None,
            "forced": self.maybe(0.1),
            "base_ref": None,
            "commits": commits,
            "head_commit": commit,
            "repository": self.place(repository),
            "pusher": {"name": self.names.merger},
        }
        return self.store("push", push, time)

    # Workflows

    def run(self, workflow, branch, time, commit, pull=None, attempt=1):
        created = self.after(time, 1, 90)
        repository = self.place(workflow.repository)
        run = {
            "id": next(self.ids),
            "name": workflow.name,
            "workflow_id": 1000 + len(workflow.name),
            "path": f".github/workflows/{workflow.name.lower()}.yml",
            "head_branch": branch,
            "head_sha": commit["id"],
            "head_commit": {key: commit[key] for key in ("id", "tree_id", "message", "timestamp")},
            "run_attempt": attempt,
            "event": "pull_request" if pull else workflow.event,
            "pull_requests": self.named_pulls(pull),
            "repository": repository,
            "head_repository": {key: repository[key] for key in ("id", "name", "full_name")},
            "actor": {"login": self.chance.choice(self.people)},
            "created_at": iso(created),
            "run_started_at": iso(created),
        }
        run["head_commit"]["author"] = {key: commit["author"][key] for key in ("name", "email")}
        run["html_url"] = f"https://github.com/{repository['full_name']}/actions/runs/{run['id']}"
        run["artifacts_url"] = f"{API}/{repository['full_name']}/actions/runs/{run['id']}/artifacts"
        if self.maybe(0.01):
            run["head_repository"] = None  # the fork is gone
        jobs = [self.job(run, workflow, name, created) for name in workflow.jobs if self.maybe(0.98)]
        self.conclude(run, jobs, created)
        return self.store("workflow_run", run, created), jobs

    def named_pulls(self, pull):
        if not pull:
            return []
        ends = {end: {"ref": pull[end]["ref"], "sha": pull[end]["sha"]} for end in ("head", "base")}
        for end in ends.values():
            end["repo"] = {"id": 6, "name": self.names.repository}
        named = {"id": pull["id"], "number": pull["number"], **ends}
        return [named] if self.maybe(0.95) else [named, {**named, "number": 1}]

    def conclude(self, run, jobs, created):
        ends = [job["completed_at"] for job in jobs]
        done = bool(jobs) and None not in ends
        run["status"] = "completed" if done else self.chance.choice(["queued", "in_progress"])
        run["updated_at"] = max([end for end in ends if end], default=iso(created))
        bad = [job for job in jobs if job["conclusion"] not in ("success", "skipped")]
        run["conclusion"] = ("failure" if bad else "success") if done else None

    def job(self, run, workflow, name, created):
        begin = self.after(created, 5, 4000)
        end = self.after(begin, 60, 9000)
        begin, end = self.past(begin), self.past(end)
        conclusion = self.conclusion(workflow) if end else None
        job = {
            "id": next(self.ids),
            "run_id": run["id"],
            "run_url": f"{API}/{run['repository']['full_name']}/actions/runs/{run['id']}",
            "run_attempt": run["run_attempt"],
            "workflow_name": workflow.name,
            "name": name,
            "head_branch": run["head_branch"],
            "head_sha": run["head_sha"],
            "status": "completed" if end else "in_progress" if begin else "queued",
            "conclusion": conclusion,
            "created_at": iso(created),
            "started_at": iso(begin or created),
            "completed_at": iso(end),
            "steps": self.steps(begin, end, conclusion),
            "html_url": f"{run['html_url']}/job/{len(self.stored['workflow_job'])}",
        }
        self.runner(job, name)
        if conclusion == "failure" and self.maybe(0.8):
            job["failure"] = self.failure(end)
        return self.store("workflow_job", job, created)

    def conclusion(self, workflow):
        if self.maybe(workflow.success):
            return "success"
        return self.chance.choice(["failure"] * 6 + ["cancelled", "timed_out", "skipped"])

    def steps(self, begin, end, conclusion):
        if not begin:
            return []
        steps, at = [], begin
        for number, name in enumerate(["Set up job", "Build", "Test", "Upload"], 1):
            bad = conclusion == "failure" and name == "Test"
            then = min(self.after(at, 1, 900), end) if end else None
            steps.append(
                {
                    "number": number,
                    "name": name,
                    "status": "completed" if then else "in_progress",
                    "conclusion": ("failure" if bad else "success") if then else None,
                    "started_at": iso(at),
                    "completed_at": iso(then),
                }
            )
            at = then or at
        return steps

    def runner(self, job, name):
        label = name[name.find("(") + 1 : -1].split(", ")[-1] if "(" in name else "ubuntu-latest"
        hosted = label == "ubuntu-latest" or label.startswith("mac")
        job["runner_group_name"] = "GitHub Actions" if hosted else self.chance.choice(["Default", None, ""])
        job["runner_name"] = f"i-{self.chance.randrange(10**6):06}" if job["status"] != "queued" else None
        labels = {
            "usual": [label],
            "tenant": [f"lf.{label}"],
            "owned": ["self-hosted", label],
            "empty": [],
            "null": None,
            "absent": None,
        }
        kind = self.chance.choices(list(labels), [45, 45, 5, 2, 1, 2])[0]
        if kind != "absent":
            job["labels"] = labels[kind]

    def failure(self, time):
        what = self.chance.choice(["test_add", "test_mul", "test_grad"])
        found = {
            "text": self.chance.choice([f"FAILED {what} - AssertionError", "fatal: out of memory"]),
            "line": self.chance.randrange(5000),
            "before": ["make test", f"run {what}"],
            "found_at": timestamp(self.after(time, 1, 60)),
        }
        if self.maybe(0.9):
            found["words"] = [what, self.chance.choice(["cpu", "gpu"])]
        return found

    def all_runs(self, on, branch, time, commit, pull=None):
        for workflow in self.names.workflows:
            if on in workflow.on and self.maybe(workflow.odds):
                _, jobs = self.run(workflow, branch, time, commit, pull)
                if any(job["conclusion"] == "failure" for job in jobs) and self.maybe(0.2):
                    later = self.after(time, 9000, 20000)
                    if self.past(later):
                        self.run(workflow, branch, later, commit, pull, attempt=2)
                self.tests(workflow, jobs)

    def tests(self, workflow, jobs):
        for job in jobs:
            if "/ test" not in job["name"] or not job["completed_at"]:
                continue
            for file in self.chance.sample(["ops", "nets", "remote.calls"], 2):
                ran = {
                    "job_id": job["id"],
                    "run_id": str(job["run_id"]),
                    "run_attempt": job["run_attempt"],
                    "file": f"{file.replace('.', '/')}.py" if self.maybe(0.9) else None,
                    "module": file,
                    "classname": self.chance.choice(["Common", "Slow"]),
                    "time": round(self.chance.uniform(0.5, 600), 3),
                    "tests": self.chance.randrange(1, 200),
                    "skipped": self.chance.randrange(9),
                    "failures": int(job["conclusion"] == "failure"),
                    "errors": 0,
                }
                when = datetime.strptime(job["completed_at"], "%Y-%m-%dT%H:%M:%S%z")
                self.store("test_suite", ran, when)

    # Pull requests, issues and what is said about them

    def pull(self, number, time):
        external = self.maybe(0.4)
        closed = self.past(self.after(time, 3600, 86400 * 6)) if self.maybe(0.8) else None
        merged = closed is not None and self.maybe(0.75)
        labels = [{"id": 1, "name": self.names.merged}] if merged else []
        labels += [{"id": n, "name": name} for n, name in enumerate(["bug", "docs"], 2) if self.maybe(0.3)]
        repo = None if self.maybe(0.03) else self.place()
        pull = {
            "id": next(self.ids),
            "number": number,
            "title": f"Change {number}",
            "state": "closed" if closed else "open",
            "user": {"login": self.chance.choice(self.people)},
            "author_association": self.chance.choice(["CONTRIBUTOR", "NONE"]) if external else "MEMBER",
            "labels": labels,
            "created_at": iso(time),
            "updated_at": iso(closed or time),
            "closed_at": iso(closed),
            "head": {"ref": f"topic-{number}", "sha": self.sha(number), "repo": repo},
            "base": {"ref": "main", "sha": self.sha("base"), "repo": self.place()},
        }
        return self.store("pull_request", pull, time), merged, closed

    def pull_life(self, number):
        time = self.after(self.since, 0, (self.until - self.since).total_seconds())
        pull, merged, closed = self.pull(number, time)
        commit = self.commit(time) | {"id": pull["head"]["sha"]}
        if self.maybe(0.7):
            self.push(pull["head"]["ref"], time, commit)
        self.all_runs("pull", pull["head"]["ref"], time, commit, pull)
        for _ in range(self.chance.randrange(4)):
            at = self.past(self.after(time, 600, 86400 * 4))
            if at:
                review = {"id": next(self.ids), "state": "approved", "submitted_at": iso(at)}
                action = self.chance.choice(["submitted", "submitted", "edited"])
                named = {"number": number, "state": pull["state"]}
                event = {"action": action, "review": review, "pull_request": named}
                self.store("pull_request_review", event, at)
        self.conversation(number, time, merged and closed)

    def conversation(self, number, time, merged):
        bot = self.names.bot
        for _ in range(self.chance.randrange(3)):
            self.comment(number, self.after(time, 60, 3600), "Looks good", self.chance.choice(self.people))
        if merged:
            how = self.chance.choice(["", "", " -f 'urgent'", " -i"])
            self.comment(number, merged, f"@{bot} merge{how}", self.chance.choice(self.people))
            self.comment(number, merged, f"`@{bot} merge{how}` started", f"{bot}[bot]")
        if merged and self.maybe(0.2):
            kind, quote = self.chance.choice(self.names.kinds), self.chance.choice(["'", '"'])
            body = self.names.revert.format(quote=quote, number=number, kind=kind)
            body = f"@{bot} " + ("revert please" if self.maybe(0.2) else body)
            self.comment(number, self.after(merged, 600, 86400), body, self.chance.choice(self.people))

    def comment(self, number, time, body, login):
        url = f"{API}/{self.names.full_name}/issues/{number}"
        comment = {
            "body": body,
            "user": {"login": login},
            "author_association": "MEMBER",
            "issue_url": url,
            "html_url": f"https://github.com/{self.names.full_name}/pull/{number}#{len(body)}",
            "created": timestamp(time),
            "created_at": iso(time),
        }
        if self.past(time):
            self.store("issue_comment", comment, time)

    def issue(self, number):
        time = self.after(self.since, 0, (self.until - self.since).total_seconds())
        closed = self.past(self.after(time, 3600, 86400 * 9)) if self.maybe(0.5) else None
        muted = self.maybe(0.6)
        labels = [name for name in self.names.labels if self.maybe(0.6)]
        issue = {
            "number": number,
            "title": f"{self.names.muted} test_{number}" if muted else f"Crash {number}",
            "state": "closed" if closed else "open",
            "body": self.chance.choice(self.names.bodies),
            "labels": [{"id": n, "name": name} for n, name in enumerate(labels)],
            "user": {"login": self.chance.choice(self.people)},
            "author_association": "NONE",
            "repository_url": f"{API}/{self.names.full_name}",
            "html_url": f"https://github.com/{self.names.full_name}/issues/{number}",
            "created_at": iso(time),
            "updated_at": iso(closed or time),
            "closed_at": iso(closed),
        }
        if self.maybe(0.7):
            issue["assignee"] = self.chance.choice([None, {"login": self.chance.choice(self.people)}])
        self.store("issues", issue, time)

    # The whole

    def main(self):
        """Pushes to the main branch, some of which become the stable and the nightly one."""
        span = (self.until - self.since) / self.pushes
        for n in range(self.pushes):
            time = self.since + span * n + span * self.chance.random()
            time = time.replace(microsecond=self.chance.randrange(10**6))
            what = self.chance.choice(self.names.undo) + " \"Change\"" if self.maybe(0.06) else None
            commit = self.commit(self.after(time, -7200, -1), what)
            self.push("main", time, commit)
            self.all_runs("main", "main", time, commit)
            if n % 6 == 5 and self.past(time + timedelta(hours=5)):
                self.push(self.names.stable, time + timedelta(hours=5), commit)
            if n % 12 == 0:
                self.push("nightly", time, commit)
                self.all_runs("nightly", "nightly", time, commit)
            if n % 40 == 7:
                self.push(f"topic-{n}", time, None)  # the branch is deleted

    def annotate(self):
        for job in self.stored["workflow_job"]:
            if job["conclusion"] == "failure" and self.maybe(0.5):
                note = {"job": job["id"], "text": self.chance.choice(self.names.notes)}
                self.store("note", note | {"repository": self.names.full_name})


def documents(seed=1, until=None, days=30, pushes=360, pulls=300, issues=400, names=None):
    """The documents of each collection, by its name."""
    until = (until or datetime.now(timezone.utc)).replace(microsecond=0)
    history = History(names or Names(), seed, until, days, pushes)
    history.main()
    for number in range(2, pulls + 2):
        history.pull_life(number)
    for number in range(1001, issues + 1001):
        history.issue(number)
    history.annotate()
    return dict(history.stored)
