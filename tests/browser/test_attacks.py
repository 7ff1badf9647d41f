"""What another page in Studio's user's own browser gets from Studio, and from other notebooks: nothing.

Each attack is made from a notebook's page; from a notebook below the same registrable domain, where browsers send
Studio's SameSite cookie along and, for want of TLS, tell no Sec-Fetch-Site; and from a stranger's site. Sources: OWASP
cheat sheets "Cross-Site Request Forgery Prevention", "Clickjacking Defense", "Session Management"; RFC 6265bis; HTML,
"Cross-origin opener policies".
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.conftest import Studio
from tests.conftest import Server
from tests.notebooks import Notebooks
from tests.studio import link

# Each way by which a page reads what another host answers, cookies included; it tells what it read.
_READ = """async ([url, socket]) => {
  const json = {method: 'POST', credentials: 'include', body: '{"UserName":"forged"}'};
  const target = {'X-Amz-Target': 'iam.CreateUser', 'Content-Type': 'application/json'};
  const text = answer => answer.text();
  const loads = (kind, name) => new Promise((done, failed) => {
    const element = Object.assign(document.createElement(kind), {onload: () => done('it loaded'), onerror: failed});
    element[name] = url + '/_session';
    document.head.append(element);
  });
  const ways = {
    cookie: async () => document.cookie,
    fetch: () => fetch(url + '/_session', {credentials: 'include'}).then(text),
    page: () => fetch(url + '/', {credentials: 'include'}).then(text),
    operation: () => fetch(url + '/', {...json, headers: target}).then(text),
    simple: () => fetch(url + '/?X-Amz-Target=iam.CreateUser', {...json, mode: 'no-cors'}).then(text),
    role: () => fetch(url + '/_session/role', {...json, method: 'DELETE'}).then(text),
    script: () => loads('script', 'src'),
    module: () => import(url + '/_session').then(() => 'it was imported'),
    events: () => new Promise((done, failed) => {
      const source = new EventSource(url + '/_live?nouns=Model', {withCredentials: true});
      Object.assign(source, {onopen: () => done('it opened'), onerror: () => (source.close(), failed('error'))});
    }),
    socket: () => new Promise((done, failed) => {
      Object.assign(new WebSocket(socket), {onopen: () => done('it opened'), onerror: () => failed('error')});
    }),
  };
  const read = {};
  for (const [name, way] of Object.entries(ways)) {
    try { read[name] = await way(); } catch (error) { read[name] = ''; }
  }
  return read;
}"""
_FRAME = """([tag, url]) => new Promise(done => {
  const frame = document.createElement(tag);
  frame[tag === 'object' ? 'data' : 'src'] = url;
  frame.onload = frame.onerror = () => done();
  document.body.append(frame);
})"""
_POST = """([url, fields, type]) => {
  const form = Object.assign(document.createElement('form'), {action: url, method: 'post', enctype: type});
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement('input'), {name, value}));
  }
  document.body.append(form);
  form.submit();
}"""
_SHAKE = """url => new Promise(done => {
  const socket = new WebSocket(url);
  socket.onopen = () => (socket.close(), done('open'));
  socket.onerror = () => done('refused');
})"""
_REACH = """wanted => {
  const got = {};
  const ways = {
    document: () => wanted().document.body.innerText,
    storage: () => wanted().localStorage.length,
    function: () => wanted().eval('1'),
    address: () => wanted().location.href,
  };
  for (const [name, way] of Object.entries(ways)) { try { got[name] = way(); } catch (error) {} }
  return got;
}"""


@dataclass
class Attack:
    """A signed-in administrator's Studio, and an attacker's page in the same browser."""

    studio: Studio
    page: Page

    @property
    def server(self) -> Server:
        return self.studio.server

    def came_to_nothing(self) -> None:
        """The administrator is signed in as before, with the rights of before, and nobody was made."""
        self.studio.open("/users", "Users")
        expect(self.studio.page.get_by_role("button", name="administrator")).to_be_visible()
        expect(self.studio.page.get_by_role("link", name="administrator")).to_be_visible()
        names = [user["UserName"] for user in self.server.client("iam").list_users()["Users"]]
        assert "forged" not in names
        self.studio.unharmed()


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    """A page of another site, on this machine: no browser keeps it from here for coming from a public network."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = b"<!doctype html><title>A stranger's</title><body>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://evil.example:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def running() -> Iterator[Callable[[Server], tuple[Notebooks, str]]]:
    """A notebook instance of a server that serves; one for all tests."""
    known: dict[int, tuple[Notebooks, str]] = {}

    def one(server: Server) -> tuple[Notebooks, str]:
        if server.port not in known:
            notebooks = Notebooks(server)
            known[server.port] = notebooks, notebooks.create()
        return known[server.port]

    yield one
    for notebooks, name in known.values():
        notebooks.delete(name)


