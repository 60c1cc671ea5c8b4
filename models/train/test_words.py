"""The second reading's words, with Python alone: python -m unittest test_words (in this directory)."""

import unittest

import words


class Words(unittest.TestCase):
    def cut(self, text):
        return [text[begin:end] for begin, end in words.cut(text)]

    def test_humps_and_marks_part_words(self):
        self.assertEqual(self.cut("getHTTPResponse snake_case don't"), ["get", "HTTP", "Response", "snake", "_", "case", "don", "'", "t"])

    def test_each_ideograph_is_a_word(self):
        self.assertEqual(self.cut("in \u6771\u4eac now"), ["in", "\u6771", "\u4eac", "now"])

    def test_invalid_bytes_and_the_mark_of_spaces_part_words(self):
        self.assertEqual(self.cut("a\ufffdb\u2581c"), ["a", "b", "c"])

    def test_case_and_accents_are_folded_and_their_places_kept(self):
        self.assertEqual(words.folded("\u00dcber\u0301"), ("uber", [0, 1, 2, 3]))

    def test_what_folds_to_nothing_is_nothing(self):
        self.assertEqual(words.folded("\u0301\u200b"), ("", []))

    def test_space_alone_parts_whole_words(self):
        text = "\u6771\u4eac\u3002don't\u3000x" + "\u6d77" * 300
        self.assertEqual([text[b:e] for b, e in words.cut(text, True)], ["\u6771\u4eac\u3002don't", "x" + "\u6d77" * 255, "\u6d77" * 45])

    def test_whole_words_keep_all_but_other_forms_and_what_is_invisible(self):
        self.assertEqual(words.unfolded("\uff21\u00dc\u0e35\u200b\uff76\u2026\ud55c"), ("A\u00dc\u0e35\u30ab\u2026\ud55c", [0, 1, 2, 4, 5, 6]))

    def test_a_model_says_that_its_words_are_whole(self):
        model = words.model_of_vocabulary(["[PAD]"] + [f"[unused{i}]" for i in range(257)] + ["[UNK]", "[CLS]", "the"])
        self.assertFalse(words.has_whole_words(model))
        self.assertTrue(words.has_whole_words(words.as_whole(model)))

    def test_a_vocabulary_becomes_a_model_with_its_ids(self):
        model = words.model_of_vocabulary(["[PAD]"] + [f"[unused{i}]" for i in range(257)] + ["[UNK]", "[CLS]", "the", "##s"])
        self.assertEqual(model.count("\u2581the".encode()), 1)
        self.assertLess(model.index(b"<0xFF>"), model.index("\u2581the".encode()))


if __name__ == "__main__":
    unittest.main()
