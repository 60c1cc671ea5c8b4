"""Questions about novels, made from their sentences: who, what, where, when, why, how many, and who somebody is.

People ask about novels; no set of questions about them may train a model that ships. A sentence's subject, verb and what follows are found by their
shapes, so a question keeps most of its sentence's words; but whoever "he" is has a name in it, as people would ask. Some get the name of somebody else,
and nothing answers them.
"""

import collections
import csv
import pathlib
import random
import re

import texts

PASSAGE = 40_000   # characters of a book
BOOKS = 220
ASKED = 90         # questions of a passage, at most
OTHER_NAME = 0.12  # of the questions that name somebody

TITLE = (r"(?:Mr\.|Mrs\.|Dr\.|Miss|Sir|Lady|Lord|Captain|Colonel|Major|Madame|Monsieur|Professor|Doctor|Uncle|Aunt|Count|Countess|Prince|Princess"
         r"|King|Queen|Father)")
NAME = rf"(?:{TITLE} )?[A-Z][a-z]+(?:['’-][A-Z][a-z]+)?(?: (?:de |von )?[A-Z][a-z]+){{0,2}}"
IRREGULAR = dict(pair.split("/") for pair in """was/be were/be had/have said/say went/go came/come took/take saw/see felt/feel knew/know gave/give found/find
    made/make got/get told/tell thought/think left/leave kept/keep held/hold stood/stand sat/sit lay/lie ran/run rose/rise fell/fall heard/hear met/meet
    brought/bring bought/buy caught/catch taught/teach sought/seek fought/fight spoke/speak broke/break wrote/write rode/ride drove/drive drew/draw
    threw/throw grew/grow flew/fly began/begin drank/drink sang/sing sent/send spent/spend lent/lend built/build lost/lose won/win paid/pay laid/lay led/lead
    read/read put/put set/set shut/shut cut/cut hid/hide bit/bite shook/shake struck/strike swore/swear wore/wear bore/bear tore/tear slept/sleep wept/weep
    crept/creep swept/sweep dealt/deal meant/mean leapt/leap understood/understand forgot/forget chose/choose stole/steal woke/wake ate/eat sprang/spring
    sank/sink hung/hang""".split())
NO_SUBJECT = r"(?!(?:was|were|had|has|have|is|are|he|she|they|it|we|you|could|would|should|that|which|who|when|and|of|in|to|at|with)\b)"
VERB = r"(?:" + "|".join(IRREGULAR) + r"|[a-z]{2,}ed)"
ADVERB = r"(?:(?:never|always|then|now|still|also|only|soon|at once|[a-z]+ly) )?"
SUBJECT = re.compile(rf"^(?:(?:But|And|Then|So|Now|At last|Presently|Here|Yes),? )?"
                     rf"(?P<subject>{NAME}|He|She|The (?:{NO_SUBJECT}[a-z]+ ){{0,2}}{NO_SUBJECT}[a-z]+?) "
                     rf"(?P<adverb>{ADVERB})(?P<verb>{VERB})\b(?P<rest>.*)$", re.S)
NOUN = r"(?:(?:a|an|the|his|her|their|its|some|another|this|that) (?:[a-z'’-]+ ){0,3}?[a-z'’-]+)"
AFTER = r"(?=[,.;:!?—]|$| (?:of|in|on|at|to|from|with|for|and|which|that|who|when|as|by|into|upon|but|because|while|where)\b)"
OBJECT = re.compile(rf"^ (?P<answer>{NOUN}){AFTER}")
PERSON = re.compile(rf"^(?: (?:to|at|for|with|of|after))? (?P<answer>{NAME})(?=[,.;:!?]| )")
SPOT = (r"(?:(?:the|a|an|his|her|their|this) (?:[a-z'’-]+ ){0,2}?[a-z'’-]+(?: of (?:the |a |his |her )?[\w'’-]+)?"
        rf"|{NAME}(?: (?:Street|Square|Lane|Road|House|Hall|Park|Hill))?)")
