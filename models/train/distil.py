"""The sentence encoder's similarities of questions and segments, for the whole training text."""

import concurrent.futures
import os
import pathlib

import numpy as np
import sentencepiece
import torch

import teacher
from contexts import POOL_SHIFT

SHARPNESS = 20.0
CHUNK = 4000


def word_pieces(job):
    """The encoder's tokens of some sequences, given flat ids and where each sequence begins."""
    ids, offsets, tokenizer = job
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=tokenizer)
    return teacher.tokenise(tokenizer.decode([ids[a:b].tolist() for a, b in zip(offsets[:-1], offsets[1:])]))


def encode(encoder, ids, offsets, tokenizer):
    """Unit vectors of the sequences of flat ids, in half precision."""
    jobs = []
    for i in range(0, len(offsets) - 1, CHUNK):
        some = offsets[i:i + CHUNK + 1]
        jobs.append((np.array(ids[some[0]:some[-1]]), some - some[0], tokenizer))
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as workers:
        pieces = [x for part in workers.map(word_pieces, jobs) for x in part]
    return encoder.encode_pieces(pieces).half()


class Similar:
    """Called with global question and segment numbers, gives logits [questions, segments] (-inf: not known) and which questions are
    known. Vectors are kept in files of directory `cache`; missing ones are made if `make`."""

    def __init__(self, pools, tokenizer, device, cache, make):
        encoder = teacher.Encoder(device, torch.bfloat16 if device == "cuda" else torch.float32) if make else None
        parts, bases, totals = ([], []), ([], []), [0, 0]
        for pool in pools:
            path = pathlib.Path(cache) / (pool.name + ".pt")
            if path.exists():
                both = torch.load(path, map_location=device, weights_only=True)
            elif make:
                both = [encode(encoder, pool.ids, pool.segs, tokenizer), encode(encoder, pool.q_ids, pool.q_off, tokenizer)]
                path.parent.mkdir(parents=True, exist_ok=True)
                torch.save(both, path)
            else:
                both = [None, None]
            for k in range(2):
                bases[k].append(-1 if both[k] is None else totals[k])
                if both[k] is not None:
                    parts[k].append(both[k])
                    totals[k] += len(both[k])
        kind = torch.float16 if device == "cuda" else torch.float32
        self.segments, self.questions = (torch.cat(p).to(kind) for p in parts)
        self.first_segment, self.first_question = (torch.tensor(b, device=device) for b in bases)

    def __call__(self, asked, numbers):
        low = (1 << POOL_SHIFT) - 1
        segment, question = self.first_segment[numbers.clamp_min(0) >> POOL_SHIFT], self.first_question[asked >> POOL_SHIFT]
        rows = torch.where(segment < 0, 0, segment + (numbers.clamp_min(0) & low))
        wanted = torch.where(question < 0, 0, question + (asked & low))
        cosine = (self.questions[wanted] @ self.segments[rows].T).float()
        return (cosine * SHARPNESS).masked_fill(segment < 0, -1e30), question >= 0
