"""Trains the tokenizer of FORMAT.md: SentencePiece unigram, 16384 pieces.

    python tokenizer.py --corpus DIR --work DIR --out spm.model
"""

import argparse
import pathlib
import random

import sentencepiece

import corpus

VOCABULARY = 16384
CONTROLS = ("<|file|>", "<|question|>", "<|answer|>", "<|end|>")
MAX_LINE = 4000  # bytes; longer lines are left out of the sample

# Bytes of each kind in the sample.
SHARE = {"books": 14_000_000, "repos": 14_000_000, "docs": 6_000_000, "questions": 10_000_000}
LOWER_CASED = 0.15  # of all lines


def lines_of(kind, corpus_dir, work):
    """All lines of one kind of text, sentences for the long paragraphs of books."""
    if kind == "books":
        for _, text in corpus.books(work):
            for paragraph in text.split("\n"):
                yield paragraph if len(paragraph) < 1000 else paragraph[: paragraph.rfind(". ", 0, 1000) + 1]
    elif kind in ("repos", "docs"):
        for _, files in corpus.packages(work, kind):
            for _, text in files:
                yield from text.split("\n")
    else:
        for document in corpus.question_documents(corpus_dir):
            if document["set"] not in corpus.EVALUATION_ONLY:
                yield from document["text"].split("\n")
        for question in corpus.questions(corpus_dir):
            if question["set"] not in corpus.EVALUATION_ONLY:
                yield question["question"]


def write_sample(path, corpus_dir, work):
    """Writes a random sample of lines, SHARE bytes of each kind."""
    rng = random.Random(1)
    with open(path, "w", encoding="utf-8") as out:
        for kind, share in SHARE.items():
            lines = [line for line in lines_of(kind, corpus_dir, work) if line.strip()]
            rng.shuffle(lines)
            total = 0
            for line in lines:
                size = len(line.encode())
                if size > MAX_LINE:
                    continue
                out.write((line.lower() if rng.random() < LOWER_CASED else line) + "\n")
                total += size
                if total >= share:
                    break


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    corpus.unpack(args.corpus, args.work)
    sample = pathlib.Path(args.work) / "tokenizer-sample.txt"
    write_sample(sample, args.corpus, args.work)
    prefix = str(pathlib.Path(args.work) / "tokenizer")
    sentencepiece.SentencePieceTrainer.train(
        input=str(sample), model_prefix=prefix, model_type="unigram", vocab_size=VOCABULARY,
        control_symbols=list(CONTROLS), user_defined_symbols=["\n"], byte_fallback=True,
        normalization_rule_name="identity", add_dummy_prefix=False, remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True, max_sentencepiece_length=16, split_digits=True,
        character_coverage=0.9998, max_sentence_length=4192, seed_sentencepiece_size=400000,
        num_threads=2, train_extremely_large_corpus=False, minloglevel=1)
    pathlib.Path(args.out).write_bytes(pathlib.Path(prefix + ".model").read_bytes())


if __name__ == "__main__":
    main()
