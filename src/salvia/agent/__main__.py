"""`python -m salvia.agent SPEC.json`: one instance of one job, from its data to its end."""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from . import standby
from .instance import Agent
from .spec import Spec, read_spec


def agent(spec: Spec) -> Agent:
    """The agent of a job's kind."""
    if spec.job.kind == "serving":
        from .serving import Serving

        return Serving(spec)
    if spec.job.kind == "transform":
        from .transform import Transform

        return Transform(spec)
    if spec.job.kind == "processing":
        from .processing import Processing

        return Processing(spec)
    if spec.job.kind == "notebook":
        from .notebook import Notebook

        return Notebook(spec)
    from .training import Training

    return Training(spec)


def _keep_descriptors() -> None:
    """Let no program inherit what the agent was started with: its runtime's lock, say."""
    for descriptor in range(3, 256):
        try:
            os.set_inheritable(descriptor, False)
        except OSError:
            continue


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 when the job's end was acknowledged, 2 when there is nothing to run."""
    resting = list(arguments[:1]) == [standby.OPTION]
    try:
        (path,) = arguments[resting:]
        os.umask(0o022)
        _keep_descriptors()
        if resting and not standby.wait(path):
            return 0
        spec = read_spec(path)
    except ValueError as error:
        sys.stderr.write(f"usage: python -m salvia.agent SPEC.json\n{error}\n")
        return 2
    if spec.keep:
        standby.hold()
    agent(spec).run()
    if spec.keep:
        standby.renew(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
