"""inputs.py DIR: writes the inputs that are no repositories, and with --cases the lines of cases.tsv to standard output."""
import base64, gzip, json, lzma, os, sys, unicodedata
import formats, words as w
from run import dump

DIR = sys.argv[1]
CASES = []


def put(path, data):
    path = os.path.join(DIR, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f: f.write(data.encode() if isinstance(data, str) else data)


def case(id, kind, input, args, *expect):
    CASES.append((id, kind.split()[0], input, args, dump(list(expect))))


q = lambda s: "'" + s.replace("'", "'\\''") + "'"
ask = lambda question: "ask --json -q " + q(question) + " {}"
answer = lambda how, *s: ["json", "answer", how, *s]
REFUSED = lambda words: [["exit", 1, 3], ["both", "re", "(?i)" + words]]
RIGHT = lambda s: [["exit", 0, 3], answer("has", s), answer("lacks", "\ufffd", "\x00")]

# ---- encodings
ja, zh, tw, ru = w.page(w.JA, w.JA_FACTS, ""), w.page(w.ZH, [w.ZH_FACT], ""), w.page(w.TW, [w.TW_FACT], ""), w.page(w.RU, w.RU_FACTS)
en = w.page(w.EN, [w.EN_FACT])
for id, codec, text, question, fact, name in [
        ("sjis", "shift_jis", ja, w.JA_QUESTIONS[0], "黒戸川みね", "shift.?jis|sjis|cp932"), ("eucjp", "euc_jp", ja, w.JA_QUESTIONS[0], "黒戸川みね", "euc.?jp"),
        ("iso2022jp", "iso2022_jp", ja, w.JA_QUESTIONS[0], "黒戸川みね", "iso.?2022"), ("gb18030", "gb18030", zh, w.ZH_QUESTION, "贺兰石", "gb.?18030|gbk"),
        ("big5", "big5", tw, w.TW_QUESTION, "賀蘭石", "big.?5"), ("cp1251", "cp1251", ru, w.RU_QUESTIONS[0], "Феофан Громовицкий", "1251"),
        ("koi8r", "koi8_r", ru, w.RU_QUESTIONS[0], "Феофан Громовицкий", "koi8"), ("utf16le-nobom", "utf-16-le", en, w.EN_QUESTION, "Orla Vendrick", "utf.?16"),
        ("utf16be-nobom", "utf-16-be", en, w.EN_QUESTION, "Orla Vendrick", "utf.?16"), ("utf16le-nobom-ru", "utf-16-le", ru, w.RU_QUESTIONS[0], "Феофан Громовицкий", "utf.?16")]:
    put(f"enc/{id}.txt", text.encode(codec))
    case("enc-" + id, "encoding E3 E5 E6", f"enc/{id}.txt", ask(question),
         ["exit", 0], ["json", "evidence", "has", fact], ["json", "answer", "lacks", "\x00"], ["both", "re", "(?i)" + name])
tail = "Gudrun Björkvard keeps the ledger of the ferry.\n" + en + "".join("Nachtrag: Die Fähre fährt später, sagt Jürgen Möwenstein, Zeile %d.\n" % i for i in range(4))
cut = tail.encode().index(b"Nachtrag")
put("enc/bad-tail.txt", tail.encode()[:cut] + tail[len(tail.encode()[:cut].decode()):].encode("latin-1"))
case("enc-bad-tail", "encoding E8", "enc/bad-tail.txt", ask("Who keeps the ledger of the ferry?"), ["exit", 0], answer("has", "Björkvard"), ["json", "evidence", "lacks", "Ã"])
case("enc-bad-tail-told", "encoding E8", "enc/bad-tail.txt", ask("Who keeps the ledger of the ferry?"), ["both", "re", "(?i)not utf-8|latin"])

# ---- scripts: the sentence of the answer alone
ALONE = lambda text, fact: [["exit", 0], answer("has", fact.rstrip("。।.")), answer("lacks", *[n for n in neighbours(text, fact)])]


def neighbours(text, fact):
    """The sentences before and after, without their ends."""
    all_ = [s for s in text if s]
    i = all_.index(fact)
    return [s.rstrip("。।.") for s in all_[max(0, i - 1):i] + all_[i + 1:i + 2]]


for id, text, facts, questions, joint in [("ja", w.JA, w.JA_FACTS, w.JA_QUESTIONS, ""), ("hi", w.HI, w.HI_FACTS, w.HI_QUESTIONS, " "), ("ru", w.RU, w.RU_FACTS, w.RU_QUESTIONS, " ")]:
    whole = w.page(text, facts, joint)
    put(f"scripts/{id}.txt", whole)
    order = list(text)
    for i, f in enumerate(facts): order.insert(5 + 6 * i, f)
    for i, (f, question) in enumerate(zip(facts, questions), 1):
        case(f"script-{id}-{i}", "script S1 S8", f"scripts/{id}.txt", ask(question), *ALONE(order, f))
ENDS = [("exclaim", "快把铜钥匙交给守夜人骆青禾！", "铜钥匙要交给谁？"), ("ask", "北边的水闸由独臂的邬十一看守。", "北边的水闸由谁看守？"),
        ("quote", "老人低声说：“盐仓的门要在半夜打开。”", "盐仓的门要在什么时候打开？"), ("halfwidth", "鐘楼の階段は九十四段ある｡", "鐘楼の階段は何段ありますか？")]
for id, fact, question in ENDS:
    rest = w.JA if id == "halfwidth" else w.ZH
    if id == "ask": rest = rest[:3] + ["天什么时候才会亮呢？"] + rest[3:]
    put(f"scripts/end-{id}.txt", "".join(rest[:4] + [fact] + rest[4:8]) + "\n\n" + "".join(rest[8:]) + "\n")
    case(f"script-end-{id}", "script S1 F3", f"scripts/end-{id}.txt", ask(question), ["exit", 0], answer("has", fact.strip("”｡！？。")), answer("lacks", rest[3].strip("。"), rest[4].strip("。")))
put("scripts/zh.txt", zh)
case("script-zh-long-question", "script S3", "scripts/zh.txt", ask("我在海边听一位老人讲过很多年前的故事，他说岛上的人每天晚上都能听见钟声，可是没有人知道那口钟从哪里来，也没有人知道它用了多少铜，我很想弄清楚这件事情，所以请你仔细读一读这本书，然后告诉我，" * 2 + w.ZH_QUESTION),
     ["exit", 0], ["json", "evidence", "has", "贺兰石"])

# ---- overstrikes and lines
bold = lambda s: "".join(c + "\b" + c if c != " " else c for c in s)
under = lambda s: "".join("_\b" + c if c != " " else c for c in s)
nouns = "anchor beam cable drum eyelet flange gasket hinge inlet jib keel latch manifold nozzle oarlock pulley rivet spindle tiller valve".split()
options = [("--%s-%s" % (v, n), "Sets how the %s is %s before the winch starts to turn." % (n, a)) for v, a in (("check", "checked"), ("grease", "greased")) for n in nouns]
options.insert(23, ("--keep-ledger", "Writes every finished haul to the harbour book, and never removes older entries from it."))
man = bold("NAME") + "\n       " + bold("winch") + " - haul boats up the slip\n\n" + bold("OPTIONS") + "\n" + "".join(
    "       %s=%s\n              %s\n\n" % (bold(o), under("MODE"), " ".join(bold(x) if x in ("never", "before") else x for x in d.split())) for o, d in options)
put("lines/winch.1.txt", man)
put("lines/winch.plain.txt", "NAME\n       winch - haul boats up the slip\n\nOPTIONS\n" + "".join("       %s=MODE\n              %s\n\n" % (o, d) for o, d in options))
case("man-overstrike", "overstrike L5", "lines/winch.1.txt", ask("What does --keep-ledger do?"), ["exit", 0], answer("has", "harbour book"), answer("lacks", "\b"))
case("man-overstrike-evidence", "overstrike L5", "lines/winch.1.txt", ask("What does --keep-ledger do?"), ["exit", 0], ["json", "evidence[0].text", "has", "never removes older entries"])
case("man-overstrike-stdin", "overstrike L5", "lines/winch.1.txt", '! cat "$IN" | $ASK --json -q "What does --keep-ledger do?" -', ["exit", 0], answer("has", "harbour book"), answer("lacks", "\b"))
case("man-plain", "overstrike L5", "lines/winch.plain.txt", ask("What does --keep-ledger do?"), ["exit", 0], answer("has", "harbour book"))
rows = [s for _ in range(3) for s in w.EN][:52]
rows.insert(36, w.EN_FACT)
put("lines/cr.txt", "\r".join(rows) + "\r")
put("lines/lf.txt", "\n".join(rows) + "\n")
case("cr-line", "CR L2", "lines/cr.txt", ask(w.EN_QUESTION), ["exit", 0], ["or", [["json", "evidence[0].line", "around", 37, 20]], [["both", "re", "(?i)carriage|CR.only|line ends"]]])
case("cr-plain", "CR L2", "lines/cr.txt", '! $LECTERN --device cpu --threads 1 --no-state "$IN" | wc -l', ["exit", 0], ["out", "re", "^5[0-9]$"])
case("lf-line", "CR L2", "lines/lf.txt", ask(w.EN_QUESTION), ["exit", 0], ["json", "evidence[0].line", "around", 37, 20])

# ---- binary kinds, named and in a directory
book = [w.EN[i:i + 5] for i in (0, 5)]
chapters = [("c1.xhtml", "Chapter 1. The Shore", book[0][:2] + [w.EN_FACT] + book[0][2:]), ("c2.xhtml", "Chapter 2. The Baker", book[1][:3] + ["The baker Tilda Osk hid the silver whisk in the flour bin."] + book[1][3:])]
lines = [(72, 780 - 16 * i, s) for i, s in enumerate(w.EN[:12] + [w.EN_FACT] + w.EN[12:])]
kinds = {"book.epub": formats.epub("The Fog Bell", chapters), "page.pdf": formats.pdf(lines), "packed.pdf": formats.pdf(lines, True), "letter.docx": formats.docx(w.EN[:8] + [w.EN_FACT] + w.EN[8:]),
         "text.zip": formats.zip_bytes([("text.txt", en)]), "text.txt.gz": gzip.compress(en.encode(), 9, mtime=0), "text.txt.xz": lzma.compress(en.encode()), "noise.png": formats.png(24)}
HINT = {"book.epub": "epub|pandoc|binary|not text", "page.pdf": "pdftotext|pandoc|is a PDF|binary|not text", "packed.pdf": "pdftotext|pandoc|is a PDF|binary|not text", "letter.docx": "pandoc|binary|not text|archive|unzip",
        "text.zip": "unzip|binary|not text|archive", "text.txt.gz": "zcat|gunzip|gzip|compressed|binary|not text", "text.txt.xz": "xzcat|unxz|compressed|binary|not text", "noise.png": "image|picture|binary|not text"}
for name, data in kinds.items():
    put("named/" + name, data)
    put("folder/" + name, data)
    fact = None if name == "noise.png" else "Orla Vendrick"
    checks = RIGHT(fact) + [answer("lacks", "<w:t>", "<p>"), ["json", "evidence", "lacks", ") Tj"]] if fact else REFUSED(HINT[name])
    case("named-" + name.replace(".", "-"), "kind L10", "named/" + name, ask(w.EN_QUESTION), *checks)
    if fact: case("stdin-" + name.replace(".", "-"), "kind L12", "named/" + name, '! cat "$IN" | $ASK --json -q ' + q(w.EN_QUESTION) + " -", *checks)
put("folder/plain.txt", "\n".join(w.EN[12:]) + "\n")
case("folder-kinds", "kind L11", "folder", ask(w.EN_QUESTION), ["exit", 3], answer("has", "Orla Vendrick"), ["json", "evidence", "has", "book.epub", "letter.docx", "page.pdf"])
case("book-chapter", "place L10", "named/book.epub", ask("Where did the baker Tilda Osk hide the silver whisk?"), ["exit", 0], answer("has", "flour bin"), ["json", "evidence[0].at", "has", "The Baker"])
case("pdf-page", "place L10", "named/page.pdf", ask(w.EN_QUESTION), ["exit", 0], ["json", "evidence[0].at", "re", "(?i)p(age|\\.) ?1"])
case("folder-png-listed", "kind L11", "folder", ask("Who knows how to dye wool purple?"), ["json", "read.skipped", "has", "noise.png"])
case("named-with-text", "kind L10", "folder/plain.txt", '! $ASK --json -q "Who knows how to dye wool purple?" "$IN" named/noise.png', ["or", [["exit", 3], answer("has", "Marta Quill"), ["json", "read.skipped", "has", "noise.png"]], [["exit", 1], ["err", "has", "noise.png"]]])
case("named-quiet", "kind L10", "named/noise.png", '! $ASK --quiet -q "Who knows how to dye wool purple?" "$IN"', ["exit", 1, 3])
case("epub-question", "kind L10", "named/book.epub", ask("Where did the baker Tilda Osk hide the silver whisk?"), ["exit", 0], answer("has", "flour bin"), answer("lacks", "<p>"))

# ---- texts with markup or padding
html = "<!DOCTYPE html><html><head><title>Harbour</title><style>p.k{margin:0;color:#333}</style><script>var lamp={k:3};</script></head><body><nav><a href='/a'>Home</a></nav>" + "".join(
    "<div class='row'><p class='k'><b>%s</b> %s</p></div>" % tuple(s.split(" ", 1)) for s in w.EN[:10]) + "<p class='k'>The <i>fog bell</i> of Tessmark was cast by the smith Orla&nbsp;Vendrick.</p>" + "".join("<p>%s</p>" % s for s in w.EN[10:]) + "</body></html>"
put("markup/page.html", html)
case("html-tags", "markup L13", "markup/page.html", ask(w.EN_QUESTION), ["exit", 0], answer("has", "fog bell"), answer("lacks", "<", "&nbsp;"))
case("html-sentence", "markup L13", "markup/page.html", ask("Who knows how to dye wool purple?"), ["exit", 0], answer("has", "Marta Quill"), answer("lacks", "</p>", "fiddler", "one hundred"))
picture = base64.b64encode(formats.png(64)).decode()
cells = [{"cell_type": "markdown", "metadata": {}, "source": [s + "\n" for s in w.EN[:9]]},
         {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": ["def spring_tide(day):\n", "    return 4.25 if day % 14 == 0 else 2.5\n"],
          "outputs": [{"output_type": "display_data", "metadata": {}, "data": {"image/png": picture, "text/plain": ["<Figure size 640x480>"]}}]},
         {"cell_type": "markdown", "metadata": {}, "source": ["The spring tide at Tessmark reaches the third mooring ring.\n", w.EN[15]]}]
put("markup/tides.ipynb", json.dumps({"cells": cells, "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}}, "nbformat": 4, "nbformat_minor": 5}, indent=1))
case("notebook-tokens", "notebook L9", "markup/tides.ipynb", ask("Which mooring ring does the spring tide reach?"), ["exit", 0, 3], ["json", "read.tokens", "max", 4000])
case("notebook-base64", "notebook L9", "markup/tides.ipynb", ask("Which mooring ring does the spring tide reach?"), ["exit", 0, 3], ["json", "evidence", "lacks", picture[600:640], picture[6000:6040]])
case("notebook-answer", "notebook L9", "markup/tides.ipynb", ask("Which mooring ring does the spring tide reach?"), ["exit", 0, 3], answer("has", "third mooring ring"), answer("lacks", '\\n"', '"cell_type"'))
pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 48210377\n" % ("7c" * 32)
put("lfs/catches.csv", pointer)
put("lfs/readme.txt", "\n".join(w.EN[:8]) + "\n")
case("lfs-named", "pointer L16", "lfs/catches.csv", ask("How large is the catch?"), ["both", "re", "(?i)LFS.{0,40}pointer|pointer.{0,60}LFS"])
case("lfs-folder", "pointer L16", "lfs", ask("Who likes to count the meshes of his nets?"), ["exit", 0, 3], answer("has", "Corin Ashdale"), ["both", "re", "(?i)LFS.{0,40}pointer|pointer.{0,60}LFS"])
calls = lambda some: "".join("%s.set(%d,%d);" % (n, i * 7, i + 2) for i, n in enumerate(some))
js = "!function(){" + calls(nouns * 2) + "Dock.haulLimit=function(){return 17};" + calls(nouns * 4) + "Dock.floor=function(){return 3};" + calls(nouns * 4) + "}();"
put("markup/dock.min.js", js)
case("min-js", "minified L14", "markup/dock.min.js", ask("What does haulLimit return?"), ["exit", 0], ["json", "evidence[0].text", "has", "return 17"])
case("min-js-answer", "minified L14", "markup/dock.min.js", ask("What does haulLimit return?"), ["exit", 0], answer("has", "return 17"))

# ---- ways in
put("ways/book.txt", en)
put("ways/sub/other.txt", "\n".join(w.EN[:6]) + "\n")
case("process-substitution", "ways L18", "ways/book.txt", "! $ASK --json -q " + q(w.EN_QUESTION) + ' <(cat "$IN")', ["exit", 0], answer("has", "Orla Vendrick"))
case("dev-stdin-pipe", "ways L18", "ways/book.txt", '! cat "$IN" | $ASK --json -q ' + q(w.EN_QUESTION) + " /dev/stdin", ["exit", 0], answer("has", "Orla Vendrick"))
case("dev-stdin-file", "ways L18", "ways/book.txt", "! $ASK --json -q " + q(w.EN_QUESTION) + ' /dev/stdin < "$IN"', ["exit", 0], answer("has", "Orla Vendrick"))
case("dash", "ways L18", "ways/book.txt", '! cat "$IN" | $ASK --json -q ' + q(w.EN_QUESTION) + " -", ["exit", 0], answer("has", "Orla Vendrick"))
case("unreadable-mem", "message L17", "ways/book.txt", '! $READ --dry-run "$IN" /proc/self/mem', ["exit", 1, 3], ["both", "has", "/proc/self/mem"])
case("unreadable-pagemap", "message L17", "ways/book.txt", '! $READ --dry-run "$IN" /proc/self/clear_refs', ["exit", 1, 3], ["both", "has", "/proc/self/clear_refs"])
case("missing", "message L17", "ways/book.txt", '! $READ --dry-run "$IN" ways/no-such.txt', ["exit", 1], ["err", "has", "ways/no-such.txt"])
for id, first, then in [("dot", "ways/book.txt", "ways/./book.txt"), ("dot-first", "./ways/book.txt", "ways/book.txt"), ("absolute", "ways/book.txt", '"$PWD/ways/book.txt"'), ("up", "ways/book.txt", "ways/sub/../book.txt"), ("same", "ways/book.txt", "ways/book.txt")]:
    case("kept-" + id, "kept R10", "ways/book.txt", f"! $KREAD {first} && $KASK --json -q " + q(w.EN_QUESTION) + " " + then, ["exit", 0], ["json", "read.new_tokens", "is", 0])
case("kept-other-cwd", "kept R10", "ways/book.txt", "! $KREAD ways/book.txt && cd ways/sub && $KASK --json -q " + q(w.EN_QUESTION) + " ../book.txt", ["exit", 0], ["json", "read.new_tokens", "is", 0])
case("kept-folder", "kept R10", "ways", '! $KREAD ways && cd ways && $KASK --json -q ' + q(w.EN_QUESTION) + " .", ["exit", 0], ["json", "read.new_tokens", "is", 0])
case("kept-path-shown", "kept R10", "ways/book.txt", "! $KREAD ways/book.txt && cd ways && $KASK --json -q " + q(w.EN_QUESTION) + " ./book.txt", ["json", "evidence[0].path", "re", "^(\\./)?book.txt$"])
case("twice-one-run", "spelling", "ways/book.txt", "! $ASK --json -q " + q(w.EN_QUESTION) + ' ways/book.txt ./ways/book.txt "$PWD/ways/sub/../book.txt"', ["exit", 0], ["json", "read.documents", "is", 1])
# two spellings of one name: composed and decomposed
put("spelling/" + unicodedata.normalize("NFC", "caf\u00e9.txt"), "The cook at the first cafe is named Bram Oude.\n")
put("spelling/" + unicodedata.normalize("NFD", "caf\u00e9.txt"), "The cook at the second cafe is named Lise Vark.\n")
case("spelling-both-read", "spelling", "spelling", ask("Who is the cook at the second cafe?"), ["exit", 0], ["json", "read.documents", "is", 2], answer("has", "Lise Vark"))
case("spelling-told-apart", "spelling", "spelling", ask("Who is the cook at the second cafe?"), ["json", "evidence[0].path", "re", "(^|/)cafe\u0301.txt$"])
put("case/Notes.txt", "The watchman of the upper lock is Ede Rosk.\n")
put("case/notes.txt", "The watchman of the lower lock is Pia Lund.\n")
case("spelling-case", "spelling", "case", ask("Who is the watchman of the lower lock?"), ["json", "read.documents", "is", 2], ["json", "evidence[0].path", "re", "(^|/)notes.txt$"])
case("twice-folder", "spelling", "ways", "! $ASK --json -q " + q(w.EN_QUESTION) + ' ways ./ways "$PWD/ways/sub"', ["exit", 0], ["json", "read.documents", "is", 2])
put("links/book.txt", en)
if not os.path.lexists(os.path.join(DIR, "links/latest.txt")): os.symlink("book.txt", os.path.join(DIR, "links/latest.txt"))
case("spelling-link", "spelling", "links", ask(w.EN_QUESTION), ["json", "read.documents", "is", 1], ["json", "read.bytes", "is", len(en.encode())])

# ---- JSON and exports
put("json/a\u009b31m\u202eb\u2067.txt", "The lamp oil is \u009b31m stored \u202e in the north \u2066 cellar.\n" + w.EN[0] + "\n")
for id, codes in [("bidi", "\u202e\u2066\u2067"), ("c1", "\u009b")]:
    case(f"json-{id}-raw", "json F8", "json", ask("Where is the lamp oil stored?"), ["exit", 0], ["out", "lacks", *codes])
case("json-says-the-same", "json F8", "json", ask("Where is the lamp oil stored?"), ["exit", 0], ["json", "evidence[0].text", "has", "\u009b31m stored \u202e in"], ["json", "evidence[0].path", "has", "\u009b31m\u202eb"])
case("json-state-list", "json F8", "json", "! cd json && $KREAD ./* && $LECTERN state list --json --state-dir $STATE", ["exit", 0], ["out", "lacks", "\u202e", "\u009b"])
case("json-export", "json F8", "json", "! $ASK --export $WORK/x.json -q 'Where is the lamp oil stored?' json >/dev/null; cat $WORK/x.json", ["exit", 0], ["out", "lacks", "\u202e", "\u009b"])
put("export/log.json", json.dumps({"log": w.EN[:6] + [w.EN_FACT]}, indent=1) + "\n")
put("export/log.html", html)
for kind in ("json", "html"):
    case(f"export-own-input-{kind}", "export F7", f"export/log.{kind}", f'! cp "$IN" $WORK/t.{kind}; cd $WORK; $ASK --export t.{kind} -q lamp t.{kind} > out; echo "exit $?"; cmp t.{kind} "$OLDPWD/$IN" && echo untouched', ["out", "has", "untouched"], ["out", "re", "exit [12]"])
case("export-own-input-spelling", "export F7", "export/log.json", '! cp "$IN" $WORK/t.json; cd $WORK; $ASK --export ./t.json -q lamp "$PWD/t.json" > out; cmp t.json "$OLDPWD/$IN" && echo untouched', ["out", "has", "untouched"])
case("export-own-folder", "export F7", "export/log.json", '! mkdir $WORK/d; cp "$IN" $WORK/d/t.json; cd $WORK; $ASK --export d/t.json -q lamp d > out; cmp d/t.json "$OLDPWD/$IN" && echo untouched', ["out", "has", "untouched"])
case("export-other", "export F7", "export/log.json", '! $ASK --export $WORK/t.json -q lamp "$IN" > $WORK/out && test -s $WORK/t.json && echo written', ["exit", 0], ["out", "has", "written"])

# ---- chat models
llama = dict(v3=formats.tiny(), v2=formats.tiny(version=2), big=formats.tiny(order=">"), gemma4=formats.tiny("gemma4"), short=formats.tiny()[:9000])
llama["small-00001-of-00003"] = formats.tiny(extra=[("split.no", ("u16", 0)), ("split.count", ("u16", 3)), ("split.tensors.count", 38)], layers=4, only=lambda n: n[:5] in ("blk.0", "token"))
for name, data in llama.items(): put(f"gguf/{name}.gguf", data)
for id, name, wanted in [("gemma4", "gemma4", ["exit", 1]), ("big-endian", "big", ["exit", 1]), ("split", "small-00001-of-00003", ["exit", 1])]:
    words = {"gemma4": "architecture.*gemma4|gemma4.*architecture", "big-endian": "(?i)big.endian|byte order", "split": "(?i)part 1 of 3|1 of 3|split"}[id]
    # the path is cut out first: the file's own name must not be what matches
    told = [wanted, ["err", "re", words]] if id == "gemma4" else [["or", [["exit", 0]], [wanted, ["err", "re", words]]]]    # big-endian and split files may be read instead
    case("gguf-" + id, "gguf F15", f"gguf/{name}.gguf", '! cp "$IN" $WORK/m.gguf; $LECTERN model $WORK/m.gguf', *told)
    case(f"gguf-{id}-answerer", "gguf F15", f"gguf/{name}.gguf", '! cp "$IN" $WORK/m.gguf; $LECTERN ask --device cpu --threads 1 --no-state --answerer $WORK/m.gguf -q lamp ways/book.txt', *told)
case("gguf-v2", "gguf M5", "gguf/v2.gguf", "model {}", ["or", [["exit", 0], ["out", "has", "tiny llama"]], [["exit", 1], ["err", "re", "(?i)version 2.{0,30}(convert|old|requantiz|not supported)"]]])
case("gguf-v3", "gguf M5", "gguf/v3.gguf", "model {}", ["exit", 0], ["out", "has", "tiny llama"])
case("gguf-short", "gguf M2", "gguf/short.gguf", "model {}", ["exit", 1], ["err", "re", "(?i)end of the file|ends inside"])

# ---- repositories (made by make.sh)
SECRET, OPEN = "kestrel-5519", "Orla Vendrick"
for id, kind in [("plain", "git G1"), ("split-index", "git G7"), ("sha256", "git G6"), ("worktree-config", "git G5"), ("worktree-config-v0", "git G5"), ("worktree-config/deep", "git G5"), ("linked", "git G5")]:
    name = id.replace("/", "-")
    case(f"git-{name}-secret", kind, "git/" + id, ask("What is HARBOUR_TOKEN?"), ["exit", 0, 3], ["both", "lacks", SECRET], ["json", "evidence", "lacks", "vendored"])
    if "deep" not in id: case(f"git-{name}-text", kind, "git/" + id, ask(w.EN_QUESTION), ["exit", 0], answer("has", OPEN))
case("git-sparse-told", "git G8", "git/sparse", ask(w.EN_QUESTION), ["exit", 0, 3], answer("has", OPEN), ["both", "re", "(?i)sparse|not checked out"])
case("git-config-global", "git G3", "git/global", "! printf '[core]\\n\\texcludesFile = %s\\n' \"$PWD/git/global-ignore\" > $WORK/gc; GIT_CONFIG_GLOBAL=$WORK/gc $ASK --json -q 'What is HARBOUR_TOKEN?' \"$IN\"", ["exit", 0], ["both", "lacks", SECRET])
case("git-config-home", "git G2", "git/global", "! printf '[core]\\n\\texcludesFile = %s\\n' \"$PWD/git/global-ignore\" > $HOME/.gitconfig; $ASK --json -q 'What is HARBOUR_TOKEN?' \"$IN\"", ["exit", 0], ["both", "lacks", SECRET])
for id in ("ignorecase", "crlf"):
    case(f"git-{id}-secret", "git new", "git/" + id, ask("What is HARBOUR_TOKEN?"), ["exit", 0], ["both", "lacks", SECRET])
IGNORE = "cp -a \"$IN\" $WORK/r; cp git/global-ignore $WORK/list; "
ASKED = "$ASK --json -q 'What is HARBOUR_TOKEN?' $WORK/r"
case("git-config-worktree", "git new", "git/global", "! " + IGNORE + "git -C $WORK/r config extensions.worktreeConfig true; git -C $WORK/r config --worktree core.excludesFile $WORK/list; " + ASKED, ["exit", 0], ["both", "lacks", SECRET])
case("git-config-hasconfig", "git new", "git/global", "! " + IGNORE + "git -C $WORK/r remote add o https://boats.invalid/r; git config --file $WORK/extra core.excludesFile $WORK/list; git config --global includeIf.hasconfig:remote.*.url:https://boats.invalid/**.path $WORK/extra; " + ASKED, ["exit", 0], ["both", "lacks", SECRET])
case("git-config-count", "git G3 new", "git/global", "! " + IGNORE + "export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.excludesFile GIT_CONFIG_VALUE_0=$WORK/list; " + ASKED, ["exit", 0], ["both", "lacks", SECRET])
case("git-config-onbranch", "git G2", "git/global", "! " + IGNORE + "git config --file $WORK/extra core.excludesFile $WORK/list; git config --global includeIf.onbranch:main.path $WORK/extra; " + ASKED, ["exit", 0], ["both", "lacks", SECRET])
case("git-config-xdg", "git G2", "git/global", "! " + IGNORE + "mkdir -p $HOME/.config/git; cp $WORK/list $HOME/.config/git/ignore; " + ASKED, ["exit", 0], ["both", "lacks", SECRET])
case("git-fifo-index", "git hard-F3", "git/plain", '! cp -a "$IN" $WORK/r; rm $WORK/r/.git/index; mkfifo $WORK/r/.git/index; timeout -k 1 10 $READ --dry-run $WORK/r', ["exit", 0, 1, 3], ["within", 13])
case("git-fifo-index-told", "git hard-F3", "git/plain", '! cp -a "$IN" $WORK/r; rm $WORK/r/.git/index; mkfifo $WORK/r/.git/index; timeout -k 1 10 $READ --dry-run $WORK/r', ["both", "re", "(?i)index|ignore rules"])

if "--cases" in sys.argv:
    print("id\tkind\tinput\targs\texpect")
    for c in CASES: print("\t".join(c))
