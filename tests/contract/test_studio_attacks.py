"""What other pages, other hosts and other people's cookies get from Studio: nothing.

Sources: OWASP cheat sheets "Cross-Site Request Forgery Prevention", "Session Management", "Clickjacking Defense"; RFC
6265, section 8.6 (weak integrity of cookies).
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from tests.conftest import Server, eventually
from tests.studio import Page, link


@pytest.fixture(scope="module")
def page(salvia: Server) -> Page:
    page = Page(salvia)
    assert page.sign_in().status == 200
    return page


@pytest.fixture(scope="module")
def apart(make_server: Callable[..., Server]) -> Server:
    """A server with two gateways and a domain of its own."""
    return make_server("--workers", "2", "--studio-domain", "Example.org.")


def elsewhere(server: Server) -> Page:
    return Page(server, f"studio.example.org:{server.port}")


def test_studio_is_below_the_domain_that_was_given(apart: Server) -> None:
    page = elsewhere(apart)
    assert page.sign_in().status == 200
    # The name below localhost is not Studio's any more, but a bucket's, as any other.
    assert b"<Code>" in page.request("GET", "/_session", Host=f"studio.localhost:{apart.port}").body


def test_a_link_opens_one_session_however_many_use_it_at_once(apart: Server) -> None:
    """Two gateways, twenty browsers, one winner, whose session both gateways know, and outlives them."""
    server = apart
    url = link(server.client("salvia"))
    pages = [elsewhere(server) for _ in range(20)]
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda one: one.sign_in(url), pages))
    assert sorted(answer.status for answer in answers) == [200] + [401] * 19
    assert {answer.json["__type"] for answer in answers if answer.status == 401} == {"SignInFailed"}
    (winner,) = [page for page in pages if page.cookie]
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: winner.call("sts.GetCallerIdentity").status, range(40))) == {200}
    dead = server.pids("gateway")
    for pid in dead:
        os.kill(pid, signal.SIGKILL)

    def served() -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return winner.call("sts.GetCallerIdentity").status == 200
        return False

    eventually(served, what="the session lives on")
    assert winner.request("DELETE", "/_session").status == 204
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: winner.call("sts.GetCallerIdentity").status, range(20))) == {401}


def test_tokens_are_kept_nowhere(salvia: Server) -> None:
    """Neither the database nor a log lets its reader sign in."""
    url = link(salvia.client("salvia"))
    unused, used = url.partition("#")[2], Page(salvia)
    used.sign_in()
    secrets = [text.encode() for text in (unused, used.cookie.partition("=")[2], used.csrf)]
    files = [path for path in salvia.home.rglob("*") if path.is_file() and not _is_below(path, "images", "containers")]
    assert any(path.name == "salvia.db" for path in files) or salvia.options
    for path in files:
        with contextlib.suppress(FileNotFoundError):  # a journal that was stored meanwhile
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), path


def _is_below(path: Path, *folders: str) -> bool:
    return any(folder in path.parts for folder in folders)


def test_what_a_browser_had_before_signing_in_opens_nothing_afterwards(salvia: Server) -> None:
    """Session fixation: a planted cookie stays worthless, and each sign-in makes a new session and ends the old one."""
    page = Page(salvia, cookie="salvia-session=planted-by-somebody-else-0123456789abcdefgh")
    assert page.request("GET", "/_session").status == 401
    page.sign_in()
    assert "planted" not in page.cookie
    first = Page(salvia, cookie=page.cookie, csrf=page.csrf)
    assert first.request("GET", "/_session").status == 200
    page.sign_in()
    assert page.cookie != first.cookie and page.csrf != first.csrf
    assert first.request("GET", "/_session").status == 401
    assert page.request("GET", "/_session").status == 200


@pytest.mark.parametrize("csrf", [None, "", "0" * 64, "not-ascii-é".encode().decode("latin-1")])
def test_a_change_needs_the_sessions_own_token(page: Page, csrf: str | None) -> None:
    for answer in (
        page.request("POST", "/", {"UserName": "forged"}, X_Amz_Target="iam.CreateUser", X_Salvia_Csrf=csrf),
        page.request("DELETE", "/_session", X_Salvia_Csrf=csrf),
        page.request("PUT", "/_session/role", {"RoleArn": "x"}, X_Salvia_Csrf=csrf),
    ):
        assert (answer.status, answer.json["__type"]) == (403, "ForbiddenOrigin"), answer.body
    assert page.call("iam.GetUser", UserName="forged").json["__type"] == "NoSuchEntity"


def test_a_cookie_alone_is_nobodys(page: Page) -> None:
    """Another host may have planted it, with a session of somebody else's: who signed in here knows its token."""
    for csrf in (None, "0" * 64):
        answer = page.request("GET", "/_session", X_Salvia_Csrf=csrf)
        assert (answer.status, answer.json["__type"]) == (401, "NotSignedIn") and page.csrf.encode() not in answer.body


