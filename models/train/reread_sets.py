"""What the second reading learns from: documents and questions of both question sets, code pairs, and bAbI, held out by document.

A document is {set, group, path, text}; a question {set, question, gold: [(begin, end)], spans: [(begin, end)], answers, kind}, places in
characters of its document's text (of a question that nothing answers, gold is where the answer was looked for). kind: span, yes, no, several,
none (the document does not answer it), place (no words to point at).
"""

import collections
import hashlib
import pathlib
import re

import babi
import corpus
import data
import texts

# Of set 2: English, code, and languages in Latin script; at most so many questions a set (0: leave it out). Sets of set 1 that are not
# named are taken whole. Translations of SQuAD whose articles cannot be told (squad-it, xquad-*) stay out, lest a held-out one slips in.
MOST = {"qamr": 5000, "tldr-multi": 0, "docstring-other": 5000, "docstring-py": 4000, "medquad": 5000, "wikitablequestions": 5000,
        "cosmosqa": 2500, "policyqa": 3000, "squality": 0, "swe-qa": 0, "squad-es": 2500, "squad-sv": 2500, "squad-pt": 1700,
        "afriqa-multi": 0, "facqa-id": 1000, "pira-pt": 400, "omosqa-de": 400, "omosqa-fr": 400, "tatqa": 1700}
OTHER_LANGUAGES = ("squad-es", "squad-sv", "squad-pt", "facqa-id", "pira-pt", "faquad-pt", "omosqa-de", "omosqa-fr")
CODE_PAIRS = 16_000
LONGEST_SPAN = 200  # characters; longer answers are places
ENTITY = re.compile(r"[A-Z][\w'.-]*[\w](?: (?:of |the |de |in )?[A-Z][\w'.-]*[\w])*|\b\d[\d,.]*\d\b")
# Sets that questions which nothing answers are made from, and the share of theirs.
SWAPPED = {"squad1.1": 0.7, "squad2.0": 0.9, "squadshifts-wiki": 0.6, "nq-open": 0.4, "quoref-dev": 0.4, "xquad-en": 0.7, "adversarialqa": 0.5, "qed": 0.4,
           "timeqa": 0.3, "afriqa-en": 0.2}
OPPOSITE = dict(pair for a, b in (part.split("/") for part in """first/last most/least before/after largest/smallest more/fewer highest/lowest oldest/youngest
    north/south east/west northern/southern eastern/western began/ended begin/end start/stop started/stopped increase/decrease increased/decreased won/lost
    win/lose higher/lower longest/shortest best/worst majority/minority inside/outside male/female men/women always/never with/without can/cannot is/isn't
    was/wasn't were/weren't did/didn't does/doesn't likes/hates similar/different earliest/latest greater/smaller public/private new/old good/bad support/oppose
    accepted/rejected legal/illegal born/buried left/entered built/demolished discovered/lost large/small long/short""".split()) for pair in ((a, b), (b, a)))


def uses(corpus_dir):
    """{set: use} of set 2, and its languages."""
    found = {}
    for line in (pathlib.Path(corpus_dir) / "SOURCES2.tsv").read_text(encoding="utf-8").split("\n")[1:]:
        cells = line.split("\t")
        if len(cells) > 3:
            name = cells[1].split(" ")[0]
            wanted = cells[-3] == "train" and (cells[-2] in ("en", "code") or name in OTHER_LANGUAGES)
            found[name] = wanted and MOST.get(name, 1) > 0
    return found


def path_of(document):
    title = re.sub(r"[^\w.,()/-]+", "_", document["title"] or "passage").strip("_")[:80] or "passage"
    return title if re.search(r"\.\w{1,4}$", title) else title + (".py" if document["set"] == "cosqa" else ".txt")


def kind_of(question):
    answers = [answer["text"].strip().lower() for answer in question["answers"]]
    if not answers:
        return "none"
    if question["kind"] == "yesno" or answers[0] in ("yes", "no"):
        return answers[0] if answers[0] in ("yes", "no") else "place"
    return "several" if question.get("multi") and len(answers) > 1 else "span"


def spans_of(question, text):
    """Where the answers' words stand; where the place was only searched for, it must be the only one."""
    found = []
    for answer in question["answers"]:
        begin, end = answer["start"], answer["start"] + len(answer["text"].rstrip())
        if 0 <= begin < end <= len(text) and end - begin <= LONGEST_SPAN:
            if question["kind"] != "choice" or text.lower().count(text[begin:end].lower()) == 1:
                found.append((begin, end))
    return sorted(set(found))


