#!/usr/bin/env python3
"""Thirty questions to this repository, by the client that agents use (the package mcp) and by `lectern ask`: how often one of the first five
places is of a file that answers.

    mcp_repository.py LECTERN REPOSITORY [OPTION...]      # OPTIONs go to both

REPOSITORY is a copy without this file, which holds the questions (docs/agents.md). The first run reads it, which takes minutes; that is kept for
the next. The client connects twice, lists the tools and cancels a search on the way.
"""
import asyncio
import json
import os
import subprocess
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

# What is asked, and the files that answer it.
QUESTIONS = [
    ("Where is the exit status of a kind of error decided?", ["app/commands.c", "app/options.h", "compute/error.h"]),
    ("How are git's ignore rules matched against a path?", ["app/text/gitignore.c", "app/text/gitignore.h"]),
    ("What keeps escape sequences in a file from reaching the terminal?", ["app/text/safe_text.c", "app/text/safe_text.h"]),
    ("Where is BM25 computed over segments?", ["app/reader/bm25.c", "app/reader/bm25.h"]),
    ("Which file includes ncurses?", ["app/terminal/terminal.c", "tests/check_includes.sh", "CONTRIBUTING.md"]),
    ("How is a kept read found again when the file was renamed?", ["app/reader/state_index.c", "app/reader/state_kept.c", "app/reader/state_store.c", "app/reader/state.h", "app/reader/state_index.h"]),
    ("Where is a device that was lost while reading recovered from?", ["compute/session_guard.c", "compute/session_guard.h"]),
    ("How does a follow-up question become one that stands alone?", ["app/answer/followup.c", "app/answer/followup.h"]),
    ("Where are the words of the answer picked by the second reading?", ["app/reader/reread.c", "app/reader/reread.h", "app/answer/answer_spans.c"]),
    ("How is the evidence attention split over several ranks?", ["compute/evidence_ranks.c", "compute/evidence_ranks.h"]),
    ("What does the dry run measure before it says how long reading takes?", ["app/measure/dry_run.c", "app/measure/dry_run.h"]),
    ("Where is the encoding of a file guessed?", ["app/text/encoding_guess.c", "app/text/encoding.c", "app/text/encoding.h"]),
    ("How are the chapters of a plain text book recognised?", ["app/text/heading.c", "app/text/outline.c", "app/text/heading.h", "app/text/outline.h"]),
    ("What happens when the chat server answers with a redirect?", ["app/answer/answerer_server.c"]),
    ("Which unicode direction marks are hidden in JSON output?", ["app/output/report.c"]),
    ("Where are pipelines of shaders cached on disk?", ["compute/vulkan/disk_cache.c", "compute/vulkan/pipelines.c", "compute/vulkan/disk_cache.h"]),
    ("How are EPUB files turned into text?", ["app/text/convert/epub.c", "docs/formats.md", "app/text/convert/epub.h"]),
    ("Where does the program decide between AVX2 and AVX-512 loops?", ["compute/loops.c", "compute/loops.h"]),
    ("How does the screen jump to the next place of evidence?", ["app/screen/screen_evidence.c", "app/screen/screen_actions.c", "app/panes/pane_evidence.c", "app/panes/jumps.c"]),
    ("What is the definition that dilated attention is compared with?", ["compute/definition.c", "compute/definition.h", "docs/architecture.md"]),
    ("Where are the offsets of heads in a dilated segment computed?", ["compute/dilation.h", "models/train/dilated.py"]),
    ("segment_cut", ["app/text/segment.c", "app/text/segment.h"]),
    ("worker_unask", ["app/worker/worker.c", "app/worker/worker.h"]),
    ("struct finding_item", ["app/reader/finding.h"]),
    ("finding_choose", ["app/reader/finding_choose.c", "app/reader/finding.h"]),
    ("kv_cache_append", ["compute/kv_cache.c", "compute/kv_cache.h"]),
    ("How many bytes on disk does a token of a kept read take?", ["README.md", "docs/long-reads.md", "docs/performance.md", "app/reader/sequence.h", "docs/scaling.md"]),
    ("How do I make a Python wheel?", ["scripts/make_wheel.sh", "docs/packages.md", "README.md"]),
    ("What must a commit's subject look like?", ["CONTRIBUTING.md"]),
    ("How is a security problem reported?", ["SECURITY.md"]),
]
OPTIONS = ["--device", "cpu", "--quiet"]


def holds(paths, right):
    return any(p in right for p in paths)


def ask(program, root, question, options):
    command = [program, "ask", *OPTIONS, *options, "--format", "jsonl", "-q", question, root]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    return [json.loads(line)["path"] for line in lines[:5]]


async def connected(program, root, options, talk):
    server = StdioServerParameters(command=program, args=["mcp", *OPTIONS, *options, root], env=dict(os.environ))  # one state for both
    async with stdio_client(server) as (read, write):
        async with ClientSession(read, write) as session:
            await session.initialize()
            assert "search" in [tool.name for tool in (await session.list_tools()).tools]
            while not (await session.call_tool("status", {})).structured_content["done"]:
                await asyncio.sleep(1)
            return await talk(session)


async def search(session, questions):
    found = []
    for question, _ in questions:
        result = await session.call_tool("search", {"question": question, "limit": 5})
        found.append([place["path"] for place in result.structured_content["places"]])
    return found


async def search_and_cancel(session):
    try:
        await asyncio.wait_for(session.call_tool("search", {"question": QUESTIONS[0][0]}), 0.01)
    except asyncio.TimeoutError:
        pass
    return await search(session, QUESTIONS[15:])


async def main():
    program, root, *options = sys.argv[1:]
    found = await connected(program, root, options, lambda session: search(session, QUESTIONS[:15]))
    found += await connected(program, root, options, search_and_cancel)
    total = [0, 0]
    for (question, right), paths in zip(QUESTIONS, found):
        asked = ask(program, root, question, options)
        hits = [holds(paths, right), holds(asked, right)]
        total = [t + h for t, h in zip(total, hits)]
        print("  ".join("found" if hit else "  -  " for hit in hits), "" if paths == asked else "other places", question)
        if not all(hits):
            print("       ", *paths)
    print(f"of {len(QUESTIONS)}: {total[0]} by the client, {total[1]} by lectern ask")


asyncio.run(main())
