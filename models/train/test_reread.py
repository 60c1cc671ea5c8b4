"""The second reading and Reader 2: windows, spans, attention against plain loops: python -m unittest test_reread (in this directory)."""

import math
import types
import unittest

import numpy as np
import torch

import encoder
import reread_mine
import reread_model
import reread_train
import reread_windows
import stream
import stream_pack
import stream_text
import words


def small_pack():
    """Two documents of two and one segments, ten tokens each, with a sentence end after four."""
    pack = types.SimpleNamespace(tokens=np.arange(1000, 1030), sentence=np.arange(30) % 10 == 4, segment=np.array([0, 10, 20, 30]),
                                 document_of=np.array([0, 0, 1]), title=np.array([7, 8, 9]), title_at=np.array([0, 2, 3]))
    return pack


class Windows(unittest.TestCase):
    def test_a_place_has_its_title_before_it(self):
        windows = reread_windows.Windows()
        windows.place(small_pack(), np.array([5, 6]), 1, 16)
        self.assertEqual(windows.ids[0].tolist(), [words.CLS, 5, 6, words.SEP, 7, 8, words.SEP, *range(1010, 1020), words.SEP])
        self.assertEqual((windows.second[0], windows.first[0], windows.size[0]), (7, 7, 10))

    def test_the_best_sentences_stand_in_the_texts_order(self):
        best = np.full((2, reread_windows.SENTENCE_IDS), reread_model.FAR)
        best[0, 1], best[1, 0] = 3.0, 5.0
        found = reread_windows.chosen_sentences(small_pack(), np.array([5]), [2, 0], np.array([1.0, 0.0]), best)
        self.assertEqual(found, [(0, 4, 0), (24, 30, 2)])


class Spans(unittest.TestCase):
    def test_best_spans_equal_those_found_by_trying_all(self):
        torch.manual_seed(1)
        start, end = torch.randn(3, 40), torch.randn(3, 40)
        mask, part = torch.rand(3, 40) > 0.2, (torch.rand(3, 40) > 0.8).long().cumsum(1)
        best, last = reread_model.best_spans(start, end, mask, part)
        for w in range(3):
            for i in range(40):
                tried = [(start[w, i] + end[w, j]).item() for j in range(i, min(40, i + reread_windows.SPAN))
                         if mask[w, i] and mask[w, j] and part[w, i] == part[w, j]]
                self.assertAlmostEqual(max(tried, default=reread_model.FAR), best[w, i].item(), 4)
                if tried:
                    self.assertAlmostEqual((start[w, i] + end[w, last[w, i]]).item(), best[w, i].item(), 4)


class Taught(unittest.TestCase):
    def test_who_says_what_is_wanted_has_nothing_to_learn(self):
        torch.manual_seed(5)
        said, below = torch.randn(6, 9, len(encoder.HEADS)), -3 * torch.rand(2, 3)
        batch = {"below": below.numpy(), "spans": np.array([[1, 2, 4]]), "taught": np.array([True, True])}
        rows, r = torch.rand(6, 9) > 0.2, reread_model.HEAD["relevance"]
        told = said[:, 0, r].view(2, 3)
        share = (reread_train.TOLD * told + reread_train.READ * below).softmax(1)
        wanted = (share * told.exp().sum(1, keepdim=True)).log()  # beside a fixed 0, "nothing here answers", as likely as was told
        ours = said.clone()
        ours[:, 0, r] = wanted.flatten()
        losses = reread_train.taught_losses(ours, said, wanted, rows, batch, "cpu")
        self.assertLess(max(abs(loss.item()) for loss in losses.values()), 1e-5)
        ours[:3] += torch.randn(3, 9, len(encoder.HEADS))
        losses = reread_train.taught_losses(ours, said, wanted.flip(1), rows, batch, "cpu")
        self.assertGreater(min(loss.item() for loss in losses.values()), 0.01)
        batch["taught"][:] = False  # nobody knows questions of two parts
        self.assertEqual([loss.item() for loss in reread_train.taught_losses(ours, said, wanted.flip(1), rows, batch, "cpu").values()], [0, 0])

    def test_what_stands_around_a_place_counts_half(self):
        pack = types.SimpleNamespace(pool=np.array([0, 3]), document=np.array([0, 2, 3]), document_of=np.array([0, 0, 1]))
        got = reread_mine.around(pack, 0, torch.tensor([[-1.0, -3.0, -2.0]]))[0]
        near = math.log((math.exp(-1) + math.exp(-3)) / 2)
        for value, expected in zip(got.tolist(), (-1 + near / 2, -3 + near / 2, -3.0)):
            self.assertAlmostEqual(value, expected, 5)