def test_another_sessions_token_is_none(page: Page, salvia: Server) -> None:
    other = Page(salvia)
    other.sign_in()
    mixed = Page(salvia, cookie=page.cookie, csrf=other.csrf)
    assert mixed.call("iam.CreateUser", UserName="forged").status == 403


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "https://studio.localhost:{port}",
        "http://studio.localhost",
        "http://studio.localhost:{port}.evil.example",
        "http://my-notebook.notebook.localhost:{port}",
        "http://localhost:{port}",
        "http://127.0.0.1:{port}",
        "http://bucket.localhost:{port}",
    ],
)
def test_no_other_origin_changes_anything(page: Page, origin: str | None) -> None:
    """Even with the cookie and the token: a notebook's page is such an origin, and so is a stored object's."""
    given = origin.format(port=page.server.port) if origin else origin
    for answer in (
        page.request("POST", "/", {"UserName": "forged"}, X_Amz_Target="iam.CreateUser", Origin=given),
        page.request("DELETE", "/_session", Origin=given),
        page.request("POST", "/_session", {"Token": "x"}, Origin=given),
    ):
        assert (answer.status, answer.json["__type"]) == (403, "ForbiddenOrigin"), answer.body
    assert page.call("iam.GetUser", UserName="forged").json["__type"] == "NoSuchEntity"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_other_site_reads_anything(page: Page, site: str) -> None:
    """A notebook below the same domain is `same-site` to Studio. Source: W3C, "Fetch Metadata Request Headers"."""
    answer = page.request("GET", "/_session", Sec_Fetch_Site=site)
    assert answer.status == 403 and page.csrf.encode() not in answer.body
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_a_form_of_another_site_is_refused_before_it_is_read(page: Page) -> None:
    body = b"X-Amz-Target=iam.CreateUser&UserName=forged"
    answer = page.request(
        "POST",
        "/?X-Amz-Target=iam.CreateUser",
        body,
        Content_Type="application/x-www-form-urlencoded",
        Origin="http://evil.example",
        Sec_Fetch_Site="cross-site",
        X_Salvia_Csrf=None,
    )
    assert answer.status == 403


@pytest.mark.parametrize("path", ["/", "/training/jobs", "/assets/nothing.js", "/_session", "/_nothing", "/link"])
def test_nobody_frames_or_guesses_types(page: Page, path: str) -> None:
    for answer in (page.request("GET", path), page.request("POST", path, {})):
        policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["connect-src"] == "'self'" and "object-src" not in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_what_is_secret_is_kept_by_no_cache(page: Page) -> None:
    for answer in (page.request("GET", "/_session"), page.call("iam.ListUsers"), page.request("GET", "/_session/x")):
        assert answer.headers["cache-control"] == "no-store"


def test_two_cookies_are_none(page: Page) -> None:
    """A neighbour below the same domain can plant one more: nobody could tell whose it is."""
    for planted in (f"salvia-session=other; {page.cookie}", f"{page.cookie}; salvia-session=other"):
        answer = page.request("GET", "/_session", Cookie=planted)
        assert (answer.status, answer.json["__type"]) == (403, "ForbiddenOrigin")
    # Those of other names are nobody's business.
    assert page.request("GET", "/_session", Cookie=f"salvia-notebook=x; {page.cookie}; a=b").status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:{port}",  # DNS rebinding: a name of somebody else's that leads here
        "studio.localhost.evil.example:{port}",
        "studio.localhost@evil.example",
        "xstudio.localhost:{port}",
        "a.studio.localhost:{port}",
        "studio.notebook.localhost:{port}",
        "127.0.0.1:{port}",
        "localhost:{port}",
        "",
    ],
)
def test_a_cookie_opens_nothing_on_another_host(page: Page, host: str) -> None:
    given = host.format(port=page.server.port)
    for origin in (page.origin, f"http://{given}"):
        session = page.request("GET", "/_session", Host=given, Origin=origin)
        assert page.csrf.encode() not in session.body and session.status >= 400
        done = page.request(
            "POST", "/", {"UserName": "forged"}, Host=given, Origin=origin, X_Amz_Target="iam.CreateUser"
        )
        assert done.status >= 400
    assert page.call("iam.GetUser", UserName="forged").json["__type"] == "NoSuchEntity"