WHERE = re.compile(r"(?P<before>(?: [\w'’-]+){0,6}?) (?:in|into|at|to|from|near|upon|on|under|behind|through|toward|towards|outside|beside) "
                   rf"(?P<answer>{SPOT}){AFTER}")
TIME = (r"(?:morning|evening|afternoon|night|days?|weeks?|months?|years?|hours?|minutes?|moment|midnight|noon|o['’]clock|spring|summer|autumn|winter"
        r"|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
        r"|January|February|March|April|May|June|July|August|September|October|November|December)")
WHEN = re.compile(r"(?P<before>(?: [\w'’-]+){1,8}?) (?P<answer>(?:(?:in|on|at|after|before|for|since|until|about|towards) )?"
                  r"(?:the |that |this |a |an |next |one |two |three |four |five |ten |some |every |early |late |following )+"
                  rf"(?:[a-z]+ )?{TIME}(?: (?:before|ago|later|after))?){AFTER}")
WHY = re.compile(r"(?P<before>(?: [\w'’,-]+){2,10}?),? (?P<answer>(?:because|for fear|in order to|so that)\b[^.;!?]{8,90})")
COUNT = re.compile(r"^ (?P<number>(?:about |nearly |some )?(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty"
                   r"|sixty|a hundred|a thousand|\d[\d,]*)(?: (?:hundred|thousand))?) (?P<thing>(?:[a-z]+ )?[a-z]{2,}s)" + AFTER)
HOW = re.compile(r"(?P<before>(?: [\w'’-]+){0,6}?) (?P<answer>with (?:a|an|the|his|her) (?:[a-z'’-]+ ){0,2}[a-z'’-]+|[a-z]{4,}ly)(?=[,.;!?]|$)")
BESIDE = re.compile(rf"(?P<name>{NAME}), (?P<what>(?:the|a|an|his|her|my|our|their|your) (?:[\w'’-]+ ){{0,5}}?[\w'’-]+)(?=[,.;!?])")
BEFORE = re.compile(r"\b(?P<what>(?:the|his|her|my|our|their|your) (?:old |young |good |poor |little |elder |younger |dear )?[a-z]{3,}),? "
                    rf"(?P<name>{NAME})(?=[,.;!?]| (?:was|had|came|said|who))")
CALLED = re.compile(rf"\b(?P<what>(?:a|an|the|his|her) (?:[a-z'’-]+ ){{0,3}}?[a-z'’-]+)(?: was| is|,)? (?:named|called) (?P<name>{NAME})")
SAID = re.compile(r"[\"“](?P<quote>[^\"“”]{20,200}?)[,!?.][\"”] (?:said|asked|cried|replied|answered|returned|exclaimed|observed|remarked) "
                  rf"(?P<name>{NAME})(?=[,.;!?]| )")
SENTENCE = re.compile(r"(?:[^.!?\n]|(?<=\bMr)\.|(?<=\bMrs)\.|(?<=\bDr)\.|(?<=\bSt)\.)+[.!?]?")
PEOPLE = frozenset("""aunt uncle brother sister father mother son daughter cousin wife husband friend servant butler maid clerk lawyer doctor captain master
    mistress nephew niece lady gentleman boy girl man woman king queen prince lord grandfather grandmother lover partner valet cook coachman gardener host hostess
    guest neighbour neighbor schoolmaster priest vicar parson soldier sailor detective inspector""".split())
MISTAKEN = frozenset("""I The He She It They We You And But Then So Now Here There When What Why How Yes No Oh God Heaven Heavens Sir Madam Mr Mrs Dr Miss
    Chapter""".split())


