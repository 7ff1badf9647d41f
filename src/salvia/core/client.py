"""The agent's own AWS client.

It imports nothing but the standard library and little of that, since an agent must start in 70 ms.
One `Client` serves all services of one endpoint and may be used by several threads.

::

    client = Client("http://127.0.0.1:7258", "us-east-1", credentials)
    client.json("logs", "Logs_20140328.PutLogEvents", {...})
    with client.get_object("bucket", "key") as source:
        shutil.copyfileobj(source, file)
"""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .canonical import decoded, escaped, escaped_path
from .connection import Response
from .sigv4 import Credentials
from .transport import ClientError, FileSlice, Transport

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from _typeshed import WriteableBuffer

__all__ = ["Client", "ClientError", "Credentials", "ObjectEntry", "ObjectHead", "ObjectReader"]

MULTIPART_FROM = 64 << 20
_PART = 32 << 20
_MOST_PARTS = 10_000


class ObjectEntry(NamedTuple):
    """A line of a listing."""

    key: str
    size: int
    etag: str  # with its quotes, as If-Match wants it


class ObjectHead(NamedTuple):
    """What HEAD says of an object; `metadata` is by name without `x-amz-meta-`."""

    size: int
    etag: str
    content_type: str
    metadata: Mapping[str, str]


