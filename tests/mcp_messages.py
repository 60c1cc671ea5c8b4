#!/usr/bin/env python3
"""Talks to `lectern mcp` as clients do: by hand, line by line, in both revisions of the protocol, and (--client) through the mcp package.

    mcp_messages.py LECTERN TEXT MANY LONG STATE [--client]

TEXT is the small text that check_mcp.sh writes, MANY a folder of 450 documents, LONG a text that takes a while to read, STATE an empty folder.
With the mcp-types package every result is held against the schema of its revision. Ends with the number of calls; fails at the first
thing that is not as it should be.
"""
import json
import subprocess
import sys
import time

STATELESS, HANDSHAKE = "2026-07-28", "2025-11-25"
OPTIONS = ["--device", "cpu", "--threads", "1", "--quiet"]
TOOLS = ["search", "read_place", "outline", "status", "similar"]

try:
    from mcp_types.methods import validate_server_result
except ImportError:
    validate_server_result = None


class Server:
    """One server process, spoken to by hand."""

    def __init__(self, program, *texts, keep=("--no-state",)):
        self.process = subprocess.Popen([program, "mcp", *OPTIONS, *keep, *texts], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.n = 0

    def line(self, raw):
        self.process.stdin.write(raw if isinstance(raw, bytes) else raw.encode())
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def answer(self):
        line = self.process.stdout.readline()
        assert line, "the server is gone"
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0"
        return message

    def request(self, method, params=None, version=None):
        """A request and its answer, which is held against the schema of its revision."""
        self.n += 1
        params = dict(params or {})
        if version == STATELESS:
            params["_meta"] = {"io.modelcontextprotocol/protocolVersion": version, "io.modelcontextprotocol/clientCapabilities": {},
                               "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"}}
        self.line(json.dumps({"jsonrpc": "2.0", "id": self.n, "method": method, "params": params}))
        message = self.answer()
        assert message["id"] == self.n, message
        if "result" in message and validate_server_result:
            validate_server_result(method, version or HANDSHAKE, message["result"])
        return message

    def call(self, name, arguments, version=None):
        return self.request("tools/call", {"name": name, "arguments": arguments}, version)["result"]

    def send_search(self, id, question):
        """A search of the stateless revision whose answer is not waited for."""
        self.line(search_line(id, question))

    def wait_until_read(self, version=STATELESS):
        for _ in range(1200):
            status = self.call("status", {}, version)["structuredContent"]
            if status["done"]:
                return status
            time.sleep(0.1)
        raise AssertionError(status)

    def close(self):
        self.process.stdin.close()
        assert self.process.stdout.read() == b""
        assert self.process.wait(120) == 0, self.process.returncode


def search_line(id, question):
    meta = {"io.modelcontextprotocol/protocolVersion": STATELESS, "io.modelcontextprotocol/clientCapabilities": {}}
    params = {"name": "search", "arguments": {"question": question, "limit": 1}, "_meta": meta}
    return json.dumps({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})


def error_code(message):
    return message["error"]["code"]


