"""Questions about source code and manuals: comments, symbols, calls, paths, headings, options."""

import re

import queries

CODE_ENDINGS = frozenset("py pyi go rs java c h cc cpp hpp js ts tsx jsx mjs vue lua sh cjs proto cmake".split())

DEFINITION = re.compile(
    r"^[ \t]*(?:(?:export|default|public|private|protected|static|final|abstract|async|pub(?:\([a-z]+\))?|unsafe|const|inline|extern|virtual|"
    r"override)\s+)*"
    r"(?:(?:def|class|func(?:\s*\([^)\n]*\))?|fn|function\*?|struct|enum|trait|interface|type|impl|macro_rules!|namespace|message)\s+([A-Za-z_]\w+)"
    r"|[A-Za-z_][\w:<>,&*\[\] \t]{0,100}[ *&](?:\w+::)?([A-Za-z_]\w+)\([^;{}=]{0,300}\)[ \w]{0,30}\n?\{"
    r"|#define\s+([A-Za-z_]\w+)\()", re.M)
NOT_NAMES = frozenset("if for while switch return else catch main init test setup run get set new call next self this True None null".split())
DOCSTRING = re.compile(r'\s*(?:"""|\'\'\')\s*(.+?)(?:"""|\'\'\')', re.S)
COMMENT_LINE = re.compile(r"[ \t]*(?://|#(?!include|define|if|end|!|\[)|\*|/\*)")
ATTRIBUTE_LINE = re.compile(r"[ \t]*(?:@|#\[)")
COMMENT_MARK = re.compile(r"^[ \t]*(?://[/!]?|#|\*/|\*|/\*\*?|@\w+.*|#\[.*)[ \t]?|[ \t]*\*/[ \t]*$", re.M)

HEADING = re.compile(r"^(?:#{1,5} +(?P<md>\S[^\n]{2,70})|(?P<under>\S[^\n]{2,70})\n(?:={4,}|-{4,}|~{4,}|\^{4,}|\*{4,})|(?P<man>[A-Z][A-Z ]{4,40})|"
                     r"(?:(?<=\n\n)|(?<=\n))(?P<plain>(?: {3})?[A-Z0-9][\w`'().,/ -]{3,60}[\w`)]))\n", re.M)
NO_TITLE = re.compile(r"(?:R-\d{5}.*|DESCRIPTION|SYNOPSIS|SEE ALSO|Note|Examples?)$")
OPTION = re.compile(r"^(?P<indent>[ \t]*)(?P<option>-{1,2}[A-Za-z][\w-]*[^\n]{0,60})\n(?P<body>(?:(?P=indent)[ \t]+\S[^\n]*\n)+)", re.M)

WHERE = ("where is {} defined", "{}", "definition of {}", "where is {}", "find {}", "{} implementation")
HOW = ("how does {} work", "what does {} do", "{}", "explain {}", "how is {} implemented")
CALLS = ("what calls {}", "who calls {}", "where is {} used", "usage of {}", "callers of {}")


def is_code(path):
    return path.rsplit(".", 1)[-1].lower() in CODE_ENDINGS


def spoken(name):
    """An identifier as words: parse_config_file, parseConfigFile -> "parse config file"."""
    return " ".join(part.lower() for part in queries.HUMP.findall(name))


def body_end(text, begin):
    """The end of the definition that begins at `begin`, by indentation; at most 700 characters on."""
    line_begin = text.rfind("\n", 0, begin) + 1
    indent = len(text[line_begin:]) - len(text[line_begin:].lstrip(" \t")) if begin < len(text) else 0
    at = text.find("\n", begin)
    while 0 <= at < begin + 700:
        line_end = text.find("\n", at + 1)
        line = text[at + 1:line_end if line_end >= 0 else len(text)]
        if line.strip() and len(line) - len(line.lstrip(" \t")) <= indent and line.lstrip()[0] not in "{)":
            return at + 1 + (len(line) if line.lstrip()[0] == "}" else 0)
        at = line_end
    return min(begin + 700, len(text))


def first_sentence(comment):
    comment = " ".join(comment.split())
    match = re.search(r"[.!?](?= |$)", comment)
    return comment[:match.end() if match and match.end() < 200 else 200].strip()


