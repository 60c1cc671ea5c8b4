"""Tests of the data's preparation: python -m unittest test_data"""

import random
import unittest

import babi
import bm25
import code_pairs
import queries
import segments
import validation

CODE = '''def parse_config_file(path):
    """Reads the settings that a user has changed."""
    return load(path)


def other():
    return parse_config_file("x")
'''


class Segments(unittest.TestCase):
    def test_lines_are_packed_up_to_512_bytes(self):
        self.assertEqual(segments.segment_starts(b"a" * 299 + b"\n" + b"b" * 211 + b"\n" + b"c\n"), [0, 512])

    def test_a_long_line_is_cut_after_the_last_sentence_that_fits(self):
        line = b"One. " + b"x" * 300 + b'." ' + b"y" * 400 + b"\n"
        self.assertEqual(segments.segment_starts(line), [0, 308])

    def test_without_a_sentence_end_the_last_space_counts(self):
        self.assertEqual(segments.segment_starts(b"x" * 500 + b" " + b"y" * 100), [0, 501])

    def test_a_character_is_not_cut(self):
        self.assertEqual(segments.segment_starts(b"x" + "\u00e9".encode() * 300), [0, 511])

    def test_code_without_line_ends_is_cut_after_statements(self):
        line = b"f(1);" * 99 + b"g=function(){return 17};" + b"x" * 100
        self.assertEqual(segments.segment_starts(line), [0, 495])

    def test_any_bytes_are_covered_by_segments_of_1_to_512_bytes(self):
        rng = random.Random(1)
        for _ in range(200):
            data = bytes(rng.choice(b'ab .!?"\n\x80\xe2\x9d\xff') for _ in range(rng.randrange(1, 3000)))
            starts = segments.segment_starts(data)
            sizes = [end - begin for begin, end in zip(starts, starts[1:] + [len(data)])]
            self.assertTrue(all(1 <= size <= 512 for size in sizes))

    def test_an_empty_file_has_no_segment(self):
        self.assertEqual(segments.segment_starts(b""), [])


class Questions(unittest.TestCase):
    def test_words_are_whole_and_in_parts(self):
        self.assertEqual(queries.words("readFile2 snake_case HTTPServer It's"),
                         ["read", "file", "2", "readfile2", "snake", "case", "snake_case", "http", "server", "httpserver", "it", "s"])

    def test_sentences_do_not_end_at_titles(self):
        text = 'Mr. Weston came. "Is it so?" She left.'
        self.assertEqual([text[b:e] for b, e in queries.sentences(text)], ["Mr. Weston came.", '"Is it so?"', "She left."])

    def test_a_docstring_asks_for_its_function_and_is_removed(self):
        count = {name: 1 for _, name, _ in code_pairs.definitions(CODE)}
        found = [pair for seed in range(40) for pair in code_pairs.code_pairs("a.py", CODE, count, 1, random.Random(seed))]
        _, gold, removed, _ = next(pair for pair in found if pair[3] == "comment")
        self.assertEqual(CODE[gold[0][0]:gold[0][1]], "def parse_config_file(path):")
        self.assertEqual(CODE[removed[0]:removed[1]].strip(), '"""Reads the settings that a user has changed."""')
        self.assertIn("how does parse config file work?", [pair[0] for pair in found])

    def test_supporting_lines_of_a_hidden_story_are_gold(self):
        story = (["Mary went to the garden.", "John took the apple."], ("Where is Mary?", "garden", [0], 2))
        text, [(question, answer, gold)] = babi.hide("It rained. It was late.", [story], random.Random(1))
        person = question.removeprefix("Where is ").rstrip("?")
        self.assertEqual([text[b:e] for b, e in gold], [person + " went to the garden."])
        self.assertEqual(answer, "garden")

    def test_gold_moves_with_the_text_that_is_removed_before_it(self):
        text = "aaa bbb ccc ddd"
        pairs = [("q1", [(8, 11)], (4, 8), "removed"), ("q2", [(12, 15)], None, "keywords")]
        shorter, found = validation.without_removed(text, pairs, random.Random(1), 10)
        self.assertEqual(shorter, "aaa ccc ddd")
        self.assertEqual(sorted((q, shorter[g[0][0]:g[0][1]]) for q, g, _ in found), [("q1", "ccc"), ("q2", "ddd")])


class Bm25(unittest.TestCase):
    def test_the_segment_with_the_rarer_word_is_first(self):
        found = bm25.scores("the red fox", ["the dog the cat", "the fox ran", "the red hen", "red the door"])
        self.assertEqual(bm25.first_rank(found, [1]), 1)


if __name__ == "__main__":
    unittest.main()