def test_a_bucket_called_studio_is_none_of_studios_pages(page: Page, salvia: Server) -> None:
    """It is reached by path, on the host of the API."""
    s3 = salvia.client("s3")
    s3.create_bucket(Bucket="studio")
    s3.put_object(Bucket="studio", Key="evil.html", Body=b"<script>1</script>", ContentType="text/html")
    for path in ("/evil.html", "/studio/evil.html"):
        assert b"<script>1" not in page.request("GET", path).body
    assert s3.get_object(Bucket="studio", Key="evil.html")["Body"].read() == b"<script>1</script>"


def test_signed_requests_are_answered_elsewhere(page: Page, salvia: Server) -> None:
    """A presigned URL made for Studio's host shows no object there."""
    s3 = salvia.session().client("s3", endpoint_url=page.origin.replace("studio.localhost", "127.0.0.1"))
    s3.create_bucket(Bucket="studio-presigned")
    s3.put_object(Bucket="studio-presigned", Key="a", Body=b"stored", ContentType="text/html")
    url = urlsplit(s3.generate_presigned_url("get_object", Params={"Bucket": "studio-presigned", "Key": "a"}))
    assert b"stored" not in page.request("GET", f"{url.path}?{url.query}").body


def test_stored_pages_run_nothing(salvia: Server) -> None:
    """A browser that opens an object, or what a model answered, gives it no origin and no scripts.

    Source: W3C, "Content Security Policy Level 3", directive sandbox.
    """
    s3 = salvia.client("s3")
    s3.create_bucket(Bucket="studio-stored")
    s3.put_object(Bucket="studio-stored", Key="a.svg", Body=b"<svg/>", ContentType="image/svg+xml")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "studio-stored", "Key": "a.svg"})
    with urlopen(url) as shown:
        assert shown.read() == b"<svg/>"
        inert = shown.headers["content-security-policy"], shown.headers["x-content-type-options"]
    assert inert == ("sandbox", "nosniff")
    for refused in (
        _headers(s3, "get_object", Bucket="studio-stored", Key="nothing"),
        _headers(salvia.client("sagemaker-runtime"), "invoke_endpoint", EndpointName="nothing", Body=b""),
    ):
        assert (refused["content-security-policy"], refused["x-content-type-options"]) == ("sandbox", "nosniff")


def _headers(client: object, method: str, **request: object) -> dict[str, str]:
    try:
        answer = getattr(client, method)(**request)
    except client.exceptions.ClientError as refused:  # type: ignore[attr-defined]
        answer = refused.response
    headers: dict[str, str] = answer["ResponseMetadata"]["HTTPHeaders"]
    return headers


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../door.py",
        "/assets/..%2fdoor.py",
        "/assets/%2e%2e/door.py",
        "/assets/../../../../../../etc/hosts.txt",
        "/assets/..\\door.py",
        "/assets//etc/host.conf",
        "/assets/.hidden.js",
        "/assets/a/../b.js",
        "/assets/missing.txt",
        "/assets/index.html",
        "/../assets.py",
        "/door.py",
        "//etc/host.conf",
        "/assets/x.js%00.html",
        "/assets/x.js;.css",
    ],
)
def test_no_path_leaves_the_pages_files(page: Page, path: str) -> None:
    answer = page.request("GET", path)
    assert (answer.status, answer.body) == (404, b"There is nothing here.\n")


def test_routes_of_the_api_host_are_not_studios(page: Page) -> None:
    """Neither what agents report to nor metrics: each host has its own."""
    for path in ("/_health", "/_metrics", "/_instance/report", "/_reset"):
        for method in ("GET", "POST"):
            answer = page.request(method, path)
            assert (answer.status, answer.json["__type"]) == (404, "NotFound"), (method, path)


