#!/usr/bin/env python3
"""bAbI's first task hidden in a long text: who went where, and where is she now? Python 3 and nothing else.

  babilong.py OUT --bytes 4M --babi qa1_single-supporting-fact_train.txt --from BOOK... [--texts 20] [--stories 1] [--seed 1]
      writes TEXTS texts, OUT/NUMBER/haystack.txt, and OUT/tasks.jsonl (the task format of `lectern eval`). A text is the BOOKs
      (files, or directories of .txt) in blocks, over and over in another order (needles.py). The sentences of each of its STORIES
      stand in their order at ends of sentences anywhere in it, and one question of each story is asked. The first story keeps
      bAbI's own names; the others have others, so that none says anything of another's people. Stories are of the first tenth,
      which no model here was trained on (models/train/reread_sets.py). The same arguments give the same bytes.
"""
import argparse
import json
import pathlib
import random
import re

import needles

OWN_NAMES = ("Mary", "John", "Sandra", "Daniel")
NAMES = """Alice Bernard Clara David Edith Frank Greta Henry Irene Jacob Kate Louis Martha Nathan Olga Peter Quentin Rosa Simon Teresa
Ulrich Vera Walter Xenia Yusuf Zoe Amir Beatrix Conrad Dmitri Elena Fiona Agnes Barnaby Cecily Dorian Esther Felix Gloria Hugo Isabel
Jasper Karen Leonard Miriam Noah Ophelia Patrick Ralph Sophie Tobias Ursula Victor Wendy Adele Boris Carmen Desmond Eunice Fergus Gwen
Hector Ingrid Julian Lydia Marcus Nora Oscar Phoebe Rufus Stella Trevor Valerie Wilfred Yvonne Arthur Brenda Cyril Daphne Edgar""".split()


def read_stories(path):
    """[(its sentences, [(question, answer, number of its fact, sentences before the question)])]"""
    stories = []
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        number, rest = line.split(" ", 1)
        if number == "1":
            stories.append(([], []))
            numbers = {}
        sentences, asked = stories[-1]
        if "\t" in rest:
            question, answer, fact = rest.split("\t")
            asked.append((question.strip(), answer, numbers[fact.strip()], len(sentences)))
        else:
            numbers[number] = len(sentences)
            sentences.append(rest)
    return stories


def choose(stories, n, rng):
    """n stories, one question each, with names that no other has: [(sentences, question, answer, number of its fact)]"""
    names = rng.sample(NAMES, len(NAMES))
    chosen = []
    for i, (sentences, asked) in enumerate(rng.sample(stories, n)):
        other = dict(zip(OWN_NAMES, names[4 * i - 4:4 * i])) if i else {}
        question, answer, fact, before = rng.choice(asked)
        *sentences, question = (re.sub(r"\w+", lambda m: other.get(m[0], m[0]), text) for text in (*sentences[:before], question))
        chosen.append((sentences, question, answer, fact))
    return chosen


def sentence_end(block, want):
    """Where a sentence may follow another in the block, at `want` or soon after."""
    at = block.find(b". ", want, want + 4096)
    return at + 1 if at >= 0 else needles.split_for(block, want)


def write_text(path, chosen, args, blocks, rng):
    """Writes a text with the chosen stories in it; returns the bytes of each sentence, [story, sentence]."""
    places = []
    for number, (sentences, *_) in enumerate(chosen):
        at = sorted(rng.randrange(args.bytes) for _ in sentences)
        places += [(at[i], number, i) for i in range(len(sentences))]
    places.sort()
    path.parent.mkdir(parents=True, exist_ok=True)
    written, ranges = 0, {}
    with open(path, "wb", buffering=1 << 22) as text:
        for block in needles.stream(blocks, rng):
            block = block[:args.bytes - written]
            while len(ranges) < len(places) and places[len(ranges)][0] < written + len(block):
                want, number, i = places[len(ranges)]
                cut = sentence_end(block, max(0, want - written))
                sentence = b" " + chosen[number][0][i].encode()
                text.write(block[:cut] + sentence)
                written += cut + len(sentence)
                ranges[number, i] = [written - len(sentence) + 1, written]
                block = block[cut:]
            text.write(block)
            written += len(block)
            if written >= args.bytes:
                return ranges


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--bytes", type=needles.parse_size, required=True)
    parser.add_argument("--babi", required=True)
    parser.add_argument("--from", dest="sources", nargs="+", required=True)
    parser.add_argument("--texts", type=int, default=20)
    parser.add_argument("--stories", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    stories = read_stories(args.babi)
    stories = stories[:len(stories) // 10]
    blocks = needles.read_blocks(args.sources)
    args.out.mkdir(parents=True, exist_ok=True)
    with open(args.out / "tasks.jsonl", "w", encoding="utf-8") as tasks:
        for number in range(args.texts):
            chosen = choose(stories, args.stories, rng)
            ranges = write_text(args.out / str(number) / "haystack.txt", chosen, args, blocks, rng)
            for story, (_, question, answer, fact) in enumerate(chosen):
                tasks.write(json.dumps({"id": f"text {number} story {story}", "root": str(number), "question": question, "answers": [answer],
                                        "evidence": [{"path": "haystack.txt", "byte": ranges[story, fact]}]}) + "\n")
    print(f"{args.out}: {args.texts} texts of {args.bytes} bytes, {args.texts * args.stories} questions")


if __name__ == "__main__":
    main()
