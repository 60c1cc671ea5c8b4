"""Questions made from novels: python -m unittest test_reread_books (in this directory)."""

import random
import unittest

import reread_books as books

KNOWN = {"take", "walk", "love", "key"}
NAMES = {"Mr. Poole": 3, "Hyde": 2}


def answers(sentence, named=None):
    """{question: the words that answer it}."""
    return {question: sentence[slice(*at)] for question, at in [*books.asked_of(sentence, named, KNOWN, NAMES), *books.who_is(sentence, named, NAMES)]}


class Asked(unittest.TestCase):
    def test_subject_object_and_place(self):
        self.assertEqual(answers("Mr. Poole took the rusty key from the old cellar."),
                         {"Who took the rusty key from the old cellar?": "Mr. Poole", "What did Mr. Poole take from the old cellar?": "the rusty key",
                          "Where did Mr. Poole take the rusty key?": "the old cellar"})

    def test_a_pronoun_is_asked_by_the_name_before(self):
        self.assertEqual(answers("He walked slowly to the garden gate.", "Hyde"), {"Where did Hyde walk slowly?": "the garden gate"})
        self.assertEqual(answers("He walked slowly to the garden gate."), {})

    def test_numbers_reasons_and_people(self):
        self.assertIn(("How many keys did Hyde take?", "three"), answers("Hyde took three keys because the door had been shut.").items())
        self.assertIn(("Why did Hyde take three keys?", "because the door had been shut"), answers("Hyde took three keys because the door had been shut.").items())
        self.assertEqual(answers("It was Mr. Poole, his old butler, who came.", "Hyde"),
                         {"Who is Mr. Poole?": "his old butler", "Who is Hyde's old butler?": "Mr. Poole", "What is the name of Hyde's old butler?": "Mr. Poole"})

    def test_a_tense_is_no_possession(self):
        self.assertFalse([question for question in answers("Hyde had walked to the garden gate.") if "have" in question])

    def test_base_forms(self):
        self.assertEqual([books.base_form(verb, KNOWN) for verb in ("took", "walked", "loved", "stopped", "cried", "pressed")],
                         ["take", "walk", "love", "stop", "cry", "press"])

    def test_another_name_is_not_near(self):
        self.assertEqual(books.of_another("Who saw Hyde?", NAMES, "Hyde and the maid", random.Random(1)), "Who saw Mr. Poole?")
        self.assertIsNone(books.of_another("Who saw Hyde?", NAMES, "Hyde and Poole", random.Random(1)))


if __name__ == "__main__":
    unittest.main()
