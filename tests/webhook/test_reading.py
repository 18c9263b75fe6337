"""Tests of finding the end of a request, in whatever pieces it arrives."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.serving.reading import LARGEST_HEAD, Reading

PLAIN = b"POST /v1/alertmanager?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nAuthorization: Bearer t\r\n\r\nhello"
CHUNKED = (
    b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n1;name=value\r\n!\r\n0\r\nTrailer: x\r\n\r\n"
)
BARE = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


@given(request=st.sampled_from([PLAIN, CHUNKED, BARE]), following=st.binary(max_size=40), data=st.data())
def test_the_end_is_found_however_the_request_is_cut(request: bytes, following: bytes, data: st.DataObject) -> None:
    """The request is whole with its last byte and not before; the following bytes belong to the next request."""
    whole = request + following
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=8)) | {0, len(whole)})
    reading = Reading()
    for start, end in pairwise(cuts):
        reading.feed(whole[start:end])
        assert (reading.state == "whole") == (end >= len(request))
    assert reading.take() == (request, following)


def test_head_tells_what_decides() -> None:
    """The head gives the path without its query, the length, and the credentials."""
    head = Reading(PLAIN).head
    assert head is not None
    assert (head.method, head.path, head.length, head.authorization) == ("POST", "/v1/alertmanager", 5, "Bearer t")


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: -5",
        b"Content-Length: 0x5",
        b"Transfer-Encoding: gzip, chunked",
    ],
)
def test_end_that_cannot_be_known_is_not_guessed(fields: bytes) -> None:
    """A guess could turn a body into a second request; gunicorn's parser refuses what it gets."""
    assert Reading(b"POST / HTTP/1.1\r\n" + fields + b"\r\n\r\nhello").state == "unclear"


@pytest.mark.parametrize("body", [b"zz\r\n", b"-1\r\n", b"\r\n", b"1" * 5_000])
def test_what_are_no_chunks_is_not_waited_for(body: bytes) -> None:
    """Such a body is passed on at once."""
    assert Reading(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + body).state == "unclear"


def test_headers_without_end_are_too_large() -> None:
    """Neither many small headers nor one large header is accepted."""
    assert Reading(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * LARGEST_HEAD).state == "too_large"
    assert Reading(b"GET / HTTP/1.1\r\na: " + b"b" * LARGEST_HEAD).state == "too_large"


@given(st.binary(max_size=300))
def test_no_bytes_end_in_an_exception(data: bytes) -> None:
    """The bytes come from outside, so they may be anything."""
    reading = Reading(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + data)
    Reading(data)
    request, following = reading.take()
    assert len(request) + len(following) == len(reading)
