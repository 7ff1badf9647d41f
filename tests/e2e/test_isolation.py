"""Hostile training programs, as real jobs, and hostile clients: what they cannot do.

Each test says what such a program would gain. What a machine's isolation level does not give is skipped, saying so.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.conftest import Jobs, Server, eventually

_ATTEMPT = """
import ctypes, json, os, socket, urllib.error, urllib.request
def attempt(what, action):
    try:
        print(what, 'did', repr(action())[:400], flush=True)
    except Exception as error:
        print(what, 'failed', type(error).__name__, str(error)[:300], flush=True)
def ask(url, headers={}, data=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
"""


@pytest.fixture(autouse=True)
def isolated(request: pytest.FixtureRequest, salvia: Server) -> None:
    """The levels below bubblewrap promise less of jobs."""
    if "jobs" not in request.fixturenames:
        return
    level = salvia.isolation
    if level != "bubblewrap":
        pytest.skip(f"This machine's isolation level is '{level}': `salvia doctor` says what that costs.")


def outcomes(jobs: Jobs, code: str, **more: Any) -> dict[str, str]:
    """What became of each attempt of a program."""
    name = jobs.start(_ATTEMPT + code, wait=True, **more)
    found = {}
    for line in jobs.lines(name):
        what, _, outcome = line.partition(" ")
        found[what] = outcome
    return found


def uploaded(jobs: Jobs, name: str) -> bytes:
    """Everything that a job left in its bucket, unpacked where it is packed."""
    content = b""
    for item in jobs.s3.list_objects_v2(Bucket=jobs.bucket, Prefix=f"output/{name}/").get("Contents", []):
        body = jobs.s3.get_object(Bucket=jobs.bucket, Key=item["Key"])["Body"].read()
        content += subprocess.run(["gzip", "-dcf"], input=body, capture_output=True, check=False).stdout
    return content


@pytest.mark.parametrize("folder", ["model", "output/data"])
@pytest.mark.parametrize("compression", ["GZIP", "NONE"])
def test_a_link_to_the_data_directory_brings_none_of_it(jobs: Jobs, folder: str, compression: str) -> None:
    """The agent, outside the sandbox, would upload the database and the keys as the job's model."""
    code = f"""
import os, shutil
shutil.rmtree(base/'{folder}')
os.symlink({str(jobs.server.home)!r}, base/'{folder}')
"""
    output = {"S3OutputPath": f"s3://{jobs.bucket}/output", "CompressionType": compression}
    ended = jobs.run(code, OutputDataConfig=output)
    assert ended["TrainingJobStatus"] == "Failed"
    assert "no folder any more" in ended["FailureReason"]
    keys = jobs.server.home / "credentials.json"
    found = uploaded(jobs, ended["TrainingJobName"])
    assert keys.read_bytes() not in found
    assert b"SQLite format" not in found


def test_a_link_as_failure_file_does_not_become_the_reason(jobs: Jobs) -> None:
    """FailureReason would quote any file of the machine."""
    ended = jobs.run(f"""
import os
os.symlink({str(jobs.server.home / "credentials.json")!r}, base/'output/failure')
raise SystemExit(1)
""")
    assert "secret_key" not in ended["FailureReason"]


def test_variables_of_the_request_act_on_nothing_outside_the_sandbox(jobs: Jobs, tmp_path: Path) -> None:
    """With LD_PRELOAD the request's own library would run as the server's user, before the sandbox is made.

    The loader itself is the witness: with LD_DEBUG it writes a file wherever it runs.
    """
    traces = jobs.server.home / "trace"
    name = jobs.start(
        "import os; print('preload', os.environ['LD_PRELOAD'], os.environ['PATH'])",
        wait=True,
        Environment={
            "LD_PRELOAD": "/no/such/library.so",
            "LD_DEBUG": "libs",
            "LD_DEBUG_OUTPUT": str(traces),
            "BASH_ENV": "/no/such/file",
            "ENV": "/no/such/file",
            "PYTHONINSPECT": "",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
        },
    )
    assert jobs.describe(name)["TrainingJobStatus"] == "Completed"
    assert any(line.startswith("preload /no/such/library.so /") for line in jobs.lines(name))
    assert not [path.name for path in jobs.server.home.iterdir() if path.name.startswith("trace")]


def test_neither_command_lines_nor_environments_outside_show_what_a_request_set(jobs: Jobs) -> None:
    """Everybody on a machine can read command lines; bubblewrap's environment is not the program's."""
    name = jobs.start(
        "import time\nwhile not (base/'stop').exists(): time.sleep(0.05)",
        Environment={"DATABASE_PASSWORD": "hunter2-hunter2"},
    )
    jobs.reaches(name, "Training")
    try:
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _mine(path)]
        assert any(str(jobs.server.home).encode() in line for line in lines)
        keys = (jobs.server.home / "credentials.json").read_text()
        secrets = [b"hunter2", jobs.server.environment["AWS_SECRET_ACCESS_KEY"].encode()]
        assert jobs.server.environment["AWS_SECRET_ACCESS_KEY"] in keys
        assert not [line for line in lines if any(secret in line for secret in secrets)]
    finally:
        jobs.sagemaker.stop_training_job(TrainingJobName=name)
        jobs.ended(name)


