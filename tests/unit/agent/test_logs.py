"""A program's output in its log stream: whole, once, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from .world import ROLE, eventually, python, shell


def test_output_and_errors_are_one_stream_in_order(world, instance):
    """As `docker logs` shows them."""
    instance(shell("for i in 1 2 3; do echo out $i; echo err $i >&2; done")).start().wait()
    assert world.lines == ["out 1", "err 1", "out 2", "err 2", "out 3", "err 3"]


def test_lines_are_seen_while_the_program_runs(world, instance):
    """Within a second, for whoever follows the log."""
    job = instance(shell("echo now; sleep 600"), stop_grace=0).start()
    eventually(lambda: world.lines == ["now"], 5)
    job.terminate()
    job.wait()


def test_fifty_megabytes_arrive_whole_in_batches_that_aws_takes(world, instance):
    """PutLogEvents: at most 1,048,576 bytes and 10,000 events; a program may print without measure."""
    script = "for i in range(500_000): print(f'{i:07d} ' + 'x' * 92)"
    instance(python(script)).start().wait(60)
    assert [int(line[:7]) for line in world.lines] == list(range(500_000))
    assert max(size for size, _ in world.batch_sizes) <= 1_048_576
    assert max(count for _, count in world.batch_sizes) <= 10_000


def test_the_agent_stays_small_under_a_flood(world, instance):
    """What the log does not take, the program waits with; it is not piled up in memory."""
    job = instance(python("import os\nwhile 1: os.write(1, b'line of a flood\\n' * 4000)"), stop_grace=0)
    world.slow["PutLogEvents"] = 0.05
    job.start()
    eventually(lambda: world.calls["PutLogEvents"] > 8)
    status = Path(f"/proc/{job.process.pid}/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0])
    world.slow.clear()
    job.terminate()
    job.wait()
    assert peak < 64 * 1024, f"{peak} kB"


def test_a_batch_whose_reply_was_lost_is_not_doubled(world, instance):
    """The server answers DataAlreadyAcceptedException for a sequence token that it has."""
    world.lost["PutLogEvents"] = 2
    instance(shell("echo one; sleep 0.7; echo two")).start().wait()
    assert world.lines == ["one", "two"]


def test_a_line_without_end_arrives_in_pieces(world, instance):
    """256 KiB an event."""
    instance(python("import sys; sys.stdout.write('é' * 1_000_000)")).start().wait()
    assert "".join(world.lines) == "é" * 1_000_000
    assert max(len(line.encode()) for line in world.lines) <= 262_144 - 26


def test_bytes_that_are_no_text_arrive_as_replacement_characters(world, instance):
    """JSON carries text alone; the line is not lost."""
    instance(shell(r"printf 'a\377b\n\000c\n'")).start().wait()
    assert world.lines == ["a\ufffdb", "\0c"]


@pytest.mark.parametrize("action", ["logs:PutLogEvents", "logs:CreateLogStream"])
def test_a_role_without_logs_still_trains_and_says_so(world, instance, action):
    """The job goes on; its report names the role and what to allow."""
    world.denied.add(action)
    ended = instance(shell("echo loss=1; seq 200000; echo end")).start().wait()
    assert ended["code"] == 0
    assert ended["log_tail"][-1] == "end"
    message = world.reports[-1]["message"]
    assert ("logs:PutLogEvents" in message) and (ROLE in message or "log stream does not exist" in message)


def test_a_log_group_that_exists_is_used(world, instance):
    """The second job of an account."""
    world.groups.add("/aws/sagemaker/TrainingJobs")
    instance(shell("echo x")).start().wait()
    assert world.lines == ["x"]


def test_a_stream_that_was_deleted_is_made_again(world, instance):
    """Somebody cleans up while the job runs."""
    job = instance(shell("echo one; sleep 0.8; echo two")).start()
    eventually(lambda: world.lines == ["one"])
    with world.lock:
        world.streams.clear()
    job.wait()
    assert world.lines == ["one", "two"]


def test_the_tail_is_bounded(world, instance):
    """20 lines of 1,024 characters go into the report, whatever was printed."""
    ended = instance(python("for i in range(100): print(str(i) * 5000)")).start().wait()
    assert len(ended["log_tail"]) == 20
    assert all(len(line) == 1024 for line in ended["log_tail"])
    assert ended["log_tail"][-1].startswith("9999")