def passages(work, corpus_dir, rng):
    """(book, text): paragraphs from the middle of books; none of a book that only tests."""
    with open(pathlib.Path(corpus_dir) / "narrativeqa-books.tsv", encoding="utf-8", newline="") as rows:
        tested = {pathlib.Path(row["book_file"]).name for row in csv.DictReader(rows, delimiter="\t") if row.get("book_file")}
    names = sorted(path.name for path in (pathlib.Path(work) / "books").glob("*.txt"))
    names = [name for name in names if name not in tested and "jekyll" not in name and not texts.is_held_out("books", name)]
    for name in rng.sample(names, min(BOOKS, len(names))):
        text = texts.clean((pathlib.Path(work) / "books" / name).read_text(encoding="utf-8"))
        begin = text.find("\n\n", rng.randrange(max(1, len(text) - PASSAGE)))
        end = text.find("\n\n", begin + PASSAGE)
        if begin >= 0:
            yield name, text[begin:end if end > 0 else len(text)].strip()


def people(text):
    """Names that stand within sentences, and how often."""
    found = collections.Counter(match.group() for match in re.finditer(rf"(?<=[a-z,] ){NAME}", text))
    return {name: n for name, n in found.items() if n > 1 and name.split()[0] not in MISTAKEN and not re.fullmatch(TITLE, name)
            and text.count(" " + name.lower() + " ") < n}


def base_form(verb, vocabulary):
    if verb in IRREGULAR:
        return IRREGULAR[verb]
    if verb.endswith("ied"):
        return verb[:-3] + "y"
    doubled = verb[-3] == verb[-4:-3] and verb[-3] not in "sl"
    tries = [verb[:-3] if doubled else verb[:-1], verb[:-2]]
    return next((form for form in tries if form in vocabulary), tries[0] if doubled or verb[-3] in "vcguzl" else verb[:-2])


def clause(words, most=13):
    """The first words, to where something new begins."""
    found = []
    for word in words.split():
        if found and len(found) > 2 and word in ("and", "but", "who", "which", "while", "when", "as", "for", "that"):
            break
        found.append(word.strip("“”\"()"))
        if word[-1] in ",;:.!?—" or "—" in word or len(found) == most:
            break
    return " ".join(found).rstrip(",;:.!?—")


def asked_of(sentence, named, vocabulary, names):
    """(question, answer's begin and end) of one plain sentence; `named`: who "he" or "she" may be."""
    match = SUBJECT.match(sentence)
    if not match or len(match["rest"]) < 10:
        return
    subject, verb, rest, at = match["subject"], match["verb"], match["rest"], match.start("rest")
    person = subject in names
    if subject in ("He", "She"):
        if not named:
            return
        subject = named
    elif not person:
        if not subject.startswith("The "):
            return
        subject = "the" + subject[3:]
    is_be = verb in ("was", "were")
    if verb == "had" and not OBJECT.match(rest) and not COUNT.match(rest):
        return  # of another verb's tense
    if person and len(clause(rest).split()) > 2:
        yield f"Who {match['adverb']}{verb} {clause(rest)}?", match.span("subject")
    asks = f"{verb} {subject}" if is_be else f"did {subject}"
    base = "" if is_be else " " + base_form(verb, vocabulary)

    def span(found, group="answer"):
        return at + found.start(group), at + found.end(group)

    if found := OBJECT.match(rest):
        who = is_be and person
        tail = "" if is_be else clause(rest[found.end():], 6)
        tail = " " + tail if tail and tail.split()[0] in ("to", "from", "in", "at", "with", "for", "on", "into") else ""
        yield (f"Who {verb} {subject}?" if who else f"What {asks}{base}{tail}?"), span(found)
    elif not is_be and (found := PERSON.match(rest)) and found["answer"] in names:
        yield f"Who did {subject}{base}{rest[:found.start('answer')].rstrip()}?", span(found)
    if found := COUNT.match(rest):
        yield f"How many {found['thing']} {asks}{base}?", span(found, "number")
    if (found := WHERE.match(rest)) and found["answer"] not in names and not re.match("h(?:er|is) (?:in|with|to|at) ", found["answer"]):
        yield f"Where {asks}{base}{found['before']}?", span(found)
    if found := WHEN.match(rest):
        yield f"When {asks}{base}{found['before']}?", span(found)
    if found := WHY.match(rest):
        yield f"Why {asks}{base}{found['before'].rstrip(',')}?", span(found)
    if not is_be and (found := HOW.match(rest)):
        yield f"How {asks}{base}{found['before']}?", span(found)