class Attention(unittest.TestCase):
    def test_windows_one_after_the_other_do_not_see_each_other(self):
        torch.manual_seed(2)
        net = encoder.Encoder(encoder.Config(2, 24, 32, 3, 16, 50)).double().eval()
        ids, kinds = torch.randint(50, (17,)), torch.randint(2, (17,))
        whole = net(ids, kinds, torch.tensor([10, 7]))
        self.assertLess((whole[10:] - net(ids[10:], kinds[10:], torch.tensor([7]))).abs().max().item(), 1e-12)

    def test_a_stream_attends_as_the_definition_says(self):
        torch.manual_seed(3)
        config = stream.Config(2, 24, 6, 8, 1, 4, 4, 2, -1.0)
        net = stream.Stream(config, encoder.Encoder(encoder.Config(2, 24, 32, 6, 16, 50))).double()
        size = 160
        q, k, v = (torch.randn(1, size, 6, 4, dtype=torch.float64) for _ in range(3))
        segment = torch.arange(size)[None] // 5
        for layer in range(2):
            got = net.attend(layer, q, k, v, segment)[0]
            for p in range(0, size, 7):
                for h in range(6):
                    self.assertLess((got[p, h] - self.defined(net, layer, q[0], k[0], v[0], segment[0], p, h)).abs().max().item(), 1e-6)

    def defined(self, net, layer, q, k, v, segment, p, h):
        c = net.config
        seen = [(j, 0.0) for j in range(len(q)) if j // c.window == p // c.window and (layer < 1 or segment[j] == segment[p])]
        for b, (length, rate) in enumerate(c.far()):
            if p % rate == h % rate:
                seen += [(j, net.branch_bias[layer, b, h].item()) for j in range(len(q)) if j % rate == h % rate and j // length == p // length
                         and j // c.window < p // c.window]
        share = torch.stack([q[p, h] @ k[j, h] / math.sqrt(4) + bias for j, bias in seen]).softmax(0)
        return sum(s * v[j, h] for s, (j, _) in zip(share, seen))


class Streams(unittest.TestCase):
    def pack(self):
        """Two documents with titles, of three and one segments of ten tokens; one question, whose word 1003 the second window says again."""
        tokens = np.arange(1000, 1040)
        tokens[25] = 1003
        return types.SimpleNamespace(
            tokens=tokens, segment=np.array([0, 10, 20, 30, 40]), document=np.array([0, 3, 4]), document_of=np.array([0, 0, 0, 1]),
            title=np.array([7, 8, 9]), title_at=np.array([0, 2, 3]), pool=np.array([0, 4]), n=1, q_kind=np.array([0]), q_doc=np.array([0]),
            q_pool=np.array([0]), q_set=np.array([0]), sets=np.array(["a"]), gold=lambda q: np.array([2]), question=lambda q: np.array([50, 1003, 51]))

    def setUp(self):
        self.rare, stream_text.RARE = stream_text.RARE, 0.1
        self.text = stream_text.Text(self.pack(), "cpu")

    def tearDown(self):
        stream_text.RARE = self.rare

    def test_documents_stand_behind_their_titles(self):
        self.assertEqual(self.text.words[:5].tolist(), [words.CLS, 7, 8, words.SEP, 1000])
        self.assertEqual(self.text.starts.tolist(), [4, 14, 24, 37])
        self.assertEqual(self.text.documents.tolist(), [0, 34, 47])
        self.assertEqual(self.text.owner[[0, 13, 14, 33, 34, 40]].tolist(), [0, 0, 1, 2, 3, 3])

    def test_a_word_is_masked_from_the_window_of_its_place_on(self):
        self.assertEqual(self.text.masked_word(0, 0, 16), (16, 34, 1003))
        self.assertIsNone(self.text.masked_word(0, 0, 64), "its place is in the first window")
        self.assertIsNone(self.text.masked_word(0, 16, 8), "nothing before its window says it")
        at = torch.arange(47)[None]
        got = stream_text.masked(self.text.tokens[None].long(), at, [(16, 34, 1003)])
        self.assertEqual(torch.nonzero(got[0] != self.text.tokens).flatten().tolist(), [29])
        self.assertEqual(got[0, 29].item(), stream_text.MASK)

    def test_keys_start_from_what_tells_rows_apart(self):
        torch.manual_seed(4)
        rows = 5 * torch.ones(400, 6) + torch.randn(400, 6) * torch.tensor([9.0, 7.0, 0.1, 0.1, 0.1, 0.1])
        key = stream.start_key(rows, 2)
        self.assertLess((key @ rows.mean(0)).abs().max().item() / rows.mean(0).norm().item(), 0.05)
        self.assertGreater(key[:, :2].abs().sum().item(), 5 * key[:, 2:].abs().mean().item())

    def test_some_pools_are_whole_in_a_pack(self):
        pack = self.pack()
        pack.sets, pack.pool, pack.q_pool = np.array(["babi"]), np.array([0, 3, 4]), np.array([0])
        pack.q_ids, pack.q_at, pack.q_gold, pack.q_gold_at = np.array([50, 1003, 51]), np.array([0, 3]), np.array([2]), np.array([0, 1])
        got = stream_pack.some_pools(pack, 35)
        self.assertEqual(got["tokens"].tolist(), pack.tokens[:30].tolist())
        self.assertEqual((got["document"].tolist(), got["pool"].tolist(), got["q_gold"].tolist(), got["title"].tolist()), ([0, 3], [0, 3], [2], [7, 8]))


if __name__ == "__main__":
    unittest.main()