def _mine(path: Path) -> bool:
    try:
        return path.parent.stat().st_uid == os.getuid()
    except OSError:
        return False


def test_a_program_sees_nothing_of_agent_server_or_other_jobs(jobs: Jobs) -> None:
    """Its own processes, descriptors and /opt/ml; no path leads on."""
    other = jobs.start("(base/'model/secret').write_text('theirs')\nimport time; time.sleep(60)")
    jobs.reaches(other, "Training")
    agents = [int(path.read_text()) for path in (jobs.server.home / "runtime" / "instances").glob("*/pid")]
    assert agents
    found = outcomes(
        jobs,
        f"""
attempt('pids', lambda: sorted(int(p) for p in os.listdir('/proc') if p.isdigit()))
attempt('agent', lambda: [p for p in os.listdir('/proc') if p.isdigit()
    and b'salvia.agent' in open(f'/proc/{{p}}/cmdline', 'rb').read()])
attempt('token', lambda: [p for p in os.listdir('/proc') if p.isdigit()
    and b'Bearer' in open(f'/proc/{{p}}/environ', 'rb').read()])
attempt('home', lambda: os.listdir({str(jobs.server.home)!r}))
attempt('root', lambda: os.listdir('/proc/1/root' + {str(jobs.server.home)!r}))
attempt('descriptors', lambda: [os.readlink('/proc/1/fd/' + f) for f in os.listdir('/proc/1/fd')])
attempt('up', lambda: os.listdir('/opt/ml/../../../../../..' + {str(jobs.server.home)!r}))
attempt('kill', lambda: [os.kill(pid, 0) for pid in {agents}])
attempt('shadow', lambda: open('/etc/shadow').read())
""",
    )
    jobs.sagemaker.stop_training_job(TrainingJobName=other)
    assert len(found["pids"].split(",")) <= 3
    assert found["agent"] == "did []"
    assert found["token"] == "did []"
    for what in ("home", "root", "up", "shadow"):
        assert found[what].startswith("failed FileNotFoundError"), (what, found[what])
    assert found["kill"].startswith("failed ProcessLookupError")
    assert str(jobs.server.home) not in found["descriptors"]
    jobs.ended(other)


def test_a_program_has_no_power_over_the_kernel(jobs: Jobs) -> None:
    """By core_pattern alone it would have a program of its own run outside, as root."""
    found = outcomes(
        jobs,
        """
libc = ctypes.CDLL(None, use_errno=True)
attempt('core_pattern', lambda: os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY))
attempt('sysrq', lambda: os.open('/proc/sysrq-trigger', os.O_WRONLY))
attempt('mount', lambda: libc.mount(b'none', b'/tmp', b'tmpfs', 0, None))
attempt('user_namespace', lambda: libc.unshare(0x10000000))
attempt('device', lambda: os.mknod('/opt/ml/model/disk', 0o60600, os.makedev(254, 0)))
attempt('image', lambda: open(os.__file__, 'a'))
attempt('own_image', lambda: open(__file__, 'a'))
attempt('hosts', lambda: open('/etc/hosts', 'a'))
attempt('token', lambda: open('/run/salvia/token', 'a'))
attempt('privileges', lambda: [l.split()[1] for l in open('/proc/self/status') if l[:6] in ('CapEff', 'NoNewP')])
attempt('chroot', lambda: os.chroot('/tmp'))
attempt('sethostname', lambda: socket.sethostname('x'))
""",
    )
    assert found.pop("mount") == "did -1"
    assert found.pop("privileges") == "did ['0000000000000000', '1']"
    barred = not any(one["what"] == "a bar to user namespaces" for one in jobs.server.status()["isolation"]["missing"])
    assert found.pop("user_namespace") == "did -1" or not barred
    assert {what for what, outcome in found.items() if not outcome.startswith("failed")} == set()


