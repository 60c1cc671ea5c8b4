"""Questions of two parts: python -m unittest test_reread_parts (in this directory)."""

import random
import unittest

import reread_parts as parts

ABOUT_HER = "Ann Lee won the cup. She lived in Hull, where her house still stands."


def joined(first, answers, second, passage):
    return parts.joined(first, answers, second, passage, random.Random(1)).replace(", and", " and")


def question(asked, place, answer, kind="span"):
    return {"set": "squad1.1", "question": asked, "gold": [place], "spans": [place] if kind == "span" else [], "answers": [answer] if answer else [],
            "kind": kind, "part": (0, 2000)}


class Joined(unittest.TestCase):
    def test_the_first_ones_answer_becomes_a_pronoun(self):
        self.assertEqual(joined("Who won the cup?", ["Ann Lee"], "Where did Ann Lee live?", ABOUT_HER), "Who won the cup and where did she live?")
        self.assertEqual(joined("Who won the cup?", ["Ann Lee"], "Where is Ann Lee's house?", ABOUT_HER), "Who won the cup and where is her house?")
        self.assertEqual(joined("Who won the cup?", ["Ann Lee"], "Who met Ann Lee?", ABOUT_HER), "Who won the cup and who met her?")

    def test_so_does_a_name_in_both(self):
        self.assertEqual(joined("Where is the Rhine?", ["Europe"], "How long is the Rhine?", "The Rhine is long. He said that it flows; his words."),
                         "Where is the Rhine and how long is it?")
        self.assertEqual(joined("When was the U.S. founded?", [], "Who led the U.S. then?", "The U.S. and its people."), "When was the U.S. founded and who led it then?")

    def test_a_name_of_which_the_passage_says_nothing_stays(self):
        self.assertEqual(joined("Where is Hull?", [], "Who left Hull?", "Hull, a town."), "Where is Hull and who left Hull?")

    def test_what_does_not_ask_is_not_joined(self):
        self.assertIsNone(parts.joined("Is Ann Lee there?", [], "Who left?", ABOUT_HER, random.Random(1)))
        self.assertIsNone(parts.joined("Who left?", [], "Name the winner.", ABOUT_HER, random.Random(1)))


class OfTwoParts(unittest.TestCase):
    def made(self, *questions):
        document = {"set": "squad1.1", "group": "a", "path": "a.txt", "text": "x" * 2000, "questions": list(questions)}
        return [question for _, question in parts.of_two_parts([document], random.Random(1), share=1 / parts.UNANSWERED)]

    def test_the_places_and_words_of_both_are_right(self):
        one, other = question("Who won?", (10, 17), "Ann Lee"), question("Where was it?", (30, 34), "Hull")
        for made in (found := self.made(one, other)):
            self.assertEqual((made["gold"], made["spans"], sorted(made["answers"]), made["kind"]), ([(10, 17), (30, 34)], [(10, 17), (30, 34)], ["Ann Lee", "Hull"], "span"))
        self.assertEqual(len(found), 2)

    def test_what_is_far_or_has_the_same_answer_is_not_joined(self):
        self.assertEqual(self.made(question("Who won?", (10, 17), "Ann Lee"), question("Where was it?", (1500, 1504), "Hull")), [])
        self.assertEqual(self.made(question("Who won?", (10, 17), "Ann Lee"), question("Who came?", (40, 47), "Ann Lee")), [])

    def test_two_that_nothing_answers_make_one_that_nothing_answers(self):
        one, other = (question(asked, (0, 2000), None, "none") for asked in ("Who lost?", "Where is the moon?"))
        answered = question("Who won?", (10, 17), "Ann Lee")
        for made in (found := self.made(one, other, answered)):
            self.assertEqual((made["kind"], made["spans"], made["answers"]), ("none", [], []))
        self.assertEqual(len(found), 2)


if __name__ == "__main__":
    unittest.main()
