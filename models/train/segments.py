"""Cuts a file into segments, the unit that evidence is ranked by. app/text/segment.c follows the same rule, byte for byte.

A segment is at most 512 bytes of one file. The file (its bytes, header excluded) is first cut into units, then units are packed:

1. A line is the bytes up to and including the next "\\n" (byte 0x0A), or to the end of the file. A line of at most 512 bytes is
   one unit.
2. A longer line is cut from its beginning. While more than 512 bytes of it are left, from s on, the next unit is [s, c), where c is
   - the largest c in (s, s + 512] that is a sentence end: byte c-1 is a space (0x20), and going backwards from byte c-2 over
     closing marks there comes one of `.` `!` `?` or a wide stop (at s or later); or going backwards from byte c-1 over closing
     marks there comes a wide stop, and at c stands neither a space nor a closing mark. CLOSING and STOPS list the closing marks
     and the wide stops (in UTF-8); none of them may begin before s;
   - else the largest c in (s + 256, s + 512] whose byte c-1 is `;` or `}` and whose byte c is none of `;` `}` `)` `,`;
   - else the largest c in (s, s + 512] whose byte c-1 is a space;
   - else the largest c in (s, s + 512] whose byte c is not of the form 10xxxxxx; else s + 512.
   What is left at the end (at most 512 bytes) is a unit.
3. Units are packed greedily: a segment takes the next unit as long as it then has at most 512 bytes.

Segments cover the file without gaps; an empty file has none. A token belongs to the segment that holds its last byte; the tokens of
the header belong to the first segment of the document.
"""

import bisect

MAX_BYTES = 512
CLOSING = tuple(mark.encode() for mark in "\"')]}’”»」』）】》〉］〕〗｣›")
STOPS = tuple(mark.encode() for mark in "。！？｡．।॥؟۔።፧။។៕།")


def is_sentence_end(data, begin, cut):
    """Whether a unit that begins at `begin` may end at `cut`."""
    spaced = data[cut - 1] == 0x20
    if not spaced and (data[cut - 1] < 0x80 or data[cut] == 0x20 or data.startswith(CLOSING, cut)):
        return False
    at = cut - spaced
    while at > begin:
        if spaced and data[at - 1] in b".!?" or any(at - len(stop) >= begin and data[at - len(stop):at] == stop for stop in STOPS):
            return True
        for mark in CLOSING:
            if at - len(mark) >= begin and data[at - len(mark):at] == mark:
                at -= len(mark)
                break
        else:
            return False
    return False


def cut_of_long_line(data, begin):
    """The end of the unit that begins at `begin`, where more than MAX_BYTES of the line are left."""
    limit = begin + MAX_BYTES
    for cut in range(limit, begin, -1):
        if (data[cut - 1] == 0x20 or data[cut - 1] >= 0x80) and is_sentence_end(data, begin, cut):
            return cut
    for cut in range(limit, begin + MAX_BYTES // 2, -1):
        if data[cut - 1] in b";}" and data[cut] not in b";}),":
            return cut
    last_space = data.rfind(b" ", begin, limit)
    if last_space >= 0:
        return last_space + 1
    for cut in range(limit, begin, -1):
        if data[cut] & 0xC0 != 0x80:
            return cut
    return limit


def segment_starts(data):
    """Byte offsets at which the segments of the file `data` begin."""
    starts = [0] if data else []
    begin = unit = 0
    while unit < len(data):
        newline = data.find(b"\n", unit)
        line_end = len(data) if newline < 0 else newline + 1
        while unit < line_end:
            end = line_end if line_end - unit <= MAX_BYTES else cut_of_long_line(data, unit)
            if end - begin > MAX_BYTES:
                begin = unit
                starts.append(begin)
            unit = end
    return starts


def segment_of(starts, offset):
    """Index of the segment that holds byte `offset`."""
    return bisect.bisect_right(starts, offset) - 1