def question_documents(corpus_dir, named=None):
    """{(set, group): document with "questions"} of both sets, or of the sets that are named. The parts of a group are one text, in order."""
    wanted = uses(corpus_dir)
    merged, place, own = {}, {}, {}
    for name in ("qa-train-docs", "qa-train2-docs"):
        for document in corpus.json_lines(pathlib.Path(corpus_dir) / (name + ".jsonl.zst")):
            text = texts.clean(document["text"])
            if not text.strip() or (named and document["set"] not in named):
                continue
            level = document["doc_id"].rsplit("/", 1)[-1] if document["set"] == "onestopqa" else ""
            key = (document["set"], document["group"] + level)
            entry = merged.setdefault(key, {"set": document["set"], "group": document["group"], "path": path_of(document), "text": "", "questions": []})
            entry["text"] += "\n\n" if entry["text"] else ""
            place[document["doc_id"]] = (key, len(entry["text"]), len(text))
            entry["text"] += text
            own[document["doc_id"]] = text
    seen = collections.Counter()
    for (name, _), entry in merged.items():  # paths of a set differ, as files' must
        seen[name, entry["path"]] += 1
        if (number := seen[name, entry["path"]]) > 1:
            stem, dot, ending = entry["path"].rpartition(".")
            entry["path"] = f"{stem}-{number}{dot}{ending}"
    for name in ("qa-train", "qa-train2"):
        for question in corpus.json_lines(pathlib.Path(corpus_dir) / (name + ".jsonl.zst")):
            known = question["set"] in named if named else (name == "qa-train" or wanted.get(question["set"], False)) and MOST.get(question["set"], 1) > 0
            if not known or question["doc_id"] not in place or question.get("label") == 0:
                continue
            key, offset, size = place[question["doc_id"]]
            made = one_question(question, own[question["doc_id"]])
            if made:
                made["gold"] = [(b + offset, e + offset) for b, e in made["gold"]]
                made["spans"] = [(b + offset, e + offset) for b, e in made["spans"]]
                made["part"] = (offset, offset + size)
                merged[key]["questions"].append(made)
    return merged


def one_question(question, text):
    kind = kind_of(question)
    gold = [(0, min(len(text), 3000))] if kind == "none" else data.gold_ranges(question, text)
    spans = spans_of(question, text) if kind in ("span", "several") else []
    if kind != "none" and not gold and len(text) < 1500:
        gold = [(0, len(text))]  # a short text that answers somewhere
    if kind != "none" and not gold:
        return None
    return {"set": question["set"], "question": texts.clean(question["question"]).strip(), "gold": gold, "spans": spans,
            "answers": [answer["text"] for answer in question["answers"]], "kind": kind if spans or kind in ("yes", "no", "none") else "place"}


def held_out(corpus_dir, merged):
    """Groups that only test: of set 1 those that the first reader holds out, of set 2 by the same rule."""
    held = data.held_out_groups(data.question_sets(corpus_dir))
    second = collections.defaultdict(list)
    for (name, _), entry in merged.items():
        if entry["questions"] and name not in corpus.EVALUATION_ONLY and entry["questions"][0]["set"] in uses(corpus_dir):
            second[name].append(entry)
    return held | data.held_out_groups(second)


def entities(text):
    """Names and numbers in a text, as (begin, end)."""
    return [match.span() for match in ENTITY.finditer(text)]


def swapped(documents, rng):
    """Questions that nothing answers any more, made of ones about people and things: another name or number, or the opposite of a word.

    Yields (document, question). Half of the names are of the same passage, so that a question is not known by a name that its place lacks;
    the others come from elsewhere and do not stand there.
    """
    known = collections.defaultdict(list)
    for document in documents:
        if document["set"] in SWAPPED:
            for question in document["questions"]:
                known[document["set"]] += asked_names(question)
    for document in documents:
        if document["set"] not in SWAPPED:
            continue
        own = [name for question in document["questions"] for name in asked_names(question)]
        for question in document["questions"]:
            if question["kind"] != "span" or rng.random() > SWAPPED[document["set"]]:
                continue
            made = swapped_question(question, document["text"], own, known[document["set"]], rng)
            if made:
                yield document, made


def asked_names(question):
    """Names and numbers of a question behind its first word."""
    return [question["question"][b:e] for b, e in entities(question["question"]) if b > 0]


def passage_names(passage):
    """Names and numbers of a passage that are not capital for a sentence's sake."""
    return [passage[b:e].removesuffix("'s") for b, e in entities(passage) if re.search(r"[\w,(] ?$", passage[max(0, b - 2):b])]


