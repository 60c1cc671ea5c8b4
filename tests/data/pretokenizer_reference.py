"""Makes pretokenizer_vectors.txt: words that the package `tokenizers` (0.23.3) cuts varied text into, by the regular expressions of GPT-2, SmolLM2,
Llama 3 and Qwen 2.

usage: pretokenizer_reference.py > pretokenizer_vectors.txt
A line: the kind, the text's bytes in hexadecimal, and how many bytes its words have.
"""

import random

from tokenizers import Regex, pre_tokenizers

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")


def split(pattern):
    return pre_tokenizers.Split(Regex(pattern), "isolated")


KINDS = {
    "gpt2": split(GPT2),
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), split(GPT2)]),
    "llama3": split(LLAMA3),
    "qwen2": split(LLAMA3.replace("{1,3}", "")),
}

TEXTS = [
    "Who's there? I'LL say: they'Re, we've, you'd, 'tis, 'S 'ſ 'ſt O'Neill's rock 'n' roll. DON'T!",
    "1886, 12345678 and 3.14159; ٣٤٥٦ ⅷⅸⅹ ½¾ x² H₂O 1️⃣ 100€ 5'11\" v1.2.3 0x1F 1e-5",
    "a  b   c \t d\n\n  e\r\n\r\nf \n g\t\t\n end  ",
    "   leading, trailing   ",
    "\n\n\n", " ", "  \n", "\t\tx", "x\n ", "!\n\n!", " !\n", "...\r\n...",
    "Größe naïve café cafe\u0301 Ångström ǅ ß ﬁ İstanbul",
    "Привет, мир! Γειά σου 你好世界。日本語テキスト、한국어 텍스트 हिन्दी नमस्ते ภาษาไทย עברית العربية",
    "emoji 😀👩‍👩‍👧‍👦🏳️‍🌈 and ZWJ\u200d, BOM\ufeff, soft\u00adhyphen, nbsp\u00a0x, thin\u2009x, wide\u3000x, line\u2028x\u2029y\u0085z",
    "int main(void)\n{\n    return x->y[0] != NULL ? f(a, &b) : 0; /* C */\n}\n",
    "def f(x):\n\treturn {'a': x ** 2, \"b\": [1, 2, 3]}  # Python\n\n\n",
    "<|im_start|>user\n<think>\n\n</think> https://example.org/a?b=c&d=%20#e me@example.org",
    "$x^2 + \\frac{1}{2}$ — “quotes” ‘single’ … §5 ¶ • → ∀x∈ℝ ∑ ™ © µm",
    "__init__ snake_case camelCase ALLCAPS CamelHTTPServer a1b2c3 1st 2nd",
]
PIECES = ["a", "B", "é", "ж", "你", "ا", "1", "22", "٣", "Ⅷ", "²", " ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\u0085", "\v", "\f", "'",
          "'s", "'T", "'re", "'LL", "!", "...", "-", "_", "<|", "😀", "\u200d", "\u0301", "ʼ", "ª", "〇", "\u2028", "\x00", "\x1c", "\x7f"]


def main():
    rng = random.Random(1)
    texts = TEXTS + ["".join(rng.choices(PIECES, k=rng.randint(1, 12))) for _ in range(160)]
    for kind, cutter in KINDS.items():
        for text in texts:
            lengths = [len(word.encode()) for word, _ in cutter.pre_tokenize_str(text)]
            print(kind, text.encode().hex(), *lengths)


main()
