#!/usr/bin/env python3
"""Talks to `lectern mcp` as clients do: by hand, line by line, in both revisions of the protocol, and (--client) through the mcp package.

    mcp_messages.py LECTERN TEXT [--client]

With the mcp-types package every result is held against the schema of its revision. Ends with the number of calls; fails at the first
thing that is not as it should be.
"""
import json
import subprocess
import sys

STATELESS, HANDSHAKE = "2026-07-28", "2025-11-25"
OPTIONS = ["--device", "cpu", "--threads", "1", "--no-state", "--quiet"]

try:
    from mcp_types.methods import validate_server_result
except ImportError:
    validate_server_result = None


class Server:
    """One server process, spoken to by hand."""

    def __init__(self, program, text):
        self.process = subprocess.Popen([program, "mcp", *OPTIONS, text], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
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

    def close(self):
        self.process.stdin.close()
        assert self.process.stdout.read() == b""
        assert self.process.wait(20) == 0, self.process.returncode


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
    assert [t["name"] for t in tools] == ["search", "read_place", "outline", "status"]
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
    wrong = [("search", {}, "question is missing"), ("search", {"question": " "}, "question is empty"),
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


def client_dies(program, text):
    s = Server(program, text)
    s.process.stdout.close()
    s.line(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}))
    s.process.stdin.close()
    s.process.wait(20)


async def real_client(program, text):
    """Thirty calls by the client that agents use."""
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client
    n = 0
    for _ in range(2):  # connects again
        async with stdio_client(StdioServerParameters(command=program, args=["mcp", *OPTIONS, text])) as (read, write):
            async with ClientSession(read, write) as session:
                await session.initialize()
                names = [tool.name for tool in (await session.list_tools()).tools]
                assert names == ["search", "read_place", "outline", "status"]
                for question in ("Who keeps the lighthouse?", "how is the lamp lit", "lamp_light", "oil", "storm") * 2:
                    result = await session.call_tool("search", {"question": question, "limit": 3})
                    assert result.content[0].text, result
                for path in ("tower.txt", "notes.md", "lib/lamp.c"):
                    assert (await session.call_tool("read_place", {"path": path})).content[0].text
                assert (await session.call_tool("status", {})).content[0].text
                n += 15
    return n


def main():
    program, text = sys.argv[1:3]
    n = handshake(program, text) + stateless(program, text)
    client_dies(program, text)
    if "--client" in sys.argv:
        import asyncio
        assert validate_server_result, "the package mcp-types is missing"
        n += asyncio.run(real_client(program, text))
    print(f"{n} calls, schemas {'checked' if validate_server_result else 'not checked'}")


main()
