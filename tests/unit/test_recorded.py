"""Recorded events: JSON lines and tables, from files and pipes, in order of time."""

import gzip
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.raw import Post, Review
from streams import formats, recorded
from streams.columns import Columns, ColumnsError
from streams.formats import Reading, RecordedError

NOW_MS = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
T0 = int(datetime(2026, 2, 1, tzinfo=UTC).timestamp() * 1000)

Write = Callable[..., str]


def reading(columns: Columns | None = None, **more: Any) -> Reading:
    return Reading(columns or Columns(Post), NOW_MS, **more)


def line(n: int, second: int | None = None) -> bytes:
    return b'{"id":"e%d","created_at":"2026-02-01T00:%02d:%02dZ"}' % (n, *divmod(n if second is None else second, 60))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, content: bytes | str) -> str:
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / name
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return str(path)

    return write


def test_json_lines_pass_byte_for_byte(write: Write) -> None:
    odd = b'{ "id" : "e1",\t"created_at":"2026-02-01T00:00:01.500+01:00", "x": 1.0e2}'
    path = write("a.jsonl", b"\xef\xbb\xbf" + odd + b"\r\n\r\n   \n" + line(7200, 3599))
    events = recorded.read([path], reading())
    assert [e.value for e in events] == [odd, line(7200, 3599)]
    assert [(e.key, e.time_ms - T0) for e in events] == [("e1", -3_598_500), ("e7200", 3_599_000)]
    assert events.total == 2


