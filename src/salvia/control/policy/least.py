"""The least policy that allows what was done: actions grouped by the resources that they were done on.

Resources are named as they were seen. What belongs to one run and never comes again is left open: a job's own name, a
log stream's. Many keys of one bucket become the folders that they are in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import takewhile
from typing import Any

_MANY = 5  # keys of one action and bucket that are named one by one
_FOLDERS = 10
_OBJECTS = "arn:aws:s3:::"


def least(done: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """A policy document that allows `done`: action, resource and the name of the job that did it, if one did."""
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for action, resource, job in done:
        seen[action].add(_open(resource, job))
    together: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for action, found in sorted(seen.items()):
        together[action.partition(":")[0], *_folded(found)].append(action)
    statements = []
    numbers: defaultdict[str, int] = defaultdict(int)
    for (service, *resources), actions in together.items():
        numbers[service] += 1
        statements.append(
            {
                "Sid": f"{''.join(part.capitalize() for part in service.split('-'))}{numbers[service]}",
                "Effect": "Allow",
                "Action": actions if len(actions) > 1 else actions[0],
                "Resource": resources if len(resources) > 1 else resources[0],
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _open(resource: str, job: str) -> str:
    """A resource as a pattern: wildcards in its name taken literally, what belongs to one run left open."""
    if resource == "*":
        return resource
    end = resource[-1:] if resource.endswith(("/*", ":*")) else ""  # folded when it was noted
    text = resource.removesuffix("*") if end else resource
    text = text.replace("$", "${$}").replace("*", "${*}").replace("?", "${?}") + end
    group, stream, name = text.partition(":log-stream:")
    if stream and name:
        return f"{group}:log-stream:*"
    if not job:
        return text
    head, colon, tail = text.rpartition(":")  # never the account's number or the region
    return head + colon + "/".join(_of_run(part, job) for part in tail.split("/"))


def _of_run(part: str, job: str) -> str:
    return part.replace(job, "*") if part.lower() == job.lower() or part.startswith(f"{job}-") else part


def _folded(resources: set[str]) -> list[str]:
    """Few resources as they are; many keys of a bucket as folders."""
    by_bucket: defaultdict[str, set[str]] = defaultdict(set)
    found = set()
    for resource in resources:
        bucket, slash, _ = resource.removeprefix(_OBJECTS).partition("/")
        if resource.startswith(_OBJECTS) and slash:
            by_bucket[bucket].add(resource)
        else:
            found.add(resource)
    for keys in by_bucket.values():
        found |= keys if len(keys) <= _MANY else _folders(keys)
    return sorted(one for one in found if not any(other != one and _covers(other, one) for other in found))


def _folders(keys: set[str]) -> set[str]:
    folders = {f"{key.rpartition('/')[0]}/*" for key in keys}
    if len(folders) <= _FOLDERS:
        return folders
    levels = zip(*(folder.split("/")[:-1] for folder in folders), strict=False)
    return {"/".join(level[0] for level in takewhile(lambda level: len(set(level)) == 1, levels)) + "/*"}


def _covers(pattern: str, other: str) -> bool:
    return pattern.endswith("*") and "*" not in pattern[:-1] and other.startswith(pattern[:-1])