def who_is(sentence, named, names):
    """(question, answer's begin and end): what somebody is to somebody, and by which name."""
    for pattern in (BESIDE, BEFORE, CALLED):
        for match in pattern.finditer(sentence):
            name, what = match["name"], match["what"]
            if name not in names or not PEOPLE & set(re.findall(r"[a-z]+", what)):
                continue
            yield f"Who is {name}?", match.span("what")
            if what.split()[0] in ("his", "her") and named and named != name:
                what = f"{named}'s{what[3:]}"
            elif what.split()[0] in ("my", "our", "your", "their", "his", "her", "a", "an"):
                continue
            yield f"Who is {what}?", match.span("name")
            yield f"What is the name of {what}?", match.span("name")


def questions(text, names, vocabulary, rng):
    """Some (question, sentence's range, answer's range) of a passage."""
    found = []
    known = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
    for paragraph in re.finditer(r"[^\n]+", text):
        for said in SAID.finditer(paragraph.group()):
            quote = clause(said["quote"])
            if said["name"] in names and len(quote.split()) > 4:
                asked = f"Who {rng.choice(('said', 'says', 'said that'))} {quote[0].lower() + quote[1:]}?"
                found.append((asked, said.span(), said.span("name"), paragraph.start()))
        for part in SENTENCE.finditer(paragraph.group()):
            sentence = part.group()
            begin = paragraph.start() + part.start() + len(sentence) - len(sentence.lstrip())
            sentence = sentence.strip()
            if not 30 <= len(sentence) <= 400 or any(mark in sentence for mark in "\"“”"):
                continue
            before = known.findall(text[max(0, begin - 300):begin])
            named = before[-1] if before else None
            for question, answer in [*asked_of(sentence, named, vocabulary, names), *who_is(sentence, named, names)]:
                found.append((question, (0, len(sentence)), answer, begin))
    made = [(question, (at + b, at + e), (at + x, at + y)) for question, (b, e), (x, y), at in found]
    by_word = collections.defaultdict(list)
    for one in made:
        by_word[one[0].split()[0]].append(one)
    chosen = []
    for word, some in sorted(by_word.items()):  # "who" and "what" would be most of them
        chosen += rng.sample(some, min(len(some), ASKED // 3))
    return rng.sample(chosen, min(len(chosen), ASKED))


def of_another(question, names, near, rng):
    """The question with the name of somebody who is nowhere near, or None."""
    here = [name for name in names if name in question]
    others = [name for name in names if name.split()[-1] not in near]
    return question.replace(max(here, key=len), rng.choice(others)) if here and others else None


def documents(work, corpus_dir, vocabulary, rng):
    """Passages of books as documents with questions."""
    for book, text in passages(work, corpus_dir, rng):
        names = people(text)
        asked = []
        for question, place, answer in questions(text, names, vocabulary, rng) if names else []:
            one = {"set": "books", "question": question, "gold": [place], "spans": [answer], "answers": [text[slice(*answer)]], "kind": "span"}
            if rng.random() < OTHER_NAME:
                other = of_another(question, names, text[max(0, place[0] - 600):place[1] + 600], rng)
                if other:
                    one.update(set="swapped", question=other, spans=[], answers=[], kind="none")
            asked.append(one)
        if asked:
            yield {"set": "books", "group": "book " + book, "path": book, "text": text, "questions": asked}