@pytest.fixture(params=["localhost", "lab.example"])
def site(request: pytest.FixtureRequest) -> Server:
    """A server whose notebooks' hosts are other sites than Studio's, then one where all are one site."""
    found: Server = request.getfixturevalue("salvia" if request.param == "localhost" else "below")
    return found


@pytest.fixture
def notebook(site: Server, tab: Callable[..., Studio], running: Callable[[Server], tuple[Notebooks, str]]) -> Attack:
    """An attack from a notebook's page."""
    studio = tab(site, sign_in=link(site.client("salvia")))
    return Attack(studio, _opened(studio, *running(site)))


@pytest.fixture(params=["a notebook", "a notebook of the same site", "a stranger"])
def attack(request: pytest.FixtureRequest, tab: Callable[..., Studio]) -> Attack:
    """An attack from each kind of page."""
    server: Server = request.getfixturevalue("below" if "same site" in request.param else "salvia")
    studio = tab(server, sign_in=link(server.client("salvia")))
    if request.param != "a stranger":
        return Attack(studio, _opened(studio, *request.getfixturevalue("running")(server)))
    page = studio.context.new_page()
    page.goto(request.getfixturevalue("stranger"))
    return Attack(studio, page)


def _opened(studio: Studio, notebooks: Notebooks, name: str) -> Page:
    """A notebook, opened by a link."""
    page = studio.context.new_page()
    page.goto(notebooks.link(name))
    page.wait_for_url("**/lab**")
    return page


def _framed(page: Page) -> list[str]:
    """The titles of what stands in a page's frames."""
    titles = []
    for frame in page.frames[1:]:
        with contextlib.suppress(Error):  # of an object there is no frame any more, once it was refused
            titles.append(frame.title())
    return titles


