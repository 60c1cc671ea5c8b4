"""Other words for a word, from WordNet (Debian's wordnet-base): its other forms, synonyms, hypernyms and derived words."""

import pathlib

PARTS = ("noun", "verb", "adj", "adv")
ENDINGS = {"noun": (("ies", "y"), ("ses", "s"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", "")),
           "verb": (("ies", "y"), ("ied", "y"), ("ing", "e"), ("ing", ""), ("ed", "e"), ("ed", ""), ("es", "e"), ("es", ""), ("s", "")),
           "adj": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")), "adv": ()}


class WordNet:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.synsets = {part: self.read_synsets(part) for part in PARTS}
        self.common = set()  # words that occur in WordNet's own tagged texts
        self.index = {part: self.read_index(part) for part in PARTS}
        self.exceptions = {part: self.read_exceptions(part) for part in PARTS}
        self.known = {}

    def lines(self, name):
        for line in (self.directory / name).read_text(encoding="ascii", errors="replace").splitlines():
            if not line.startswith("  "):
                yield line

    def read_synsets(self, part):
        """Offset -> (words, [(pointer symbol, part, offset, target word number)])."""
        found = {}
        for line in self.lines("data." + part):
            field = line.split(" | ")[0].split()
            n = int(field[3], 16)
            words = [word.split("(")[0].lower() for word in field[4:4 + 2 * n:2]]
            pointers = []
            for i in range(int(field[4 + 2 * n])):
                symbol, offset, letter, numbers = field[5 + 2 * n + 4 * i:9 + 2 * n + 4 * i]
                if symbol in ("@", "+"):
                    pointers.append((symbol, {"n": "noun", "v": "verb", "r": "adv"}.get(letter, "adj"), offset, int(numbers[2:], 16)))
            found[field[0]] = (words, pointers)
        return found

    def read_index(self, part):
        """Word -> offset of its commonest sense, in a list."""
        found = {}
        for line in self.lines("index." + part):
            field = line.split()
            n = int(field[2])
            found[field[0]] = field[-n:][:1]
            if int(field[-n - 1]) > 0:
                self.common.add(field[0])
        return found

    def read_exceptions(self, part):
        return {field[0]: field[1] for field in map(str.split, self.lines(part + ".exc")) if len(field) > 1}

    def base_forms(self, word, part):
        if word in self.exceptions[part]:
            yield self.exceptions[part][word]
        if word in self.index[part]:
            yield word
        for ending, other in ENDINGS[part]:
            base = word[:len(word) - len(ending)] + other
            if word.endswith(ending) and base in self.index[part]:
                yield base
                return

    def others(self, word):
        """Words and two-word phrases that somebody might use instead of `word` (lower case)."""
        if word in self.known:
            return self.known[word]
        found = []
        for part in PARTS:
            for base in self.base_forms(word, part):
                if base != word:
                    found += [base] * 2
                for offset in self.index[part][base] if base in self.index[part] else ():
                    words, pointers = self.synsets[part][offset]
                    found += [other for other in words if other != base] * 2
                    for symbol, to_part, to_offset, number in pointers:
                        targets = self.synsets[to_part].get(to_offset, ([], []))[0]
                        if symbol == "@" and targets:
                            found.append(targets[0])
                        elif symbol == "+" and 0 < number <= len(targets):
                            found.append(targets[number - 1])
        self.known[word] = [other.replace("_", " ") for other in found
                            if other in self.common and other != word and other.count("_") < 2 and other.replace("_", "").isalpha()]
        return self.known[word]

    def reworded(self, question, share, rng):
        """`question` with about `share` of its words replaced where another is known."""
        out = []
        for token in question.split(" "):
            word = token.rstrip("?.,!;:")
            others = self.others(word.lower()) if len(word) > 3 and word.isalpha() and rng.random() < share else None
            if others:
                other = rng.choice(others)
                out.append((other.capitalize() if word[0].isupper() else other) + token[len(word):])
            else:
                out.append(token)
        return " ".join(out)