def test_invalid_lines_are_kept_at_their_place(write: Write) -> None:
    bad = [b"{not json", b"\xff\xfe\xfd", b"[]", b'{"id": 5, "created_at": 12}', b'{"id":"n","created_at":"2026-02"}']
    path = write("a.jsonl", b"\n".join([bad[0], line(3), *bad[1:3], line(1), *bad[3:]]))
    events = list(recorded.read([path], reading()))
    assert [e.value for e in events] == [line(1), bad[3], bad[4], bad[0], line(3), bad[1], bad[2]]
    assert [(e.time_ms - T0) // 1000 for e in events] == [1, 1, 1, 3, 3, 3, 3]
    assert [e.key for e in events] == ["e1", None, "n", None, "e3", None, None]


def test_absurd_dates_do_not_move_time(write: Write) -> None:
    future = b'{"id":"f","created_at":"2999-01-01T00:00:00Z"}'
    past = b'{"id":"p","created_at":"0001-01-01T00:00:00Z"}'
    events = list(recorded.read([write("a.jsonl", b"\n".join([line(1), future, past, line(2)]))], reading()))
    assert [e.key for e in events] == ["e1", "f", "p", "e2"]
    assert [(e.time_ms - T0) // 1000 for e in events] == [1, 1, 1, 2]


def test_nothing_but_invalid_lines(write: Write) -> None:
    events = list(recorded.read([write("a.jsonl", b"x\ny\n")], reading()))
    assert [e.value for e in events] == [b"x", b"y"]
    assert {e.time_ms for e in events} == {NOW_MS}


def test_an_empty_file_has_no_events(write: Write) -> None:
    events = recorded.read([write("a.jsonl", b"")], reading())
    assert events.total == 0 and list(events) == []


@given(st.lists(st.tuples(st.integers(0, 3000), st.booleans()), max_size=30), st.sampled_from([".jsonl", ".jsonl.gz"]))
def test_any_order_comes_out_by_time(tmp_path_factory: Any, said: list[tuple[int, bool]], suffix: str) -> None:
    path = tmp_path_factory.mktemp("order") / f"a{suffix}"
    lines = [line(i, second) if good else b"bad %d" % i for i, (second, good) in enumerate(said)]
    data = b"\n".join(lines)
    path.write_bytes(gzip.compress(data) if suffix.endswith("gz") else data)
    # The oracle: give each line the time of the last good one before it, then sort; equal times keep their order.
    first = next((second for second, good in said if good), (NOW_MS - T0) // 1000)
    times, last = [], first
    for second, good in said:
        last = second if good else last
        times.append(last)
    expected = sorted(zip(times, lines, strict=True), key=lambda pair: pair[0])
    events = recorded.read([str(path)], reading())
    assert events.total == len(said)
    assert [((e.time_ms - T0) // 1000, e.value) for e in events] == expected
    assert list(events) == list(events)


def test_files_are_merged_by_time(write: Write) -> None:
    a = write("a.jsonl", b"\n".join([line(5), line(1), line(9)]))
    b = write("b.jsonl.gz", b"\n".join([line(2), line(6)]))
    progress: list[tuple[int, int]] = []
    events = recorded.read([a, b], reading(), on_progress=lambda done, total: progress.append((done, total)))
    assert [e.key for e in events] == ["e1", "e2", "e5", "e6", "e9"]
    assert events.total == 5
    assert progress[-1][0] == progress[-1][1] > 0


def test_a_pipe_is_taken_as_it_comes() -> None:
    pipe = io.BufferedReader(io.BytesIO(b"\n".join([b"{bad", line(5), line(1), b"worse"])))
    events = recorded.read(["-"], reading(), stdin=pipe)
    assert events.total is None
    assert [(e.value, (e.time_ms - T0) // 1000) for e in events] == [
        (b"{bad", 5),
        (line(5), 5),
        (line(1), 1),
        (b"worse", 1),
    ]


def test_a_pipe_of_csv_is_recognised() -> None:
    pipe = io.BufferedReader(io.BytesIO(b"id,brand,text,author,created_at\n1,b,t,a,2026-02-01T00:00:01Z\n"))
    assert [e.key for e in recorded.read(["-"], reading(), stdin=pipe)] == ["1"]


def test_a_record_that_no_topic_holds_is_left_out_and_named(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MAX_VALUE_BYTES", 100)
    monkeypatch.setattr(recorded, "MAX_VALUE_BYTES", 100)
    path = write("a.jsonl", b"\n".join([line(1), b"x" * 5_000, line(2), b"y" * 5_000]))
    events = recorded.read([path], reading())
    assert [e.key for e in events] == ["e1", "e2"]
    assert events.too_large == [f"{path}, byte {len(line(1)) + 1:,}", f"{path}, byte {len(line(1)) * 2 + 5_003:,}"]
    assert events.total == 4


CSV = (
    "tweet_id,name,text,tweet_created,stars,likes,airline\r\n"
    '1,ann,"two\nlines, ""quoted""",2015-02-24 11:35:52 -0800,4.5,7,Delta\r\n'
    "\r\n"
    "2,bob,later,2015-02-24 11:36:00 -0800,,,United\r\n"
    "3,cy,earlier,2015-02-24 11:30:00 -0800,five,7.0,\r\n"
)
MAPPED = ["id=tweet_id", "author=name", "created_at=tweet_created"]


def test_csv_becomes_events_with_the_contracts_types(write: Write) -> None:
    columns = Columns.parse(Review, names=[*MAPPED, "rating=stars"], constants=["brand=Acme"])
    events = [orjson.loads(e.value) for e in recorded.read([write("a.csv", CSV)], reading(columns))]
    assert events == [
        {
            "id": "3", "author": "cy", "created_at": "2015-02-24T11:30:00-08:00", "text": "earlier", "rating": "five",
            "likes": "7.0", "brand": "Acme",
        },
        {
            "id": "1", "author": "ann", "created_at": "2015-02-24T11:35:52-08:00", "text": 'two\nlines, "quoted"',
            "rating": 4.5, "likes": "7", "airline": "Delta", "brand": "Acme",
        },
        {
            "id": "2", "author": "bob", "created_at": "2015-02-24T11:36:00-08:00", "text": "later",
            "airline": "United", "brand": "Acme",
        },
    ]  # fmt: skip


def test_every_csv_event_that_is_complete_meets_the_contract(write: Write) -> None:
    columns = Columns.parse(Post, names=[*MAPPED, "reach=likes", "brand=airline"])
    first, *_ = (e.value for e in recorded.read([write("a.csv", CSV)], reading(columns)) if e.key == "1")
    post = Post.model_validate_json(first)
    assert (post.reach, post.brand, post.extra) == (7, "Delta", {"stars": "4.5"})


@pytest.mark.parametrize(("delimiter", "name"), [(";", "a.csv"), ("\t", "a.tsv"), ("|", "a.txt"), (",", "a.csv.gz")])
def test_other_delimiters_and_encodings(write: Write, delimiter: str, name: str) -> None:
    text = delimiter.join(["id", "brand", "text", "author", "created_at"]) + "\n"
    text += delimiter.join(["é1", "b", "", "a", "1770000000"]) + delimiter + "extra\n"
    path = write(name, text.encode("cp1252"))
    (event,) = recorded.read([path], reading(encoding="cp1252"))
    assert event.key == "é1" and event.time_ms == 1_770_000_000_000
    assert orjson.loads(event.value)["text"] == "" and orjson.loads(event.value)["column 6"] == "extra"
    with pytest.raises(RecordedError, match=r"byte .* is not utf-8; .*--encoding"):
        recorded.read([path], reading())


def test_moments_without_an_offset_need_a_time_zone(write: Write) -> None:
    path = write("a.csv", "id,brand,text,author,created_at\n1,b,t,a,2026-02-01 00:00:00\n")
    with pytest.raises(RecordedError, match=r"a\.csv: .*--timezone UTC"):
        recorded.read([path], reading())
    zoned = reading(Columns.parse(Post, timezone="America/New_York"))
    (event,) = recorded.read([path], zoned)
    assert event.time_ms - T0 == 5 * 3_600_000
    assert orjson.loads(event.value)["created_at"] == "2026-02-01T00:00:00-05:00"


def test_a_time_format_of_ones_own(write: Write) -> None:
    path = write("a.csv", "id,brand,text,author,when\n1,b,t,a,01.02.2026 00:01\n")
    names = ["created_at=when"]
    with pytest.raises(RecordedError, match=r"no row has a created_at .*'01\.02\.2026 00:01'.*--time-format"):
        recorded.read([path], reading(Columns.parse(Post, names=names)))
    columns = Columns.parse(Post, names=names, timezone="UTC", time_format="%d.%m.%Y %H:%M")
    assert [e.time_ms - T0 for e in recorded.read([path], reading(columns))] == [60_000]


def test_a_row_without_an_id_gets_one_from_its_content(write: Write) -> None:
    row = "b,t,a,2026-02-01T00:00:00Z\n"
    path = write("a.csv", "brand,text,author,created_at\n" + row + row + row.replace("t,a", "t,z"))
    keys = [e.key for e in recorded.read([path], reading())]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "nothing says where brand comes from.*columns are: id, who"),
        (["brand=Brand"], "--map brand=Brand: there is no such column; there are: id, who"),
    ],
)
def test_a_table_without_what_is_needed_is_refused(write: Write, names: list[str], message: str) -> None:
    with pytest.raises(RecordedError, match=message):
        recorded.read([write("a.csv", "id,who\n1,2\n")], reading(Columns.parse(Post, names=names)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ["brand"]}, "--map brand: write it as FIELD="),
        ({"names": ["brnad=x"]}, "posts have no field brnad; there are: id, brand"),
        ({"constants": ["=x"]}, "--set =x"),
        ({"timezone": "Mars/Base"}, "'Mars/Base' is no time zone"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ColumnsError, match=message):
        Columns.parse(Post, **options)


def test_foreign_json_is_mapped_by_paths(write: Write) -> None:
    foreign = {"data": {"id": 17, "tags": ["x", "y"]}, "who": "ann", "at": 1_770_000_000_123, "body": "hi", "n": "12"}
    path = write("a.jsonl", orjson.dumps(foreign) + b"\nbad")
    columns = Columns.parse(
        Post,
        names=["id=data.id", "author=who", "created_at=at", "text=body", "product=data.tags.1", "reach=n", "url=no.go"],
        constants=["brand=Acme"],
    )
    event, bad = recorded.read([path], reading(columns))
    assert (event.key, event.time_ms) == ("17", 1_770_000_000_123)
    assert orjson.loads(event.value) == {
        "data": {"id": 17, "tags": ["x", "y"]}, "id": "17", "author": "ann", "text": "hi", "product": "y", "reach": 12,
        "brand": "Acme", "created_at": "2026-02-02T02:40:00.123000+00:00",
    }  # fmt: skip
    assert bad.value == b"bad"
    Post.model_validate_json(event.value)


@given(st.text(), st.sampled_from(["rating", "created_at", "schema_version", "text"]))
@example("1E100", "schema_version")
def test_no_cell_breaks_the_sender(cell: str, name: str) -> None:
    columns = Columns.parse(Review, timezone="UTC")
    row = {"id": "1", "brand": "b", "text": "t", "author": "a", "created_at": "2026-02-01T00:00:00Z", name: cell}
    assert orjson.dumps(columns.from_row(row))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"[\n{}]", "one JSON array.*jq"),
        ("a.csv", "id,brand\n".encode("utf-16"), "UTF-16"),
        ("a.jsonl.gz", None, "no whole gz file"),
    ],
)
def test_files_that_are_something_else(write: Write, name: str, content: bytes | None, message: str) -> None:
    path = write(name, content or line(1) * 1000)
    if content is None:
        Path(path).write_bytes(Path(path).read_bytes()[:-12])
    with pytest.raises(RecordedError, match=message):
        recorded.read([path], reading())


def test_an_open_quote_is_told(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MAX_VALUE_BYTES", 1_000)
    rows = "".join(f"{i},b,t,a,2026-02-01T00:00:00Z\n" for i in range(100))
    path = write("a.csv", "id,brand,text,author,created_at\n" + '0,b,"open,a,2026-02-01T00:00:00Z\n' + rows)
    with pytest.raises(RecordedError, match=r"begins at byte 32 can't be read.*quote left open"):
        recorded.read([path], reading())


def test_missing_files_and_mixed_pipes_are_refused(write: Write, tmp_path: Path) -> None:
    path = write("a.jsonl", line(1))
    for paths, message in [
        ([str(tmp_path / "no.jsonl")], "no.jsonl: No such file"),
        ([path, str(tmp_path / "no.jsonl")], "no.jsonl: there is no such file"),
        ([path, "-"], "can't be merged"),
        ([str(tmp_path)], "Is a directory"),
    ]:
        with pytest.raises(RecordedError, match=message):
            recorded.read(paths, reading())
