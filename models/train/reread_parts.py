"""Questions of two parts, as people ask them: "Who won the cup, and where did they play?"

Two questions of one passage are joined. What the second says of the first one's answer, or of a name that the first has said already, becomes a pronoun
where the passage tells which. The places of both are right, and so are the words of both.

    python reread_parts.py --corpus DIR --tasks DIR     writes parts-dev.jsonl and parts-test.jsonl of held-out documents beside reread_data.py's task files
"""

import argparse
import collections
import json
import pathlib
import random
import re

import corpus
import reread_sets as sets

SETS = ("squad1.1", "squad2.0", "squadshifts-wiki", "squadshifts-reddit", "adversarialqa", "quoref-dev", "fairytaleqa", "xquad-en", "afriqa-en", "timeqa",
        "hotpotqa", "tatqa", "covidqa", "books")
PAIRED = 0.3       # of their questions begin one of two parts
HELD = 0.6         # of the held-out ones
NEAR = 700         # characters between what the two ask of
UNANSWERED = 0.12  # and so many times as many of those that nothing answers
BROKEN = 0.75      # of them have a comma
ASKS = re.compile(r"(?:(?:in|on|at|for|by|to|from|with|of|under|during|about) )?(?:who|whom|whose|what|where|when|which|why|how)\b", re.I)
NAME = re.compile(r"[A-Z][\w.-]*\w(?: (?:of |the |de |von )?[A-Z][\w.-]*\w)*")
PRONOUNS = {"he": ("he", "him", "his"), "she": ("she", "her", "her"), "it": ("it", "it", "its"), "they": ("they", "them", "their")}
ASKING = {"did", "does", "do", "was", "is", "were", "are", "has", "had", "have", "can", "could", "will", "would", "should", "may", "might", "that", "which", "when"}


def meant(name, passage):
    """The pronoun of a name: the one that its passage has most of; none where it has none."""
    count = {pronoun: len(re.findall(rf"\b(?:{'|'.join(forms)})\b", passage, re.I)) for pronoun, forms in PRONOUNS.items()}
    if re.search(rf"\bthe {re.escape(name)}", passage, re.I):  # whoever has an article is not a person
        count["he"] = count["she"] = 0
    best = max(count, key=count.get)
    return best if count[best] else None


def mentions(first, answers, second):
    """What the second question says again: an answer of the first, or a name in both, the longest first."""
    named = [match.group() for match in NAME.finditer(first) if match.start() > 0]
    told = [answer for answer in answers if len(answer) > 3 and (answer[0].isupper() or " " in answer) and answer.count(" ") < 4]
    return sorted({name for name in (*named, *told) if re.search(rf"\b{re.escape(name)}\b", second)}, key=len, reverse=True)


def said_again(second, name, passage):
    """The second question with a pronoun for the name."""
    pronoun = meant(name, passage)
    dot = r"\.?" if "." in name else ""
    match = re.search(rf"(?:\bthe )?\b{re.escape(name)}\b{dot}(?P<own>['\u2019]s?(?!\w))?", second, re.I)
    if not pronoun or not match:
        return second
    before = second[:match.start()].split()
    subject, other, own = PRONOUNS[pronoun]
    word = own if match["own"] else subject if before and before[-1].lower() in ASKING else other
    return second[:match.start()] + word + second[match.end():]


def joined(first, answers, second, passage, rng):
    """Two questions as one; None where they cannot be."""
    first, second = first.strip().rstrip("?. "), second.strip()
    if not ASKS.match(first) or not ASKS.match(second):
        return None
    for name in mentions(first, answers, second)[:1]:
        second = said_again(second, name, passage)
    return first + (", and " if rng.random() < BROKEN else " and ") + second[0].lower() + second[1:]


def beside(question, others, kind):
    """Others of the same passage and kind, near what the question asks of, with another answer."""
    begin = question["gold"][0][0]
    return [other for other in others if other is not question and other["kind"] == kind and other.get("part") == question.get("part")
            and abs(other["gold"][0][0] - begin) < NEAR and (kind == "none" or not set(other["answers"]) & set(question["answers"]))]


def one(first, second, passage, rng):
    asked = joined(first["question"], first["answers"], second["question"], passage, rng)
    if not asked:
        return None
    return {"set": "parts", "question": asked, "gold": sorted({*first["gold"], *second["gold"]}), "spans": sorted({*first["spans"], *second["spans"]}),
            "answers": [*first["answers"], *second["answers"]], "kind": first["kind"]}


def of_two_parts(documents, rng, share=PAIRED):
    """Yields (document, question), as reread_sets has them."""
    for document in documents:
        for kind, part in (("span", share), ("none", share * UNANSWERED)):
            for first in [question for question in document["questions"] if question["kind"] == kind and document["set"] in SETS]:
                if rng.random() >= part or not (found := beside(first, document["questions"], kind)):
                    continue
                # rather one that goes on about the same
                going_on = [other for other in found if mentions(first["question"], first["answers"], other["question"])]
                second = rng.choice(going_on if going_on and rng.random() < 0.7 else found)
                at = first["gold"][0][0]
                made = one(first, second, document["text"][max(0, at - 500):at + 1000], rng)
                if made:
                    yield document, made


def held_out_tasks(half, documents, tasks):
    """Task lines for `lectern eval`: of the documents of this half, in the contexts that reread_data.py wrote."""
    contexts = collections.defaultdict(list)
    for path in sorted((tasks / half).glob("*/**/*")):
        contexts["/".join(path.relative_to(tasks / half).parts[1:])].append(path)
    for document, question in of_two_parts(documents, random.Random(half), HELD):
        text = document["text"]
        found = [path for path in contexts[document["path"]] if path.is_file() and path.read_text(encoding="utf-8") == text]
        if not found or question["kind"] == "none":
            continue
        number = found[0].relative_to(tasks / half).parts[0]
        places = [{"path": document["path"], "byte": [len(text[:at].encode()) for at in place]} for place in question["gold"]]
        yield {"id": f"{half}-parts-{number}", "set": document["set"], "root": f"{half}/{number}", "question": question["question"],
               "answers": question["answers"], "evidence": places}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--tasks", required=True)
    args = parser.parse_args()
    merged = sets.question_documents(args.corpus)
    held = sets.held_out(args.corpus, merged)
    for half in ("dev", "test"):
        documents = [document for (name, _), document in merged.items()
                     if (document["group"] in held or name in corpus.EVALUATION_ONLY) and sets.half_of(document["group"]) == half]
        lines = [json.dumps(task, ensure_ascii=False) + "\n" for task in held_out_tasks(half, documents, pathlib.Path(args.tasks))]
        (pathlib.Path(args.tasks) / f"parts-{half}.jsonl").write_text("".join(lines), encoding="utf-8")
        print(half, len(lines), "questions of two parts")


if __name__ == "__main__":
    main()