def test_the_private_door_and_others_credentials_stay_shut(jobs: Jobs) -> None:
    """Role credentials are for whoever shows the token: the job's own, and nobody else."""
    other = jobs.start(
        "import os, time; print(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'], flush=True)\ntime.sleep(60)"
    )
    address = eventually(lambda: [line for line in jobs.lines(other) if line.startswith("http")], what="its address")[0]
    found = outcomes(
        jobs,
        f"""
door = os.environ['AWS_ENDPOINT_URL'] + '/_instance/'
token = open(os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']).read()
for kind, value in (('none', ''), ('empty', 'Bearer '), ('own', 'Bearer ' + token), ('zero', 'Bearer ' + '0' * 64)):
    attempt(kind, lambda: ask(door + 'credentials', {{'Authorization': value}}, b'{{}}'))
    attempt(kind + '-report', lambda: ask(door + 'report', {{'Authorization': value}}, b'{{"phase": "Exited"}}'))
attempt('revoked', lambda: ask(door + 'credentials', {{'Authorization': 'Bearer revoked-'}}, b'{{}}'))
attempt('theirs', lambda: ask({address!r}))
attempt('theirs-mine', lambda: ask({address!r}, {{'Authorization': token}}))
attempt('mine', lambda: ask(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'], {{'Authorization': token}})[0])
attempt('mine-without', lambda: ask(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI']))
""",
    )
    jobs.sagemaker.stop_training_job(TrainingJobName=other)
    assert found.pop("mine") == "did 200"
    assert {what: outcome[:8] for what, outcome in found.items()} == dict.fromkeys(found, "did (403")
    jobs.ended(other)


def test_the_role_can_do_no_more_than_its_policies_say(jobs: Jobs) -> None:
    """The program holds real credentials; what they may do is decided at the gateway."""
    name = jobs.start(
        """
import json, os, urllib.request
request = urllib.request.Request(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'],
    headers={'Authorization': open(os.environ['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']).read()})
print('credentials', json.dumps(json.load(urllib.request.urlopen(request))), flush=True)
""",
        wait=True,
    )
    line = next(line for line in jobs.lines(name) if line.startswith("credentials "))
    given = json.loads(line.partition(" ")[2])
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["Token"])
    iam = jobs.server.client("iam", keys)
    sts = jobs.server.client("sts", keys)
    arn = sts.get_caller_identity()["Arn"]
    assert ":assumed-role/SageMakerExecutionRole/" in arn
    role = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
    refused = [
        lambda: iam.create_user(UserName="mallory"),
        lambda: iam.create_access_key(UserName="administrator"),
        lambda: iam.put_role_policy(RoleName="SageMakerExecutionRole", PolicyName="x", PolicyDocument="{}"),
        lambda: iam.update_assume_role_policy(RoleName="SageMakerExecutionRole", PolicyDocument="{}"),
        lambda: sts.assume_role(RoleArn=role, RoleSessionName="again"),
        lambda: jobs.server.client("s3", keys).delete_bucket(Bucket=jobs.bucket),
        lambda: jobs.server.client("s3", keys).put_bucket_policy(Bucket=jobs.bucket, Policy="{}"),
    ]
    for attempt in refused:
        with pytest.raises(Exception, match="AccessDenied"):
            attempt()


def test_more_processes_descriptors_and_depth_than_there_are_harm_the_job_alone(jobs: Jobs) -> None:
    """A tree a hundred thousand folders deep is refused as a model, and removed with the rest."""
    name = jobs.start(
        """
import os
os.chdir('/opt/ml/model')
for n in range(20000):
    os.mkdir('d'); os.chdir('d')
open('leaf', 'w').close()
""",
        wait=True,
    )
    ended = jobs.describe(name)
    assert ended["TrainingJobStatus"] == "Failed"
    assert "levels deep" in ended["FailureReason"]
    job = jobs.server.home / "runtime" / "instances"
    eventually(lambda: not list(job.glob("*/ml/model/d")) and not list(job.glob(".removed*")), what="removal")


def test_files_with_holes_are_no_way_to_keep_the_agent_busy_for_ever(jobs: Jobs) -> None:
    """Eight TiB that are not there."""
    ended = jobs.run("open(base/'model/hole', 'wb').truncate(1 << 43)")
    assert ended["TrainingJobStatus"] == "Failed"
    assert "holes" in ended["FailureReason"]