def handshake(program, text):
    s = Server(program, text)
    assert error_code(s.request("tools/list")) == -32602  # nothing was agreed yet
    result = s.request("initialize", {"protocolVersion": "1999-01-01", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})
    assert result["result"]["protocolVersion"] == HANDSHAKE
    result = s.request("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})
    assert result["result"]["protocolVersion"] == "2025-06-18"
    s.line('{"jsonrpc": "2.0", "method": "notifications/initialized"}')
    assert s.request("ping")["result"] == {}
    tools = s.request("tools/list")["result"]["tools"]
    assert [t["name"] for t in tools] == TOOLS
    assert all(t["inputSchema"]["additionalProperties"] is False for t in tools)
    assert error_code(s.request("tools/list", {"cursor": "1"})) == -32602
    assert error_code(s.request("resources/list")) == -32601
    assert error_code(s.request("server/discover")) == -32601  # has no place in this revision
    every_tool(s, None)
    hostile(s)
    s.close()
    return s.n


def stateless(program, text):
    s = Server(program, text)
    result = s.request("server/discover", version=STATELESS)["result"]
    assert result["supportedVersions"][0] == STATELESS and HANDSHAKE in result["supportedVersions"]
    assert result["resultType"] == "complete" and result["ttlMs"] > 0
    assert s.request("tools/list", version=STATELESS)["result"]["cacheScope"] == "public"
    assert error_code(s.request("ping", version=STATELESS)) == -32601
    message = s.request("tools/list", {"_meta": {"io.modelcontextprotocol/protocolVersion": "2031-01-01"}})
    assert error_code(message) == -32022
    assert message["error"]["data"]["requested"] == "2031-01-01" and STATELESS in message["error"]["data"]["supported"]
    message = s.request("tools/list", {"_meta": {"io.modelcontextprotocol/protocolVersion": STATELESS}})
    assert error_code(message) == -32602  # no capabilities
    every_tool(s, STATELESS)
    s.close()
    return s.n


def every_tool(s, version):
    """Each tool, and each way of calling it wrongly."""
    found = s.call("search", {"question": "What is the keeper of the lighthouse named?", "limit": 2, "snippet_lines": 3}, version)
    places = found["structuredContent"]["places"]
    assert 1 <= len(places) <= 2 and places[0]["path"] == "tower.txt" and "Abel Stone" in places[0]["text"], found
    assert 0 <= found["structuredContent"]["read_share"] <= 1
    only = s.call("search", {"question": "lighthouse", "in": ["lib"], "snippet_lines": 0}, version)["structuredContent"]["places"]
    assert {p["path"] for p in only} == {"lib/lamp.c"} and only[0]["text"] == ""
    only = s.call("search", {"question": "lighthouse", "kind": "code"}, version)["structuredContent"]["places"]
    assert {p["path"] for p in only} == {"lib/lamp.c"}
    first = s.call("search", {"question": "lamp", "limit": 1}, version)["structuredContent"]
    second = s.call("search", {"question": "lamp", "limit": 1, "cursor": first["next_cursor"]}, version)["structuredContent"]
    assert (first["places"][0]["path"], first["places"][0]["line"]) != (second["places"][0]["path"], second["places"][0]["line"])
    place = s.call("read_place", {"path": "lib/lamp.c", "line": 2, "before": 0, "after": 0}, version)["structuredContent"]
    assert place["text"] == "int lamp_light(int oil)\n" and place["line"] == [2, 2] and place["cut"]
    entries = s.call("outline", {}, version)["structuredContent"]["entries"]
    assert [e["path"] for e in entries] == ["lib/lamp.c", "notes.md", "tower.txt"], entries
    headings = s.call("outline", {"path": "notes.md"}, version)["structuredContent"]["entries"]
    assert [h["heading"] for h in headings] == ["Notes", "Oil"] and headings[1]["line"] == 5, headings
    status = s.call("status", {}, version)["structuredContent"]
    assert status["documents"] == 3 and status["skipped"][0]["path"] == "noise.bin", status
    s.wait_until_read(version)
    like = s.call("similar", {"path": "notes.md", "line": 7, "limit": 2}, version)["structuredContent"]
    assert like["found"] is None and like["read_share"] == 1 and len(like["places"]) == 2, like
    assert "notes.md" not in [p["path"] for p in like["places"]]  # its one place is the one that others are like
    like = s.call("similar", {"path": "notes.md", "kind": "code"}, version)["structuredContent"]
    assert [p["path"] for p in like["places"]] == ["lib/lamp.c"], like
    wrong = [("similar", {}, "path is missing"), ("similar", {"path": "/etc/passwd"}, "no document"),
             ("similar", {"path": "notes.md", "line": 8}, "notes.md has"), ("search", {}, "question is missing"), ("search", {"question": " "}, "question is empty"),
             ("search", {"question": "x", "top_k": 3}, 'no argument "top_k"'), ("search", {"question": 3}, "question is a string"),
             ("search", {"question": "x", "limit": 0}, "limit is a whole number from 1 to 20"),
             ("search", {"question": "x", "limit": 2.5}, "limit is a whole number"),
             ("search", {"question": "x", "kind": "prose"}, "kind is one of all, code, docs, tests"),
             ("search", {"question": "x", "cursor": "next"}, "cursor is the next_cursor"),
             ("search", {"question": "x", "in": [3]}, "in is a list of strings"),
             ("search", {"question": "x", "in": ["nowhere/**"]}, "none of the 3 documents"),
             ("read_place", {"path": "../tower.txt"}, "no document"), ("read_place", {"path": "/etc/passwd"}, "no document"),
             ("read_place", {"path": ".env"}, "no document"), ("read_place", {"path": "tower.txt", "line": 4000}, "lines"),
             ("outline", {"path": "nowhere"}, "no document"), ("status", {"verbose": True}, 'no argument "verbose"')]
    for name, arguments, words in wrong:
        result = s.call(name, arguments, version)
        assert result["isError"] and words in result["content"][0]["text"], (name, arguments, result)
    assert error_code(s.request("tools/call", {"name": "rm"}, version)) == -32602
    assert error_code(s.request("tools/call", {}, version)) == -32602


def hostile(s):
    """Lines that are no messages are answered as such, and the server goes on."""
    for line, code in ((b"{", -32700), (b"[]", -32600), (b'"x"', -32600), (b"{} {}", -32700), (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600),
                       (b'{"jsonrpc":"2.0","id":[],"method":"ping"}', -32600), (b'{"jsonrpc":"2.0","id":1,"method":5}', -32600),
                       (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}', -32602), (b"[" * 100000, -32700),
                       (b"\xff\xfe\x00", -32700), (b" " * 100 + b"x" * (3 << 20), -32600)):
        s.line(line)
        assert error_code(s.answer()) == code, (line[:40], code)
    s.line(b"")
    s.line(b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":12345}}')
    s.line(b'{"jsonrpc":"2.0","id":99,"result":{}}')  # an answer to nothing
    s.line(b'{"jsonrpc":"2.0","id":"\xff\xff","method":"ping"}')
    assert s.answer()["result"] == {}
    # A cancelled search gets no answer, the one after it does.
    s.line(json.dumps({"jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": {"name": "search", "arguments": {"question": "oil"}}}))
    s.line(json.dumps({"jsonrpc": "2.0", "id": "b", "method": "tools/call", "params": {"name": "search", "arguments": {"question": "oil"}}}))
    s.line(json.dumps({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "b"}}))
    assert s.answer()["id"] == "a"
    assert s.request("ping")["result"] == {}


def client_dies(program, text, long_text):
    """A client that is gone takes its server with it, whatever was being done."""
    for texts in (text, long_text):
        s = Server(program, texts)
        s.process.stdout.close()
        s.send_search(1, "oil")
        s.process.stdin.close()
        s.process.wait(120)


def several(program, text, many):
    """Several texts are one sequence; paths begin as their PATH was named. Long lists come in pages."""
    s = Server(program, text, many)
    places = s.call("search", {"question": "lamp", "in": [f"{many}/**"]}, STATELESS)["structuredContent"]["places"]
    assert places and all(p["path"].startswith(f"{many}/") for p in places), places
    places = s.call("search", {"question": "lamp", "in": [f"{text}/**"]}, STATELESS)["structuredContent"]["places"]
    assert places and all(p["path"].startswith(f"{text}/") for p in places), places
    for arguments in ({}, {"path": many}):
        paths, pages, cursor = [], 0, {}
        while cursor is not None:
            page = s.call("outline", {**arguments, **cursor}, STATELESS)["structuredContent"]
            paths += [e["path"] for e in page["entries"]]
            cursor = {"cursor": page["next_cursor"]} if "next_cursor" in page else None
            pages += 1
        assert pages == 3 and len(paths) == len(set(paths)) == 450 + (0 if arguments else 3), (pages, len(paths))
    s.close()
    return s.n


def cancelled_while_reading(program, long_text):
    """What is cancelled gets no answer, what waits behind it does, and reading goes on."""
    s = Server(program, long_text)
    lines = [search_line(id, "Who was found dead?") for id in "abcd"]
    lines += [json.dumps({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}) for id in "ac"]
    s.line("\n".join(lines))  # all at once
    assert [m["id"] for m in (s.answer(), s.answer())] == ["b", "d"]
    share = []
    for _ in range(1200):
        share.append(s.call("status", {}, STATELESS)["structuredContent"]["read_share"])
        if share[-1] > share[0]:
            break
        time.sleep(0.1)
    assert 0 <= share[0] < share[-1], share
    s.line("\n".join(search_line(i, "Who was found dead?") for i in range(20)))  # more than may wait
    answers = [s.answer() for _ in range(20)]
    assert sorted(m["id"] for m in answers) == list(range(20))
    assert 0 < sum(m["result"].get("isError", False) for m in answers) <= 4
    s.close()
    return s.n + 24


def one_state(program, text, state):
    """Two servers read one text and keep it in one place; who comes next reads nothing."""
    keep = ("--state-dir", state)
    both = [Server(program, text, keep=keep) for _ in range(2)]
    for s in both:
        assert s.call("search", {"question": "Who keeps the lighthouse?"}, STATELESS)["structuredContent"]["places"]
    for s in both:
        s.wait_until_read()
        s.close()
    read = subprocess.run([program, "read", "--json", *OPTIONS, *keep, text], capture_output=True, check=False).stdout
    assert json.loads(read)["read"]["new_tokens"] == 0, read
    return sum(s.n for s in both)


async def real_client(program, text):
    """Thirty calls by the client that agents use."""
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client
    n = 0
    for _ in range(2):  # connects again
        async with stdio_client(StdioServerParameters(command=program, args=["mcp", *OPTIONS, "--no-state", text])) as (read, write):
            async with ClientSession(read, write) as session:
                await session.initialize()
                names = [tool.name for tool in (await session.list_tools()).tools]
                assert names == TOOLS
                for question in ("Who keeps the lighthouse?", "how is the lamp lit", "lamp_light", "oil", "storm") * 2:
                    result = await session.call_tool("search", {"question": question, "limit": 3})
                    assert result.content[0].text, result
                for path in ("tower.txt", "notes.md", "lib/lamp.c"):
                    assert (await session.call_tool("read_place", {"path": path})).content[0].text
                assert (await session.call_tool("status", {})).content[0].text
                n += 15
    return n


def main():
    program, text, many, long_text, state = sys.argv[1:6]
    n = handshake(program, text) + stateless(program, text)
    n += several(program, text, many) + cancelled_while_reading(program, long_text) + one_state(program, text, state)
    client_dies(program, text, long_text)
    if "--client" in sys.argv:
        import asyncio
        assert validate_server_result, "the package mcp-types is missing"
        n += asyncio.run(real_client(program, text))
    print(f"{n} calls, schemas {'checked' if validate_server_result else 'not checked'}")


main()
