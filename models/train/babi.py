"""bAbI stories hidden in book text: the lines of a story stand at sentence ends of a passage, in order; gold is the supporting lines."""

import pathlib
import re

import queries

FILES = ("qa1_single-supporting-fact_train.txt", "qa2_two-supporting-facts_train.txt", "qa3_three-supporting-facts_train.txt")
NAMES = ("Mary", "John", "Sandra", "Daniel")
OTHER_NAMES = """Alice Bernard Clara David Edith Frank Greta Henry Irene Jacob Kate Louis Martha Nathan Olga Peter Quentin Rosa Simon Teresa Ulrich Vera
Walter Xenia Yusuf Zoe Amir Beatrix Conrad Dmitri Elena Fiona""".split()


STORIES = 8  # in one text; there are names and things for no more
THINGS = ("football", "apple", "milk")
OTHER_THINGS = """lantern kettle violin umbrella hammer basket mirror candle trumpet blanket compass teapot ladder bucket whistle hatbox saddle
telescope notebook walnut lemon cheese shovel ribbon helmet parcel""".split()


def stories(work):
    """Per task, a list of (lines, [(question, answer, supporting line indices, lines read before the question)])."""
    tasks = []
    for name in FILES:
        found, lines, numbers, asked = [], [], {}, []
        for line in (pathlib.Path(work) / "train" / name).read_text(encoding="utf-8").splitlines():
            number, rest = line.split(" ", 1)
            if number == "1" and lines:
                found.append((lines, asked))
                lines, numbers, asked = [], {}, []
            if "\t" in rest:
                question, answer, support = rest.split("\t")
                asked.append((question.strip(), answer, [numbers[n] for n in support.split()], len(lines)))
            else:
                numbers[number] = len(lines)
                lines.append(rest)
        found.append((lines, asked))
        tasks.append(found)
    return tasks


def renamed(text, names):
    return re.sub(r"\w+", lambda match: names.get(match.group(0), match.group(0)), text)


def hide(passage, chosen, rng, own_names=False):
    """Puts stories, one question each, into a passage; with other names than bAbI's few unless `own_names`.

    `chosen` is a list of (lines, question entry). Returns (text, [(question, answer, gold ranges, supporting lines)]).
    """
    people, things = rng.sample(OTHER_NAMES, len(OTHER_NAMES)), rng.sample(OTHER_THINGS, len(OTHER_THINGS))
    ends = [end for _, end in queries.sentences(passage)]
    inserts = []
    for story, (lines, (question, answer, support, read)) in enumerate(chosen):
        names = {} if own_names else dict(zip(NAMES + THINGS, people[4 * story:4 * story + 4] + things[3 * story:3 * story + 3]))
        places = sorted(rng.choices(ends, k=read))
        for i in range(read):
            inserts.append((places[i], story, i, " " + renamed(lines[i], names)))
        chosen[story] = (renamed(question, names), answer, set(support))
    inserts.sort()
    out, at, size, gold = [], 0, 0, [[] for _ in chosen]
    for place, story, i, line in inserts:
        out += [passage[at:place], line]
        size += place - at + len(line)
        at = place
        if i in chosen[story][2]:
            gold[story].append((size - len(line) + 1, size))
    out.append(passage[at:])
    return "".join(out), [(question, answer, gold[story]) for story, (question, answer, _) in enumerate(chosen)]


def documents(passages, tasks, rng):
    """Yields (text, pairs, answers) for every passage: STORIES stories of all tasks."""
    for passage in passages:
        chosen = []
        for _ in range(STORIES):
            lines, asked = rng.choice(tasks[rng.choice((0, 0, 1, 1, 2))])
            if asked:
                chosen.append((lines, rng.choice(asked)))
        text, found = hide(passage, chosen, rng)
        yield text, [(question, gold, None, "babi") for question, _, gold in found], [answer for _, answer, _ in found]