def test_names_and_objects_that_look_like_paths_lead_nowhere(jobs: Jobs) -> None:
    """`..` in a channel's name or an object's key."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{jobs.bucket}/hostile/"}
    jobs.s3.put_object(Bucket=jobs.bucket, Key="hostile/a/../../../../../escaped", Body=b"x")
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
    ended = jobs.run("pass", InputDataConfig=[channel])
    assert "cannot be a file name" in ended["FailureReason"]
    jobs.s3.delete_object(Bucket=jobs.bucket, Key="hostile/a/../../../../../escaped")
    jobs.s3.put_object(Bucket=jobs.bucket, Key="hostile//etc/passwd", Body=b"x")
    jobs.s3.put_object(Bucket=jobs.bucket, Key="hostile/line\nbreak", Body=b"x")
    found = outcomes(
        jobs,
        "attempt('files', lambda: sorted(os.listdir('/opt/ml/input/data/train')))\n"
        "attempt('etc', lambda: os.listdir('/opt/ml/input/data/train/etc'))",
        InputDataConfig=[channel],
    )
    assert found == {"files": "did ['etc', 'line\\nbreak']", "etc": "did ['passwd']"}
    ended = jobs.run("pass", InputDataConfig=[{**channel, "ChannelName": ".."}])
    assert "no folder can have that name" in ended["FailureReason"]


def test_what_is_kept_on_disk_is_for_its_owner_alone(jobs: Jobs) -> None:
    """Nobody else gets into the data directory, and the files with secrets in them are closed besides."""
    home = jobs.server.home
    assert home.stat().st_mode & 0o777 == 0o700
    for name in ("salvia.db", "credentials.json", "secret.key"):
        assert (home / name).stat().st_mode & 0o077 == 0, name
    for path in (home / "runtime" / "instances").glob("*/SPEC.json"):
        assert path.stat().st_mode & 0o077 == 0


def test_no_secret_is_in_any_log(jobs: Jobs) -> None:
    """After everything above: no key, token or signature in the files that people send around."""
    home = jobs.server.home
    secrets = [jobs.server.environment["AWS_SECRET_ACCESS_KEY"], "hunter2-hunter2"]
    tokens = list((home / "runtime" / "instances").glob("*/run/token"))
    secrets += [path.read_text() for path in tokens]
    files = [*(home / "log").iterdir(), *(home / "runtime" / "instances").glob("*/agent.*")]
    assert files
    for path in files:
        text = path.read_text(errors="replace")
        for secret in secrets:
            assert secret not in text, path
        for word in ("X-Amz-Signature=", "Signature=", "Bearer ", "SecretAccessKey"):
            assert word not in text, (path, word)


def test_a_signature_that_does_not_cover_the_operation_is_refused(salvia: Server) -> None:
    """Else whoever saw a request could send it again as another operation. SigV4: x-amz- headers must be signed."""
    keys = Credentials(salvia.environment["AWS_ACCESS_KEY_ID"], salvia.environment["AWS_SECRET_ACCESS_KEY"])
    request = AWSRequest("POST", f"{salvia.url}/", {"Content-Type": "application/x-amz-json-1.1"}, b"{}")
    SigV4Auth(keys, "logs", "us-east-1").add_auth(request)
    headers = {**dict(request.headers), "X-Amz-Target": "Logs_20140328.DescribeLogGroups"}
    connection = http.client.HTTPConnection("127.0.0.1", salvia.port)
    try:
        connection.request("POST", "/", b"{}", headers)
        answer = connection.getresponse()
        assert answer.status == 403 or b"InvalidSignatureException" in answer.read()
    finally:
        connection.close()


def test_two_hosts_in_one_request_are_refused(salvia: Server) -> None:
    """One would be signed, and another name the bucket. RFC 9112, 3.2: a server must answer 400."""
    head = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{salvia.port}\r\nHost: other.localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", salvia.port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 400 ")


def test_a_user_is_renamed_only_by_who_may_touch_both_names(salvia: Server) -> None:
    """A trust or bucket policy may speak of the new name. IAM user guide, UpdateUser: source and target."""
    iam = salvia.client("iam")
    iam.create_user(UserName="renamer")
    document = {"Effect": "Allow", "Action": "iam:*", "Resource": "arn:aws:iam::123456789012:user/renamer"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [document]})
    iam.put_user_policy(UserName="renamer", PolicyName="self", PolicyDocument=policy)
    key = iam.create_access_key(UserName="renamer")["AccessKey"]
    own = salvia.client("iam", (key["AccessKeyId"], key["SecretAccessKey"], None))
    with pytest.raises(own.exceptions.ClientError, match="AccessDenied"):
        own.update_user(UserName="renamer", NewUserName="alice")