def comment_of(text, begin, header_end):
    """(comment's text, its range) of the docstring after or the comment before a definition, or None."""
    match = DOCSTRING.match(text, header_end, header_end + 3000)
    if match:
        return match.group(1), (match.start(), match.end())
    end = at = text.rfind("\n", 0, begin) + 1
    in_comment = False
    while at > max(0, end - 1500):
        before = text.rfind("\n", 0, at - 1) + 1
        if COMMENT_LINE.match(text, before, at):
            in_comment = True
        elif in_comment or not ATTRIBUTE_LINE.match(text, before, at):
            break
        at = before
    return (COMMENT_MARK.sub("", text[at:end]), (at, end)) if in_comment else None


def definitions(text):
    """[(beginning, name, end of the match)] of the definitions in a source file."""
    return [(match.start() + len(match.group(0)) - len(match.group(0).lstrip()), next(filter(None, match.groups()), None), match.end())
            for match in DEFINITION.finditer(text)]


def code_pairs(path, text, count, spacing, rng):
    """Yields (question, [gold ranges], removed range or None, kind) for a source file, about one every `spacing` characters.

    `count`: how often each name is defined in the repository; only names defined once are asked for.
    """
    found = definitions(text)
    chance = min(1.0, len(text) / spacing / (len(found) * 2 + 1))
    if rng.random() < 0.25:
        yield rng.choice(("{}", "what is in {}", "where is the file {}")).format(path), [(0, min(400, len(text)))], None, "path"
    for begin, name, end in found:
        if name is None or len(name) < 4 or name in NOT_NAMES or count[name] > 1 or name.startswith("__"):
            continue
        stop = body_end(text, begin)
        header_end = end
        if text[begin:begin + 5].startswith(("def ", "class", "async")):
            header_end = text.find(":\n", begin, begin + 600) + 1 or end
        comment = comment_of(text, begin, header_end)
        if comment and rng.random() < chance:
            query = first_sentence(comment[0])
            if len(queries.content_words(query)) >= 3 and query.isascii():
                gold = [(begin, stop)] if comment[1][0] < begin else [(begin, comment[1][0]), (comment[1][1], max(stop, comment[1][1] + 60))]
                if rng.random() < 0.35:
                    query = queries.keyword_query(query, rng)
                elif rng.random() < 0.3:
                    query = "how to " + query[0].lower() + query[1:]
                yield queries.typed(query, rng), gold, comment[1], "comment"
        if rng.random() < chance * 0.7:
            if rng.random() < 0.5:
                yield rng.choice(WHERE).format(name), [(begin, stop)], None, "symbol"
            elif len(spoken(name).split()) > 1:
                yield queries.typed(rng.choice(HOW).format(spoken(name)) + "?", rng), [(begin, stop)], None, "spoken symbol"
        if rng.random() < chance * 0.3:
            uses = [match.start() for match in re.finditer(r"\b" + name + r"\s*\(", text) if not begin - 1 <= match.start() <= end]
            if 1 <= len(uses) <= 4:
                yield rng.choice(CALLS).format(name), [(use, use + len(name)) for use in uses], None, "call"


def heading_pairs(text, rng):
    """Yields pairs of a heading and its section, and of an option of a program and its description."""
    for match in HEADING.finditer(text):
        title = match.group(match.lastgroup).strip("`#* ")
        begin, stop = match.end(), min(len(text), match.end() + 450)
        if not queries.content_words(title) or NO_TITLE.match(title) or rng.random() < 0.4:
            continue
        query = rng.choice(("{}", "{}", "what is {}", "how to use {}", "{} explained", "tell me about {}")).format(title)
        if rng.random() < 0.5:
            yield queries.typed(query, rng), [(match.start(), stop)], None, "heading"
        elif len(queries.content_words(title)) >= 2:
            yield queries.typed(query, rng), [(begin, stop)], (match.start(), match.end() - 1), "heading removed"
    for match in OPTION.finditer(text):
        option = match.group("option").split(",")[-1].split("=")[0].split("[")[0].split()
        if not option or rng.random() < 0.3:
            continue
        body = first_sentence(match.group("body"))
        begin = match.start("body")
        if rng.random() < 0.5:
            query = rng.choice(("what does {} do", "{}", "{} option", "meaning of {}")).format(option[0])
            yield query, [(match.start(), min(match.end(), match.start() + 400))], None, "option"
        elif len(queries.content_words(body)) >= 4:
            query = queries.keyword_query(body, rng) if rng.random() < 0.5 else "option to " + body[0].lower() + body[1:]
            yield queries.typed(query, rng), [(match.start(), begin)], None, "option"