def swapped_question(question, text, own, others, rng):
    asked = question["question"]
    begin, end = question["part"]
    passage = text[begin:end]
    words = [match for match in re.finditer(r"[a-z]+", asked) if match.group() in OPPOSITE]
    if rng.random() < 0.8:  # else most would be negations
        words = [match for match in words if not OPPOSITE[match.group()].endswith("n't")]
    names = [(b, e) for b, e in entities(asked) if b > 0]
    if words and (not names or rng.random() < 0.4):
        match = rng.choice(words)
        b, e, new = match.start(), match.end(), OPPOSITE[match.group()]
    elif names:
        b, e = rng.choice(names)
        digits = asked[b:e].isdigit()
        if rng.random() < 0.5:
            known = set(re.findall(r"\w+", " ".join((asked, *question["answers"])).lower()))
            fit = [x for x in passage_names(passage) if not known & set(re.findall(r"\w+", x.lower()))]
        else:
            fit = [x for x in (own if rng.random() < 0.5 else rng.sample(others, min(200, len(others)))) if x.lower() not in passage.lower()]
        fit = [x for x in fit if x.isdigit() == digits]
        if not fit:
            return None
        new = rng.choice(fit)
    else:
        return None
    return {"set": "swapped", "question": asked[:b] + new + asked[e:], "gold": [(begin, min(end, begin + 3000))], "spans": [], "answers": [], "kind": "none"}


def limited(documents, rng, most=None):
    """At most MOST questions a set, or `most`: whole documents, shuffled; documents without a question only where their set has few."""
    by_set = collections.defaultdict(list)
    for document in documents:
        by_set[document["set"]].append(document)
    for name, found in sorted(by_set.items()):
        found.sort(key=lambda document: document["group"])
        rng.shuffle(found)
        count = 0
        for document in found:
            if not document["questions"] and name != "cosqa":
                continue
            if count >= (most or MOST).get(name, 1 << 30):
                break
            if name == "qamr":
                document["questions"] = rng.sample(document["questions"], min(40, len(document["questions"])))
            count += len(document["questions"])
            yield document


def code_documents(corpus_dir, rng):
    """Repositories as contexts: each pair's place in the code is a document that its question asks for."""
    by_repo = collections.defaultdict(list)
    for pair in corpus.json_lines(pathlib.Path(corpus_dir) / "code-pairs.jsonl.zst"):
        by_repo[pair["repo"]].append(pair)
    share = CODE_PAIRS / sum(map(len, by_repo.values()))
    for repo, pairs in sorted(by_repo.items()):
        texts_seen = {}
        for pair in pairs:
            texts_seen.setdefault((pair["path"], pair["text"]), []).append(pair)
        for (path, text), asked in texts_seen.items():
            text = texts.clean(text)
            questions = []
            for pair in asked:
                if rng.random() < share:
                    wording = rng.choice([pair["question"], pair["question"], *pair["variants"]])
                    questions.append({"set": "code-" + pair["set"], "question": texts.clean(wording), "gold": [(0, len(text))], "spans": [],
                                      "answers": [], "kind": "place"})
            if questions or rng.random() < 0.3:
                yield {"set": "code-pairs", "group": repo, "path": path, "text": text, "questions": questions}


def babi_documents(work, held, count, size, rng, plain=False):
    """bAbI stories in book passages: eight renamed ones, or (`plain`) one of QA1 with its own names."""
    tasks = [task[:len(task) // 10] if held else task[len(task) // 10:] for task in babi.stories(work)]
    for number, passage in enumerate(texts.book_passages(work, held, count, rng, size)):
        chosen = []
        for _ in range(1 if plain else babi.STORIES):
            lines, asked = rng.choice(tasks[0 if plain else rng.choice((0, 0, 0, 1, 2))])
            entry = rng.choice(asked)
            chosen.append((lines, entry))
        yield babi_document(passage, chosen, f"babi:{held}:{size}:{plain}:{number}", plain, rng)


def babi_document(passage, chosen, group, plain, rng):
    """The places of a question about a person are all its sentences; its spans the places named there. The last one is the answer."""
    text, found = babi.hide(passage, list(chosen), rng, plain)
    questions = []
    for question, answer, gold in found:
        last = max(gold)
        at = text.rfind(answer, last[0], last[1])
        spans = [(at, at + len(answer))] if at >= 0 else []
        who = re.fullmatch(r"Where is (\w+)\?", question)
        also = []
        if who:
            for match in re.finditer(r"\b%s [a-z]+(?: back)? (?:to|in) the (\w+)\." % who.group(1), text):
                also.append(((match.start(), match.end()), match.span(1)))
        questions.append({"set": "babi", "question": question, "gold": gold + [place for place, _ in also], "spans": spans,
                          "near": [span for _, span in also], "answers": [answer], "kind": "span" if spans else "place"})
    return {"set": "babi", "group": group, "path": "story.txt", "text": text, "questions": questions}


def half_of(group):
    """Held-out groups are for choices and calibration ("dev") or for the scores that are reported ("test")."""
    return "dev" if hashlib.sha256(("half " + group).encode()).digest()[0] < 140 else "test"


def main():
    """Prints how much there is."""
    import sys
    merged = question_documents(sys.argv[1])
    held = held_out(sys.argv[1], merged)
    count = collections.Counter()
    for (name, _), entry in merged.items():
        for question in entry["questions"]:
            count[name, "held" if entry["group"] in held else "train", question["kind"]] += 1
    for key, n in sorted(count.items()):
        print(*key, n)


if __name__ == "__main__":
    main()