def test_passwords_are_tried_ten_times(apart: Server) -> None:
    """And neither the words nor the status tell whether there is such a user."""
    page = elsewhere(apart)
    said = [page.sign_in(UserName="administrator", Password=f"guess {n}") for n in range(10)]
    said += [page.sign_in(UserName="nobody-here", Password=f"guess {n}") for n in range(10)]
    assert {(one.status, one.body) for one in said} == {(401, said[0].body)}
    assert said[0].json["__type"] == "SignInFailed"
    for name in ("administrator", "ADMINISTRATOR", "nobody-here"):
        assert page.sign_in(UserName=name, Password="once more").json["__type"] == "TooManyTries"
    assert page.sign_in(UserName="somebody-else", Password="x").status == 401
    # Links need no guessing: they still open.
    assert page.sign_in().status == 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"UserName":"a","Password":"b","NewPassword":[1]}',
        b'{"UserName":"a","Password":"b","Account":"\\u0000"}',
        b'"x"',
        b"{",
        b'{"Token":1}',
        b'{"Token":""}',
        b'{"UserName":"a"}',
        b'{"UserName":{},"Password":[]}',
    ],
)
def test_nonsense_signs_nobody_in(page: Page, content: bytes) -> None:
    answer = page.request("POST", "/_session", content)
    assert answer.status == 400 and answer.json["message"], answer.body


@pytest.mark.parametrize(
    ("target", "request_"),
    [
        ("sagemaker-runtime.InvokeEndpoint", {"EndpointName": "e", "Body": "", "CustomAttributes": "a\r\nX-Evil: 1"}),
        ("sagemaker-runtime.InvokeEndpoint", {"EndpointName": "e", "Body": "", "ContentType": "text/csv\nX-Evil: 1"}),
        ("s3.PutObject", {"Bucket": "b", "Key": "k", "Metadata": {"a": "b\r\nSet-Cookie: c=d"}}),
        ("s3.PutObject", {"Bucket": "b", "Key": "k", "Metadata": {"a\r\nSet-Cookie: c": "d"}}),
        ("s3.PutObject", {"Bucket": "b", "Key": "k", "Metadata": {"a": "\u20ac"}}),
        ("s3.PutObject", {"Bucket": "b", "Key": "k", "ContentType": "text/html\0"}),
        ("s3.PutObject", {"Bucket": "", "Key": "k"}),
        ("s3.DeleteObject", {"Bucket": "b", "Key": ""}),
    ],
)
def test_what_is_a_header_or_a_path_holds_no_more_in_json(page: Page, target: str, request_: dict[str, object]) -> None:
    """No line break goes on to a model's server, or into an answer to somebody else."""
    answer = page.call(target, **request_)
    assert (answer.status, answer.json["__type"]) == (400, "SerializationException"), answer.body


def test_a_name_that_no_user_can_have_is_looked_up_nowhere(page: Page) -> None:
    """Not even one that PostgreSQL could not be asked for."""
    for name in ("\0", "x" * 1000, "a/../b", "ÿ", "' OR 1=1 --"):
        assert page.sign_in(UserName=name, Password="\0").status == 401
    for arn in ("\0", "x", "arn:aws:iam::123456789012:user/ann", "arn:aws:iam::123456789012:role/\0"):
        refused = page.request("PUT", "/_session/role", {"RoleArn": arn})
        assert (refused.status, refused.json["__type"]) == (400, "ValidationException")


def test_what_is_too_large_is_refused(page: Page) -> None:
    assert page.request("POST", "/_session", b'{"Token":"' + b"x" * 300_000 + b'"}').status == 413
    answer = page.request("POST", "/", b"", X_Amz_Target="s3.PutObject", Content_Length=str(23 << 20))
    assert (answer.status, answer.json["__type"]) == (413, "RequestEntityTooLargeException")


def test_the_root_of_an_open_server_is_nobody_once_it_is_closed(make_server: Callable[..., Server]) -> None:
    """`--auth off` lets everybody in as the root. What was opened then opens nothing later."""
    server = make_server("--auth", "off")
    page = Page(server)
    page.sign_in()
    assert (page.who["Kind"], page.who["Name"], page.who["Arn"]) == ("root", "root", "arn:aws:iam::123456789012:root")
    assert page.result("iam.ListUsers")["Users"]
    server.down()
    server.options = tuple(option for option in server.options if option not in ("--auth", "off"))
    server.up()
    assert page.request("GET", "/_session").status == 401
    assert page.call("iam.ListUsers").status == 401
