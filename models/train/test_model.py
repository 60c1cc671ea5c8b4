"""Checks the model against the plain definition in double precision: python -m unittest test_model (in this directory)."""

import dataclasses
import unittest

import torch

import dilated
import model
import reference


class DilatedAttention(unittest.TestCase):
    def check_self(self, heads, first, ratio, tokens, offset):
        self.check_branches([(first * ratio ** i, ratio ** i) for i in range(5)], heads, tokens, offset)

    def check_branches(self, branches, heads, tokens, offset):
        torch.manual_seed(3)
        x = [torch.randn(2, tokens, heads, 4, dtype=torch.float64, requires_grad=True) for _ in range(5)]
        counts = reference.multiplicity(range(offset, offset + tokens), branches, heads)
        wanted = torch.stack([reference.attention(*(y[b] for y in x), counts) for b in range(2)])
        got = dilated.SelfAttention.apply(*x, dilated.branch_pieces(branches, offset, tokens, heads))
        grad = torch.randn_like(got)
        self.assertLess((got - wanted).abs().max().item(), 1e-12)
        for a, b in zip(torch.autograd.grad(got, x, grad), torch.autograd.grad(wanted, x, grad)):
            self.assertLess((a - b).abs().max().item(), 1e-11)

    def test_self_attention_and_its_gradient_equal_the_definition(self):
        self.check_self(4, 8, 4, 96, 0)

    def test_a_text_may_begin_inside_the_far_segments(self):
        self.check_self(4, 8, 4, 72, 8 * 11)

    def test_heads_may_outnumber_the_smallest_far_rate(self):
        self.check_self(8, 16, 4, 96, 48)

    def test_a_rate_need_not_divide_its_segment(self):
        self.check_branches([(8, 1), (16, 3), (48, 7)], 12, 104, 0)
        self.check_branches([(8, 1), (16, 6), (32, 12)], 12, 80, 24)

    def check_questions(self, tokens, offset, text):
        torch.manual_seed(4)
        heads, first, ratio, length, questions = 4, 16, 4, 8, 3
        branches = [(first * ratio ** i, ratio ** i) for i in range(5)]
        x = [torch.randn(2 * questions, length, heads, 4, dtype=torch.float64, requires_grad=True) for _ in range(5)]
        kt, vt = (torch.randn(2, tokens, heads, 4, dtype=torch.float64, requires_grad=True) for _ in range(2))
        begin = offset + tokens
        positions = [*range(offset, offset + text), *range(begin, begin + length)]
        counts = reference.multiplicity(positions, branches, heads)
        rows = []
        for i in range(2 * questions):
            qr, kr, q, k, v = (y[i] for y in x)
            keys, values = kt[i // questions, :text], vt[i // questions, :text]
            a = reference.attention(torch.cat((keys, qr)), torch.cat((keys, kr)), torch.cat((keys, q)), torch.cat((keys, k)),
                                    torch.cat((values, v)), counts)
            rows.append(a[text:])
        wanted = torch.stack(rows)
        got = dilated.QuestionAttention.apply(*x, kt, vt, branches, offset, text)
        grad = torch.randn_like(got)
        self.assertLess((got - wanted).abs().max().item(), 1e-12)
        for a, b in zip(torch.autograd.grad(got, x + [kt, vt], grad), torch.autograd.grad(wanted, x + [kt, vt], grad)):
            self.assertLess((a - b).abs().max().item(), 1e-11)

    def test_questions_continue_the_text_as_the_definition_says(self):
        self.check_questions(64 + 16, 16, 64 + 16)
        self.check_questions(48, 32, 48)
        self.check_questions(64, 0, 64)

    def test_questions_do_not_see_padding_after_the_text(self):
        self.check_questions(64, 0, 51)
        self.check_questions(96, 16, 82)


class WholeReader(unittest.TestCase):
    def test_texts_and_their_questions_are_read_as_the_definition_says(self):
        torch.manual_seed(5)
        c = dataclasses.replace(model.SIZES["tiny"], vocabulary=50)
        reader = model.Reader(c).double()
        text, question = torch.randint(50, (2, 96)), torch.randint(50, (4, 8))
        h, cache = reader.read(text, 0, keep=True)
        asked = reader.ask(question, cache, 0, text=90)
        for i in range(4):
            ids = torch.cat((text[i // 2, :90], question[i]))
            whole = reference.hidden(reader, ids, [*range(90), *range(96, 104)])
            self.assertLess((whole[:90] - h[i // 2, :90]).abs().max().item(), 1e-10)
            self.assertLess((whole[90:] - asked[i]).abs().max().item(), 1e-10)


if __name__ == "__main__":
    unittest.main()
