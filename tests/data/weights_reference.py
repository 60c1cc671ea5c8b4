"""Makes weights_reference.gguf: random and adversarial blocks of every weight type, and their values as the Python package gguf
(0.19.0) dequantises them.

    python weights_reference.py OUT.gguf
"""

import sys

import gguf
import numpy

TYPES = ("F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K")
# Where a block's half-precision numbers lie.
HALVES = {"F16": (0,), "BF16": (), "Q4_0": (0,), "Q4_1": (0, 2), "Q5_0": (0,), "Q5_1": (0, 2), "Q8_0": (0,), "Q4_K": (0, 2),
          "Q5_K": (0, 2), "Q6_K": (208,)}
ODD_HALVES = (0x0000, 0x8000, 0x0001, 0x83FF, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00)


def blocks_of(name, rng):
    numbers, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    random = rng.integers(0, 256, (8 if numbers == 256 else 24, size), dtype=numpy.uint8)
    for at in HALVES[name]:  # ordinary scales in the random blocks
        random[:, at:at + 2] = rng.normal(0, 0.02, (len(random), 1)).astype(numpy.float16).view(numpy.uint8)
    blocks = [random, numpy.zeros((1, size), numpy.uint8), numpy.full((1, size), 255, numpy.uint8)]
    for k, half in enumerate(ODD_HALVES):
        for at in HALVES[name]:
            block = random[k % len(random)].copy()
            block[at:at + 2] = (half & 255, half >> 8)
            blocks.append(block[None])
    return numpy.concatenate(blocks)


def main():
    rng = numpy.random.default_rng(1)
    writer = gguf.GGUFWriter(sys.argv[1], "weights-reference")
    for name in TYPES:
        kind = gguf.GGMLQuantizationType[name]
        blocks = blocks_of(name, rng)
        with numpy.errstate(all="ignore"):
            values = gguf.dequantize(blocks.reshape(1, -1), kind).astype(numpy.float32)
        writer.add_tensor(name, blocks.reshape(1, -1), raw_dtype=kind)
        writer.add_tensor(name + ".values", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main()
