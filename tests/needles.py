#!/usr/bin/env python3
"""Facts hidden in a long text, and how often their questions find them. Python 3 and nothing else.

  needles.py make OUT --bytes 4M [--seed 1] [--from SOURCE...]
      writes OUT/text/haystack.txt and OUT/tasks.jsonl (the task format of `lectern eval`, and "kind" and "depth"). The text is the
      SOURCEs (files, or directories of .txt, .c, .h, .py and .md; without any: this repository's sample book and program)
      in blocks, over and over in another order and with other words and left-out lines, until it is long enough. The same
      arguments give the same bytes.
  needles.py ask OUT... --lectern build/release/lectern [--keep DIR] [-- OPTIONS of lectern eval]
      reads every text once, keeps the read under DIR (default OUT/state; a further call reads nothing), asks all
      questions of it, and prints how many were found among the first five segments, by depth, and the rank of the others.
"""
import argparse
import json
import pathlib
import random
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = 1 << 16  # bytes; what is moved, edited and cut as one
EDITS = 6        # words of a block that are replaced by others, each time it comes again
FIRST = 5        # a needle is found among this many segments
RANKINGS = ("attention", "fused", "read again", "BM25")
KINDS = ("named", "described")  # what a question says of its sentence: persons and places, or other words and no name