class Client(Transport):
    """Operations on the services of one endpoint; all raise ClientError. Arguments: see `Transport`."""

    def json(
        self,
        service: str,
        target: str,
        payload: Mapping[str, Any],
        version: str = "1.1",
        *,
        retry_for: float | None = None,
    ) -> dict[str, Any]:
        """Call a json service: `target` is the X-Amz-Target (`SageMaker.DescribeTrainingJob`).

        A request whose answer was lost is repeated: say `retry_for=0` where it must not be.
        """
        headers = {"X-Amz-Target": target, "Content-Type": f"application/x-amz-json-{version}"}
        body = json.dumps(payload).encode()
        return self._parsed(self.request("POST", "/", "", headers, body, service, retry_for=retry_for))

    def post(
        self, path: str, payload: Mapping[str, Any], bearer: str, *, retry_for: float | None = None
    ) -> dict[str, Any]:
        """POST JSON with a bearer token instead of a signature, as the `/_instance` endpoints want it."""
        headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
        body = json.dumps(payload).encode()
        return self._parsed(self.request("POST", path, "", headers, body, None, retry_for=retry_for))

    def list_objects(self, bucket: str, prefix: str = "") -> Iterator[ObjectEntry]:
        """Every object whose key begins with `prefix`, in the order of keys. Source: API_ListObjectsV2."""
        token = ""
        while True:
            query = f"encoding-type=url&list-type=2&prefix={escaped(prefix)}"
            if token:
                query = f"continuation-token={escaped(token)}&{query}"
            root = _xml(self.request("GET", _path(bucket), query, {}, b"", "s3")[1])
            for element in root:
                if element.tag == "Contents":
                    entry = {child.tag: child.text or "" for child in element}
                    yield ObjectEntry(decoded(entry["Key"].replace("+", " ")), int(entry["Size"]), entry["ETag"])
            token = root.findtext("NextContinuationToken") or ""
            if root.findtext("IsTruncated") != "true" or not token:
                return

    def head_object(self, bucket: str, key: str) -> ObjectHead:
        """Size, ETag and metadata. A missing object is a ClientError of status 404, code `NotFound`."""
        response, _ = self.request("HEAD", _path(bucket, key), "", {}, b"", "s3")
        headers = response.headers
        return ObjectHead(
            int(headers.get("content-length", "0")),
            headers.get("etag", ""),
            headers.get("content-type", ""),
            {name[11:]: value for name, value in headers.items() if name.startswith("x-amz-meta-")},
        )

    def get_object(
        self,
        bucket: str,
        key: str,
        *,
        start: int = 0,
        length: int | None = None,
        etag: str | None = None,
        retry_for: float | None = None,
    ) -> ObjectReader:
        """The object's bytes from `start` on, at most `length` of them, as a readable file.

        A connection that breaks is taken up again at the byte where it broke, of the same version: an object
        that was replaced meanwhile, or is not of `etag`, is a ClientError `PreconditionFailed`.
        """
        return ObjectReader(self, _path(bucket, key), start, length, etag, retry_for)

    def put_object(self, bucket: str, key: str, data: bytes, content_type: str = "binary/octet-stream") -> str:
        """Store `data`; returns its ETag."""
        return self._put(bucket, key, "", data, {"Content-Type": content_type})

    def put_file(
        self,
        bucket: str,
        key: str,
        path: str | os.PathLike[str],
        *,
        parallel: int = 1,
        content_type: str = "binary/octet-stream",
        part_size: int = _PART,
        multipart_from: int = MULTIPART_FROM,
    ) -> str:
        """Store a file; returns its ETag.

        A file larger than `multipart_from` bytes goes up in parts, `parallel` of them at a time; when one
        fails for good nothing is left behind. A file that shrinks meanwhile is a ClientError.
        """
        name = os.fspath(path)
        size = os.stat(name).st_size
        headers = {"Content-Type": content_type}
        if size <= multipart_from:
            return self._put(bucket, key, "", FileSlice(name, 0, size), headers)
        return self._put_parts(bucket, key, name, size, max(part_size, -(-size // _MOST_PARTS)), parallel, headers)

    def _put(self, bucket: str, key: str, query: str, body: bytes | FileSlice, headers: Mapping[str, str]) -> str:
        response, _ = self.request("PUT", _path(bucket, key), query, headers, body, "s3")
        return response.headers.get("etag", "")

    def _put_parts(
        self,
        bucket: str,
        key: str,
        name: str,
        size: int,
        part: int,
        parallel: int,
        headers: Mapping[str, str],
    ) -> str:
        path = _path(bucket, key)
        begun = _xml(self.request("POST", path, "uploads=", headers, b"", "s3")[1])
        upload = escaped(begun.findtext("UploadId") or "")

        def put_part(number: int) -> str:
            start = (number - 1) * part
            body = FileSlice(name, start, min(part, size - start))
            return self._put(bucket, key, f"partNumber={number}&uploadId={upload}", body, {})

        numbers = range(1, -(-size // part) + 1)
        try:
            if parallel > 1:
                from concurrent.futures import ThreadPoolExecutor

                with ThreadPoolExecutor(parallel) as pool:
                    try:
                        etags = list(pool.map(put_part, numbers))
                    except BaseException:
                        pool.shutdown(wait=False, cancel_futures=True)
                        raise
            else:
                etags = [put_part(number) for number in numbers]
            return self._complete(bucket, key, upload, etags, size)
        except BaseException:
            try:  # noqa: SIM105  contextlib is slow to import
                self.request("DELETE", path, f"uploadId={upload}", {}, b"", "s3")
            except (ClientError, OSError):
                pass  # what made the upload fail is what the caller should hear
            raise

    def _complete(self, bucket: str, key: str, upload: str, etags: list[str], size: int) -> str:
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{etag.replace('&', '&amp;')}</ETag></Part>"
            for number, etag in enumerate(etags, 1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        where = _path(bucket, key)
        try:
            root = _xml(self.request("POST", where, f"uploadId={upload}", {}, body, "s3")[1])
        except ClientError as problem:
            if problem.code != "NoSuchUpload":
                raise
            # It was completed, and the answer lost, if the object that is there now is this one.
            head = self.head_object(bucket, key)
            if head.size != size or not head.etag.strip('"').endswith(f"-{len(etags)}"):
                raise
            return head.etag
        if root.tag == "Error":  # S3 answers 200 before it knows. Source: API_CompleteMultipartUpload
            raise ClientError(root.findtext("Code") or "", root.findtext("Message") or "", 200, f"POST {where}")
        return root.findtext("ETag") or ""

    @staticmethod
    def _parsed(answer: tuple[Response, bytes]) -> dict[str, Any]:
        response, body = answer
        try:
            parsed = json.loads(body) if body else {}
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise ClientError("InvalidResponse", "The answer is not a JSON object.", response.status)
        return parsed


class ObjectReader(io.RawIOBase):
    """The bytes of an object; from `Client.get_object`. `size` is how many come, `etag` the object's."""

    def __init__(
        self,
        client: Client,
        path: str,
        start: int,
        length: int | None,
        etag: str | None,
        retry_for: float | None,
    ) -> None:
        super().__init__()
        self._client = client
        self._path = path
        self._retry_for = retry_for
        self._patience = client.retry_for if retry_for is None else retry_for
        self._position = start
        self._end = None if length is None else start + length
        self.etag = etag or ""
        self._response: Response | None = None
        if length == 0:
            self.size = self._left = 0
            return
        self._response = self._open()
        headers = self._response.headers
        if "content-length" not in headers:
            self._response.connection.close()
            raise ClientError("InvalidResponse", "The object comes without its size.", 200, f"GET {path}")
        self.size = self._left = int(headers["content-length"])
        self.etag = headers.get("etag", self.etag)
        self._end = start + self.size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read some bytes; 0 at the end. Raises ClientError when the object cannot be read on."""
        view = memoryview(buffer).cast("B")
        give_up = time.monotonic() + self._patience
        while self._left and len(view):
            try:
                if self._response is None:
                    self._response = self._open()
                size = self._response.read_into(view)
                if size == 0:
                    raise ConnectionError(f"The object broke off with {self._left} bytes missing.")
            except OSError as problem:
                if self._response is not None:
                    self._response.connection.close()
                    self._response = None
                if time.monotonic() > give_up:
                    raise ClientError("Unreachable", str(problem), 0, f"GET {self._path}") from problem
                self._client.pause(0.1)
                continue
            self._position += size
            self._left -= size
            if not self._left:
                self._release()
            return size
        return 0

    def close(self) -> None:
        """Give the connection back, or drop it when there is more to come."""
        self._release()
        super().close()

    def _release(self) -> None:
        if self._response is not None:
            self._client.finish(self._response)
            self._response = None

    def _open(self) -> Response:
        headers = {}
        ranged = self._position > 0 or self._end is not None
        if ranged:
            last = "" if self._end is None else str(self._end - 1)
            headers["Range"] = f"bytes={self._position}-{last}"
        if self.etag:
            headers["If-Match"] = self.etag
        response = self._client.open(self._path, headers, "s3", retry_for=self._retry_for)
        if ranged and response.status != 206:
            response.connection.close()
            raise ClientError("InvalidResponse", "The service does not serve ranges.", 200, self._path)
        return response


def _path(bucket: str, key: str = "") -> str:
    return f"/{escaped(bucket)}/{escaped_path(key)}" if key else f"/{escaped(bucket)}"


def _xml(body: bytes) -> Element:
    """An answer of S3, its tags without their namespace. Raises ClientError when it is none."""
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(body)  # noqa: S314  our own service's answer
    except ElementTree.ParseError as problem:
        raise ClientError("InvalidResponse", f"The answer is not XML: {problem}", 200) from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root
