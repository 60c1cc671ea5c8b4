"""The second reading's recipe from weights to file at toy size, on a CPU: python -m unittest test_trial (in this directory)."""

import json
import pathlib
import random
import tempfile
import unittest

import gguf
import numpy as np
import torch
from safetensors.numpy import save_file

import babi
import encoder
import reread_batches
import reread_data
import reread_export
import reread_mine
import reread_train
import reread_windows
import words

PEOPLE, THINGS, PLACES = ("ann", "ben", "cleo", "dan"), ("lamp", "letter", "map", "cask"), ("harbour", "kitchen", "garden", "office")
WORDS = ("the", "hid", "in", "where", "did", "hide", "?", ".", "went", "to", "is", "and", "it", "rained", *PEOPLE, *THINGS, *PLACES)


def write_pretrained(directory):
    """Random weights of one small layer under the published names."""
    rng = np.random.default_rng(1)
    vocabulary = ["[PAD]"] + [f"[unused{i}]" for i in range(99)] + ["[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"[unused{i}]" for i in range(99, 260)] + list(WORDS)
    (directory / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    (directory / "config.json").write_text(json.dumps({"num_hidden_layers": 1, "hidden_size": 64, "intermediate_size": 64, "num_attention_heads": 2,
                                                       "max_position_embeddings": 512, "vocab_size": len(vocabulary)}))
    tensors = {"embeddings.word_embeddings.weight": (len(vocabulary), 64), "embeddings.position_embeddings.weight": (512, 64),
               "embeddings.token_type_embeddings.weight": (2, 64), "embeddings.LayerNorm.weight": (64,), "embeddings.LayerNorm.bias": (64,)}
    for ours, theirs in encoder.LAYER:
        tensors[f"encoder.layer.0.{theirs}.weight"] = (64,) if "norm" in ours else (64, 64)
        tensors[f"encoder.layer.0.{theirs}.bias"] = (64,)
    save_file({name: np.ones(shape, np.float32) if "LayerNorm.weight" in name else rng.normal(0, 0.2, shape).astype(np.float32) for name, shape in tensors.items()},
              str(directory / "model.safetensors"))


def document(number, rng):
    """Who hid what, and where: each question's words stand once in a document of a few segments."""
    text, questions = "", []
    for thing in rng.sample(THINGS, 3):
        who, place = rng.choice(PEOPLE), rng.choice(PLACES)
        text += "it rained and it rained . " * rng.randint(4, 12)
        begin = len(text)
        text += f"{who} hid the {thing} in the {place} .\n"
        at = text.rindex(place)
        questions.append({"set": "toy", "question": f"where did {who} hide the {thing} ?", "gold": [(begin, len(text))], "spans": [(at, at + len(place))],
                          "answers": [place], "kind": "span"})
    return {"set": "toy", "group": str(number), "path": f"{number}.txt", "text": text, "questions": questions}


class Trial(unittest.TestCase):
    def test_weights_become_a_file_that_has_learnt(self):
        with tempfile.TemporaryDirectory() as name:
            work = pathlib.Path(name)
            write_pretrained(work)
            model = words.model_of_vocabulary((work / "vocab.txt").read_text().split("\n")[:-1])
            (work / "words.model").write_bytes(model)
            (work / "train").mkdir()
            for task in babi.FILES:
                (work / "train" / task).write_text("1 Mary went to the garden.\n2 Mary went to the office.\n3 Where is Mary? \toffice\t2\n" * 20)
            reread_data.start_worker(work / "words.model")
            rng, pack = random.Random(1), reread_data.Pack()
            for number in range(24):
                pack.add(reread_data.encode(document(number, rng)))
            pack.end_pool()
            pack.save(work / "train.npz")
            torch.manual_seed(1)
            net, loaded = encoder.pretrained(work, 1), reread_windows.Pack(work / "train.npz")
            mined = reread_mine.mine(net, loaded, "cpu")
            self.assertGreater(np.mean([np.isin(loaded.gold(q), mined[q, 0, :4]).any() for q in range(loaded.n)]), 0.5)
            batch = reread_batches.Source(loaded, mined, np.ones(loaded.n), 2).batch(4)
            before = self.loss_of(net, batch)
            workers = reread_batches.Workers(loaded, mined, np.ones(loaded.n), 4, 1, work, work / "words.model", 1)
            try:
                reread_train.train(net, loaded, workers, 0, 1e-2, 0.0, "cpu", 1000, most=15)
            finally:
                workers.close()
            self.assertLess(self.loss_of(net, batch), before)
            settings = {"window": 256, "calibration": [0.0, 1.0], "threshold": 0.5}
            reread_export.write_model(work / "toy.gguf", net, model, settings, "trial")
            tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(work / "toy.gguf").tensors}
            self.assertEqual(tensors["blk.0.attn_q.weight"].tensor_type, gguf.GGMLQuantizationType.Q8_0)
            self.assertEqual(tensors["reread.heads.weight"].shape.tolist(), [64, len(reread_export.SHIPPED)])

    @torch.no_grad()
    def loss_of(self, net, batch):
        net.eval()
        parts, _, _ = reread_train.place_losses(reread_train.heads_of(net, batch, "cpu"), batch, "cpu")
        return float(parts["rank"] + parts["span"])


if __name__ == "__main__":
    unittest.main()