# What is written, what is asked by name, what is asked without any name and in other words, and the answer. {p} and {q} are
# persons, {l} and {m} places.
FACTS = [
    ("Every autumn {p} counted the herd at {l} twice, and that year it came to {n} goats and one blind ram.",
     "How many goats did {p} have at {l}?", "How many goats were there besides the ram that could not see?", "{n}"),
    ("Nobody but {p} knew that the brass compass lay under the third step of the mill at {l}.",
     "Where was {p}'s compass hidden?", "Who knew where in the mill the compass was hidden?", "under the third step of the mill"),
    ("It was in {y}, the winter the ferry froze, that {p} sold the inn at {l} to a widow from {m}.",
     "In what year was the inn at {l} sold by {p}?", "When did a widow buy the inn?", "{y}"),
    ("The letter had been sealed with green wax, and {p} recognised at once the crest of the house of {q}.",
     "What colour was the seal on the letter that {p} recognised?", "Whose letter had the green seal?", "green"),
    ("For eleven years {p} had played nothing but the cello, and the neighbours in {l} had learned to sleep through it.",
     "Which instrument did {p} of {l} play?", "Whose cello kept the neighbours from sleeping?", "the cello"),
    ("When the bridge at {l} gave way, {p} was carrying {n} sacks of barley to the brewer.",
     "What was {p} carrying when the bridge at {l} collapsed?", "How much grain was on its way to the brewer when the bridge collapsed?",
     "{n} sacks of barley"),
    ("{p}, who had never seen the sea, was made harbour master of {l} by a vote of {n} to three.",
     "What office was {p} elected to in {l}?", "Who was elected to run the harbour without knowing the sea?", "harbour master"),
    ("The password that {p} whispered to the sentry at {l} was the name of a dog, Pomander.",
     "What was the password {p} gave to the guard at {l}?", "Which pet's name let somebody past the guard?", "Pomander"),
    ("{p} owed {q} exactly {n} guineas, and paid them back in copper out of spite.",
     "How much money did {p} owe {q}?", "Which debt was spitefully repaid in copper coins?", "{n} guineas"),
    ("Doctor {p} treated the fever in {l} with vinegar and willow bark, and lost only {n} patients.",
     "With what did Doctor {p} treat the fever at {l}?", "Which doctor used the bark of willows against fever?",
     "vinegar and willow bark"),
    ("The telescope on the roof at {l} was ground by {p} from the bottom of a ship's lantern.",
     "Who made the telescope at {l}?", "What was the lens of the telescope made from?", "{p}"),
    ("Among the passengers of the night coach to {l} was {p}, wrapped in a coat of otter fur.",
     "What was {p} wearing in the coach to {l}?", "Who travelled by night in the fur of an otter?", "a coat of otter fur"),
    ("In a will of two lines {p} left the orchard at {l} to the gardener and the silver to the parrot.",
     "Who inherited {p}'s orchard in {l}?", "What did the parrot inherit?", "the gardener"),
    ("{p} had learned to read from the labels of medicine bottles in an uncle's shop in {l}.",
     "From what did {p} learn reading?", "Who was taught to read by bottles?", "the labels of medicine bottles"),
    ("At noon the bells of {l} rang {n} times, once for every year that {p} had been away.",
     "For how many years was {p} away from {l}?", "Why did the bells ring so often at noon?", "{n}"),
    ("The apprentice {p} mixed the blue glaze from cobalt and crushed mussel shells, and told only {q}.",
     "What did {p} use to make the blue glaze?", "What is the secret of the blue glaze?", "cobalt and crushed mussel shells"),
    ("{p} was allergic to strawberries, which the cook at {l} found out on the day of the wedding.",
     "Which fruit could {p} not eat?", "Which fruit made somebody ill at the wedding?", "strawberries"),
    ("The surveyors {p} and {q} agreed that the spring rose {n} paces north of the chapel at {l}.",
     "How far from the chapel at {l} did the surveyors {p} and {q} place the spring?", "Where does the water rise, seen from the chapel?",
     "{n} paces"),
    ("On the back of the map somebody had written that {p} would be waiting at {l} with two mules.",
     "With which animals would {p} wait at {l}?", "What stood on the other side of the map?", "two mules"),
    ("The ship that brought {p} to {l} was called the Patient Heron and leaked at every seam.",
     "What was the name of the ship on which {p} came to {l}?", "Which ship was leaking everywhere?", "the Patient Heron"),
    ("{p} won the chess tournament of {l} in {y} by giving up both rooks.",
     "When did {p} win at chess in {l}?", "Who sacrificed two rooks and won?", "{y}"),
    ("The maintenance key of the server room in {l} is kept by {p}, in a biscuit tin behind shelf {n}.",
     "Where does {p} keep the key to the server room at {l}?", "Where do I find the key to the servers?",
     "in a biscuit tin behind shelf {n}"),
    ("After the retry limit was raised to {n}, {p} wrote, the uploads from {l} never failed again.",
     "To what value was the retry limit raised for {l}, according to {p}?", "What stopped the uploads from failing?", "{n}"),
    ("The password file of the old billing system was last changed by {p} on a train to {l}.",
     "Who changed the billing system's password file last, on the way to {l}?", "Who edited the passwords for billing while travelling?",
     "{p}"),
]
FIRST_NAMES = """Ambrose Beatrix Cornelius Dorothea Ephraim Felicity Gideon Henrietta Ignatius Josephine Leopold Marguerite
Nathaniel Ottilie Percival Rosalind Sylvester Theodora Ulysses Winifred""".split()
SURNAMES = """Tarrowby Kessling Fennimore Ashgrove Quillfeather Brackenbury Stoltenway Merriwick Dunsforth Vasterling Oakenshott
Pellgrave Thornaby Wexcombe Lindqvister Harrowgate Mossbank Carravick Ellerbeck Grimsdyke Hollinshade Iverstone Jellicott
Kirkhallow Lanternby Norrishaw Ormskill Pemberlow Rookhurst Sandersley Trevannick Umberslade Vinterhall Whistlecroft Yarborne
Zellwood Bexenford Culpepperton Drakesmoor Everholt""".split()
PLACES = """Rowanthwaite Cairnholm Saltmarsh Ebberston Glenmorrow Highcastle Ivybridge Kestrelford Larkmouth Millbrook Netherby
Otterburn Pinefold Quayside Ravenscar Stonebeck Thistledown Upperdale Vellacott Westerleigh Ambleford Birkenshaw Coldharbour
Dunmallet Eskmouth Fallowmere Greyfriars Hawksdale Inverlock Jurby""".split()


