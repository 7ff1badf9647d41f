"""The first start, and every later one. Expectations: the issue, "First start makes account 123456789012 …"."""

from __future__ import annotations

import json
import stat
from typing import Any

ADMINISTRATOR = "arn:aws:iam::123456789012:user/administrator"
ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"


def credentials(rooms: Any) -> dict[str, str]:
    return json.loads((rooms.world.settings.home / "credentials.json").read_text())


def test_the_first_start_leaves_an_administrator_whose_key_is_written_down(rooms: Any) -> None:
    rooms.start()
    written = credentials(rooms)
    key = rooms.world.providers.key(written["access_key"])
    assert key.secret == written["secret_key"]
    assert key.caller.arn == ADMINISTRATOR
    assert [one.name for one in rooms.world.providers.policies(key.caller).identity] == [
        "arn:aws:iam::aws:policy/AdministratorAccess"
    ]
    mode = (rooms.world.settings.home / "credentials.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_later_starts_change_nothing(rooms: Any) -> None:
    rooms.start()
    before = credentials(rooms)
    users = rooms("iam", "ListUsers")["Users"]
    rooms.restart()
    assert credentials(rooms) == before
    assert rooms("iam", "ListUsers")["Users"] == users
    assert len(rooms("iam", "ListAccessKeys", UserName="administrator")["AccessKeyMetadata"]) == 1


def test_a_lost_file_is_written_again_from_the_database(rooms: Any) -> None:
    rooms.start()
    before = credentials(rooms)
    (rooms.world.settings.home / "credentials.json").unlink()
    rooms.restart()
    assert credentials(rooms) == before


def test_a_lost_file_of_an_administrator_without_keys_brings_a_new_key(rooms: Any) -> None:
    rooms.start()
    before = credentials(rooms)
    rooms("iam", "DeleteAccessKey", UserName="administrator", AccessKeyId=before["access_key"])
    (rooms.world.settings.home / "credentials.json").unlink()
    rooms.restart()
    assert credentials(rooms)["access_key"] != before["access_key"]


def test_what_was_deleted_stays_deleted(rooms: Any) -> None:
    rooms.start()
    policy = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    rooms("iam", "DetachRolePolicy", RoleName="SageMakerExecutionRole", PolicyArn=policy)
    rooms("iam", "DeleteRolePolicy", RoleName="SageMakerExecutionRole", PolicyName="JobData")
    rooms("iam", "DeleteRole", RoleName="SageMakerExecutionRole")
    rooms.restart()
    assert rooms("iam", "ListRoles")["Roles"] == []


def test_jobs_get_credentials_of_their_role(rooms: Any) -> None:
    rooms.start()
    issued = rooms.run(rooms.world.providers.role_credentials(ROLE, "SageMaker", 3600))
    key = rooms.world.providers.key(issued.access_key)
    assert (key.secret, key.session_token) == (issued.secret, issued.session_token)
    assert key.expires_at == issued.expires_at == rooms.wall + 3600
    assert key.caller.arn == "arn:aws:sts::123456789012:assumed-role/SageMakerExecutionRole/SageMaker"
    assert key.caller.entity == ROLE


def test_ended_sessions_leave_no_rows(rooms: Any) -> None:
    """They are kept for a day, so that a late request is told that its token has expired."""
    rooms.start()
    first = rooms.run(rooms.world.providers.role_credentials(ROLE, "SageMaker", 3600))
    rooms.wall += 7200
    rooms.run(rooms.world.providers.role_credentials(ROLE, "SageMaker", 3600))
    assert rooms.world.providers.key(first.access_key) is not None
    rooms.wall += 90_000
    rooms.run(rooms.world.providers.role_credentials(ROLE, "SageMaker", 3600))
    assert rooms.world.providers.key(first.access_key) is None


def test_the_use_of_a_key_is_noted_once_a_quarter_of_an_hour(rooms: Any) -> None:
    """IAM API reference, GetAccessKeyLastUsed."""
    from salvia.services.iam.usage import Uses

    rooms.start()
    key = credentials(rooms)["access_key"]
    caller = rooms.world.providers.key(key).caller
    uses = Uses(rooms.world)

    async def use(service: str) -> None:
        uses.note(caller, service, "us-east-1")
        await uses.settled()

    def last() -> Any:
        return rooms("iam", "GetAccessKeyLastUsed", AccessKeyId=key)["AccessKeyLastUsed"]

    assert last() == {"ServiceName": "N/A", "Region": "N/A"}
    rooms.run(use("s3"))
    rooms.run(use("logs"))
    assert last() == {"LastUsedDate": rooms.wall, "ServiceName": "s3", "Region": "us-east-1"}
    rooms.wall += 901
    rooms.run(use("logs"))
    assert last()["ServiceName"] == "logs"


def test_a_boundary_that_is_gone_allows_nothing(rooms: Any) -> None:
    """A policy in use cannot be deleted; should its row be lost all the same, its user is not set free."""
    rooms.start()
    rooms("iam", "CreateUser", UserName="u")
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    arn = rooms("iam", "CreatePolicy", PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    rooms("iam", "PutUserPermissionsBoundary", UserName="u", PermissionsBoundary=arn)
    made = rooms("iam", "CreateAccessKey", UserName="u")["AccessKey"]
    caller = rooms.world.providers.key(made["AccessKeyId"]).caller
    assert rooms.world.providers.policies(caller).boundary.document == document
    rooms.run(rooms.world.db.write(lambda tx: tx.run("DELETE FROM iam_policy_versions")))
    assert '"Deny"' in rooms.world.providers.policies(caller).boundary.document


def test_entities_are_found_by_name_alone(rooms: Any) -> None:
    rooms.start()
    rooms("iam", "CreateUser", UserName="Ada", Path="/team/")
    find = rooms.world.providers.entity_arn
    assert find("user", "123456789012", "ada") == "arn:aws:iam::123456789012:user/team/Ada"
    assert find("role", "123456789012", "SageMakerExecutionRole") == ROLE
    assert find("user", "210987654321", "ada") is None
    assert find("key", "123456789012", "ada") is None
