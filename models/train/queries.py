"""Makes questions out of running text: whole sentences, keywords, and sentences with a question word in place of a name or number."""

import re

STOP_WORDS = frozenset("""a about above after again against all also am an and any are as at be because been before being below between both but by
can could did do does doing don down during each else ever every few for from further get had has have having he her here hers herself him himself
his how i if in into is it its itself just let like ll may me might more most much must my myself no nor not now of off on once one only or other our ours
ourselves out over own re same shall she should so some such t than that the their theirs them themselves then there these they this those
through to too under until up upon us ve very was we were what when where which while who whom why will with would yet you your yours
yourself yourselves""".split())

WORD = re.compile(r"[^\W_]+")
# camelCase, PascalCase and letter/digit boundaries.
HUMP = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W\d_A-Za-z]+")

SENTENCE_END = re.compile(
    r"(?<!\bMr)(?<!\bMrs)(?<!\bDr)(?<!\bSt)(?<!\bM)(?<!\b[A-Z])[.!?]+[\"')\]”’]*(?=\s+[\"'“‘(]?[A-Z0-9]|\n|$)"
    r"|\n[ \t]*\n|\n(?=\S{0,3}\s*[-*|#:])")

RULE = re.compile(r"([-=~^*#_.|+])\1{3}")  # a drawn line, no sentence

NAME = r"(?:(?:Mr\.|Mrs\.|Miss|Dr\.|Sir|Lady|Lord|Captain|St\.) )?[A-Z][\w’'-]+(?: (?:of |de |von |the )?[A-Z][\w’'-]+)*"
MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
YEAR = r"(?:(?:in|since|until|by|during) )?(?:\d{1,2} )?" + MONTH + r"?(?: \d{1,2},)? ?\b1\d{3}\b"
NUMBER = r"\b\d[\d,.]*\d\b|\b\d\b|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|forty|fifty|hundred|thousand)\b"
PLACE = r"\b(?:in|at|to|from|near|into) (?:the )?[A-Z]\w+(?: [A-Z]\w+)*"
REASON = r"\b(?:because|in order to|so that|for fear)\b.*"
SPANS = ((re.compile(YEAR), ("when", "in what year", "what year")), (re.compile(NUMBER), ("how many", "how much", "what number")),
         (re.compile(PLACE), ("where", "in what place", "which place")), (re.compile(REASON), ("why",)),
         (re.compile(r"(?<=[a-z,] )" + NAME), ("who", "what", "who", "which person", "whose")))


def words(text):
    """The words of a text as BM25 sees them: lower case; CamelCase and snake_case words whole and in parts."""
    found = []
    for word in re.findall(r"\w+", text):
        low = word.lower()
        if low.isalpha() and (low == word or word[1:] == low[1:]):
            found.append(low)
            continue
        parts = [part.lower() for part in HUMP.findall(word)]
        if len(parts) > 1:
            found.extend(parts)
        found.append(low)
    return found


def content_words(text):
    """The words of `text` that are not stop words, in order, as written."""
    return [word for word in WORD.findall(text) if word.lower() not in STOP_WORDS and (len(word) > 2 or word.isdigit())]


def shared_words(question, gold_text):
    """The fraction of the question's content words that occur in the gold text."""
    asked = {word for word in words(question) if word not in STOP_WORDS}
    return len(asked & set(words(gold_text))) / len(asked) if asked else 0.0


def sentences(text):
    """Yields [begin, end) of the sentences of `text`, without the space around them."""
    begin = 0
    for match in SENTENCE_END.finditer(text):
        yield from trimmed(text, begin, match.end())
        begin = match.end()
    yield from trimmed(text, begin, len(text))


def trimmed(text, begin, end):
    while begin < end and text[begin].isspace():
        begin += 1
    while begin < end and text[end - 1].isspace():
        end -= 1
    if begin < end:
        yield begin, end


def typed(question, rng):
    """The question as somebody might type it: a third in lower case, some without the question mark."""
    if rng.random() < 0.33:
        question = question.lower()
    if rng.random() < 0.3:
        question = question.rstrip("?").rstrip()
    return question


def keyword_query(sentence, rng):
    """Three to eight content words of a sentence, or None; mostly in order."""
    found = content_words(sentence)
    if len(found) < 3:
        return None
    keep = rng.sample(range(len(found)), min(len(found), rng.randint(3, 8)))
    if rng.random() < 0.7:
        keep.sort()
    query = " ".join(found[i] for i in keep)
    return query.lower() if rng.random() < 0.6 else query


def cloze_question(sentence, rng):
    """A question by putting a question word in the place of a name, a number, a time, a place or a reason, or None."""
    sentence = " ".join(sentence.split())
    choices = [(match, asks) for pattern, asks in SPANS for match in [pattern.search(sentence, 1)] if match]
    if not choices:
        return None
    match, asks = rng.choice(choices)
    left, right = sentence[:match.start()].split(), sentence[match.end():].split()
    # The clause around the gap: a question is shorter than a sentence of a book.
    left, right = left[-rng.randint(3, 10):], right[:rng.randint(2, 10)]
    for i in range(len(left) - 4, 0, -1):
        if left[i - 1][-1] in ",;:":
            left = left[i:]
            break
    for i, word in enumerate(right):
        if word[-1] in ",;:" and i > 2:
            right = right[:i + 1]
            break
    kept = [word.strip(",;:\"“”()[].!?") for word in left + right]
    kept = [word for word in kept if word and not (rng.random() < (0.5 if word.lower() in STOP_WORDS else 0.12))]
    if len([word for word in kept if word.lower() not in STOP_WORDS]) < 2:
        return None
    if rng.random() < 0.2:
        rng.shuffle(kept)
    auxiliary = rng.choice(("", "", "did ", "was ", "is ", "does ", "were "))
    question = rng.choice(asks) + " " + auxiliary + " ".join(kept) + "?"
    return typed(question[0].upper() + question[1:], rng)


def prose_pairs(text, spacing, rng):
    """Yields (question, [gold ranges], removed range or None, kind) for running text, about one every `spacing` characters."""
    spans = list(sentences(text))
    for i, (begin, end) in enumerate(spans):
        if RULE.search(text, begin, end) or not 40 <= end - begin <= 400 or rng.random() > (end - begin) / spacing:
            continue
        sentence = text[begin:end]
        draw = rng.random()
        if draw < 0.22:
            query = keyword_query(sentence, rng)
            if query:
                yield query, [(begin, end)], None, "keywords"
        elif draw < 0.7:
            query = cloze_question(sentence, rng)
            if query:
                yield query, [(begin, end)], None, "cloze"
        else:
            gold = []
            if i > 0 and begin - spans[i - 1][1] < 8:
                gold.append((max(spans[i - 1][0], begin - 250), spans[i - 1][1]))
            if i + 1 < len(spans) and spans[i + 1][0] - end < 8:
                gold.append((spans[i + 1][0], min(spans[i + 1][1], end + 250)))
            query = " ".join(sentence.split()) if draw < 0.88 else keyword_query(sentence, rng)
            if query and gold and len(content_words(sentence)) >= 4:
                yield query[:300], gold, (begin, end), "removed"