def parse_size(text):
    match = re.fullmatch(r"(\d+)([KMG]?)", text)
    if not match:
        raise argparse.ArgumentTypeError("a number, with K, M or G (powers of 1024)")
    return int(match[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[match[2]]


def make_facts(rng, depths, each):
    """(depth, sentence, (question by name, question without), answer), in the order of depths. No sentence and nobody comes twice."""
    if each * len(depths) > len(FACTS):
        sys.exit(f"needles: there are {len(FACTS)} facts")
    people = [f"{first} {last}" for first, last in zip(FIRST_NAMES * 2, rng.sample(SURNAMES, len(SURNAMES)))]
    order = rng.sample(FACTS, each * len(depths))
    rng.shuffle(people)
    facts = []
    for i, fact in enumerate(order):
        l, m = rng.sample(PLACES, 2)
        words = {"p": people[i], "q": people[-1 - i % 16], "l": l, "m": m, "n": rng.randint(23, 980), "y": rng.randint(1702, 1929)}
        sentence, named, described, answer = (part.format(**words) for part in fact)
        facts.append((depths[i // each], sentence, (named, described), answer))
    return facts


def read_blocks(sources):
    """The sources' text in blocks that end at line ends."""
    files = []
    for source in map(pathlib.Path, sources):
        files += sorted(f for f in source.rglob("*") if f.suffix in (".txt", ".c", ".h", ".py", ".md")) if source.is_dir() else [source]
    blocks = []
    for file in files:
        text = file.read_bytes()
        at = 0
        while at < len(text):
            end = text.rfind(b"\n", at, at + BLOCK) + 1 or min(at + BLOCK, len(text))
            blocks.append(text[at:end] if text[end - 1:end] == b"\n" else text[at:end] + b"\n")
            at = end
    if not blocks:
        sys.exit("needles: the sources hold no text")
    return blocks


def edit(block, words, rng):
    """The block with some of its words replaced by others, and without some of its lines."""
    for _ in range(EDITS):
        block = block.replace(rng.choice(words), rng.choice(words))
    begin = block.find(b"\n", rng.randrange(len(block))) + 1
    end = block.find(b"\n", min(begin + rng.randrange(1, BLOCK // 16), len(block) - 1)) + 1
    return block[:begin] + block[end:] if begin < end else block


def stream(blocks, rng):
    """Endless text: the blocks as they are, then edited and in another order, again and again."""
    words = sorted(set(re.findall(rb"[A-Za-z]{6,12}", b"".join(blocks[:: max(1, len(blocks) // 64)]))))
    order = list(range(len(blocks)))
    rng.shuffle(order)
    yield from (blocks[i] for i in order)
    while True:
        rng.shuffle(order)
        yield from (edit(blocks[i], words, rng) for i in order)


def split_for(block, want):
    """Where a sentence may stand in the block, at `want` or soon after: between paragraphs, or else between lines."""
    at = block.find(b"\n\n", want, want + 4096)
    return at + 2 if at >= 0 else block.find(b"\n", want) + 1 or len(block)


def make(args):
    rng = random.Random(args.seed)
    depths = [i / (args.depths - 1) for i in range(args.depths)]
    facts = make_facts(rng, depths, args.each)
    margin = args.bytes / (4 * args.depths)
    places = sorted(min(max(depth * args.bytes + rng.uniform(-margin, margin), 0), args.bytes - 1) for depth, *_ in facts)
    out = pathlib.Path(args.out)
    (out / "text").mkdir(parents=True, exist_ok=True)
    written = 0
    ranges = []
    with open(out / "text" / "haystack.txt", "wb", buffering=1 << 22) as text:
        for block in stream(read_blocks(args.sources), rng):
            block = block[:args.bytes - written]
            while len(ranges) < len(facts) and places[len(ranges)] < written + len(block):
                cut = split_for(block, max(0, int(places[len(ranges)]) - written))
                sentence = facts[len(ranges)][1].encode() + b"\n\n"
                text.write(block[:cut])
                written += cut
                ranges.append([written, written + len(sentence) - 2])
                text.write(sentence)
                written += len(sentence)
                block = block[cut:]
            text.write(block)
            written += len(block)
            if written >= args.bytes:
                break
    with open(out / "tasks.jsonl", "w", encoding="utf-8") as tasks:
        for (depth, _, questions, answer), byte in zip(facts, ranges):
            for kind, question in zip(KINDS, questions):
                tasks.write(json.dumps({"id": f"{kind} {depth:.0%}", "kind": kind, "depth": depth, "root": "text", "question": question,
                                        "answers": [answer], "evidence": [{"path": "haystack.txt", "byte": byte}]}) + "\n")
    print(f"{out}: {written} bytes, {len(ranges)} needles")


def run_eval(args, out):
    """Ranks of each task as RANKINGS has them (0: not ranked so), and the tokens of the text."""
    tasks = out / "tasks.jsonl"
    log = out / "ranks.log"
    log.unlink(missing_ok=True)
    command = [args.lectern, "eval", "--json", "--answerer", "none", "--max-file", "1024G", "--state-dir", args.keep or str(out / "state"),
               "--log", str(log), *args.options, str(tasks)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    ranks = {}
    tokens = 0
    for line in log.read_text(encoding="utf-8").splitlines():
        if match := re.search(r"line (\d+): rank (\d+) by attention, (\d+) fused, (\d+) read again, (\d+) by BM25, of \d+ segments of (\d+) tokens", line):
            ranks[int(match[1])] = [int(match[i]) for i in (2, 3, 4, 5)]
            tokens = int(match[6])
    lines = tasks.read_text(encoding="utf-8").splitlines()
    return [(json.loads(line), ranks[i]) for i, line in enumerate(lines, 1)], tokens


def ask(args):
    misses = []
    for number, out in enumerate(map(pathlib.Path, args.out)):
        results, tokens = run_eval(args, out)
        depths = sorted({task["depth"] for task, _ in results})
        if number == 0:
            print("| tokens | questions | ranked by | found | " + " | ".join(f"{d:.0%}" for d in depths) + " |\n" + "|---" * (len(depths) + 4) + "|")
        for kind in KINDS:
            asked = [(task["depth"], ranks) for task, ranks in results if task["kind"] == kind]
            for by, name in enumerate(RANKINGS):
                found = [f"{sum(0 < r[by] <= FIRST for d, r in asked if d == depth)}/{sum(d == depth for d, _ in asked)}" for depth in depths]
                total = sum(0 < ranks[by] <= FIRST for _, ranks in asked)
                print(f"| {tokens} | {kind} | {name} | {total} of {len(asked)} | " + " | ".join(found) + " |", flush=True)
        misses += [f"| {tokens} | {task['depth']:.0%} | {' | '.join(map(str, ranks))} | {task['question']} |"
                   for task, ranks in results if ranks[1] > FIRST]
    print(f"\nNot among the first {FIRST} (fused), with the segment's rank:\n")
    print(f"| tokens | depth | {' | '.join(RANKINGS)} | question |\n" + "|---" * (len(RANKINGS) + 3) + "|")
    print("\n".join(misses))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    m = commands.add_parser("make")
    m.add_argument("out")
    m.add_argument("--from", dest="sources", nargs="+", default=[ROOT / "models/sample", ROOT / "app", ROOT / "compute"])
    m.add_argument("--bytes", type=parse_size, required=True)
    m.add_argument("--seed", type=int, default=1)
    m.add_argument("--depths", type=int, default=11, help="from 0 to 1, both among them")
    m.add_argument("--each", type=int, default=2, help="needles at a depth")
    m.set_defaults(run=make)
    a = commands.add_parser("ask")
    a.add_argument("out", nargs="+")
    a.add_argument("--lectern", default=str(ROOT / "build/release/lectern"))
    a.add_argument("--keep", help="directory of kept reads")
    a.set_defaults(run=ask)
    arguments = sys.argv[1:]
    options = arguments[arguments.index("--") + 1:] if "--" in arguments else []
    args = parser.parse_args(arguments[:len(arguments) - len(options) - 1] if options else arguments)
    args.options = options
    args.run(args)


if __name__ == "__main__":
    main()