def _user(server: Server, name: str, *actions: str) -> Any:
    """A client of Salvia's own API as a new user who may do those things, and get a link."""
    iam = server.client("iam")
    iam.create_user(UserName=name)
    allowed = {"Effect": "Allow", "Action": ["salvia:CreateSignInLink", *actions], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return server.client("salvia", (key["AccessKeyId"], key["SecretAccessKey"], None))


def test_no_answer_of_studios_is_read(attack: Attack) -> None:
    """By fetch with cookies, as a script, a module, events or a WebSocket; and what is sent does nothing."""
    origin = attack.studio.origin
    read = attack.page.evaluate(_READ, [origin, origin.replace("http", "ws") + "/_live?nouns=Model"])
    assert read == dict.fromkeys(read, "") and len(read) == 10
    attack.came_to_nothing()


@pytest.mark.parametrize("tag", ["iframe", "object", "embed"])
def test_studio_is_in_nobodys_frame(attack: Attack, tag: str) -> None:
    attack.page.evaluate(_FRAME, [tag, attack.studio.origin + "/users"])
    assert not [title for title in _framed(attack.page) if "Salvia" in title]
    # That is not for want of a frame: what may be framed is there.
    attack.page.evaluate(_FRAME, [tag, attack.page.url])
    assert _framed(attack.page)[-1] == attack.page.title()


def test_a_window_with_studio_is_out_of_reach(attack: Attack) -> None:
    with attack.studio.context.expect_page() as opening:
        attack.page.evaluate("url => { window.victim = window.open(url); }", attack.studio.origin)
    opened = opening.value
    expect(opened.get_by_role("heading", name="Home", exact=True)).to_be_visible()
    assert attack.page.evaluate(f"({_REACH})(() => window.victim)") == {}
    assert opened.evaluate("window.opener") is None or not opened.evaluate("window.isSecureContext")
    # Over TLS, and on this machine, the two are in groups of their own, and do not even know of each other.
    assert attack.page.evaluate("window.victim.closed") == opened.evaluate("window.isSecureContext")
    opened.close()
    attack.came_to_nothing()


def test_a_notebook_does_not_know_who_opened_it(notebook: Attack) -> None:
    """By Studio's own button: no `opener` that it could lead elsewhere, and no address."""
    name = re.sub(r"^https?://|\..*", "", notebook.page.url)
    notebook.studio.open(f"/notebook-instances/{name}", name)
    with notebook.studio.context.expect_page() as opening:
        notebook.studio.button(f"Open JupyterLab of {name} in a new tab").click()
    opened = opening.value
    opened.wait_for_url("**/lab**")
    assert opened.evaluate("[window.opener, document.referrer.includes('studio'), window.name]") == [None, False, ""]
    notebook.came_to_nothing()


def test_no_form_of_another_page_does_anything(attack: Attack) -> None:
    """Neither an operation nor a sign-in as somebody else, whatever a form can send."""
    mallory = _user(attack.server, f"mallory-{secrets.token_hex(4)}")
    token = link(mallory).partition("#")[2]
    here = attack.page.url
    for path, fields, kind in (
        ("/?X-Amz-Target=iam.CreateUser", {"UserName": "forged"}, "application/x-www-form-urlencoded"),
        ("/", {"X-Amz-Target": "iam.CreateUser", "UserName": "forged"}, "multipart/form-data"),
        # NAME=VALUE of a form that is plain text can be JSON.
        ("/_session", {f'{{"Token":"{token}","a":"': '"}'}, "text/plain"),
    ):
        attack.page.goto(here)
        with attack.page.expect_navigation() as navigation:
            attack.page.evaluate(_POST, [attack.studio.origin + path, fields, kind])
        answer = navigation.value
        assert answer is not None and (answer.status, answer.json()["__type"]) == (403, "ForbiddenOrigin")
    attack.came_to_nothing()


def test_a_websocket_of_another_page_is_refused(attack: Attack, stranger: str) -> None:
    """The browser has the other notebook's session: but the page is not that notebook's own."""
    notebooks = Notebooks(attack.server)
    name = notebooks.create()
    other = _opened(attack.studio, notebooks, name)
    url = re.sub("^http", "ws", other.url).partition("/lab")[0] + "/ws"
    assert other.evaluate(_SHAKE, url) == "open"
    assert attack.page.evaluate(_SHAKE, url) == "refused"
    other.goto(stranger)
    assert other.evaluate(_SHAKE, url) == "refused"
    notebooks.delete(name)


def test_a_planted_cookie_signs_nobody_in(notebook: Attack, tab: Callable[..., Studio]) -> None:
    """Session fixation, from a host below the same domain: nobody becomes somebody else."""
    studio = notebook.studio
    mallory = tab(studio.server, sign_in=link(_user(studio.server, f"planter-{studio.server.port}")))
    (planted,) = mallory.context.cookies(studio.origin)
    domain = studio.origin.partition("studio.")[2].partition(":")[0]
    plant = "(cookies) => { for (const cookie of cookies) document.cookie = cookie; return document.cookie; }"
    cookies = [f"{planted['name']}={planted['value']}; Path=/; Domain={name}" for name in (domain, f"studio.{domain}")]
    kept = planted["name"] in notebook.page.evaluate(plant, cookies)
    assert kept == (domain != "localhost"), "browsers keep no cookie for all of localhost"
    studio.page.goto(studio.origin)
    if kept:  # two cookies: nobody knows which is whose
        expect(studio.page.get_by_text("another host planted one")).to_be_visible()
    else:
        expect(studio.page.get_by_role("button", name="administrator")).to_be_visible()
    expect(studio.page.get_by_role("button", name="planter")).to_have_count(0)
    # Who had not signed in yet is nobody still.
    studio.context.clear_cookies(name=planted["name"], domain=f"studio.{domain}")
    notebook.page.evaluate(plant, cookies)
    studio.open("/", "Sign in")


def test_a_notebooks_link_used_twice_says_so(
    salvia: Server, tab: Callable[..., Studio], running: Callable[[Server], tuple[Notebooks, str]]
) -> None:
    notebooks, name = running(salvia)
    once = notebooks.link(name)
    first, second = tab(salvia).page, tab(salvia).page
    first.goto(once)
    first.wait_for_url("**/lab**")
    assert "authToken" not in first.url
    second.goto(once)
    expect(second.get_by_role("heading", name="This link opens nothing any more")).to_be_visible()
    expect(second.get_by_text("Make another")).to_be_visible()


@pytest.fixture(scope="module")
def viewer(salvia: Server, tab: Callable[..., Studio]) -> Studio:
    """The tab of a user who may look at SageMaker's things, and at nothing else."""
    return tab(salvia, sign_in=link(_user(salvia, "viewer", "sagemaker:List*", "sagemaker:Describe*")))


@pytest.mark.parametrize(
    ("path", "action"),
    [
        ("/users", "iam:ListUsers"),
        ("/users/show?name=administrator", "iam:GetUser"),
        ("/groups", "iam:ListGroups"),
        ("/roles", "iam:ListRoles"),
        ("/roles/show?name=SageMakerExecutionRole", "iam:GetRole"),
        ("/policies", "iam:ListPolicies"),
        ("/audit", "cloudtrail:LookupEvents"),
        ("/data", "s3:ListAllMyBuckets"),
    ],
)
def test_a_viewer_is_told_which_right_an_administrators_page_needs(viewer: Studio, path: str, action: str) -> None:
    viewer.open(path)
    expect(viewer.page.get_by_text(f"You are not allowed {action}").first).to_be_visible()
    viewer.accessible()
    viewer.unharmed()


def test_a_viewers_page_can_ask_for_no_more(viewer: Studio, salvia: Server) -> None:
    """What a page asks is its user's asking: whoever writes their own script there gains nothing."""
    arn = "arn:aws:iam::123456789012:user/viewer"
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    role = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
    ask = """async ([calls, csrf]) => {
      const headers = {'Content-Type': 'application/json', 'X-Salvia-Csrf': csrf};
      const answers = [];
      for (const [method, path, target, body] of calls) {
        const answer = await fetch(path, {method, headers: {...headers, ...(target && {'X-Amz-Target': target})},
                                          body: JSON.stringify(body)});
        answers.push([answer.status, (await answer.json()).message]);
      }
      return answers;
    }"""
    calls: list[tuple[str, str, str, dict[str, Any]]] = [
        ("POST", "/", "iam.CreateUser", {"UserName": "forged"}),
        ("POST", "/", "iam.CreateAccessKey", {"UserName": "administrator"}),
        ("POST", "/", "iam.UpdateLoginProfile", {"UserName": "administrator", "Password": "Correct-Horse-7-Battery"}),
        ("POST", "/", "iam.AttachUserPolicy", {"UserName": "viewer", "PolicyArn": admin}),
        ("POST", "/", "sts.AssumeRole", {"RoleArn": role, "RoleSessionName": "me"}),
        ("POST", "/", "sagemaker.CreatePresignedNotebookInstanceUrl", {"NotebookInstanceName": "any"}),
        ("POST", "/", "salvia.AdvanceClock", {"Seconds": 1}),
        ("PUT", "/_session/role", "", {"RoleArn": role}),
    ]
    actions = [target.replace(".", ":") or "sts:AssumeRole" for _, _, target, _ in calls]
    viewer.open("/", "Home")
    answers = viewer.page.evaluate(ask, [calls, viewer.csrf])
    for (status, message), action in zip(answers, actions, strict=True):
        assert status in (400, 403) and f"{arn} is not authorized to perform: {action}" in message
    iam: Any = salvia.client("iam")
    assert iam.list_attached_user_policies(UserName="viewer")["AttachedPolicies"] == []
